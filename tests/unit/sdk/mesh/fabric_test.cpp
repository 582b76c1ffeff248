// The bring-up checklist: how long words take through routers, ramps and compute elements.
// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/sdk/mesh/rig.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

using namespace weft;
using namespace weft::testing;

namespace {

Cycles hopOf(Arch a) { return a == Arch::Wse2 ? 1 : 2; }

/// Sends `count` words of value 7 on `color` from output queue `queue`.
std::string sender(Arch arch, int color, int count, int queue = 2) {
  return programText(arch,
                     startTask() + fmt::format("output_queue {} {} !0\n", queue, arch == Arch::Wse2 ? 255 : color),
                     fmt::format(R"(fn 0 "main" task () void !0 {{
  local %0: bool
b0:
  %0 = dsdop.mov32 dsd, none, scalar ({}, 7) async !1
  ret
}}
)",
                                 lit(fabout(queue, color, static_cast<uint16_t>(count)))));
}

/// Receives `count` words of `color` into address 64.
std::string receiver(Arch arch, int color, int count, int queue = 3) {
  return programText(
      arch, startTask() + fmt::format("input_queue {} {} default 0 !0\n", queue, color),
      fmt::format(R"(fn 0 "main" task () void !0 {{
  local %0: bool
b0:
  %0 = dsdop.mov32 dsd, none, dsd ({}, {}) async !1
  ret
}}
)",
                  mem(64, static_cast<uint16_t>(count)), lit(fabin(queue, static_cast<uint16_t>(count)))));
}

}  // namespace

TEST_CASE("a word lands k hops away k hops later, around corners too") {
  const Arch arch = GENERATE(Arch::Wse2, Arch::Wse3);
  Rig rig(arch, 4, 4);
  rig.put(0, 0, rig.add(sender(arch, 5, 1)));
  rig.put(3, 3, rig.add(receiver(arch, 5, 1)));
  rig.route(5, 0, 0, R, E);
  rig.route(5, 1, 0, W, E);
  rig.route(5, 2, 0, W, E);
  rig.route(5, 3, 0, W, S);
  rig.route(5, 3, 1, N, S);
  rig.route(5, 3, 2, N, S);
  rig.route(5, 3, 3, N, R);
  rig.make();
  CHECK(rig.run() == mesh::RunEnd::Complete);
  const auto first = rig.passed(0, 0, 5), last = rig.passed(3, 3, 5);
  REQUIRE(first.size() == 1);
  REQUIRE(last.size() == 1);
  CHECK(last[0] - first[0] == 6 * hopOf(arch));
  CHECK(rig.word(3, 3, 64) == 7);
}

TEST_CASE("a broadcast along a row takes one hop per PE") {
  const Arch arch = GENERATE(Arch::Wse2, Arch::Wse3);
  constexpr uint32_t kWidth = 6;
  Rig rig(arch, kWidth, 1);
  rig.put(0, 0, rig.add(sender(arch, 5, 20)));
  const uint32_t r = rig.add(receiver(arch, 5, 20));
  for (uint32_t x = 1; x < kWidth; ++x) rig.put(x, 0, r);
  rig.route(5, 0, 0, R, E);
  for (uint32_t x = 1; x + 1 < kWidth; ++x) rig.route(5, x, 0, W, R | E);
  rig.route(5, kWidth - 1, 0, W, R);
  rig.make();
  CHECK(rig.run() == mesh::RunEnd::Complete);
  for (uint32_t x = 1; x + 1 < kWidth; ++x) {
    const auto a = rig.passed(x, 0, 5), b = rig.passed(x + 1, 0, 5);
    REQUIRE(a.size() == 20);
    REQUIRE(b.size() == 20);
    CHECK(b[0] - a[0] == hopOf(arch));
    // One word per cycle all along.
    CHECK(b[19] - b[0] == 19);
    CHECK(rig.word(x, 0, 64 + 19 * 4) == 7);
  }
}

TEST_CASE("an output queue of depth 2 lets two words out every five cycles, a deeper one a word each cycle") {
  const auto [arch, queue] = GENERATE(table<Arch, int>({{Arch::Wse2, 0},
                                                        {Arch::Wse2, 2},
                                                        {Arch::Wse2, 3},
                                                        {Arch::Wse2, 4},
                                                        {Arch::Wse2, 5},
                                                        {Arch::Wse3, 2},
                                                        {Arch::Wse3, 4}}));
  const int express_after = GENERATE(0, 1, 8);
  const bool shallow = target::outputQueueDepth(arch, queue) == 2;
  CAPTURE(target::archName(arch), queue, express_after);
  CHECK(shallow == (arch == Arch::Wse2 && queue != 2 && queue != 3));
  Rig rig(arch, 2, 1);
  rig.put(0, 0, rig.add(sender(arch, 5, 60, queue)));
  rig.put(1, 0, rig.add(receiver(arch, 5, 60)));
  rig.route(5, 0, 0, R, E);
  rig.route(5, 1, 0, W, R);
  rig.make({.express_after = express_after});
  CHECK(rig.run() == mesh::RunEnd::Complete);
  const auto at = rig.passed(0, 0, 5);
  REQUIRE(at.size() == 60);
  for (size_t i = 1; i < at.size(); ++i) {
    INFO(i);
    CHECK(at[i] - at[i - 1] == (shallow && i % 2 == 0 ? 4 : 1));
  }
  CHECK(rig.word(1, 0, 64 + 59 * 4) == 7);
}

TEST_CASE("a chain of streaming adds has a slope of 6 or 9 cycles per PE") {
  const Arch arch = GENERATE(Arch::Wse2, Arch::Wse3);
  constexpr uint32_t kWidth = 7;
  constexpr int kCount = 24;
  Rig rig(arch, kWidth, 1);
  rig.put(0, 0, rig.add(sender(arch, 1, kCount)));
  for (uint32_t x = 1; x + 1 < kWidth; ++x) {
    const int in = x % 2 == 1 ? 1 : 2, out = 3 - in;
    const std::string text =
        programText(arch,
                    startTask() + fmt::format("input_queue 3 {} default 0 !0\noutput_queue 2 {} !0\n", in,
                                              arch == Arch::Wse2 ? 255 : out),
                    fmt::format(R"(fn 0 "main" task () void !0 {{
  local %0: bool
b0:
  store.i32 [64], 5
  %0 = dsdop.add16 dsd, dsd, dsd ({}, {}, {}) async !1
  ret
}}
)",
                                lit(fabout(2, out, kCount)), mem(64, kCount, 0), lit(fabin(3, kCount))));
    rig.put(x, 0, rig.add(text));
    rig.route(in, x, 0, W, R);
    rig.route(out, x, 0, R, E);
  }
  const int last_color = (kWidth - 1) % 2 == 1 ? 1 : 2;
  rig.put(kWidth - 1, 0, rig.add(receiver(arch, last_color, kCount)));
  rig.route(1, 0, 0, R, E);
  rig.route(last_color, kWidth - 1, 0, W, R);
  rig.make();
  CHECK(rig.run() == mesh::RunEnd::Complete);
  const Cycles slope = arch == Arch::Wse2 ? 6 : 9;
  for (uint32_t x = 1; x + 1 < kWidth; ++x) {
    const auto here = rig.passed(x, 0, x % 2 == 1 ? 1 : 2), next = rig.passed(x + 1, 0, x % 2 == 1 ? 2 : 1);
    REQUIRE(here.size() == kCount);
    REQUIRE(next.size() == kCount);
    // The first one still loads its descriptors when the first word comes.
    if (x == 1) {
      CHECK(next[0] - here[0] >= slope);
    } else {
      CHECK(next[0] - here[0] == slope);
    }
    CHECK(next[kCount - 1] - next[0] == kCount - 1);
  }
  CHECK(rig.word(kWidth - 1, 0, 64) == 7 + 5 * (kWidth - 2));
}

TEST_CASE("two colors that saturate one link get half of it each") {
  const Arch arch = GENERATE(Arch::Wse2, Arch::Wse3);
  Rig rig(arch, 3, 2);
  // Colors 1 and 2 come from two PEs and share the link from (1,0) to (2,0).
  rig.put(0, 0, rig.add(sender(arch, 1, 60)));
  rig.put(1, 1, rig.add(sender(arch, 2, 60)));
  rig.route(1, 0, 0, R, E);
  rig.route(1, 1, 0, W, E);
  rig.route(2, 1, 1, R, N);
  rig.route(2, 1, 0, S, E);
  const std::string both =
      programText(arch, startTask() + "input_queue 3 1 default 0 !0\ninput_queue 4 2 default 0 !0\n",
                  fmt::format(R"(fn 0 "main" task () void !0 {{
  local %0: bool
b0:
  %0 = dsdop.mov32 dsd, none, dsd ({}, {}) async !1
  %0 = dsdop.mov32 dsd, none, dsd ({}, {}) async !2
  ret
}}
)",
                              mem(0, 60, 0), lit(fabin(3, 60)), mem(4, 60, 0), lit(fabin(4, 60))));
  rig.put(2, 0, rig.add(both));
  rig.route(1, 2, 0, W, R);
  rig.route(2, 2, 0, W, R);
  rig.make();
  CHECK(rig.run() == mesh::RunEnd::Complete);
  const auto a = rig.passed(1, 0, 1), b = rig.passed(1, 0, 2);
  REQUIRE(a.size() == 60);
  REQUIRE(b.size() == 60);
  // Where both have words they alternate.
  CHECK(a[40] - a[20] == 40);
  CHECK(b[40] - b[20] == 40);
}

TEST_CASE("a wavelet before a closed port waits, and the hang report says so") {
  const Arch arch = GENERATE(Arch::Wse2, Arch::Wse3);
  Rig rig(arch, 2, 1);
  rig.put(0, 0, rig.add(sender(arch, 5, 1)));
  rig.put(1, 0, rig.add(receiver(arch, 5, 1)));
  rig.route(5, 0, 0, R, E);
  rig.route(5, 1, 0, N, R);
  rig.make();
  CHECK(rig.run() == mesh::RunEnd::Complete);
  CHECK(rig.word(1, 0, 64) == 0);
  rig.mesh->reportHang(std::nullopt);
  const std::string text = rig.messages();
  INFO(text);
  CHECK(text.find("E0701") != std::string::npos);
  CHECK(text.find("PE (1, 0)") != std::string::npos);
  CHECK(text.find("before port WEST") != std::string::npos);
  CHECK(text.find("t.csl:2:1") != std::string::npos);
}

TEST_CASE("words off the rectangle are counted, dropped and warned of once") {
  const Arch arch = GENERATE(Arch::Wse2, Arch::Wse3);
  Rig rig(arch, 1, 1);
  rig.put(0, 0, rig.add(sender(arch, 5, 9)));
  rig.route(5, 0, 0, R, E);
  rig.make();
  CHECK(rig.run() == mesh::RunEnd::Complete);
  CHECK(rig.mesh->stats().dropped_off_edge == 9);
  CHECK(rig.sink.warningCount() == 1);
}
