// Shared by the subcommands.
// SPDX-License-Identifier: Apache-2.0
#include "sdk/cli/command.h"

#include <fmt/format.h>

#include <unistd.h>

#include <cstdio>
#include <filesystem>

namespace weft::cli {

DiagnosticPrinter::DiagnosticPrinter(bool json) : json_(json), color_(!json && isatty(STDERR_FILENO) == 1) {}

void DiagnosticPrinter::print(const std::vector<diag::Diagnostic>& diagnostics,
                              const source::SourceManager& sources) const {
  for (const diag::Diagnostic& d : diagnostics) {
    std::string text = json_ ? diag::renderJson(d, sources) : diag::renderText(d, sources, color_);
    if (!text.ends_with('\n')) text += '\n';
    std::fputs(text.c_str(), stderr);
  }
}

void DiagnosticPrinter::print(const Status& status) const {
  for (const Problem& p : status.problems()) {
    std::string text = json_ ? p.json : p.text;
    if (!text.ends_with('\n')) text += '\n';
    std::fputs(text.c_str(), stderr);
  }
}

std::string binaryFolder() {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error).parent_path().string();
}

int wrongUsage(const std::string& command, const std::string& message) {
  fmt::print(stderr, "{}: {}\nTry `{} --help`.\n", command, message, command);
  return kUsage;
}

}  // namespace weft::cli
