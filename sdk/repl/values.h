// PE memory as people read it, by the type text of a symbol.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/target/target.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace weft::repl {

/// "3", "{ 1, 2 }", "true", or the bytes in hex for a type that is not known here.
std::string valueText(std::string_view type, std::span<const uint8_t> bytes, target::Fp16Format fp16);

/// 16-bit words in rows of eight, each row with its address.
std::string hexRows(uint32_t address, std::span<const uint8_t> bytes);

}  // namespace weft::repl
