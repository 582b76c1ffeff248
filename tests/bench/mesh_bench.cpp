// The mesh by itself, with hand-made programs: cycles of a busy mesh against a bare stepper, what an idle PE costs,
// what a task activation costs, what idle rows cost, whether threads pay.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/tir/tir.h"
#include "jit/engine.h"
#include "measure.h"
#include "mesh_baseline.h"
#include "sdk/mesh/mesh.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fstream>

using namespace weft;
using target::Arch;

namespace {

std::shared_ptr<const tir::Program> program(const std::string& text) {
  diag::Sink sink;
  auto p = tir::parse(text, sink);
  if (!p) {
    fmt::print(stderr, "{}\n", sink.all()[0].message);
    std::exit(70);
  }
  tir::finalize(*p);
  return std::make_shared<const tir::Program>(*std::move(p));
}

std::string dsd(tir::DsdKind kind, int base, int length, int stride = 1) {
  return fmt::format("{:#x}", tir::Dsd::make(kind, static_cast<uint16_t>(base), static_cast<uint16_t>(length),
                                             static_cast<int16_t>(stride))
                                  .bits);
}

plan::FabricPlan emptyPlan(uint32_t width, uint32_t height) {
  plan::FabricPlan p;
  p.arch = Arch::Wse2;
  p.extent = {width, height};
  p.fabric = {width + 7, height + 2};
  p.offset = {4, 1};
  p.program_of.assign(p.extent.area(), plan::kNoProgram);
  return p;
}

/// Rows of streaming adds, cut into pieces of `piece` PEs: every PE receives, adds and sends one wavelet per cycle, for
/// ever.
plan::FabricPlan busyPlan(uint32_t width, uint32_t height, uint32_t piece, bool one_row) {
  plan::FabricPlan p = emptyPlan(width, height);
  const char* head =
      "program \"busy\" wse2 f16\nfile \"busy\"\nsites 0:1:1\nmemory 64\ntask local 9 @main.0 !0\nactive "
      "0x200\noutput_queue 2 255 !0\n";
  const auto text = [&](int in, int out) {
    const std::string target = dsd(tir::DsdKind::FabOut, 2 | out << 8, 0x7fff);
    const std::string source = dsd(tir::DsdKind::FabIn, 3 | in << 8, 0x7fff);
    std::string s = head;
    if (in != 0) s += fmt::format("input_queue 3 {} default 0 !0\n", in);
    s += "fn 0 \"main\" task () void !0 {\n  local %0: bool\nb0:\n";
    if (in == 0) {
      s += fmt::format("  %0 = dsdop.fmovs dsd, none, dsd ({}, {}) async !0\n", target,
                       dsd(tir::DsdKind::Mem1d, 0, 0x7fff, 0));
    } else if (out == 0) {
      s += fmt::format("  %0 = dsdop.fadds dsd, dsd, dsd ({}, {}, {}) async !0\n",
                       dsd(tir::DsdKind::Mem1d, 0, 0x7fff, 0), dsd(tir::DsdKind::Mem1d, 4, 0x7fff, 0), source);
    } else {
      s += fmt::format("  %0 = dsdop.fadds dsd, dsd, dsd ({}, {}, {}) async !0\n", target,
                       dsd(tir::DsdKind::Mem1d, 0, 0x7fff, 0), source);
    }
    return program(s + "  ret\n}\n");
  };
  p.programs = {text(0, 1), text(1, 2), text(2, 1), text(1, 0), text(2, 0)};
  plan::ColorConfig to_east, from_west;
  to_east.rx = 16;
  to_east.tx = 2;
  from_west.rx = 1;
  from_west.tx = 16;
  p.color_configs.push_back(to_east);
  p.color_configs.push_back(from_west);
  for (const size_t c : {1u, 2u}) p.config_of[c].assign(p.extent.area(), 0);
  for (uint32_t y = 0; y < (one_row ? 1 : height); ++y) {
    for (uint32_t x = 0; x < width; ++x) {
      const uint32_t i = y * width + x;
      const size_t out = x % 2 == 0 ? 1 : 2, in = 3 - out;
      const bool first = x % piece == 0, last = x % piece + 1 == piece || x + 1 == width;
      p.program_of[i] = first ? 0 : last ? (in == 1 ? 3 : 4) : (in == 1 ? 1 : 2);
      if (!last) p.config_of[out][i] = 1;
      if (!first) p.config_of[in][i] = 2;
    }
  }
  return p;
}

std::unique_ptr<mesh::Mesh> make(plan::FabricPlan plan, jit::Engine& engine, int threads = 1) {
  diag::Sink sink;
  mesh::MeshOptions options;
  options.threads = threads;
  options.heartbeat_seconds = 0;
  auto m = mesh::Mesh::create(std::make_shared<plan::FabricPlan>(std::move(plan)), engine, options, sink);
  if (!m) std::exit(70);
  return *std::move(m);
}

void runTo(mesh::Mesh& m, mesh::Cycles limit) {
  mesh::Mesh::RunRequest r;
  r.cycle_limit = limit;
  m.run(r);
}

double residentMegabytes() {
  std::ifstream in("/proc/self/statm");
  double total = 0, resident = 0;
  in >> total >> resident;
  return resident * 4096 / 1e6;
}

void busy(jit::Engine& engine, uint32_t edge, uint32_t cycles) {
  auto m = make(busyPlan(edge, edge, edge, false), engine);
  const mesh::Cycles warm = edge * 6 + 50;
  runTo(*m, warm);
  const uint64_t elements = m->stats().dsd_elements;
  bench::PlaneStepper bare(edge, edge, 2);
  std::vector<double> ours, theirs;
  mesh::Cycles at = m->cycle();
  for (int round = 0; round < 5; ++round) {
    double t = bench::now();
    runTo(*m, at + cycles);
    ours.push_back(static_cast<double>(m->cycle() - at) * edge * edge / (bench::now() - t));
    at = m->cycle();
    t = bench::now();
    const uint64_t moved = bare.run(std::max(1u, 4000000u / (edge * edge)));
    theirs.push_back(static_cast<double>(moved) / (bench::now() - t));
  }
  if (bare.checksum() == 1) fmt::print("");
  fmt::print(
      "busy {0}x{0}: {1:.1f} M tile-cycles/s, bare stepper {2:.0f} M hops/s, ratio {3:.3f} (bar 0.15), {4:.2f} words "
      "per PE and cycle, {5} bytes of state per PE\n",
      edge, bench::median(ours) / 1e6, bench::median(theirs) / 1e6, bench::median(ours) / bench::median(theirs),
      static_cast<double>(m->stats().dsd_elements - elements) / static_cast<double>(m->cycle() - warm) / (edge * edge),
      m->stats().state_bytes / (edge * edge));
}

/// Wall time: what a user waits. Two threads asked for, and as many as the mesh chooses.
void threads(jit::Engine& engine, uint32_t edge, uint32_t cycles) {
  const auto wall = [] { return bench::clockNow(CLOCK_MONOTONIC); };
  struct Side {
    std::unique_ptr<mesh::Mesh> mesh;
    std::vector<double> rates = {};
  };
  Side sides[3] = {{make(busyPlan(edge, edge, 32, false), engine, 1)},
                   {make(busyPlan(edge, edge, 32, false), engine, 2)},
                   {make(busyPlan(edge, edge, 32, false), engine, 0)}};
  for (Side& s : sides) runTo(*s.mesh, 300);
  for (int round = 0; round < 7; ++round) {
    for (Side& s : sides) {
      const mesh::Cycles at = s.mesh->cycle();
      const double t = wall();
      runTo(*s.mesh, at + cycles);
      s.rates.push_back(static_cast<double>(s.mesh->cycle() - at) / (wall() - t));
    }
  }
  const double one = bench::median(sides[0].rates);
  fmt::print("threads at {0}x{0}: two {1:.2f} of one, as many as it chooses ({2} at hand) {3:.2f} of one\n", edge,
             bench::median(sides[1].rates) / one, sides[2].mesh->stats().threads, bench::median(sides[2].rates) / one);
}

void idle(jit::Engine& engine) {
  plan::FabricPlan p = emptyPlan(750, 994);
  p.programs = {
      program("program \"idle\" wse2 f16\nfile \"idle\"\nsites 0:1:1\nmemory 16400\nimage_bytes 4\nimage 0 "
              "10001000\nhost \"x\" data 0 2 pointer\n"
              "fn 0 \"f\" function () void !0 {\nb0:\n  ret\n}\n")};
  std::fill(p.program_of.begin(), p.program_of.end(), 0u);
  plan::ColorConfig c;
  c.rx = 1;
  c.tx = 18;
  p.color_configs.push_back(c);
  for (size_t k = 0; k < 8; ++k) p.config_of[k].assign(p.extent.area(), 1);
  const double before = residentMegabytes();
  const double t = bench::now();
  auto m = make(std::move(p), engine);
  runTo(*m, 10000);
  const double seconds = bench::now() - t;
  fmt::print(
      "idle 750x994: {} bytes of state per PE (bar 512), {:.2f} s (bar 5), {:.0f} MB more resident (bar 1000), {} "
      "bytes of PE memory\n",
      m->stats().state_bytes / (750 * 994), seconds, residentMegabytes() - before, m->stats().memory_bytes);
}

void activation(jit::Engine& engine, uint32_t cycles) {
  plan::FabricPlan p = emptyPlan(1, 1);
  p.programs = {
      program("program \"act\" wse2 f16\nfile \"act\"\nsites 0:1:1\nmemory 64\ntask local 9 @main.0 !0\nactive 0x200\n"
              "fn 0 \"main\" task () void !0 {\nb0:\n  device.activate(9)\n  ret\n}\n")};
  p.program_of[0] = 0;
  auto m = make(std::move(p), engine);
  runTo(*m, 1000);
  std::vector<double> ns;
  for (int round = 0; round < 5; ++round) {
    const uint64_t before = m->stats().tasks_started;
    const double t = bench::now();
    runTo(*m, m->cycle() + cycles);
    ns.push_back((bench::now() - t) * 1e9 / static_cast<double>(m->stats().tasks_started - before));
  }
  fmt::print("task activation: {:.1f} ns with engine {} (bar 50)\n", bench::median(ns), engine.name());
}

void oneRow(jit::Engine& engine) {
  // Pieces of 32: both are in their steady state after the same short warm-up.
  const auto rate = [&](bool one) {
    auto m = make(busyPlan(512, 512, 32, one), engine);
    runTo(*m, 300);
    std::vector<double> cycles_per_second;
    for (int round = 0; round < 5; ++round) {
      const mesh::Cycles at = m->cycle();
      const double t = bench::now();
      runTo(*m, at + (one ? 2000 : 10));
      cycles_per_second.push_back(static_cast<double>(m->cycle() - at) / (bench::now() - t));
    }
    return bench::median(cycles_per_second);
  };
  const double one = rate(true), all = rate(false);
  fmt::print("one row of 512x512: {:.0f} cycles/s, all rows {:.0f} cycles/s, ratio {:.0f} (bar 30)\n", one, all,
             one / all);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string only = argc > 1 ? argv[1] : "";
  const uint32_t activation_cycles =
      only == "activation" && argc > 2 ? static_cast<uint32_t>(std::atoi(argv[2])) : 4000000;
  auto engine = jit::makeInterpreter();
#ifdef WEFT_BENCH_JIT
  if (only.empty() || only == "activation") {
    // What users get; optimised at once, so that no other thread is at work.
    diag::Sink sink;
    jit::EngineOptions options;
    options.opt_level = 2;
    if (auto jit = jit::makeOrc(options, sink)) activation(**jit, activation_cycles);
  }
#endif
  if (only == "busy" && argc > 2) {
    const auto edge = static_cast<uint32_t>(std::atoi(argv[2]));
    busy(*engine, edge, argc > 3 ? static_cast<uint32_t>(std::atoi(argv[3])) : 2000000 / (edge * edge));
  } else if (only.empty() || only == "busy") {
    busy(*engine, 32, 2000);
    busy(*engine, 128, 100);
  }
  if (only.empty() || only == "threads") {
    threads(*engine, 32, 2000);
    threads(*engine, 256, 60);
  }
  if (only.empty() || only == "activation") activation(*engine, activation_cycles);
  if (only.empty() || only == "idle") idle(*engine);
  if (only.empty() || only == "row") oneRow(*engine);
  return 0;
}
