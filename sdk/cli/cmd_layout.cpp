// weft layout FILE.json -o DIR: compiles what the Python layout API describes. Not listed in the help: nobody types it.
// SPDX-License-Identifier: Apache-2.0
#include "sdk/cli/command.h"
#include "sdk/cli/words.h"
#include "sdk/driver/tile_layout.h"
#include "sdk/host/artifact.h"

#include <fmt/format.h>

#include <filesystem>
#include <map>

namespace weft::cli {

namespace {

/// executables/<region>-<n>.elf: the programs once more, by region.
void writeExecutables(const driver::TileLayoutOutcome& outcome, const std::string& output, diag::Sink& sink) {
  namespace fs = std::filesystem;
  const fs::path folder = fs::path(output) / "executables";
  std::error_code error;
  fs::remove_all(folder, error);
  fs::create_directories(folder, error);
  std::map<std::string, int> count;
  for (const auto& [region, program] : outcome.executables) {
    const auto bytes = host::readWholeFile((fs::path(output) / "bin" / host::programFile(program)).string(), sink);
    const fs::path file = folder / fmt::format("{}-{}.elf", region, count[region]++);
    if (!bytes || !host::writeWholeFile(file.string(), *bytes, sink)) return;
  }
}

}  // namespace

int cmdLayout(const Args& args) {
  Args words = args;
  const std::string output = takeValue(words, "-o").value_or("out");
  if (words.size() != 1) return wrongUsage("weft layout", "one description is expected");
  const source::SourceManager sources;
  diag::Sink sink;
  const auto text = host::readWholeFile(words[0], sink);
  if (text) {
    const driver::TileLayoutOutcome outcome = driver::compileTileLayout(*text);
    fmt::print(stderr, "{}", outcome.messages);
    if (!outcome.plan) return kDiagnostics;
    if (host::writeArtifact(*outcome.plan, output, sink)) writeExecutables(outcome, output, sink);
  }
  const bool failed = sink.hasErrors();
  DiagnosticPrinter().print(sink.drain(), sources);
  return failed ? kDiagnostics : kClean;
}

}  // namespace weft::cli
