// The cost tables: complete, with sources, and what follows from them.
// SPDX-License-Identifier: Apache-2.0
#include "sdk/timing/cost_model.h"

#include "frontend/tir/tir.h"

#include <catch2/catch_test_macros.hpp>

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
  CHECK(CostModel::builtin(target::Arch::Wse2).hash() != CostModel::builtin(target::Arch::Wse3).hash());
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
  CHECK(rate(target::Arch::Wse3, DsdOpcode::FMacS, true) == 32);
}
