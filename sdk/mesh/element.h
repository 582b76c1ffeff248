// One element of a vector operation as a plain function, for the operations that streams are made of; the others go
// through the engine's kernels. Both give the same bits.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/tir/tir.h"

#include <cstdint>

namespace weft::mesh {

/// The stored element from the raw bits of first source, second source (the only one of a move) and trailing scalar.
using ElementFn = uint32_t (*)(uint32_t a, uint32_t b, uint64_t scalar);

/// Nullptr: only the kernel does it.
ElementFn elementFn(tir::DsdOpcode opcode);

}  // namespace weft::mesh
