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

}  // namespace

std::optional<std::string_view> embeddedModule(std::string_view path) {
  for (const StdlibFile& f : kStdlib) {
    if (f.path == path) return f.text;
  }
  return std::nullopt;
}

}  // namespace weft::session
