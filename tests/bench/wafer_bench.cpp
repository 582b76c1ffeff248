// A whole wafer of PEs, each given its own px and py, that come to four programs: what their code costs against four
// PEs, and how many layout calls a second the comptime interpreter makes.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/session/session.h"
#include "jit/engine.h"
#include "measure.h"
#include "sdk/timing/cost_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <vector>

using namespace weft;

namespace {

constexpr const char* kLayout = R"(
param width: u16;
param height: u16;
const east = @get_color(1);
const south = @get_color(2);
layout {
  @set_rectangle(width, height);
  for (@range(u16, height)) |py| {
    for (@range(u16, width)) |px| {
      @set_tile_code(px, py, "pe.csl", .{ .px = px, .py = py, .width = width, .height = height });
      @set_color_config(px, py, east, .{ .routes = .{ .rx = .{WEST}, .tx = .{ RAMP, EAST } } });
      @set_color_config(px, py, south, .{ .routes = .{ .rx = .{NORTH}, .tx = .{ RAMP, SOUTH } } });
    }
  }
}
)";

constexpr const char* kTile = R"(
param px: u16;
param py: u16;
param width: u16;
param height: u16;
const size: u16 = 64;
const main_id: local_task_id = @get_local_task_id(9);
var a = @zeros([size]f32);
var b = @zeros([size]f32);
const a_dsd = @get_dsd(mem1d_dsd, .{ .tensor_access = |i|{size} -> a[i] });
const b_dsd = @get_dsd(mem1d_dsd, .{ .tensor_access = |i|{size} -> b[i] });
var place: u32 = @as(u32, py) * @as(u32, width) + @as(u32, px);
task main() void {
  if (px == 0) {
    @fadds(a_dsd, a_dsd, b_dsd);
  } else {
    @fmacs(a_dsd, a_dsd, b_dsd, 2.0);
  }
  if (py == height - 1) {
    @fsubs(b_dsd, b_dsd, a_dsd);
  } else {
    @fmuls(b_dsd, b_dsd, a_dsd);
  }
  for (@range(u16, size)) |i| {
    a[i] += 1.0;
  }
  place += 1;
}
comptime {
  @bind_local_task(main, main_id);
  @activate(main_id);
}
)";

struct Compiled {
  std::shared_ptr<const plan::FabricPlan> plan;
  double layout_calls;
  double layout_seconds;  // CPU time
};

Compiled compile(uint32_t width, uint32_t height) {
  session::Session session;
  session.setBuffer("layout.csl", kLayout);
  session.setBuffer("pe.csl", kTile);
  session::CompileOptions options;
  options.source = "layout.csl";
  options.params = {{"width", std::to_string(width)}, {"height", std::to_string(height)}};
  const double cpu = bench::now(), wall = bench::clockNow(CLOCK_MONOTONIC);
  auto plan = session.compile(options);
  // The session's own figures are wall time.
  const double share = (bench::now() - cpu) / (bench::clockNow(CLOCK_MONOTONIC) - wall);
  if (!plan) {
    for (const diag::Diagnostic& d : session.sink().all()) fmt::print(stderr, "{}\n", d.message);
    std::exit(70);
  }
  return {*std::move(plan), static_cast<double>(session.stats().layout_calls), session.stats().layout_seconds * share};
}

double codeSeconds(const plan::FabricPlan& plan) {
  const timing::CostModel model = timing::CostModel::builtin(plan.arch);
  std::vector<const tir::Program*> programs;
  std::vector<jit::CostTable> costs;
  for (const auto& program : plan.programs) {
    programs.push_back(program.get());
    costs.push_back(model.costTable(*program));
  }
  diag::Sink sink;
  jit::EngineOptions options;
  options.opt_level = 2;
  options.compile_threads = 1;
  auto engine = jit::makeOrc(options, sink);
  if (!engine) std::exit(70);
  const double start = bench::now();
  const auto images = (*engine)->compile(programs, costs, sink);
  if (!images) std::exit(70);
  return bench::now() - start;
}

}  // namespace

int main() {
  const Compiled few = compile(2, 2);
  std::vector<double> rates, ratios;
  size_t programs = 0;
  for (int round = 0; round < 5; ++round) {
    const Compiled wafer = compile(1176, 762);
    programs = wafer.plan->programs.size();
    rates.push_back(wafer.layout_calls / wafer.layout_seconds);
    const double four = codeSeconds(*few.plan);
    ratios.push_back(codeSeconds(*wafer.plan) / four);
  }
  fmt::print(
      "wafer of 1176x762 = {} PEs with their own px and py: {} programs, code generation {:.2f} times that of 4 PEs "
      "(bar 1.2)\n",
      1176 * 762, programs, bench::median(ratios));
  fmt::print("wafer layout: {:.2f} M layout calls/s (bar 1)\n", bench::median(rates) / 1e6);
  return programs == 4 ? 0 : 1;
}
