// The cost tables: complete, with sources, and what follows from them.
// SPDX-License-Identifier: Apache-2.0
#include "sdk/timing/cost_model.h"

#include "frontend/tir/tir.h"
#include "tests/support/fake_device.h"

#include <fmt/format.h>
#include <catch2/catch_test_macros.hpp>

#include <numeric>
#include <string>

using namespace weft;
using timing::CostModel;

TEST_CASE("both architectures have every parameter, with a source") {
  for (const auto arch : {target::Arch::Wse2, target::Arch::Wse3}) {
    const CostModel m = CostModel::builtin(arch);
    CHECK(m.get("fabric.hop") == (arch == target::Arch::Wse2 ? 1 : 2));
    CHECK(m.sourceOf("fabric.hop").starts_with("measured"));
    // Numbers that were chosen so that a published total comes out say so.
    for (const char* fitted : {"fabric.ramp_in", "execution.async_start", "vector.dsr_load", "scalar.tsc",
                               "host.command_start", "host.d2h_single_limit"})
      CHECK(m.sourceOf(fitted).starts_with("assumed (fitted): "));
    CHECK(m.get("fabric.ramp_in") + m.get("fabric.ramp_out") + 1 == (arch == target::Arch::Wse2 ? 5 : 7));
  }
}

TEST_CASE("a table with a missing, unknown or malformed parameter is refused") {
  const auto parse = [](const char* values) {
    diag::Sink sink;
    const auto m = CostModel::parse(target::Arch::Wse2, "[a]\nx = \"cycles\"\ny = \"cycles\"\n", values, sink);
    CHECK_FALSE(m);
    CHECK(sink.all().at(0).code == diag::Code::E0830);
    return sink.all().empty() ? std::string() : sink.all()[0].message;
  };
  CHECK(parse("[a]\nx = { value = 1, source = \"assumed\" }\n") == "cost parameter `a.y` is missing");
  CHECK(parse("[a]\nz = { value = 1, source = \"assumed\" }\n") == "cost parameter `a.z` is not known");
  CHECK(parse("[a]\nx = 3\n").find("line 2") != std::string::npos);
}

TEST_CASE("vector rates follow the port rule") {
  const auto rate = [](target::Arch arch, tir::DsdOpcode op, bool two) {
    const WeftDsdCosts c = CostModel::builtin(arch).dsdCosts();
    const WeftDsdRate& r = c.op[static_cast<size_t>(op)];
    return two ? r.two_source : r.one_source;
  };
  using tir::DsdOpcode;
  CHECK(rate(target::Arch::Wse2, DsdOpcode::FMovH, false) == 4);
  CHECK(rate(target::Arch::Wse2, DsdOpcode::FMovS, false) == 8);
  CHECK(rate(target::Arch::Wse2, DsdOpcode::FMacS, true) == 16);
  CHECK(rate(target::Arch::Wse3, DsdOpcode::FMovH, false) == 2);
  CHECK(rate(target::Arch::Wse3, DsdOpcode::FMacH, true) == 4);
  CHECK(rate(target::Arch::Wse3, DsdOpcode::FMovS, false) == 4);
  CHECK(rate(target::Arch::Wse3, DsdOpcode::FMacS, true) == 16);
}

namespace {

constexpr target::Arch kWse2 = target::Arch::Wse2, kWse3 = target::Arch::Wse3;

/// Cycles of all segments of a program of these functions.
uint64_t cost(target::Arch arch, const std::string& functions) {
  const std::string text = fmt::format("program \"t\" {} f16\nfile \"t.csl\"\nsites 0:1:1\nmemory 64\n{}",
                                       target::archName(arch), functions);
  const jit::CostTable table = CostModel::builtin(arch).costTable(testing::programFromTir(text));
  return std::accumulate(table.segment.begin(), table.segment.end(), uint64_t{0});
}

/// A task whose one instruction of interest stands between a load and a store.
uint64_t between(target::Arch arch, const std::string& type, const std::string& result, const std::string& inst) {
  return cost(arch,
              fmt::format("fn 0 \"f\" task () void !0 {{\n  local %0: {}\n  local %1: {}\nb0:\n  %0 = load.{} [0]\n"
                          "  %1 = {}\n  store.{} [16], %1\n  ret\n}}\n",
                          type, result, type, inst, result));
}

}  // namespace

TEST_CASE("the words of a wide value are named, not moved") {
  for (const auto arch : {kWse2, kWse3}) {
    const uint64_t plain = between(arch, "i64", "i64", "copy.i64 %0");
    CHECK(between(arch, "i64", "i16", "trunc.i16.i64 %0") == plain);
    CHECK(between(arch, "i64", "i64", "lshr.i64 %0, 32") == plain);
    CHECK(between(arch, "i64", "i64", "lshr.i64 %0, 33") == plain + 2);
  }
}

TEST_CASE("a division by a constant is no library call") {
  for (const auto arch : {kWse2, kWse3}) {
    const uint64_t plain = between(arch, "i16", "i16", "copy.i16 %0");
    CHECK(between(arch, "i16", "i16", "udiv.i16 %0, %0") ==
          plain + CostModel::builtin(arch).get("scalar.integer_divide"));
    CHECK(between(arch, "i16", "i16", "udiv.i16 %0, 8") == plain + 1);
    CHECK(between(arch, "i16", "i16", "urem.i16 %0, 8") == plain + 1);
    CHECK(between(arch, "i16", "i16", "sdiv.i16 %0, 8") == plain + 3);
    CHECK(between(arch, "i16", "i16", "sdiv.i16 %0, 3") == plain + 4);
    CHECK(between(arch, "i16", "i16", "srem.i16 %0, 3") == plain + 6);
  }
}

TEST_CASE("a task's end and the call of a small function cost no branch") {
  const std::string task = "fn 0 \"main\" task () void !0 {\nb0:\n  store.i16 [0], 1\n  ret\n}\n";
  for (const auto arch : {kWse2, kWse3}) {
    CHECK(cost(arch, task) == 1);
    const std::string called = "fn 1 \"small\" function () void !0 {\nb0:\n  store.i16 [2], 1\n  ret\n}\n";
    const std::string twice = "fn 0 \"main\" task () void !0 {\nb0:\n  call @small.1()\n  call @small.1()\n  ret\n}\n";
    CHECK(cost(arch, twice + called) == 1);
    // Too long for that: a branch there, one back, and its stores, which count once in a table of segments.
    std::string body = "fn 1 \"small\" function () void !0 {\nb0:\n";
    for (int i = 0; i < 50; ++i) body += fmt::format("  store.i16 [{}], {}\n", 2 * (i % 20), i);
    const uint64_t branch = CostModel::builtin(arch).get("scalar.call");
    CHECK(cost(arch, twice + body + "  ret\n}\n") == 2 * branch + 50 + CostModel::builtin(arch).get("scalar.return"));
  }
}
