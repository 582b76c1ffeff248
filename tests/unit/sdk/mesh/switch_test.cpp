// Switches, control wavelets, filters, teardown, color swap, FIFOs.
// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/sdk/mesh/rig.h"

#include "frontend/target/registers.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

using namespace weft;
using namespace weft::testing;

namespace {

plan::SwitchPosition rx(uint8_t mask) { return {true, mask, std::nullopt}; }
plan::SwitchPosition tx(uint8_t mask) { return {true, std::nullopt, mask}; }

std::string oq(Arch arch, int queue, int color) {
  return fmt::format("output_queue {} {} !0\n", queue, arch == Arch::Wse2 ? 255 : color);
}
/// One synchronous send of a literal.
std::string send(int queue, int color, uint32_t value, bool control = false) {
  return fmt::format("  %0 = dsdop.mov32 dsd, none, scalar ({}, {}) !1\n",
                     lit(fabout(queue, color, 1, control ? tir::Dsd::kControl : 0)), value);
}
std::string mainTask(const std::string& body) {
  return "fn 0 \"main\" task () void !0 {\n  local %0: bool\nb0:\n" + body + "  ret\n}\n";
}
std::string collector(Arch arch, int color, const std::string& extra_header = "", const std::string& extra = "") {
  // A data task that appends every word at 16 + 4 * count; count at 0.
  const std::string header =
      (arch == Arch::Wse2 ? fmt::format("task data {} @take.0 !0\n", color)
                          : fmt::format("task data 3 @take.0 !0\ninput_queue 3 {} default 0 !0\n", color)) +
      extra_header;
  return programText(arch, header, R"(fn 0 "take" task (%0: i32 "word") void !0 {
  local %1: i16
  local %2: i16
b0:
  %1 = load.i16 [0]
  %2 = add.i16 %1, 4
  store.i16 [0], %2
  store.i32 [%1 + 16], %word.0
  ret
}
)" + extra);
}

}  // namespace

TEST_CASE("pop on advance hands the turn to send from PE to PE") {
  // Each owner sends its data and then {ADV, NOP ...}; the first PE on the path that can still advance takes the ADV.
  const Arch arch = GENERATE(Arch::Wse2, Arch::Wse3);
  Rig rig(arch, 4, 1);
  const uint32_t advance = 0x095f9249u;  // ADV then NOPs, none for the compute element, no task
  const int color = 5;
  const uint32_t p = rig.add(
      programText(arch, startTask() + oq(arch, 2, color),
                  mainTask(send(2, color, 70) + send(2, color, advance, true) + send(2, color, advance, true))));
  for (uint32_t x = 0; x < 3; ++x) rig.put(x, 0, p);
  rig.put(3, 0, rig.add(collector(arch, color)));
  rig.route(color, 0, 0, R, E);
  for (uint32_t x = 1; x < 3; ++x) {
    plan::ColorConfig& c = rig.route(color, x, 0, W, E);
    c.positions[0] = tx(E);
    c.positions[1] = rx(R);
    c.pop = plan::PopMode::PopOnAdvance;
  }
  rig.route(color, 3, 0, W, R);
  rig.make();
  CHECK(rig.run() == mesh::RunEnd::Complete);
  CHECK(rig.word(3, 0, 0, 2) == 12);
  // PE 1 sent behind PE 0, PE 2 behind PE 1.
  const auto a = rig.passed(0, 0, color), b = rig.passed(2, 0, color);
  REQUIRE(a.size() == 3);
  CHECK(b.size() >= 6);
  const auto routes = rig.mesh->snapshot({1, 0}).routes;
  REQUIRE(routes.size() == 1);
  CHECK(routes[0] == "color 5: rx RAMP tx EAST, switch position 2");
}

TEST_CASE("a control wavelet goes the old way and starts its task") {
  const Arch arch = GENERATE(Arch::Wse2, Arch::Wse3);
  Rig rig(arch, 2, 2);
  const int color = 5;
  // ADV without the ignore bit, entry point 40, datum 0x123.
  const uint32_t payload = 1u << 22 | 40u << 16 | 0x123;
  rig.put(0, 0,
          rig.add(programText(arch, startTask() + oq(arch, 2, color),
                              mainTask(send(2, color, 1) + send(2, color, payload, true) + send(2, color, 2)))));
  plan::ColorConfig& c = rig.route(color, 0, 0, R, E);
  c.positions[0] = tx(S);
  rig.put(1, 0, rig.add(collector(arch, color, "task control 40 @ctl.1 !0\n", R"(fn 1 "ctl" task (%0: i16 "d") void !0 {
b0:
  store.i16 [2], %d.0
  ret
}
)")));
  rig.put(0, 1, rig.add(collector(arch, color)));
  rig.route(color, 1, 0, W, R);
  rig.route(color, 0, 1, N, R);
  rig.make();
  CHECK(rig.run() == mesh::RunEnd::Complete);
  CHECK(rig.word(1, 0, 0, 2) == 4);
  CHECK(rig.word(1, 0, 16) == 1);
  CHECK(rig.word(1, 0, 2, 2) == 0x123);
  CHECK(rig.word(0, 1, 16) == 2);
}

TEST_CASE("a counter filter keeps the first words of every period, a range filter those in range") {
  const Arch arch = GENERATE(Arch::Wse2, Arch::Wse3);
  Rig rig(arch, 3, 1);
  const int color = 5;
  std::string body;
  for (uint32_t i = 0; i < 10; ++i) body += send(2, color, i << 16 | (100 + i));
  rig.put(0, 0, rig.add(programText(arch, startTask() + oq(arch, 2, color), mainTask(body))));
  const uint32_t c = rig.add(collector(arch, color));
  rig.put(1, 0, c);
  rig.put(2, 0, c);
  rig.route(color, 0, 0, R, E);
  plan::Filter& counter = rig.route(color, 1, 0, W, R | E).filter;
  counter.kind = plan::FilterKind::Counter;
  counter.count_data = true;
  counter.limit1 = 4;
  counter.max_counter = 1;
  plan::Filter& range = rig.route(color, 2, 0, W, R).filter;
  range.kind = plan::FilterKind::Range;
  range.min_index = 3;
  range.max_index = 4;
  rig.make();
  CHECK(rig.run() == mesh::RunEnd::Complete);
  CHECK(rig.word(1, 0, 0, 2) == 16);
  CHECK(rig.word(1, 0, 16, 2) == 100);
  CHECK(rig.word(1, 0, 20, 2) == 101);
  CHECK(rig.word(1, 0, 24, 2) == 105);
  CHECK(rig.word(1, 0, 28, 2) == 106);
  CHECK(rig.word(2, 0, 0, 2) == 8);
  CHECK(rig.word(2, 0, 16, 2) == 103);
}

TEST_CASE("teardown holds a color until its handler leaves it") {
  const Arch arch = GENERATE(Arch::Wse2, Arch::Wse3);
  Rig rig(arch, 2, 1);
  const int color = 5;
  rig.put(0, 0,
          rig.add(programText(arch, startTask() + oq(arch, 2, color),
                              mainTask(send(2, color, 1) + send(2, color, 0x09df9249u, true) + send(2, color, 2)))));
  rig.put(1, 0, rig.add(collector(arch, color, "teardown 5 @handler.1\n", R"(fn 1 "handler" function () void !0 {
  local %0: i16
b0:
  %0 = load.i16 [4]
  %0 = add.i16 %0, 1
  store.i16 [4], %0
  device.teardown_exit(5)
  ret
}
)")));
  // The sender's own router has a handler of none: it must stay in teardown there, so route past it by its own exit.
  rig.route(color, 0, 0, R, E).pop = plan::PopMode::NoPop;
  rig.route(color, 1, 0, W, R);
  rig.make();
  CHECK(rig.run() == mesh::RunEnd::Complete);
  // The first word came, the command tore down both routers, the second word waits at the sender.
  CHECK(rig.word(1, 0, 0, 2) == 4);
  CHECK(rig.word(1, 0, 4, 2) == 1);
  rig.mesh->reportHang(std::nullopt);
  INFO(rig.messages());
  CHECK(rig.messages().find("color 5 is in teardown at PE (0, 0)") != std::string::npos);
}

TEST_CASE("a switch position made invalid through its register keeps its select bit") {
  // A program that reuses a color clears a position's direction to `invalid` and later writes a direction alone.
  const Arch arch = GENERATE(Arch::Wse2, Arch::Wse3);
  Rig rig(arch, 2, 1);
  const int color = 5;
  const uint16_t address = target::switchConfigAddress(arch, color);
  rig.put(0, 0,
          rig.add(programText(arch, startTask() + oq(arch, 2, color),
                              fmt::format(R"(fn 0 "main" task () void !0 {{
  local %0: i16
  local %1: bool
b0:
  %0 = device.get_config({0})
  store.i16 [0], %0
  %0 = and.i16 %0, 0x7ff8
  %0 = or.i16 %0, 5
  device.set_config({0}, %0)
  %0 = device.get_config({0})
  store.i16 [2], %0
  %0 = and.i16 %0, 0x7ff8
  %0 = or.i16 %0, 0x2004
  device.set_config({0}, %0)
  %0 = device.get_config({0})
  store.i16 [4], %0
  %1 = dsdop.mov32 dsd, none, scalar ({1}, 7) !1
  ret
}}
)",
                                          address, lit(fabout(2, color, 1))))));
  rig.put(1, 0, rig.add(collector(arch, color)));
  rig.route(color, 0, 0, W, E).positions[0] = rx(R);
  rig.route(color, 1, 0, W, R);
  rig.make();
  CHECK(rig.run() == mesh::RunEnd::Complete);
  // Positions 2 and 3 are invalid all along; position 1 receives from the ramp, nowhere, from the ramp.
  CHECK(rig.word(0, 0, 0, 2) == 0x55c);
  CHECK(rig.word(0, 0, 2, 2) == 0x55d);
  CHECK(rig.word(0, 0, 4, 2) == 0x255c);
  const auto routes = rig.mesh->snapshot({0, 0}).routes;
  REQUIRE(routes.size() == 1);
  CHECK(routes[0] == "color 5: rx RAMP tx EAST, switch position 1");
  CHECK(rig.word(1, 0, 16) == 7);
}

TEST_CASE("swapped colors change at every hop") {
  Rig rig(Arch::Wse2, 3, 1);
  rig.put(0, 0, rig.add(programText(Arch::Wse2, startTask() + "output_queue 2 255 !0\n", mainTask(send(2, 2, 9)))));
  rig.put(1, 0, rig.add(collector(Arch::Wse2, 3)));
  rig.put(2, 0, rig.add(collector(Arch::Wse2, 2)));
  for (const int color : {2, 3}) {
    for (uint32_t x = 0; x < 3; ++x) {
      plan::ColorConfig& c = rig.route(color, x, 0, x == 0 ? R : W, x == 0 ? E : x == 1 ? R | E : R);
      c.swap_x = x > 0;
    }
  }
  rig.make();
  CHECK(rig.run() == mesh::RunEnd::Complete);
  CHECK(rig.word(1, 0, 16) == 9);
  CHECK(rig.word(2, 0, 16) == 9);
}

TEST_CASE("a FIFO joins two microthreads, and a synchronous pop from an empty one says false") {
  const Arch arch = GENERATE(Arch::Wse2, Arch::Wse3);
  Rig rig(arch, 1, 1);
  rig.put(
      0, 0,
      rig.add(programText(
          arch,
          startTask() +
              "fifo 512 8 4 -1 -1 test_or_suspend test_or_suspend default !0\ninput_queue 3 7 default 0 "
              "!0\ninput_queue 4 6 default 0 !0\n" +
              oq(arch, 2, 7) + oq(arch, 1, 6),
          mainTask(fmt::format(
              "  %0 = dsdop.mov32 fifo.0, none, dsd ({}) async !1\n  %0 = dsdop.mov32 dsd, none, fifo.0 ({}) async !1\n"
              "  %0 = dsdop.mov32 dsd, none, scalar ({}, 3) !2\n  %0 = dsdop.mov32 dsd, none, dsd ({}, {}) !3\n"
              "  %0 = dsdop.mov32 pointer, none, fifo.0 (4) !3\n  store.bool [0], %0\n",
              lit(fabin(3, 20)), lit(fabout(1, 6, 20)), lit(fabout(2, 7, 20)), mem(64, 20), lit(fabin(4, 20)))),
          1024)));
  rig.route(7, 0, 0, R, R);
  rig.route(6, 0, 0, R, R);
  rig.make();
  CHECK(rig.run() == mesh::RunEnd::Complete);
  INFO(rig.messages());
  for (uint32_t i = 0; i < 20; ++i) CHECK(rig.word(0, 0, 64 + 4 * i) == 3);
  CHECK(rig.word(0, 0, 0, 1) == 0);
}
