// What every subcommand shares: exit statuses, how diagnostics are printed, and the entry point of each command.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/diag/diag.h"
#include "weft/status.h"

#include <string>
#include <vector>

namespace weft::cli {

inline constexpr int kClean = 0;
inline constexpr int kDiagnostics = 1;
inline constexpr int kUsage = 2;
inline constexpr int kOurFault = 70;

using Args = std::vector<std::string>;

// One per file cmd_NAME.cpp. `args` are the words behind the subcommand.
int cmdRun(const Args& args);
int cmdCompile(const Args& args);
int cmdCheck(const Args& args);
int cmdExplain(const Args& args);
int cmdSuite(const Args& args);
int cmdRepl(const Args& args);
int cmdFmt(const Args& args);
int cmdVersion(const Args& args);
int cmdLayout(const Args& args);
// The commands that existing scripts call; links to this binary.
int cslcMain(const Args& args);
int debugShellMain(const Args& args);
int csdbMain(const Args& args);
int readelfMain(const Args& args);

/// Prints diagnostics to standard error: as text, or one JSON object per line.
class DiagnosticPrinter {
 public:
  explicit DiagnosticPrinter(bool json = false);
  void print(const std::vector<diag::Diagnostic>& diagnostics, const source::SourceManager& sources) const;
  void print(const Status& status) const;

 private:
  bool json_;
  bool color_;
};

/// Folder of the running binary (links resolved): the other commands are there.
std::string binaryFolder();

/// Prints "weft NAME: message" and a hint to standard error; returns kUsage.
int wrongUsage(const std::string& command, const std::string& message);

}  // namespace weft::cli
