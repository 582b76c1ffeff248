// weft repl: hands over to sdk/repl where it is built.
// SPDX-License-Identifier: Apache-2.0
#include "sdk/cli/command.h"

#include <fmt/format.h>

namespace weft::cli {

int cmdRepl(const Args&) {
  fmt::print(stderr, "weft repl: this build has no prompt\n");
  return kUsage;
}

}  // namespace weft::cli
