// The `weft` binary. Called by another name (cslc, sdk_debug_shell, csdb, cs_readelf) it is that command.
// SPDX-License-Identifier: Apache-2.0
#include "sdk/cli/command.h"

#include <fmt/format.h>

#include <cstdlib>
#include <cstring>
#include <string_view>

extern char** environ;

namespace {

using namespace weft::cli;

struct Command {
  const char* name;
  int (*run)(const Args&);
  const char* help;
};

constexpr Command kCommands[] = {
    {"run", cmdRun, "compile and run a program: a folder with run.py, or a layout file"},
    {"compile", cmdCompile, "compile a layout file into a directory, or dump a stage of it"},
    {"check", cmdCheck, "report the diagnostics of files"},
    {"suite", cmdSuite, "run every example below a folder and print a table"},
    {"explain", cmdExplain, "explain a diagnostic code"},
    {"repl", cmdRepl, "the interactive prompt on a live mesh"},
    {"fmt", cmdFmt, "format source files"},
    {"version", cmdVersion, "print the version"},
    {"layout", cmdLayout, nullptr},
};

constexpr Command kLinks[] = {
    {"cslc", cslcMain, ""},
    {"sdk_debug_shell", debugShellMain, ""},
    {"csdb", csdbMain, ""},
    {"cs_readelf", readelfMain, ""},
};

void printHelp() {
  fmt::print("Weft: an open CSL-compatible tile language on an emulated mesh\n\nusage: weft COMMAND [options]\n\n");
  for (const Command& c : kCommands)
    if (c.help != nullptr) fmt::print("  {:<9} {}\n", c.name, c.help);
  fmt::print(
      "\n`weft COMMAND --help` says more. Exit status: 0 clean, 1 diagnostics, 2 wrong usage, 70 our own fault.\n");
}

// Container prefixes of variables: X is what SINGULARITYENV_X says, and APPTAINERENV_X wins over both.
void applyContainerPrefixes() {
  for (const char* prefix : {"SINGULARITYENV_", "APPTAINERENV_"}) {
    std::vector<std::string> entries;
    for (char** e = environ; *e != nullptr; ++e)
      if (std::string_view(*e).starts_with(prefix)) entries.emplace_back(*e + std::strlen(prefix));
    for (const std::string& entry : entries) {
      const size_t equals = entry.find('=');
      if (equals != 0 && equals != std::string::npos)
        setenv(entry.substr(0, equals).c_str(), entry.c_str() + equals + 1, 1);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  applyContainerPrefixes();
  Args args(argv + (argc > 0 ? 1 : 0), argv + argc);
  std::string_view self = argc > 0 ? argv[0] : "weft";
  self.remove_prefix(self.find_last_of('/') + 1);
  for (const Command& link : kLinks)
    if (self == link.name) return link.run(args);
  if (args.empty() || args[0] == "--help" || args[0] == "-h" || args[0] == "help") {
    printHelp();
    return args.empty() ? kUsage : kClean;
  }
  if (args[0] == "--version") return cmdVersion({});
  const std::string name = args[0];
  args.erase(args.begin());
  for (const Command& command : kCommands)
    if (name == command.name) return command.run(args);
  // `weft cslc ...` works where a link cannot be made.
  for (const Command& link : kLinks)
    if (name == link.name) return link.run(args);
  return wrongUsage("weft", fmt::format("there is no command `{}`", name));
}
