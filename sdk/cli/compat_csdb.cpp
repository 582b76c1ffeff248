// csdb: looks at the core and the trace that a run has left; commands at a prompt or on standard input.
// SPDX-License-Identifier: Apache-2.0
#include "sdk/cli/command.h"
#include "sdk/cli/csdb_session.h"

#include <fmt/format.h>

#include <filesystem>
#include <iostream>

#include <unistd.h>

namespace weft::cli {

int csdbMain(const Args& args) {
  if (!args.empty() && (args[0] == "--help" || args[0] == "-h")) {
    fmt::print(
        "usage: csdb [workdir]\n\n"
        "Looks at the core and the trace that a run has left. Commands come from the prompt or from standard input;\n"
        "`help` lists them.\n");
    return kClean;
  }
  if (args.size() > 1) return wrongUsage("csdb", "one folder is expected");
  const std::string workdir = args.empty() ? "." : args[0];
  std::error_code error;
  if (!std::filesystem::is_directory(workdir, error))
    return wrongUsage("csdb", fmt::format("`{}` is no folder", workdir));
  CsdbSession session(workdir);
  fmt::print("Starting debug shell...\n");
  const bool prompts = isatty(STDIN_FILENO) != 0;
  for (std::string line;;) {
    if (prompts) {
      fmt::print("(csdb) ");
      std::fflush(stdout);
    }
    if (!std::getline(std::cin, line) || !session.run(line)) break;
  }
  return kClean;
}

}  // namespace weft::cli
