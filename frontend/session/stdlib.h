// The standard library as compiled in (embed_stdlib.cmake).
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>
#include <string_view>

namespace weft::session {

/// Text of stdlib/`path` ("memcpy/memcpy.csl").
std::optional<std::string_view> embeddedModule(std::string_view path);

}  // namespace weft::session
