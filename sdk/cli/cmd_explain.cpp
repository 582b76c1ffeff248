// weft explain CODE: the page of a diagnostic, with a failing and a fixed program.
// SPDX-License-Identifier: Apache-2.0
#include "sdk/cli/command.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace weft::cli {

int cmdExplain(const Args& args) {
  if (args.size() == 1 && (args[0] == "--help" || args[0] == "-h")) {
    fmt::print("usage: weft explain CODE\n       weft explain --list\n");
    return kClean;
  }
  if (args.size() != 1) return wrongUsage("weft explain", "one code such as E0312 is expected");
  if (args[0] == "--list") {
    for (const diag::Code code : diag::allCodes()) fmt::print("{}  {}\n", diag::codeName(code), diag::codeTitle(code));
    return kClean;
  }
  std::string wanted = args[0];
  std::transform(wanted.begin(), wanted.end(), wanted.begin(), [](unsigned char c) { return std::toupper(c); });
  for (const diag::Code code : diag::allCodes()) {
    if (wanted != diag::codeName(code)) continue;
    const std::string_view page = diag::explainPage(code);
    if (page.empty())
      fmt::print("{}: {}\n", diag::codeName(code), diag::codeTitle(code));
    else
      fmt::print("{}{}", page, page.ends_with('\n') ? "" : "\n");
    return kClean;
  }
  return wrongUsage("weft explain",
                    fmt::format("there is no diagnostic `{}`; `weft explain --list` names all", args[0]));
}

}  // namespace weft::cli
