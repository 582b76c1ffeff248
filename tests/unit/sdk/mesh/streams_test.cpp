// Streams of host-side layouts: several at once, buffers, back-pressure, and cycles that do not depend on blocks.
// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/sdk/mesh/rig.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <numeric>

using namespace weft;
using namespace weft::testing;

namespace {

constexpr uint8_t H = plan::kHostPortBit;

/// Two ways over three PEs: color 1 from (0, 0) to (2, 0), color 2 back. No PE runs a program.
void cross(Rig& rig, uint32_t in_buffer, uint32_t out_buffer) {
  rig.route(1, 0, 0, H, E);
  rig.route(1, 1, 0, W, E);
  rig.route(1, 2, 0, W, H);
  rig.route(2, 2, 0, H, W);
  rig.route(2, 1, 0, E, W);
  rig.route(2, 0, 0, E, H);
  rig.plan.streams = {{"in1", true, {0, 0}, 1, in_buffer},
                      {"out1", false, {2, 0}, 1, out_buffer},
                      {"in2", true, {2, 0}, 2, in_buffer},
                      {"out2", false, {0, 0}, 2, out_buffer}};
}

std::vector<uint32_t> numbers(size_t n, uint32_t first = 0) {
  std::vector<uint32_t> v(n);
  std::iota(v.begin(), v.end(), first);
  return v;
}

}  // namespace

TEST_CASE("streams move at the same time, each in its own order") {
  const Arch arch = GENERATE(Arch::Wse2, Arch::Wse3);
  std::vector<Cycles> ends;
  for (const int edge : {0, 1, 2}) {
    Rig rig(arch, 3, 1);
    cross(rig, 8, 8);
    auto& mesh = rig.make({.threads = edge == 0 ? 1 : 2, .block_edge = edge});
    std::vector<uint32_t> one(40), two(40);
    mesh.send(0, numbers(25));
    mesh.send(2, numbers(40, 100));
    mesh.send(0, numbers(15, 25));
    const auto early = mesh.receive(3, two.data(), 10);
    const auto late = mesh.receive(3, two.data() + 10, 30);
    const auto all = mesh.receive(1, one.data(), 40);
    CHECK(rig.runUntil(early) == mesh::RunEnd::Complete);
    CHECK(mesh.isComplete(early));
    CHECK_FALSE(mesh.isComplete(late));
    CHECK_FALSE(mesh.isComplete(all));
    ends.push_back(mesh.cycle());
    CHECK(rig.run() == mesh::RunEnd::Complete);
    CHECK(mesh.openTransfers() == 0);
    CHECK(one == numbers(40));
    CHECK(two == numbers(40, 100));
    ends.push_back(mesh.cycle());
  }
  for (size_t i = 2; i < ends.size(); ++i) CHECK(ends[i] == ends[i - 2]);
}

TEST_CASE("a send is complete when the buffers hold its words; more waits for a receive") {
  const Arch arch = GENERATE(Arch::Wse2, Arch::Wse3);
  Rig rig(arch, 3, 1);
  cross(rig, 4, 2);
  auto& mesh = rig.make();
  const auto small = mesh.send(0, numbers(6));
  CHECK(rig.runUntil(small) == mesh::RunEnd::Complete);
  const auto large = mesh.send(0, numbers(60, 6));
  CHECK(rig.runUntil(large) == mesh::RunEnd::Quiescent);
  mesh.reportHang(large);
  CHECK(rig.messages().find("stream `in1`") != std::string::npos);
  std::vector<uint32_t> out(66);
  mesh.receive(1, out.data(), 66);
  CHECK(rig.runUntil(large) == mesh::RunEnd::Complete);
  CHECK(rig.run() == mesh::RunEnd::Complete);
  CHECK(out == numbers(66));
}

TEST_CASE("kept words and nothing at all") {
  Rig rig(Arch::Wse3, 3, 1);
  cross(rig, 100, 2);
  auto& mesh = rig.make();
  mesh.keepAll(1);
  mesh.send(0, numbers(50));
  CHECK(mesh.isComplete(mesh.send(0, {})));
  CHECK(rig.run() == mesh::RunEnd::Complete);
  CHECK(mesh.takeKept(1) == numbers(50));
  CHECK(mesh.takeKept(1).empty());
}

TEST_CASE("presets are in memory before the first task") {
  const Arch arch = GENERATE(Arch::Wse2, Arch::Wse3);
  Rig rig(arch, 2, 1);
  rig.putAll(rig.add(programText(arch, "", "")));
  rig.plan.presets = {{{1, 0}, 8, std::string("\x01\x02\x03\x04", 4)}};
  rig.make();
  CHECK(rig.word(1, 0, 8) == 0x04030201);
  CHECK(rig.word(0, 0, 8) == 0);
}
