// Tasks on one PE: scheduling, arguments, costs, traps.
// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/sdk/mesh/rig.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

using namespace weft;
using namespace weft::testing;

TEST_CASE("a task that activates itself runs until it stops doing so") {
  const Arch arch = GENERATE(Arch::Wse2, Arch::Wse3);
  Rig rig(arch, 1, 1);
  rig.put(0, 0, rig.add(programText(arch, startTask(), R"(fn 0 "main" task () void !0 {
  local %0: i16
  local %1: bool
b0:
  %0 = load.i16 [10]
  %0 = add.i16 %0, 1
  store.i16 [10], %0
  %1 = ult.i16 %0, 50
  branch %1, b1, b2
b1:
  device.activate(9)
  jump b2
b2:
  ret
}
)")));
  rig.make();
  CHECK(rig.run() == mesh::RunEnd::Complete);
  CHECK(rig.word(0, 0, 10, 2) == 50);
  CHECK(rig.mesh->stats().tasks_started == 50);
}

TEST_CASE("512 moves between two time stamps take about 266 cycles on WSE-2, colliding banks twice the time") {
  Rig rig(Arch::Wse2, 1, 1);
  const auto body = [](const std::string& op) {
    return fmt::format(R"(fn 0 "main" task () void !0 {{
  local %0: bool
  local %1: i64
  local %2: i64
  local %3: i16
b0:
  device.tsc_enable()
  %1 = device.tsc_read()
  {}
  %2 = device.tsc_read()
  %2 = sub.i64 %2, %1
  %3 = trunc.i16.i64 %2
  store.i16 [0], %3
  ret
}}
)",
                       op);
  };
  const auto cycles = [&](const std::string& op) {
    Rig r(Arch::Wse2, 1, 1);
    r.put(0, 0, r.add(programText(Arch::Wse2, startTask(), body(op), 16384)));
    r.make();
    CHECK(r.run() == mesh::RunEnd::Complete);
    return r.word(0, 0, 0, 2);
  };
  CHECK(cycles("%0 = copy.bool true") <= 12);
  const uint32_t moves = cycles(fmt::format("%0 = dsdop.fmovs dsd, none, dsd ({}, {})", mem(64, 512), mem(4096, 512)));
  CHECK(moves >= 260);
  CHECK(moves <= 270);
  const auto fma = [&](uint16_t src0, uint16_t src1) {
    return cycles(fmt::format("%0 = dsdop.fmacs dsd, dsd, dsd ({}, {}, {}, 2.0)", mem(64, 1024), mem(src0, 1024),
                              mem(src1, 1024)));
  };
  const uint32_t good = fma(64, 8192 + 72), bad = fma(64, 8192 + 64);
  CHECK(good < 1024 + 16);
  CHECK(bad - 1024 == good);
}

TEST_CASE("data tasks get their words in order, low half first") {
  const Arch arch = GENERATE(Arch::Wse2, Arch::Wse3);
  Rig rig(arch, 2, 1);
  rig.put(0, 0,
          rig.add(programText(arch, startTask() + fmt::format("output_queue 2 {} !0\n", arch == Arch::Wse2 ? 255 : 4),
                              fmt::format(R"(fn 0 "main" task () void !0 {{
  local %0: bool
b0:
  store.i32 [64], 0x10002
  store.i32 [68], 0x30004
  store.i32 [72], 0x50006
  %0 = dsdop.mov32 dsd, none, dsd ({}, {}) !1
  ret
}}
)",
                                          lit(fabout(2, 4, 3)), mem(64, 3)))));
  // On WSE-2 the data task is bound to the color, without any queue.
  const std::string header =
      arch == Arch::Wse2 ? "task data 4 @take.0 !0\n" : "task data 3 @take.0 !0\ninput_queue 3 4 default 0 !0\n";
  rig.put(1, 0, rig.add(programText(arch, header, R"(fn 0 "take" task (%0: i16 "data", %1: i16 "index") void !0 {
  local %2: i16
  local %3: i16
b0:
  %2 = load.i16 [0]
  %3 = add.i16 %2, 2
  store.i16 [0], %3
  store.i16 [%2 + 16], %data.0
  store.i16 [%2 + 32], %index.1
  ret
}
)")));
  rig.route(4, 0, 0, R, E);
  rig.route(4, 1, 0, W, R);
  rig.make();
  CHECK(rig.run() == mesh::RunEnd::Complete);
  CHECK(rig.word(1, 0, 16) == (2u | 4u << 16));
  CHECK(rig.word(1, 0, 20, 2) == 6);
  CHECK(rig.word(1, 0, 32) == (1u | 3u << 16));
}

TEST_CASE("completion activates one task and unblocks another") {
  const Arch arch = GENERATE(Arch::Wse2, Arch::Wse3);
  Rig rig(arch, 1, 1);
  // A loop-back of 4 words; task 10 waits blocked until the receive unblocks it, activated by the send.
  rig.put(0, 0,
          rig.add(programText(
              arch,
              "task local 9 @main.0 !0\ntask local 10 @done.1 !0\nactive 0x200\nblocked 0x400\n" +
                  fmt::format("output_queue 2 {} !0\ninput_queue 3 7 default 0 !0\n", arch == Arch::Wse2 ? 255 : 7),
              fmt::format(R"(fn 0 "main" task () void !0 {{
  local %0: bool
b0:
  store.i32 [64], 11
  store.i32 [76], 44
  %0 = dsdop.mov32 dsd, none, dsd ({}, {}, 10) async activate !1
  %0 = dsdop.mov32 dsd, none, dsd ({}, {}, 10) async unblock !2
  ret
}}
fn 1 "done" task () void !0 {{
  local %0: i32
b0:
  %0 = load.i32 [140]
  store.i32 [0], %0
  ret
}}
)",
                          lit(fabout(2, 7, 4)), mem(64, 4), mem(128, 4), lit(fabin(3, 4))))));
  rig.route(7, 0, 0, R, R);
  rig.make();
  CHECK(rig.run() == mesh::RunEnd::Complete);
  CHECK(rig.word(0, 0, 0) == 44);
  CHECK(rig.word(0, 0, 128) == 11);
}

TEST_CASE("a polling loop sees a microthread's store") {
  const Arch arch = GENERATE(Arch::Wse2, Arch::Wse3);
  Rig rig(arch, 1, 1);
  rig.put(0, 0,
          rig.add(programText(arch,
                              startTask() + fmt::format("output_queue 2 {} !0\ninput_queue 3 7 default 0 !0\n",
                                                        arch == Arch::Wse2 ? 255 : 7),
                              fmt::format(R"(fn 0 "main" task () void !0 {{
  local %0: bool
  local %1: i32
b0:
  %0 = dsdop.mov32 dsd, none, dsd ({}, {}) async !1
  %0 = dsdop.mov32 dsd, none, scalar ({}, 5) async !2
  jump b1
b1:
  %1 = load.i32 [64]
  %0 = eq.i32 %1, 0
  branch %0, b1, b2
b2:
  store.i32 [0], 1
  ret
}}
)",
                                          mem(64, 1), lit(fabin(3, 1)), lit(fabout(2, 7, 1))))));
  rig.route(7, 0, 0, R, R);
  rig.make();
  CHECK(rig.run(5000) == mesh::RunEnd::Complete);
  CHECK(rig.word(0, 0, 0) == 1);
  CHECK(rig.mesh->cycle() < 300);
}

TEST_CASE("an endless loop ends at the cycle limit and on request") {
  Rig rig(Arch::Wse3, 1, 1);
  rig.put(0, 0, rig.add(programText(Arch::Wse3, startTask(), R"(fn 0 "main" task () void !0 {
  local %0: i16
b0:
  jump b1
b1:
  %0 = add.i16 %0, 1
  store.i16 [0], %0
  jump b1
}
)")));
  rig.make();
  CHECK(rig.run(200000) == mesh::RunEnd::CycleLimit);
  CHECK(rig.mesh->cycle() >= 200000);
  CHECK(rig.mesh->snapshot({0, 0}).main_thread.find("running `main`") != std::string::npos);
  mesh::Mesh::RunRequest r;
  r.poll = [] { return true; };
  CHECK(rig.mesh->run(r) == mesh::RunEnd::Interrupted);
}

TEST_CASE("traps name PE, cycle, task and line") {
  const Arch arch = GENERATE(Arch::Wse2, Arch::Wse3);
  const auto trapOf = [&](const std::string& header, const std::string& body, const char* code) {
    Rig rig(arch, 2, 1);
    rig.put(1, 0,
            rig.add(programText(
                arch, startTask() + header,
                "fn 0 \"main\" task () void !0 {\n  local %0: bool\n  local %1: i16\nb0:\n" + body + "  ret\n}\n")));
    rig.make();
    CHECK(rig.run() == mesh::RunEnd::Trap);
    const std::string text = rig.messages();
    INFO(text);
    CHECK(text.find(code) != std::string::npos);
    CHECK(text.find("PE (1, 0), cycle ") != std::string::npos);
    CHECK(text.find("task `main`") != std::string::npos);
    CHECK(text.find("t.csl:3:1") != std::string::npos);
    return text;
  };
  const std::string in =
      fmt::format("input_queue 2 7 default 0 !0\ninput_queue 3 6 default 0 !0\noutput_queue 2 {} !0\n",
                  arch == Arch::Wse2 ? 255 : 5);
  const std::string receive =
      "  %0 = dsdop.mov32 dsd, none, dsd (" + mem(64, 4) + ", " + lit(fabin(2, 4)) + ") async !1\n";
  const std::string again =
      "  %0 = dsdop.mov32 dsd, none, dsd (" + mem(64, 4) + ", " + lit(fabin(2, 4)) + ") async !2\n";
  const std::string text = trapOf(in, receive + again, "E0702");
  CHECK(text.find("microthread 2") != std::string::npos);
  CHECK(text.find("t.csl:2:1") != std::string::npos);
  trapOf(in, receive + "  %0 = dsdop.mov32 dsd, none, dsd (" + mem(64, 4) + ", " + lit(fabin(2, 4)) + ") !2\n",
         "E0703");
  trapOf(in, "  device.assert_failed() !2\n", "E0706");
  trapOf(in, "  jump b1\nb1:\n  unreachable !2\nb2:\n", "E0709");
  trapOf(in, "  %1 = device.get_config(0x1234) !2\n", "E0705");
  trapOf(in, "  %0 = dsdop.mov32 dsr.dest.3, none, dsd (" + mem(64, 4) + ") !2\n", "E0707");
  if (arch == Arch::Wse3)
    trapOf(in, "  %0 = dsdop.mov32 dsd, none, scalar (" + lit(fabout(2, 9, 4)) + ", 1) async !2\n", "E0704");
}

TEST_CASE("simulation log lines come in order of cycle and place") {
  Rig rig(Arch::Wse2, 2, 2);
  rig.putAll(rig.add(
      programText(Arch::Wse2, startTask() + "string \"x = \"\nstring \"\\x0a\"\n", R"(fn 0 "main" task () void !0 {
  local %0: i16
  local %1: i32
b0:
  %0 = device.coord_x()
  %1 = zext.i32.i16 %0
  device.print_text(0)
  device.print_value(0, %1)
  device.print_text(1)
  ret
}
)")));
  rig.make();
  std::vector<std::string> lines;
  rig.mesh->setLogListener(
      [&](Cycles, PeCoord at, const std::string& text) { lines.push_back(fmt::format("{},{} {}", at.x, at.y, text)); });
  CHECK(rig.run() == mesh::RunEnd::Complete);
  CHECK(lines == std::vector<std::string>{"0,0 x = 0", "1,0 x = 1", "0,1 x = 0", "1,1 x = 1"});
}

TEST_CASE("memory outside all symbols reads as zero and is given on a write, with a warning") {
  Rig rig(Arch::Wse2, 1, 1);
  rig.put(0, 0, rig.add(programText(Arch::Wse2, startTask(), R"(fn 0 "main" task () void !0 {
  local %0: i16
b0:
  %0 = load.i16 [1000] !1
  store.i16 [0], %0
  store.i16 [2000], 77 !2
  %0 = load.i16 [2000] !3
  store.i16 [2], %0
  ret
}
)")));
  rig.make();
  CHECK(rig.run() == mesh::RunEnd::Complete);
  CHECK(rig.word(0, 0, 0, 2) == 0);
  CHECK(rig.word(0, 0, 2, 2) == 77);
  CHECK(rig.sink.warningCount() == 2);
  Rig strict(Arch::Wse2, 1, 1);
  strict.plan = rig.plan;
  mesh::MeshOptions options;
  options.strict_memory = true;
  strict.make(options);
  CHECK(strict.run() == mesh::RunEnd::Trap);
}
