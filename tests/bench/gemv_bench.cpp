// The whole path: a GEMV written in CSL, compiled by the session, its task dispatched by the mesh again and again in
// compiled code, against the same loop in C++ on the same data in the same process.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/session/session.h"
#include "gemv_baseline.h"
#include "jit/engine.h"
#include "measure.h"
#include "sdk/mesh/mesh.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <vector>

#include <sys/mman.h>

using namespace weft;

namespace {

constexpr const char* kLayout = R"(
param width: u16;
param height: u16;
param rows: u16;
param cols: u16;
param repeats: u16;
param row_major: u16;
layout {
  @set_rectangle(width, height);
  for (@range(u16, height)) |py| {
    for (@range(u16, width)) |px| {
      @set_tile_code(px, py, "pe.csl",
                     .{ .rows = rows, .cols = cols, .repeats = repeats, .row_major = row_major == 1 });
    }
  }
}
)";

constexpr const char* kTile = R"(
param rows: u16;
param cols: u16;
param repeats: u16;
param row_major: bool;
var A = @zeros([rows * cols]f32);
var x = @zeros([cols]f32);
var y = @zeros([rows]f32);
var left: u16 = repeats;
const row_stride: u16 = if (row_major) cols else 1;
const column_step: i16 = if (row_major) 1 else @as(i16, rows);
const y_dsd = @get_dsd(mem1d_dsd, .{ .tensor_access = |i|{rows} -> y[i] });
var A_dsd = @get_dsd(mem1d_dsd, .{ .tensor_access = |i|{rows} -> A[i * row_stride] });
const main_id: local_task_id = @get_local_task_id(8);
task main() void {
  var column = A_dsd;
  for (@range(u16, cols)) |j| {
    @fmacs(y_dsd, y_dsd, column, x[j]);
    column = @increment_dsd_offset(column, column_step, f32);
  }
  left -= 1;
  if (left != 0) {
    @activate(main_id);
  } else {
    left = repeats;
  }
}
comptime {
  @bind_local_task(main, main_id);
}
)";

struct Case {
  const char* what;
  uint32_t rows, columns, width, height;
  bool row_major;
  target::Arch arch;
  double bar;  // 0: printed without one
};

/// Memory as the mesh has it: huge pages where there are any.
struct Arena {
  explicit Arena(size_t bytes) : size(bytes) {
    base = static_cast<float*>(mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    if (base == MAP_FAILED) std::exit(70);
    madvise(base, bytes, MADV_HUGEPAGE);
  }
  ~Arena() { munmap(base, size); }
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  float* base;
  size_t size;
};

const tir::Symbol& symbolOf(const tir::Program& program, const std::string& name) {
  for (const tir::Symbol& s : program.symbols) {
    if (s.name == name) return s;
  }
  std::exit(70);
}

bool run(const Case& c, jit::Engine& engine) {
  const uint32_t pes = c.width * c.height;
  const double flops = 2.0 * c.rows * c.columns * pes;
  const int repeats = std::clamp(static_cast<int>(2e8 / flops), 2, 30000);
  session::Session session;
  session.setBuffer("layout.csl", kLayout);
  session.setBuffer("pe.csl", kTile);
  session::CompileOptions options;
  options.source = "layout.csl";
  options.arch = c.arch;
  options.params = {{"width", std::to_string(c.width)},   {"height", std::to_string(c.height)},
                    {"rows", std::to_string(c.rows)},     {"cols", std::to_string(c.columns)},
                    {"repeats", std::to_string(repeats)}, {"row_major", c.row_major ? "1" : "0"}};
  auto plan = session.compile(options);
  if (!plan) {
    for (const diag::Diagnostic& d : session.sink().all()) fmt::print(stderr, "{}\n", d.message);
    std::exit(70);
  }
  diag::Sink sink;
  mesh::MeshOptions mesh_options;
  mesh_options.threads = 1;
  mesh_options.heartbeat_seconds = 0;
  auto made = mesh::Mesh::create(*plan, engine, mesh_options, sink);
  if (!made) std::exit(70);
  mesh::Mesh& mesh = **made;
  const tir::Program& program = *(*plan)->programs[0];
  const uint32_t a = symbolOf(program, "A").address, x = symbolOf(program, "x").address,
                 y = symbolOf(program, "y").address;

  const auto padded = [](size_t floats) { return (floats + 15) / 16 * 16; };
  const size_t x_at = padded(c.rows), a_at = x_at + padded(c.columns);
  const size_t slice = a_at + padded(size_t{c.rows} * c.columns);
  Arena arena(slice * pes * 4);
  const auto coord = [&](uint32_t k) { return PeCoord{k % c.width, k / c.width}; };
  const auto bytes = [](const float* p, size_t count) {
    return std::span<const uint8_t>(reinterpret_cast<const uint8_t*>(p), count * 4);
  };
  for (uint32_t k = 0; k < pes; ++k) {
    float* f = arena.base + slice * k;
    for (size_t w = 0; w < slice; ++w) f[w] = static_cast<float>((w + k) % 7) * 1e-3f;
    mesh.writeMemory(coord(k), y, bytes(f, c.rows));
    mesh.writeMemory(coord(k), x, bytes(f + x_at, c.columns));
    mesh.writeMemory(coord(k), a, bytes(f + a_at, size_t{c.rows} * c.columns));
  }
  std::vector<double> ours, theirs;
  for (int round = 0; round < 8; ++round) {
    for (uint32_t k = 0; k < pes; ++k) mesh.activate(coord(k), 8);
    double t = bench::now();
    const mesh::RunEnd end = mesh.run({});
    const double took = bench::now() - t;
    if (end != mesh::RunEnd::Complete) std::exit(70);
    t = bench::now();
    for (int r = 0; r < repeats; ++r) {
      for (uint32_t k = 0; k < pes; ++k) {
        float* f = arena.base + slice * k;
        (c.row_major ? bench::gemvStrided : bench::gemvColumns)(f + a_at, f + x_at, f, static_cast<int>(c.rows),
                                                                static_cast<int>(c.columns));
      }
    }
    // The first round warms up.
    if (round == 0) continue;
    ours.push_back(took);
    theirs.push_back(bench::now() - t);
  }
  bool same = true;
  for (uint32_t k = 0; k < pes; ++k) {
    const std::vector<uint8_t> result = mesh.readMemory(coord(k), y, c.rows * 4);
    same = same && std::memcmp(result.data(), arena.base + slice * k, result.size()) == 0;
  }
  const double ratio = bench::median(theirs) / bench::median(ours);
  const double scale = flops * repeats * 1e-9;
  fmt::print("gemv {:<24} {:3} x {:<3} on {:4} PEs: weft {:6.2f} GFLOP/s, c++ {:6.2f} GFLOP/s, ratio {:.2f}{}{}\n",
             c.what, c.rows, c.columns, pes, scale / bench::median(ours), scale / bench::median(theirs), ratio,
             c.bar > 0 ? fmt::format(" (bar {})", c.bar) : "", same ? "" : "  RESULTS DIFFER");
  return same;
}

}  // namespace

int main(int argc, char** argv) {
  diag::Sink sink;
  jit::EngineOptions options;
  options.opt_level = 2;
  auto engine = jit::makeOrc(options, sink);
  if (!engine) return 70;
  // On WSE-2, where arrays that begin in one bank run at half the rate, they do not begin at cache lines.
  constexpr auto kWse2 = target::Arch::Wse2, kWse3 = target::Arch::Wse3;
  const Case cases[] = {
      {"L1", 64, 32, 1, 1, false, kWse3, 0},
      {"L2", 256, 44, 4, 4, false, kWse3, 0.9},
      {"L2, wse2", 256, 44, 4, 4, false, kWse2, 0},
      {"L2, short columns", 64, 170, 4, 4, false, kWse3, 0},
      {"L2, odd columns", 101, 111, 4, 4, false, kWse3, 0},
      {"L2, row-major", 100, 100, 4, 4, true, kWse3, 0},
      {"L3", 256, 44, 20, 10, false, kWse3, 0.9},
      {"L3, wse2", 256, 44, 20, 10, false, kWse2, 0},
      {"L3, short columns", 64, 170, 20, 10, false, kWse3, 0},
      {"DRAM", 256, 44, 80, 75, false, kWse3, 0.9},
      {"DRAM, wse2", 256, 44, 80, 75, false, kWse2, 0},
      {"DRAM, short columns", 64, 170, 80, 75, false, kWse3, 0},
  };
  bool same = true;
  for (const Case& c : cases) {
    if (argc > 1 && std::string_view(c.what).find(argv[1]) == std::string_view::npos) continue;
    same = run(c, **engine) && same;
  }
  return same ? 0 : 1;
}
