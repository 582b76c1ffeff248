// The host's commands: copies, launches, streams, their order and what happens when one never ends.
// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/sdk/mesh/rig.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

using namespace weft;
using namespace weft::testing;

namespace {

/// y = x + k on every PE, started by `go(k)`.
std::string kernel(Arch arch, bool unblocks = true) {
  return programText(
      arch,
      "image_bytes 4\nimage 0 10002000\nhost \"x\" data 0 2 pointer\nhost \"y\" data 2 2 pointer\nhost \"go\" function "
      "@go.0\n",
      fmt::format(R"(fn 0 "go" function (%0: i16 "k") void !1 {{
  local %1: bool
b0:
  %1 = dsdop.add16 dsd, dsd, scalar ({}, {}, %k.0) !2
  {}
  ret
}}
)",
                  mem(32, 4), mem(16, 4), unblocks ? "device.unblock_cmd_stream()" : "store.i16 [8], 1"));
}

}  // namespace

TEST_CASE("copies and launches run in order and move 16-bit elements in 32-bit words") {
  const Arch arch = GENERATE(Arch::Wse2, Arch::Wse3);
  Rig rig(arch, 3, 2);
  rig.putAll(rig.add(kernel(arch)));
  auto& mesh = rig.make();
  std::vector<uint32_t> in(3 * 2 * 4), out(in.size());
  for (size_t i = 0; i < in.size(); ++i) in[i] = static_cast<uint32_t>(i) | 0xabcd0000u;
  const mesh::Region all{0, 0, 3, 2};
  mesh.copyIn("x", all, 4, 2, in);
  mesh.launch("go", {100});
  const auto last = mesh.copyOut("y", all, 4, 2, out.data());
  CHECK(rig.runUntil(last) == mesh::RunEnd::Complete);
  for (size_t i = 0; i < out.size(); ++i) CHECK(out[i] == i + 100);
  CHECK(mesh.isComplete(last));
  // Three commands at 450 cycles and the words of the copies.
  CHECK(mesh.cycle() > 1350);
  CHECK(mesh.cycle() < 4000);
}

TEST_CASE("waiting for every command or only for the last takes the same cycles") {
  const Arch arch = GENERATE(Arch::Wse2, Arch::Wse3);
  Cycles end[2];
  for (int blocking = 0; blocking < 2; ++blocking) {
    Rig rig(arch, 3, 2);
    rig.putAll(rig.add(kernel(arch)));
    auto& mesh = rig.make();
    std::vector<uint32_t> words(24, 1), out(24);
    mesh::CommandId id = mesh.copyIn("x", {0, 0, 3, 2}, 4, 2, words);
    if (blocking) CHECK(rig.runUntil(id) == mesh::RunEnd::Complete);
    id = mesh.launch("go", {1});
    if (blocking) CHECK(rig.runUntil(id) == mesh::RunEnd::Complete);
    id = mesh.copyOut("y", {1, 1, 2, 1}, 4, 2, out.data());
    CHECK(rig.runUntil(id) == mesh::RunEnd::Complete);
    end[blocking] = mesh.cycle();
    CHECK(out[7] == 2);
  }
  CHECK(end[0] == end[1]);
}

TEST_CASE("a launch that never unblocks is a hang that names the function") {
  const Arch arch = GENERATE(Arch::Wse2, Arch::Wse3);
  Rig rig(arch, 2, 1);
  rig.put(0, 0, rig.add(kernel(arch)));
  rig.put(1, 0, rig.add(kernel(arch, false)));
  auto& mesh = rig.make();
  std::vector<uint32_t> out(4);
  mesh.launch("go", {1});
  const auto last = mesh.copyOut("y", {0, 0, 1, 1}, 4, 2, out.data());
  CHECK(rig.runUntil(last) == mesh::RunEnd::Quiescent);
  mesh.reportHang(last);
  const std::string text = rig.messages();
  INFO(text);
  CHECK(text.find("launch of `go`") != std::string::npos);
  CHECK(text.find("PE (1, 0): `go` (t.csl:2:1) has not unblocked the command stream") != std::string::npos);
  CHECK(text.find("PE (0, 0)") == std::string::npos);
}

TEST_CASE("streams go in and out through the host port with back-pressure") {
  const Arch arch = GENERATE(Arch::Wse2, Arch::Wse3);
  Rig rig(arch, 2, 2);
  rig.plan.host.memcpy = true;
  rig.plan.host.h2d[0] = 4;
  rig.plan.host.d2h[0] = 5;
  constexpr int kCount = 40;
  rig.putAll(rig.add(programText(
      arch,
      startTask() + fmt::format("input_queue 3 4 default 0 !0\noutput_queue 2 {} !0\n", arch == Arch::Wse2 ? 255 : 5),
      fmt::format(R"(fn 0 "main" task () void !0 {{
  local %0: bool
b0:
  store.i16 [64], 3
  %0 = dsdop.mov32 dsd, none, dsd ({}, {}) !1
  store.i16 [60], 1
  %0 = dsdop.add16 dsd, dsd, dsd ({}, {}, {}) async !2
  ret
}}
)",
                  mem(256, kCount), lit(fabin(3, kCount)), lit(fabout(2, 5, kCount)), mem(256, kCount, 2),
                  mem(64, kCount, 0)),
      1024)));
  auto& mesh = rig.make();
  std::vector<uint32_t> in(4 * kCount), out(4 * kCount);
  for (size_t i = 0; i < in.size(); ++i) in[i] = static_cast<uint32_t>(i * 5);
  mesh.streamIn(4, {0, 0, 2, 2}, kCount, in);
  const auto last = mesh.streamOut(5, {0, 0, 2, 2}, kCount, out.data());
  CHECK(rig.runUntil(last) == mesh::RunEnd::Complete);
  for (size_t i = 0; i < out.size(); ++i) CHECK(out[i] == i * 5 + 3);
}

TEST_CASE("a stream nobody reads hangs with the words left and the full queue named") {
  const Arch arch = GENERATE(Arch::Wse2, Arch::Wse3);
  Rig rig(arch, 1, 1);
  rig.plan.host.memcpy = true;
  rig.plan.host.h2d[0] = 4;
  rig.putAll(
      rig.add(programText(arch, "input_queue 3 4 default 0 !0\n", "fn 0 \"main\" task () void !0 {\nb0:\n  ret\n}\n")));
  auto& mesh = rig.make();
  const auto id = mesh.streamIn(4, {0, 0, 1, 1}, 100, std::vector<uint32_t>(100));
  CHECK(rig.runUntil(id) == mesh::RunEnd::Quiescent);
  mesh.reportHang(id);
  INFO(rig.messages());
  CHECK(rig.messages().find("of 100 words for color 4") != std::string::npos);
  CHECK(rig.messages().find("input queue 3 of color 4 at PE (0, 0) is full: no operation and no task reads it") !=
        std::string::npos);
}
