// cslc and weft compile: the compile line of existing scripts, and dumps of a stage.
// SPDX-License-Identifier: Apache-2.0
#include "sdk/cli/command.h"
#include "sdk/cli/words.h"
#include "sdk/driver/build.h"
#include "sdk/host/artifact.h"

#include <fmt/format.h>

#include <chrono>

namespace weft::cli {

namespace {

int usageError(const std::string& command, const std::vector<std::string>& errors) {
  fmt::print(stderr, "usage: {} FILE [options]\n", command);
  for (const std::string& text : errors) fmt::print(stderr, "{}: error: {}\n", command, text);
  return kUsage;
}

void printHelp(const std::string& command) {
  fmt::print("usage: {} FILE [options]\n\nCompiles the layout FILE and the programs it names into a directory.\n\n{}",
             command, driver::compileOptionsHelp());
  if (command == "weft compile")
    fmt::print("  {:<32} {}\n  {:<32} {}\n", "--dump=STAGE[,STAGE]",
               "print ast, plan, tir, llvm (tir:FUNCTION, llvm:FUNCTION)", "--diagnostics=text|json",
               "form of the diagnostics");
}

void printRoutes(const plan::FabricPlan& plan) {
  // Letters in the order of the mask's bits.
  constexpr char kPort[] = {'W', 'E', 'S', 'N', 'R'};
  auto letters = [&](target::PortMask mask) {
    std::string text;
    for (int p = 0; p < target::kPortCount; ++p)
      if ((mask >> p) & 1) text += kPort[p];
    return text.empty() ? std::string("-") : text;
  };
  for (uint32_t y = 0; y < plan.extent.height; ++y) {
    for (uint32_t x = 0; x < plan.extent.width; ++x) {
      for (int color = 0; color < target::kColorCount; ++color) {
        const plan::ColorConfig* c = plan.colorConfig({x, y}, color);
        if (c == nullptr) continue;
        fmt::print("({}, {}) C{}: {} -> {}", x, y, color, letters(c->rx), letters(c->tx));
        for (size_t i = 0; i < c->positions.size(); ++i) {
          if (!c->positions[i].valid) continue;
          fmt::print(" pos{}: {} -> {}", i + 1, c->positions[i].rx ? letters(*c->positions[i].rx) : "=",
                     c->positions[i].tx ? letters(*c->positions[i].tx) : "=");
        }
        fmt::print("\n");
      }
    }
  }
}

/// The line that existing scripts and people look for when the fabric is too small.
void printOldWording(const std::vector<diag::Diagnostic>& diagnostics) {
  for (const diag::Diagnostic& d : diagnostics)
    if (d.message.starts_with("Fabric dimension must be at least")) fmt::print(stderr, "RuntimeError: {}\n", d.message);
}

int dumpStages(driver::Build& build, const std::string& stages, const DiagnosticPrinter& printer) {
  bool good = true;
  size_t begin = 0;
  while (begin <= stages.size()) {
    const size_t comma = std::min(stages.find(',', begin), stages.size());
    const std::string stage = stages.substr(begin, comma - begin);
    begin = comma + 1;
    const std::string kind = stage.substr(0, stage.find(':'));
    if (kind != "ast" && kind != "tir" && kind != "plan" && kind != "llvm")
      return wrongUsage("weft compile", fmt::format("`--dump={}` names no stage", stage));
    const Result<std::string> text = build.dump(stage);
    printer.print(build.sink().drain(), build.sources());
    if (text)
      fmt::print("{}{}", *text, text->ends_with('\n') || text->empty() ? "" : "\n");
    else
      good = false;
  }
  return good ? kClean : kDiagnostics;
}

int compileCommand(const std::string& command, Args args) {
  const auto dump = command == "weft compile" ? takeValue(args, "--dump") : std::nullopt;
  const auto form = takeValue(args, "--diagnostics");
  const bool optimised = dump && takeValue(args, "--opt").value_or("0") == "2";
  const DiagnosticPrinter printer(form && *form == "json");
  driver::ParsedOptions parsed = driver::parseCompileOptions(args);
  if (parsed.help) {
    printHelp(command);
    return kClean;
  }
  if (parsed.options.source.empty() && parsed.errors.empty())
    parsed.errors.push_back("the following arguments are required: csl_filename");
  if (!parsed.errors.empty()) return usageError(command, parsed.errors);
  for (const std::string& text : parsed.warnings) fmt::print(stderr, "{}: warning: {}\n", command, text);
  driver::CompileOptions& options = parsed.options;
  if (command == "cslc" && options.memcpy && options.channels <= 0) {
    fmt::print(stderr,
               "RuntimeError: n_channels=0 corresponds to the deprecated runtime CSELFRunner. Please use n_channels>0 "
               "with SdkRuntime\n");
    return kDiagnostics;
  }
  options.optimise_dump = optimised;
  const auto start = std::chrono::steady_clock::now();
  driver::Build build(options);
  if (dump) return dumpStages(build, *dump, printer);
  const auto plan = build.compile();
  if (command == "cslc") printOldWording(build.sink().all());
  const bool warned = build.sink().warningCount() > 0;
  printer.print(build.sink().drain(), build.sources());
  if (!plan || (warned && options.warnings_as_errors)) return kDiagnostics;
  const Result<void> written = host::writeArtifact(**plan, options.output, build.sink());
  if (written && !options.output_json.empty()) {
    const Result<void> extra = host::writeWholeFile(options.output_json, host::paramsJson(**plan), build.sink());
    (void)extra;
  }
  const bool good = !build.sink().hasErrors();
  printer.print(build.sink().drain(), build.sources());
  if (options.out_routes) printRoutes(**plan);
  if (options.verbose) {
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    fmt::print("{}: {} programs for {} x {} PEs in {:.3f} s, written to {}\n", options.source, (*plan)->programs.size(),
               (*plan)->extent.width, (*plan)->extent.height, seconds, options.output);
  }
  return good ? kClean : kDiagnostics;
}

}  // namespace

int cmdCompile(const Args& args) { return compileCommand("weft compile", args); }
int cslcMain(const Args& args) { return compileCommand("cslc", args); }

}  // namespace weft::cli
