// Text and binary forms of a plan.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/plan/plan.h"

#include <catch2/catch_test_macros.hpp>

using namespace weft;

namespace {

plan::FabricPlan small() {
  plan::FabricPlan p;
  p.extent = {3, 2};
  p.fabric = {10, 4};
  p.offset = {4, 1};
  p.program_of.assign(6, plan::kNoProgram);
  p.slots_of = {0, 1, 2, 3, 4, 5};
  p.slot_values = {1, 2, 3, 4, 5, 1ull << 40};
  plan::ColorConfig c;
  c.rx = target::maskOf(target::Port::West);
  c.tx = target::maskOf(target::Port::Ramp);
  c.positions[0].valid = true;
  c.positions[0].tx = target::maskOf(target::Port::East);
  c.pop = plan::PopMode::AlwaysPop;
  c.filter.limit2 = 9;
  p.color_configs.push_back(c);
  p.config_of[5].assign(6, 1);
  p.config_of[5][4] = 0;
  p.exports.push_back({"f", true, false, "void", {{"arg0", "i16"}}});
  p.exports.push_back({"x", false, true, "[*]f32", {}});
  p.params.emplace_back("N", "4");
  return p;
}

}  // namespace

TEST_CASE("a plan survives its binary form") {
  const plan::FabricPlan p = small();
  diag::Sink sink;
  const std::string bytes = plan::serialize(p);
  auto back = plan::deserialize(bytes, sink);
  REQUIRE(back);
  CHECK(plan::print(*back) == plan::print(p));
  CHECK(back->slot_values == p.slot_values);
  CHECK(back->config_of[5] == p.config_of[5]);
  CHECK(back->color_configs == p.color_configs);
  CHECK(plan::serialize(*back) == bytes);
}

TEST_CASE("a damaged plan is a diagnostic") {
  const std::string bytes = plan::serialize(small());
  for (size_t cut = 0; cut < bytes.size(); ++cut) {
    diag::Sink sink;
    CHECK_FALSE(plan::deserialize(std::string_view(bytes).substr(0, cut), sink));
    CHECK(sink.errorCount() == 1);
  }
}

TEST_CASE("routes are printed as rectangles") {
  const std::string text = plan::print(small());
  CHECK(text.find("color 5 (0, 0)..(2, 0) rx WEST tx RAMP; pos1 tx EAST; always_pop\n") != std::string::npos);
  CHECK(text.find("color 5 (0, 1) rx WEST") != std::string::npos);
  CHECK(text.find("export f fn(i16) void\n") != std::string::npos);
}
