// cs_readelf: memory and symbols of a compiled directory or of one program file.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/plan/fabric_plan.h"
#include "frontend/tir/tir.h"
#include "sdk/cli/command.h"
#include "sdk/cli/words.h"
#include "sdk/host/artifact.h"

#include <fmt/format.h>

#include <filesystem>

namespace weft::cli {

namespace {

uint32_t bytesOf(const tir::Program& program) {
  return program.private_bytes + static_cast<uint32_t>(program.shared.size());
}

void printSymbols(const tir::Program& program) {
  for (const tir::Symbol& s : program.symbols)
    fmt::print("{:#06x} {:6} OBJECT {:<20} {}\n", s.address, s.bytes, s.type, s.name);
  for (const tir::Function& f : program.functions) fmt::print("{:>6} {:>6} FUNC   {:<20} {}\n", "-", "-", "", f.name);
}

}  // namespace

int readelfMain(const Args& args) {
  Args words = args;
  if (words.empty() || takeFlag(words, "-h") || takeFlag(words, "--help")) {
    fmt::print(
        "usage: cs_readelf [-m] [-s] [--sym] [-u word] PATH...\n\n"
        "PATH is a compiled directory or a bin/out_<k>_0.elf of one.\n"
        "  -m, --ms          memory of each PE\n"
        "  -s                size of the fabric and of the program\n"
        "  --sym, --symbols  symbols: address, bytes, kind, type, name\n"
        "  -u word           count in 16-bit words\n");
    return args.empty() ? kUsage : kClean;
  }
  // Both spellings are taken out of the words, whichever is there.
  auto takeEither = [&](const char* shorter, const char* longer) {
    const bool first = takeFlag(words, shorter);
    return takeFlag(words, longer) || first;
  };
  const bool memory = takeEither("-m", "--ms");
  const bool size = takeFlag(words, "-s");
  const bool symbols = takeEither("--sym", "--symbols");
  const uint32_t unit = takeValue(words, "-u").value_or("byte") == "word" ? 2 : 1;
  const char* unit_name = unit == 2 ? "words" : "bytes";
  const source::SourceManager sources;
  diag::Sink sink;
  for (const std::string& path : words) {
    if (path.starts_with('-')) return wrongUsage("cs_readelf", fmt::format("there is no option `{}`", path));
    if (!std::filesystem::is_directory(path)) {
      const auto bytes = host::readWholeFile(path, sink);
      if (!bytes) break;
      const auto program = tir::deserialize(*bytes, sink);
      if (!program) break;
      if (memory) fmt::print("{}: {} {}\n", program->name, bytesOf(*program) / unit, unit_name);
      if (symbols) printSymbols(*program);
      continue;
    }
    const auto plan = host::readArtifact(path, sink);
    if (!plan) break;
    const plan::FabricPlan& p = **plan;
    if (size)
      fmt::print("fabric {} x {}, program {} x {} at ({}, {})\n", p.fabric.width, p.fabric.height, p.extent.width,
                 p.extent.height, p.offset.x, p.offset.y);
    if (memory)
      for (uint32_t y = 0; y < p.extent.height; ++y)
        for (uint32_t x = 0; x < p.extent.width; ++x)
          if (const auto program = p.programAt({x, y}))
            fmt::print("({}, {}): {} {}\n", x + p.offset.x, y + p.offset.y, bytesOf(*p.programs[*program]) / unit,
                       unit_name);
    if (symbols) {
      for (size_t k = 0; k < p.programs.size(); ++k) {
        fmt::print("out_{}_0.elf ({}):\n", k, p.programs[k]->name);
        printSymbols(*p.programs[k]);
      }
    }
  }
  const bool failed = sink.hasErrors();
  DiagnosticPrinter().print(sink.drain(), sources);
  return failed ? kDiagnostics : kClean;
}

}  // namespace weft::cli
