// Stable text of a plan for --dump=plan: what a person wants to see, rectangles instead of lists of PEs.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/plan/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

namespace weft::plan {
namespace {

std::string ports(target::PortMask mask) {
  std::string out;
  for (int p = 0; p < target::kPortCount; ++p) {
    const auto port = static_cast<target::Port>(p);
    if ((mask & target::maskOf(port)) == 0) continue;
    out += (out.empty() ? "" : " ") + std::string(target::portName(port));
  }
  if ((mask & kHostPortBit) != 0) out += out.empty() ? "HOST" : " HOST";
  return out.empty() ? "-" : out;
}

// Greedy cover of equal cells by rectangles, in row-major order.
template <class Emit>
void rectangles(const std::vector<uint32_t>& plane, Extent2 extent, uint32_t skip, Emit emit) {
  std::vector<bool> done(plane.size());
  for (uint32_t y = 0; y < extent.height; ++y) {
    for (uint32_t x = 0; x < extent.width; ++x) {
      const size_t at = static_cast<size_t>(y) * extent.width + x;
      const uint32_t v = plane[at];
      if (done[at] || v == skip) continue;
      uint32_t w = 1;
      while (x + w < extent.width && plane[at + w] == v && !done[at + w]) ++w;
      uint32_t h = 1;
      const auto rowIs = [&](uint32_t row) {
        const size_t begin = static_cast<size_t>(row) * extent.width + x;
        return std::all_of(plane.begin() + static_cast<long>(begin), plane.begin() + static_cast<long>(begin + w),
                           [&](uint32_t c) { return c == v; });
      };
      while (y + h < extent.height && rowIs(y + h)) ++h;
      for (uint32_t k = 0; k < h; ++k) {
        for (uint32_t i = 0; i < w; ++i) done[static_cast<size_t>(y + k) * extent.width + x + i] = true;
      }
      emit(v, x, y, w, h);
    }
  }
}

std::string configText(const ColorConfig& c) {
  std::string out = fmt::format("rx {} tx {}", ports(c.rx), ports(c.tx));
  for (size_t k = 0; k < 3; ++k) {
    const SwitchPosition& p = c.positions[k];
    if (!p.valid) continue;
    out += fmt::format("; pos{}", k + 1);
    if (p.rx) out += " rx " + ports(*p.rx);
    if (p.tx) out += " tx " + ports(*p.tx);
  }
  if (c.initial_position != 0) out += fmt::format("; at {}", c.initial_position);
  if (c.ring) out += "; ring";
  constexpr const char* pops[] = {"", "; always_pop", "; pop_on_advance", "; pop_on_advance_nop"};
  out += pops[static_cast<size_t>(c.pop)];
  const Filter& f = c.filter;
  switch (f.kind) {
    case FilterKind::None: break;
    case FilterKind::Range: out += fmt::format("; filter range {}..{}", f.min_index, f.max_index); break;
    case FilterKind::Counter:
    case FilterKind::SparseCounter:
      out += fmt::format("; filter {} from {} limit {} max {}",
                         f.kind == FilterKind::Counter ? "counter" : "sparse_counter", f.init_counter, f.limit1,
                         f.max_counter);
      break;
  }
  if (c.teardown) out += "; teardown";
  if (c.swap_x) out += "; swap_x";
  if (c.swap_y) out += "; swap_y";
  return out;
}

std::string place(uint32_t x, uint32_t y, uint32_t w, uint32_t h) {
  if (w == 1 && h == 1) return fmt::format("({}, {})", x, y);
  return fmt::format("({}, {})..({}, {})", x, y, x + w - 1, y + h - 1);
}

}  // namespace

std::string print(const FabricPlan& plan) {
  std::string out = fmt::format("plan {} {}x{}\n", target::archName(plan.arch), plan.extent.width, plan.extent.height);
  out += fmt::format("fabric {}x{} at ({}, {})\n", plan.fabric.width, plan.fabric.height, plan.offset.x, plan.offset.y);
  if (plan.host.memcpy) {
    out += fmt::format("memcpy channels {}\n", plan.host.channels);
    for (size_t i = 0; i < 4; ++i) {
      if (plan.host.h2d[i] >= 0) out += fmt::format("h2d {} color {}\n", i + 1, plan.host.h2d[i]);
    }
    for (size_t i = 0; i < 4; ++i) {
      if (plan.host.d2h[i] >= 0) out += fmt::format("d2h {} color {}\n", i + 1, plan.host.d2h[i]);
    }
  }
  for (size_t i = 0; i < plan.programs.size(); ++i) {
    const auto n = std::count(plan.program_of.begin(), plan.program_of.end(), static_cast<uint32_t>(i));
    out += fmt::format("program {} {} on {} PE{}", i, std::filesystem::path(plan.programs[i]->name).filename().string(),
                       n, n == 1 ? "" : "s");
    if (!plan.programs[i]->slots.empty()) out += fmt::format(", {} slots", plan.programs[i]->slots.size());
    out += "\n";
  }
  rectangles(plan.program_of, plan.extent, kNoProgram, [&](uint32_t v, uint32_t x, uint32_t y, uint32_t w, uint32_t h) {
    out += fmt::format("tile {} program {}\n", place(x, y, w, h), v);
  });
  for (size_t c = 0; c < plan.config_of.size(); ++c) {
    const auto& plane = plan.config_of[c];
    if (plane.empty()) continue;
    rectangles(plane, plan.extent, 0, [&](uint32_t v, uint32_t x, uint32_t y, uint32_t w, uint32_t h) {
      out += fmt::format("color {} {} {}\n", c, place(x, y, w, h), configText(plan.color_configs[v]));
    });
  }
  for (const Export& e : plan.exports) {
    if (e.is_function) {
      std::string args;
      for (const Param& p : e.inputs) args += (args.empty() ? "" : ", ") + p.type;
      out += fmt::format("export {} fn({}) {}\n", e.name, args, e.type);
    } else {
      out += fmt::format("export {} {} {}\n", e.name, e.is_mutable ? "var" : "const", e.type);
    }
  }
  for (const PortStream& p : plan.streams) {
    out += fmt::format("stream {} {} ({}, {}) color {}\n", p.name, p.input ? "to" : "from", p.at.x, p.at.y, p.color);
  }
  for (const Preset& p : plan.presets)
    out += fmt::format("preset ({}, {}) {:#x} {} bytes\n", p.at.x, p.at.y, p.address, p.bytes.size());
  for (const auto& [name, value] : plan.params) out += fmt::format("param {} {}\n", name, value);
  for (const auto& [name, value] : plan.colors) out += fmt::format("param color {} {}\n", name, value);
  return out;
}

}  // namespace weft::plan
