// The spellings of the compile line.
// SPDX-License-Identifier: Apache-2.0
#include "sdk/driver/compile_options.h"

#include <catch2/catch_test_macros.hpp>

namespace weft::driver {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

TEST_CASE("the usual compile line") {
  const ParsedOptions p =
      parseCompileOptions({"--arch=wse3", "./layout.csl", "--fabric-dims=8,3", "--fabric-offsets=4,1",
                           "--params=M:4,N:6", "-o", "out", "--memcpy", "--channels", "1"});
  REQUIRE(p.errors.empty());
  CHECK(p.options.source == "./layout.csl");
  CHECK(p.options.arch == target::Arch::Wse3);
  CHECK(p.options.fabric == Extent2{8, 3});
  CHECK(p.options.offset == FabricCoord{4, 1});
  CHECK(p.options.params == Pairs{{"M", "4"}, {"N", "6"}});
  CHECK(p.options.memcpy);
  CHECK(p.options.channels == 1);
}

TEST_CASE("the output directory in its three spellings") {
  CHECK(parseCompileOptions({"a.csl", "-o=x"}).options.output == "x");
  CHECK(parseCompileOptions({"a.csl", "-ox"}).options.output == "x");
  CHECK(parseCompileOptions({"a.csl", "-o", "x"}).options.output == "x");
  CHECK(parseCompileOptions({"a.csl"}).options.output == "out");
  CHECK_FALSE(parseCompileOptions({"a.csl", "-o"}).errors.empty());
}

TEST_CASE("one dash, prefixes and a file in the middle") {
  const ParsedOptions p = parseCompileOptions({"-arch=wse3", "a.csl", "--fabric-offset", "5,2", "--verb"});
  REQUIRE(p.errors.empty());
  CHECK(p.options.arch == target::Arch::Wse3);
  CHECK(p.options.offset == FabricCoord{5, 2});
  CHECK(p.options.verbose);
  CHECK_FALSE(parseCompileOptions({"a.csl", "--fabric=8,3"}).errors.empty());
}

TEST_CASE("params accumulate, take hex and negative numbers, and a later one wins") {
  const ParsedOptions p = parseCompileOptions({"a.csl", "--params=a:1,b:0x10", "--params", "c:-3", "--params=a:7"});
  REQUIRE(p.errors.empty());
  CHECK(p.options.params == Pairs{{"a", "7"}, {"b", "0x10"}, {"c", "-3"}});
}

TEST_CASE("values that are no integers and words nobody knows are wrong usage") {
  CHECK_FALSE(parseCompileOptions({"a.csl", "--params=a=1"}).errors.empty());
  CHECK_FALSE(parseCompileOptions({"a.csl", "--params=a:x"}).errors.empty());
  CHECK_FALSE(parseCompileOptions({"a.csl", "--params=a:1.5"}).errors.empty());
  CHECK_FALSE(parseCompileOptions({"a.csl", "--nonsense"}).errors.empty());
  CHECK_FALSE(parseCompileOptions({"a.csl", "b.csl"}).errors.empty());
  CHECK_FALSE(parseCompileOptions({"a.csl", "--arch=wse9"}).errors.empty());
}

TEST_CASE("compiler switches without a meaning here are accepted") {
  const ParsedOptions p = parseCompileOptions({"a.csl", "--g0", "-g0", "--print-after-all", "--single-pe"});
  CHECK(p.errors.empty());
  CHECK(p.warnings.size() == 2);
}

}  // namespace
}  // namespace weft::driver
