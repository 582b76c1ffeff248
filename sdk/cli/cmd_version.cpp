// weft version
// SPDX-License-Identifier: Apache-2.0
#include "sdk/cli/command.h"

#include <fmt/format.h>

namespace weft::cli {

int cmdVersion(const Args&) {
  fmt::print("weft {}\n", WEFT_VERSION);
  return kClean;
}

}  // namespace weft::cli
