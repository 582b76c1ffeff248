// The standard library as compiled in (embed_stdlib.cmake).
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace weft::session {

/// Text of stdlib/`path` ("memcpy/memcpy.csl").
std::optional<std::string_view> embeddedModule(std::string_view path);

/// The file behind a library path: that of the new name for names of earlier releases, otherwise `path` itself.
std::string currentLibraryPath(std::string_view path);

}  // namespace weft::session
