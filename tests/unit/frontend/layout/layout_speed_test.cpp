// The layout block of a large rectangle: counts, not times.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/session/session.h"

#include <fmt/format.h>
#include <catch2/catch_test_macros.hpp>

using namespace weft;

TEST_CASE("ten thousand PEs with their own coordinates come to three programs") {
  session::Session s;
  s.setBuffer("layout.csl", R"(
const c = @get_color(3);
layout {
  @set_rectangle(100, 100);
  for (@range(u16, 100)) |x| {
    for (@range(u16, 100)) |y| {
      @set_tile_code(x, y, "pe.csl", .{ .px = x, .py = y });
      @set_color_config(x, y, c, .{ .routes = .{ .rx = WEST, .tx = .{ EAST, RAMP } } });
    }
  }
}
)");
  s.setBuffer("pe.csl", R"(
param px: u16;
param py: u16;
export var m: u16 = 0;
task go() void { if (px == 0) { m = 1; } else if (py == 0) { m = px - 1; } else { m = 2; } }
comptime { @bind_local_task(go, @get_local_task_id(9)); }
)");
  session::CompileOptions o;
  o.source = "layout.csl";
  const auto plan = s.compile(o);
  REQUIRE(plan);
  CHECK((*plan)->programs.size() == 3);
  CHECK(s.stats().layout_calls == 20001);
  CHECK((*plan)->color_configs.size() == 2);
  CHECK((*plan)->colorConfig({99, 99}, 3)->rx == target::maskOf(target::Port::West));
  CHECK((*plan)->colorConfig({0, 0}, 4) == nullptr);
}

TEST_CASE("ten thousand PEs that branch on four edges come to nine programs") {
  for (const bool sharing : {true, false}) {
    // Without sharing each PE is analysed: a smaller rectangle of the same shape.
    const int edge = sharing ? 100 : 8;
    session::Session s;
    s.setBuffer("layout.csl", fmt::format(R"(
layout {{
  @set_rectangle({0}, {0});
  for (@range(u16, {0})) |x| {{
    for (@range(u16, {0})) |y| @set_tile_code(x, y, "pe.csl", .{{ .px = x, .py = y, .edge = {0} }});
  }}
}}
)",
                                          edge));
    s.setBuffer("pe.csl", R"(
param px: u16;
param py: u16;
param edge: u16;
export var sum: u16 = 0;
task go() void {
  sum = px * 3 + py;
  if (px == 0) sum += 1;
  if (py == 0) sum += 2;
  if (px == edge - 1) sum += 4;
  if (py == edge - 1) sum += 8;
}
comptime { @bind_local_task(go, @get_local_task_id(9)); }
)");
    session::CompileOptions o;
    o.source = "layout.csl";
    o.sharing = sharing;
    const auto plan = s.compile(o);
    REQUIRE(plan);
    if (sharing) {
      CHECK((*plan)->programs.size() == 9);
      CHECK(s.stats().analyses <= 9);
    } else {
      CHECK((*plan)->programs.size() == 64);
    }
  }
}
