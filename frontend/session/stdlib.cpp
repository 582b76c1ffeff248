// The embedded standard library.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/session/stdlib.h"

namespace weft::session {
namespace {

struct StdlibFile {
  std::string_view path;
  std::string_view text;
};
#include "frontend/session/stdlib.inc"

// Names of earlier releases: one entry per renamed file, or folder if both end in a slash.
struct Renamed {
  std::string_view old_path;
  std::string_view path;
};
constexpr Renamed kRenamed[] = {
    {"memcpy_multi/", "memcpy/"},
    {"math/type_helpers.csl", "types.csl"},
};

}  // namespace

std::optional<std::string_view> embeddedModule(std::string_view path) {
  for (const StdlibFile& f : kStdlib) {
    if (f.path == path) return f.text;
  }
  return std::nullopt;
}

std::string currentLibraryPath(std::string_view path) {
  for (const Renamed& r : kRenamed) {
    const bool folder = r.old_path.ends_with('/');
    if (folder ? path.starts_with(r.old_path) : path == r.old_path)
      return std::string(r.path) + std::string(path.substr(r.old_path.size()));
  }
  return std::string(path);
}

}  // namespace weft::session
