// The same answer for any number of threads and any cut into blocks.
// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/sdk/mesh/rig.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

using namespace weft;
using namespace weft::testing;

namespace {

/// Every PE sends east and south in loops that wrap around nowhere: rows and columns of streaming adds that share links
/// with a broadcast, with data tasks at the end.
void traffic(Rig& rig) {
  const Arch arch = rig.arch;
  const uint32_t w = rig.plan.extent.width, h = rig.plan.extent.height;
  const auto queues = [&](int out_a, int out_b) {
    return fmt::format(
        "input_queue 2 1 default 0 !0\ninput_queue 3 2 default 0 !0\noutput_queue 4 {} !0\noutput_queue 5 {} !0\n",
        arch == Arch::Wse2 ? 255 : out_a, arch == Arch::Wse2 ? 255 : out_b);
  };
  // Color 1 runs east on even columns and 3 on odd ones; color 2 runs south and 4 on odd rows.
  const auto program = [&](bool first_x, bool first_y, int in_x, int out_x, int in_y, int out_y) {
    std::string header = startTask() + "task local 10 @again.1 !0\n" + queues(out_x, out_y);
    header = fmt::format(
        "{}input_queue 2 {} default 0 !0\ninput_queue 3 {} default 0 !0\noutput_queue 4 {} !0\noutput_queue 5 {} !0\n",
        startTask() + "task local 10 @again.1 !0\n", in_x, in_y, arch == Arch::Wse2 ? 255 : out_x,
        arch == Arch::Wse2 ? 255 : out_y);
    std::string body =
        "fn 0 \"main\" task () void !0 {\n  local %0: bool\n  local %1: i16\nb0:\n  %1 = device.random16()\n  "
        "store.i16 [64], %1\n";
    const int n = 30;
    body += first_x ? fmt::format("  %0 = dsdop.add16 dsd, dsd, scalar ({}, {}, 3, 10) async activate !1\n",
                                  lit(fabout(4, out_x, n)), mem(64, n, 0))
                    : fmt::format("  %0 = dsdop.add16 dsd, dsd, dsd ({}, {}, {}, 10) async activate !1\n",
                                  lit(fabout(4, out_x, n)), lit(fabin(2, n)), mem(64, n, 0));
    body += first_y ? fmt::format("  %0 = dsdop.add16 dsd, dsd, scalar ({}, {}, 5) async !2\n",
                                  lit(fabout(5, out_y, n)), mem(64, n, 0))
                    : fmt::format("  %0 = dsdop.add16 dsd, dsd, dsd ({}, {}, {}) async !2\n", lit(fabout(5, out_y, n)),
                                  lit(fabin(3, n)), mem(64, n, 0));
    body +=
        "  ret\n}\nfn 1 \"again\" task () void !0 {\n  local %0: i16\nb0:\n  %0 = load.i16 [2]\n  %0 = add.i16 %0, 1\n "
        " store.i16 [2], %0\n  ret\n}\n";
    return programText(arch, header, body);
  };
  std::map<std::string, uint32_t> known;
  for (uint32_t y = 0; y < h; ++y) {
    for (uint32_t x = 0; x < w; ++x) {
      const int out_x = x % 2 == 0 ? 1 : 3, in_x = 4 - out_x, out_y = y % 2 == 0 ? 2 : 4, in_y = 6 - out_y;
      const std::string text = program(x == 0, y == 0, in_x, out_x, in_y, out_y);
      const auto [it, added] = known.emplace(text, 0);
      if (added) it->second = rig.add(text);
      rig.put(x, y, it->second);
      rig.route(out_x, x, y, R, E);
      if (x > 0) rig.route(in_x, x, y, W, R);
      rig.route(out_y, x, y, R, S);
      if (y > 0) rig.route(in_y, x, y, N, R);
    }
  }
}

struct Outcome {
  uint64_t memory, trace;
  Cycles cycles;
  uint64_t hops;
  bool operator==(const Outcome&) const = default;
};

Outcome outcome(Arch arch, int threads, int edge, uint64_t seed = 0, int lookahead = 1) {
  Rig rig(arch, 9, 7);
  traffic(rig);
  mesh::MeshOptions options;
  options.threads = threads;
  options.block_edge = edge;
  options.trace_hash = true;
  options.schedule_seed = seed;
  options.lookahead = lookahead;
  rig.make(options);
  // With a listener every cycle is a window of its own.
  if (lookahead != 1) rig.mesh->setWaveletListener(nullptr);
  CHECK(rig.run() == mesh::RunEnd::Complete);
  CHECK(rig.word(8, 6, 2, 2) == 1);
  return {rig.mesh->memoryHash(), rig.mesh->traceHash(), rig.mesh->cycle(), rig.mesh->stats().wavelet_hops};
}

}  // namespace

TEST_CASE("threads and blocks change nothing") {
  const Arch arch = GENERATE(Arch::Wse2, Arch::Wse3);
  const Outcome one = outcome(arch, 1, 0);
  CHECK(one.hops > 1000);
  CHECK(outcome(arch, 1, 2) == one);
  CHECK(outcome(arch, 1, 3) == one);
  CHECK(outcome(arch, 2, 1) == one);
  CHECK(outcome(arch, 2, 4) == one);
  CHECK(outcome(arch, 3, 5) == one);
}

TEST_CASE("a schedule seed makes other legal choices, the same ones for any number of threads and any cut") {
  const Arch arch = GENERATE(Arch::Wse2, Arch::Wse3);
  const Outcome plain = outcome(arch, 1, 0), seeded = outcome(arch, 1, 0, 7);
  // The links are shared, so other choices mean other cycles; what the programs compute is the same.
  CHECK(seeded.trace != plain.trace);
  CHECK(seeded.memory == plain.memory);
  CHECK(seeded.hops == plain.hops);
  CHECK(outcome(arch, 1, 0, 7) == seeded);
  CHECK(outcome(arch, 2, 2, 7) == seeded);
  CHECK(outcome(arch, 3, 1, 7) == seeded);
  CHECK(outcome(arch, 1, 0, 8).trace != seeded.trace);
}

TEST_CASE("rows that run ahead change nothing") {
  const Arch arch = GENERATE(Arch::Wse2, Arch::Wse3);
  const Outcome plain = outcome(arch, 1, 0);
  for (const int lookahead : {2, 4, 7, 8, 16}) {
    INFO("lookahead " << lookahead);
    CHECK(outcome(arch, 1, 0, 0, lookahead) == plain);
  }
}

TEST_CASE("a run that stops in the middle stops in the same cycle with rows that run ahead") {
  const Arch arch = GENERATE(Arch::Wse2, Arch::Wse3);
  const auto trace = [arch](int lookahead) {
    Rig rig(arch, 5, 9);
    // Every PE passes words south and prints when its operation is done: each in a cycle of its own.
    for (uint32_t y = 0; y < 9; ++y) {
      const int out = y % 2 == 0 ? 1 : 2, in = 3 - out;
      const std::string header = fmt::format(
          "{}task local 10 @done.1 !0\ninput_queue 2 {} default 0 !0\noutput_queue 4 {} !0\n"
          "string \"done\\x0a\"\n",
          startTask(), in, arch == Arch::Wse2 ? 255 : out);
      const std::string body =
          (y == 0 ? fmt::format("fn 0 \"main\" task () void !0 {{\n  local %0: bool\nb0:\n  %0 = dsdop.add16 dsd, dsd, "
                                "scalar ({}, {}, 3, 10) async activate !1\n  ret\n}}\n",
                                lit(fabout(4, out, 12)), mem(64, 12, 0))
                  : fmt::format("fn 0 \"main\" task () void !0 {{\n  local %0: bool\nb0:\n  %0 = dsdop.add16 dsd, dsd, "
                                "dsd ({}, {}, {}, 10) async activate !1\n  ret\n}}\n",
                                lit(fabout(4, out, 12)), lit(fabin(2, 12)), mem(64, 12, 0))) +
          "fn 1 \"done\" task () void !0 {\nb0:\n  device.print_text(0)\n  ret\n}\n";
      const uint32_t program = rig.add(programText(arch, header, body));
      for (uint32_t x = 0; x < 5; ++x) {
        rig.put(x, y, program);
        rig.route(out, x, y, R, S);
        if (y > 0) rig.route(in, x, y, N, R);
      }
    }
    mesh::MeshOptions options;
    options.trace_hash = true;
    options.lookahead = lookahead;
    rig.make(options);
    rig.mesh->setWaveletListener(nullptr);
    std::vector<std::string> seen;
    rig.mesh->setLogListener([&](Cycles cycle, PeCoord at, const std::string& text) {
      seen.push_back(fmt::format("{} {},{} {}", cycle, at.x, at.y, text));
    });
    for (const Cycles limit : {Cycles{13}, Cycles{40}, Cycles{41}, Cycles{70}}) {
      rig.run(limit);
      seen.push_back(fmt::format("at {}: {}", rig.mesh->cycle(), rig.mesh->traceHash()));
    }
    CHECK(rig.run() == mesh::RunEnd::Complete);
    seen.push_back(fmt::format("end {}: {} {}", rig.mesh->cycle(), rig.mesh->traceHash(), rig.messages()));
    return seen;
  };
  const auto plain = trace(1);
  CHECK(plain.size() == 5 + 45);
  CHECK(trace(4) == plain);
  CHECK(trace(16) == plain);
}

TEST_CASE("idle PEs of one program cost 64 bytes and no memory") {
  Rig rig(Arch::Wse2, 64, 64);
  rig.putAll(rig.add(programText(Arch::Wse2, "host \"x\" data 0 2 pointer\n",
                                 "fn 0 \"f\" function () void !0 {\nb0:\n  ret\n}\n", 16384)));
  for (int color = 0; color < 8; ++color) {
    for (uint32_t y = 0; y < 64; ++y)
      for (uint32_t x = 0; x < 64; ++x) rig.route(color, x, y, W, E);
  }
  rig.make();
  const auto stats = rig.mesh->stats();
  CHECK(stats.state_bytes / (64 * 64) <= 80);
  CHECK(stats.memory_bytes == 0);
}
