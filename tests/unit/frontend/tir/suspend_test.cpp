// Which locals a frame holds at each point where a task may be suspended.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/tir/tir.h"
#include "tests/support/fake_device.h"

#include <catch2/catch_test_macros.hpp>

using namespace weft;
using namespace weft::tir;
using weft::testing::programFromTir;

namespace {

std::vector<std::string> namesOf(const Program& p, const SuspendPoint& point) {
  std::vector<std::string> names;
  for (uint32_t local : point.live) names.push_back(p.functions[0].locals[local].name);
  return names;
}
using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("only what is read later is live, and never the awaited result") {
  const Program p = programFromTir(R"(program "p" wse3 f16
memory 64
fn 0 "f" task (%0: i16 "a", %1: i32 "b", %2: bool "c") void {
  local %3: i64 "t"
  local %4: i16 "d"
b0:
  %d.4 = add.i16 %a.0, 1
  %t.3 = device.tsc_read()
  store.i64 [0], %t.3
  store.i16 [8], %d.4
  device.activate(%a.0)
  branch %c.2, b1, b2
b1:
  store.i32 [12], %b.1
  jump b2
b2:
  device.activate(1)
  ret
}
)");
  const auto points = suspendPoints(p, FunctionId(0));
  REQUIRE(points.size() == 3);
  CHECK(namesOf(p, points[0]) == Names{"a", "b", "c", "d"});
  CHECK(namesOf(p, points[1]) == Names{"b", "c"});
  CHECK(namesOf(p, points[2]).empty());
  // Header, then i16, i32 (aligned), bool, i16 (aligned); rounded to 16.
  CHECK(points[0].offsets == std::vector<uint32_t>{16, 20, 24, 26});
  CHECK(points[0].frame_bytes == 32);
  CHECK(points[2].frame_bytes == 16);
}

TEST_CASE("a back edge keeps what the loop still needs") {
  const Program p = programFromTir(R"(program "p" wse3 f16
memory 64
fn 0 "f" task (%0: i16 "n", %1: i16 "x") void {
  local %2: i16 "i"
  local %3: bool "more"
b0:
  %i.2 = copy.i16 0
  jump b1
b1:
  %more.3 = ult.i16 %i.2, %n.0
  branch %more.3, b2, b3
b2:
  %i.2 = add.i16 %i.2, 1
  jump b1
b3:
  store.i16 [0], %i.2
  ret
}
)");
  const auto points = suspendPoints(p, FunctionId(0));
  REQUIRE(points.size() == 1);
  CHECK(p.insts[points[0].inst].back);
  CHECK(namesOf(p, points[0]) == Names{"n", "i"});
}

TEST_CASE("a call is a point when the callee may block") {
  const Program p = programFromTir(R"(program "p" wse3 f16
memory 64
fn 0 "f" task (%0: i16 "a") void {
  local %1: i16 "r"
b0:
  %r.1 = call.i16 @plain.2(%a.0)
  store.i16 [0], %r.1
  %r.1 = call.i16 @waits.1()
  store.i16 [2], %r.1
  store.i16 [4], %a.0
  ret
}
fn 1 "waits" function () i16 {
b0:
  device.block(3)
  ret 1
}
fn 2 "plain" function (%0: i16 "x") i16 {
b0:
  ret %x.0
}
)");
  const auto points = suspendPoints(p, FunctionId(0));
  REQUIRE(points.size() == 1);
  CHECK(namesOf(p, points[0]) == Names{"a"});
}
