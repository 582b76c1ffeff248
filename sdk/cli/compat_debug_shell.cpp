// sdk_debug_shell: `compile` is cslc, `smoke` runs the examples of folders.
// SPDX-License-Identifier: Apache-2.0
#include "sdk/cli/command.h"

#include <fmt/format.h>

namespace weft::cli {

namespace {

int smoke(const Args& args) {
  const Args folders = args.size() > 1 ? Args(args.begin() + 1, args.end()) : Args{"."};
  bool good = true;
  for (const std::string& folder : folders) good = cmdSuite({folder}) == kClean && good;
  if (!good) return kDiagnostics;
  fmt::print("SUCCESS!\nPASSED\nSMOKE CHECK COMPLETED SUCCESSFULLY\n");
  return kClean;
}

}  // namespace

int debugShellMain(const Args& args) {
  if (args.empty() || args[0] == "--help" || args[0] == "-h") {
    fmt::print(
        "usage: sdk_debug_shell COMMAND [options]\n\n"
        "  compile ARGS    the same as cslc ARGS\n"
        "  smoke [DIR..]   run every commands_*.sh below the folders\n");
    return kClean;
  }
  if (args[0] == "compile") return cslcMain(Args(args.begin() + 1, args.end()));
  if (args[0] == "smoke") return smoke(args);
  if (args[0] == "visualize") {
    fmt::print(stderr, "sdk_debug_shell: Weft has no viewer yet\n");
    return kUsage;
  }
  return wrongUsage("sdk_debug_shell", fmt::format("there is no command `{}`", args[0]));
}

}  // namespace weft::cli
