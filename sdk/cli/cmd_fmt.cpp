// weft fmt: hands over to frontend/format where it is built.
// SPDX-License-Identifier: Apache-2.0
#include "sdk/cli/command.h"

#include <fmt/format.h>

namespace weft::cli {

int cmdFmt(const Args&) {
  fmt::print(stderr, "weft fmt: this build has no formatter\n");
  return kUsage;
}

}  // namespace weft::cli
