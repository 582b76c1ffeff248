// weft check FILE...: diagnostics only. --syntax stops after parsing.
// SPDX-License-Identifier: Apache-2.0
#include "sdk/cli/command.h"
#include "sdk/cli/words.h"
#include "sdk/driver/build.h"

#include <fmt/format.h>

#include <algorithm>

namespace weft::cli {

int cmdCheck(const Args& args) {
  Args words = args;
  const bool syntax = takeFlag(words, "--syntax");
  const bool quiet = takeFlag(words, "--quiet");
  const auto form = takeValue(words, "--diagnostics");
  if (form && *form != "json" && *form != "text")
    return wrongUsage("weft check", fmt::format("`--diagnostics={}` is neither text nor json", *form));
  // Several files: the words that are not options. An option's value follows it only with `=` here.
  std::vector<std::string> files;
  Args options;
  for (const std::string& word : words) (word.starts_with('-') ? options : files).push_back(word);
  driver::ParsedOptions parsed = driver::parseCompileOptions(options);
  if (parsed.help) {
    fmt::print(
        "usage: weft check FILE... [--syntax] [--quiet] [--diagnostics=text|json] [compile options]\n\n"
        "Options of the compile line are written with `=`.\n\n{}",
        driver::compileOptionsHelp());
    return kClean;
  }
  if (!parsed.errors.empty()) return wrongUsage("weft check", parsed.errors.front());
  if (files.empty()) return wrongUsage("weft check", "no file is named");
  const DiagnosticPrinter printer(form && *form == "json");
  size_t bad = 0;
  for (const std::string& file : files) {
    driver::CompileOptions one = parsed.options;
    one.source = file;
    driver::Build build(one);
    const bool done = syntax ? static_cast<bool>(build.checkSyntax(file)) : static_cast<bool>(build.compileAny());
    const bool failed =
        !done || build.sink().hasErrors() || (parsed.options.warnings_as_errors && build.sink().warningCount() > 0);
    if (failed) ++bad;
    const auto diagnostics = build.sink().drain();
    printer.print(diagnostics, build.sources());
    const bool unbound = std::any_of(diagnostics.begin(), diagnostics.end(),
                                     [](const diag::Diagnostic& d) { return d.code == diag::Code::E0205; });
    if (build.wasAlone() && unbound && !form)
      fmt::print(
          stderr,
          "weft check: `{}` was checked alone, for it has no layout block; check the layout that places it, with "
          "its --params, or use --syntax\n",
          file);
    if (files.size() > 1 && failed && !quiet) fmt::print("{}: failed\n", file);
  }
  if (files.size() > 1 && !quiet) fmt::print("{} of {} files are clean\n", files.size() - bad, files.size());
  return bad == 0 ? kClean : kDiagnostics;
}

}  // namespace weft::cli
