// weft fmt FILE...: rewrites files in canonical layout. `-` formats standard input; --check only says what would
// change.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/format/format.h"
#include "sdk/cli/command.h"
#include "sdk/cli/words.h"
#include "sdk/host/artifact.h"

#include <fmt/format.h>

#include <iostream>
#include <iterator>

namespace weft::cli {

int cmdFmt(const Args& args) {
  Args words = args;
  const bool check = takeFlag(words, "--check");
  if (takeFlag(words, "--help") || takeFlag(words, "-h")) {
    fmt::print(
        "usage: weft fmt [--check] FILE...\n       weft fmt -\n\n"
        "Rewrites the files in canonical layout; `-` reads standard input and prints.\n"
        "  --check   print the names of files that would change; exit status 1 if there are any\n");
    return kClean;
  }
  if (words.empty()) return wrongUsage("weft fmt", "no file is named");
  const DiagnosticPrinter printer;
  bool failed = false;
  bool changes = false;
  for (const std::string& path : words) {
    if (path.starts_with('-') && path != "-")
      return wrongUsage("weft fmt", fmt::format("there is no option `{}`", path));
    source::SourceManager sources;
    diag::Sink sink;
    std::string text;
    if (path == "-") {
      text.assign(std::istreambuf_iterator<char>(std::cin), {});
    } else if (auto read = host::readWholeFile(path, sink)) {
      text = *std::move(read);
    } else {
      printer.print(sink.drain(), sources);
      failed = true;
      continue;
    }
    const source::SourceId id = sources.add(path == "-" ? "stdin" : path, text);
    const auto formatted = format::formatSource(sources.text(id), id, sink);
    if (!formatted) {
      failed = true;
    } else if (path == "-") {
      fmt::print("{}", *formatted);
    } else if (*formatted != text) {
      changes = true;
      if (check) {
        fmt::print("{}\n", path);
      } else {
        const Result<void> written = host::writeWholeFile(path, *formatted, sink);
        if (!written) failed = true;
      }
    }
    printer.print(sink.drain(), sources);
  }
  return failed || (check && changes) ? kDiagnostics : kClean;
}

}  // namespace weft::cli
