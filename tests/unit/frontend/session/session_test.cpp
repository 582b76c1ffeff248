// Compiling editor buffers: imports, sharing, diagnostics.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/session/session.h"

#include "frontend/tir/tir.h"

#include <catch2/catch_test_macros.hpp>

using namespace weft;
using session::CompileOptions;
using session::Session;

namespace {

constexpr const char* kLayout = R"(
param w: u16;
param h: u16;
layout {
  @set_rectangle(w, h);
  for (@range(u16, w)) |x| {
    for (@range(u16, h)) |y| {
      @set_tile_code(x, y, "pe.csl", .{ .px = x, .py = y, .w = w });
    }
  }
}
)";
constexpr const char* kProgram = R"(
param px: u16;
param py: u16;
param w: u16;
export var out: u16 = px;
task go() void { if (py == 0) { out = px * 3; } else { out += w; } }
comptime { @bind_local_task(go, @get_local_task_id(9)); @activate(@get_local_task_id(9)); }
)";

std::shared_ptr<const plan::FabricPlan> compile(Session& s, bool sharing, const char* w = "40", const char* h = "30") {
  s.setBuffer("layout.csl", kLayout);
  s.setBuffer("pe.csl", kProgram);
  CompileOptions o;
  o.source = "layout.csl";
  o.params = {{"w", w}, {"h", h}};
  o.sharing = sharing;
  auto plan = s.compile(o);
  for (const auto& d : s.sink().all()) UNSCOPED_INFO(diag::renderText(d, s.sources()));
  REQUIRE(plan);
  return *plan;
}

uint64_t slot(const plan::FabricPlan& p, uint32_t x, uint32_t y, uint32_t k) {
  return p.slot_values[p.slots_of[p.extent.index({x, y})] + k];
}

}  // namespace

TEST_CASE("PEs that differ in slots only share a program") {
  Session s;
  const auto plan = compile(s, true);
  CHECK(plan->programs.size() == 2);
  CHECK(s.stats().analyses == 2);
  CHECK(s.stats().layout_calls == 1201);
  CHECK(plan->program_of[5] != plan->program_of[45]);
  CHECK(slot(*plan, 7, 0, 0) + slot(*plan, 7, 0, 1) == 7 + 21);
  CHECK(slot(*plan, 9, 4, 0) == 9);
}

TEST_CASE("a slot with one value everywhere is a constant") {
  Session s;
  const auto plan = compile(s, true);
  // `w` is the same on all PEs: only px is left.
  CHECK(plan->programs[1]->slots.size() == 1);
  CHECK(Session::dumpTir(*plan, "go").find("40") != std::string::npos);
}

TEST_CASE("without sharing every PE has its own analysis and the same code") {
  Session shared, own;
  const auto a = compile(shared, true, "4", "3");
  const auto b = compile(own, false, "4", "3");
  CHECK(own.stats().analyses == 12);
  CHECK(b->slot_values.empty());
  for (size_t i = 0; i < 12; ++i) {
    const tir::Program& p = *a->programs[a->program_of[i]];
    const tir::Program& q = *b->programs[b->program_of[i]];
    CHECK(p.insts.size() == q.insts.size());
    CHECK(p.segment_count == q.segment_count);
  }
}

TEST_CASE("the standard library is built in, and a missing file is a diagnostic") {
  Session s;
  s.setBuffer("layout.csl", "layout { @set_rectangle(1, 1); @set_tile_code(0, 0, \"pe.csl\"); }");
  s.setBuffer("pe.csl",
              "const math = @import_module(\"<math>\");\nconst none = @import_module(\"<no_such_module>\");\n");
  CompileOptions o;
  o.source = "layout.csl";
  CHECK_FALSE(s.compile(o));
  REQUIRE(s.sink().errorCount() == 1);
  CHECK(s.sink().all()[0].code == diag::Code::E0801);
}

TEST_CASE("a buffer can be changed and compiled again") {
  Session s;
  (void)compile(s, true, "2", "2");
  s.setBuffer(
      "pe.csl",
      "param px: u16; param py: u16; param w: u16;\nconst x: f32 = 1;\ncomptime { @comptime_assert(x > 0.0); }");
  CompileOptions o;
  o.source = "layout.csl";
  o.params = {{"w", "2"}, {"h", "2"}};
  CHECK_FALSE(s.compile(o));
  CHECK(s.sink().errorCount() == 1);
  s.sink().drain();
  (void)compile(s, true, "2", "2");
}

TEST_CASE("programs can be placed without a layout block") {
  Session s;
  s.setBuffer("pe.csl", kProgram);
  CompileOptions o;
  const std::vector<session::TileProgram> tiles{
      {{{0, 0}, {1, 0}}, "pe.csl", {{"px", "5"}, {"py", "0"}, {"w", "2"}}, {}}};
  auto plan = s.compileTiles(o, {3, 1}, tiles);
  REQUIRE(plan);
  CHECK((*plan)->program_of[2] == plan::kNoProgram);
  CHECK((*plan)->program_of[0] == (*plan)->program_of[1]);
}

TEST_CASE("modules of earlier releases are the renamed ones under their old names") {
  Session s;
  s.setBuffer("layout.csl", R"(
const old_names = @import_module("<memcpy_multi/get_params>", .{ .width = 1, .height = 1 });
layout {
  @set_rectangle(1, 1);
  @set_tile_code(0, 0, "pe.csl", @concat_structs(old_names.get_params(0), .{ .LAUNCH = @get_color(8), .data_type = f32 }));
}
)");
  s.setBuffer("pe.csl", R"(
param MEMCPYH2D_1 = {};
param LAUNCH: color;
param data_type: type;
const sys_mod = @import_module("<memcpy_multi/memcpy>", .{ .MEMCPYH2D_1 = MEMCPYH2D_1, .LAUNCH = LAUNCH, .data_type = data_type });
const types = @import_module("<math/type_helpers>");
export var words: u16 = types.word_size_of(f32);
comptime { @rpc(@get_data_task_id(sys_mod.LAUNCH)); }
)");
  CompileOptions o;
  o.source = "layout.csl";
  const auto plan = s.compile(o);
  for (const auto& d : s.sink().all()) UNSCOPED_INFO(diag::renderText(d, s.sources()));
  CHECK(plan);
  // One file for both names.
  CHECK(s.sink().all().empty());
}
