// weft layout FILE.json -o DIR: compiles what the Python layout API describes. Not listed in the help: nobody types it.
// SPDX-License-Identifier: Apache-2.0
#include "sdk/cli/command.h"
#include "sdk/cli/words.h"
#include "sdk/driver/tile_layout.h"
#include "sdk/host/artifact.h"

#include <fmt/format.h>

namespace weft::cli {

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
    const Result<void> written = host::writeArtifact(*outcome.plan, output, sink);
    (void)written;
  }
  const bool failed = sink.hasErrors();
  DiagnosticPrinter().print(sink.drain(), sources);
  return failed ? kDiagnostics : kClean;
}

}  // namespace weft::cli
