// cs_readelf: memory, symbols and routes of a compiled directory or of one program file.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/plan/fabric_plan.h"
#include "frontend/tir/tir.h"
#include "sdk/cli/command.h"
#include "sdk/cli/words.h"
#include "sdk/host/artifact.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>

namespace weft::cli {

namespace {

uint32_t bytesOf(const tir::Program& program) {
  return program.private_bytes + static_cast<uint32_t>(program.shared.size());
}

/// The columns of readelf: scripts take the size from the third and the name from the last. Functions occupy no memory
/// of a PE.
void printSymbols(const tir::Program& program) {
  fmt::print("{:>6} {:>6} {:>6} {:<6} {:<20} {}\n", "Num:", "Value", "Size", "Kind", "Type", "Name");
  size_t row = 0;
  for (const tir::Symbol& s : program.symbols)
    fmt::print("{:>5}: {:#06x} {:>6} OBJECT {:<20} {}\n", row++, s.address, s.bytes, s.type, s.name);
  for (const tir::Function& f : program.functions)
    fmt::print("{:>5}: {:#06x} {:>6} FUNC   {:<20} {}\n", row++, 0, 0, "fn", f.name);
}

/// PEs of a plan, or only the one that --tile names, in fabric coordinates.
template <class Fn>
void eachTile(const plan::FabricPlan& p, const std::optional<std::string>& tile, Fn fn) {
  for (uint32_t y = 0; y < p.extent.height; ++y) {
    for (uint32_t x = 0; x < p.extent.width; ++x) {
      const uint32_t fx = x + p.offset.x, fy = y + p.offset.y;
      if (!tile || *tile == fmt::format("{},{}", fx, fy)) fn(PeCoord{x, y}, fx, fy);
    }
  }
}

std::string sides(target::PortMask mask) {
  std::string out;
  for (int port = 0; port < target::kPortCount; ++port)
    if ((mask >> port & 1) != 0) out += "WESNR"[port];
  return out.empty() ? "-" : out;
}

void printSettings(const plan::FabricPlan& p, const std::optional<std::string>& tile) {
  eachTile(p, tile, [&](PeCoord at, uint32_t x, uint32_t y) {
    for (int color = 0; color < target::kColorCount; ++color) {
      const plan::ColorConfig* c = p.colorConfig(at, color);
      if (c == nullptr) continue;
      std::string text = fmt::format("({}, {}) C{}: {} -> {}", x, y, color, sides(c->rx), sides(c->tx));
      for (size_t k = 0; k < c->positions.size(); ++k) {
        const plan::SwitchPosition& s = c->positions[k];
        if (s.valid)
          text += fmt::format("; pos{} {} -> {}", k + 1, s.rx ? sides(*s.rx) : "=", s.tx ? sides(*s.tx) : "=");
      }
      fmt::print("{}{}\n", text, c->ring ? "; ring" : "");
    }
  });
}

/// One letter per program; coarse: one per 4 x 4 PEs.
void printMap(const plan::FabricPlan& p, bool coarse) {
  const uint32_t step = coarse ? 4 : 1;
  for (uint32_t y = 0; y < p.extent.height; y += step) {
    std::string row;
    for (uint32_t x = 0; x < p.extent.width; x += step) {
      const auto program = p.programAt({x, y});
      row += program ? static_cast<char>('A' + *program % 26) : '.';
    }
    fmt::print("{}\n", row);
  }
  for (size_t k = 0; k < p.programs.size(); ++k)
    fmt::print("{} {}\n", static_cast<char>('A' + k % 26), p.programs[k]->name);
}

}  // namespace

int readelfMain(const Args& args) {
  Args words = args;
  if (words.empty() || takeFlag(words, "-h") || takeFlag(words, "--help")) {
    fmt::print(
        "usage: cs_readelf [-m] [-s] [--fs] [--sym] [--visualize] [--tile X,Y] [-u word] PATH...\n\n"
        "PATH is a compiled directory or a bin/out_<k>_0.elf of one.\n"
        "  -m, --ms          memory of each PE\n"
        "  -s                size of the fabric and of the program\n"
        "  --sym, --symbols  symbols: number, address, bytes, kind, type, name\n"
        "  --fs              routes and switches of each PE\n"
        "  --tile X,Y        only this PE of the fabric\n"
        "  --visualize[=coarse|fine]\n"
        "                    a map of which PE runs which program\n"
        "  --xp=N            the initial memory of program file N in hexadecimal\n"
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
  const bool settings = takeFlag(words, "--fs");
  const auto tile = takeValue(words, "--tile");
  const auto dump = takeValue(words, "--xp");
  const bool coarse = takeFlag(words, "--visualize=coarse");
  const bool map = takeEither("--visualize", "--visualize=fine") || coarse;
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
    if (memory) {
      eachTile(p, tile, [&](PeCoord at, uint32_t x, uint32_t y) {
        if (const auto program = p.programAt(at))
          fmt::print("({}, {}): {} {}\n", x, y, bytesOf(*p.programs[*program]) / unit, unit_name);
      });
    }
    if (settings) printSettings(p, tile);
    if (map) printMap(p, coarse);
    if (dump) {
      if (dump->empty() || dump->find_first_not_of("0123456789") != std::string::npos || dump->size() > 6 ||
          std::stoul(*dump) >= p.programs.size())
        return wrongUsage("cs_readelf",
                          fmt::format("there is no program {}: the last is {}", *dump, p.programs.size() - 1));
      const std::vector<uint8_t>& image = p.programs[std::stoul(*dump)]->image;
      for (size_t i = 0; i < image.size(); i += 16) {
        fmt::print("{:04x}:", i);
        for (size_t k = i; k < std::min(i + 16, image.size()); ++k) fmt::print(" {:02x}", image[k]);
        fmt::print("\n");
      }
    }
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
