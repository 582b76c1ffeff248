// A report survives its JSON form, says what a cycle count leaves out, and text that is no report is refused.
// SPDX-License-Identifier: Apache-2.0
#include "sdk/profile/run_report.h"

#include <catch2/catch_test_macros.hpp>

namespace weft::profile {
namespace {

RunReport sample() {
  RunReport r;
  r.engine = "jit";
  r.arch = "wse3";
  r.width = 4;
  r.height = 3;
  r.programs = 2;
  r.threads = 2;
  r.run_seconds = 0.5;
  r.stats.cycles = 1'234'567;
  r.stats.wavelet_hops = 12;
  r.memory_hash = 0xfedcba9876543210ull;
  r.traps = {"E0703"};
  return r;
}

TEST_CASE("json and back") {
  const std::string json = toJson(sample());
  CHECK(json.find('\n') == std::string::npos);
  const auto back = fromJson(json);
  REQUIRE(back);
  CHECK(toJson(*back) == json);
  CHECK(back->memory_hash == 0xfedcba9876543210ull);
  CHECK(back->stats.cycles == 1'234'567);
  CHECK(back->traps == std::vector<std::string>{"E0703"});
}

TEST_CASE("text that is no report") {
  CHECK_FALSE(fromJson(""));
  CHECK_FALSE(fromJson("17"));
  CHECK_FALSE(fromJson("{\"cycles\": 1}"));
  CHECK_FALSE(fromJson("{\"engine\": 3, \"arch\": \"wse2\"}"));
  CHECK(readReports("no such file").empty());
}

TEST_CASE("the text names sizes, grouped figures and what is not modelled") {
  const std::string text = toText(sample());
  CHECK(text.find("4 x 3 PEs of wse3, 2 programs") != std::string::npos);
  CHECK(text.find("1,234,567") != std::string::npos);
  CHECK(text.find("E0703") != std::string::npos);
  for (const std::string& line : notModelled()) CHECK(text.find(line) != std::string::npos);
}

}  // namespace
}  // namespace weft::profile
