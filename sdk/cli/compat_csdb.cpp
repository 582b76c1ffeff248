// csdb: answers --help; the debugger itself comes with the debug tools.
// SPDX-License-Identifier: Apache-2.0
#include "sdk/cli/command.h"

#include <fmt/format.h>

namespace weft::cli {

int csdbMain(const Args& args) {
  if (!args.empty() && (args[0] == "--help" || args[0] == "-h")) {
    fmt::print("usage: csdb [workdir]\n\nLooks at the core a run has written. This build can only print this help.\n");
    return kClean;
  }
  fmt::print(stderr, "csdb: this build has no debugger yet\n");
  return kUsage;
}

}  // namespace weft::cli
