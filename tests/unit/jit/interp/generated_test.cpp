// Random programs: finalize() keeps their meaning, blocking changes nothing, and their forms read back.
// SPDX-License-Identifier: Apache-2.0
#include "tests/support/tir_gen.h"

#include "tests/support/fake_device.h"

#include <catch2/catch_test_macros.hpp>

using namespace weft;
using weft::testing::Blocking;
using weft::testing::FakeDevice;

namespace {

struct Outcome {
  int32_t status = 0;
  uint64_t result = 0;
  uint64_t now = 0;
  std::vector<uint8_t> memory;
  std::vector<std::string> log;
  bool operator==(const Outcome&) const = default;
};

Outcome outcome(const tir::Program& p, const weft::testing::GeneratedProgram& g, Blocking blocking,
                uint64_t& suspensions) {
  auto engine = jit::makeInterpreter();
  auto image = weft::testing::compileOne(*engine, p);
  FakeDevice device(p, engine->kernels(p.fp16));
  device.blocking = blocking;
  Outcome out;
  out.status = device.run(*image, g.entry, g.args);
  if (p.function(g.entry).result != tir::Type::Void) out.result = device.result;
  out.now = device.now;
  out.memory = device.memory;
  out.log = device.log;
  suspensions += device.suspensions;
  CHECK(device.live_frames == 0);
  return out;
}

std::vector<uint8_t> seedBytes(uint32_t seed) {
  return {static_cast<uint8_t>(seed), static_cast<uint8_t>(seed >> 8), static_cast<uint8_t>(seed * 37)};
}

// The cycle at the start of a log line.
std::vector<std::string> withoutCycles(std::vector<std::string> log) {
  for (std::string& line : log) line.erase(0, line.find(' '));
  return log;
}
// Site numbers change when finalize() renumbers them.
std::vector<std::string> withoutSites(std::vector<std::string> log) {
  for (std::string& line : log) {
    const size_t at = line.find(" site ");
    if (at != std::string::npos)
      line.erase(at, line.find_first_of(":", at) == std::string::npos ? std::string::npos : line.find(':', at) - at);
  }
  return log;
}

}  // namespace

TEST_CASE("blocking at any point changes nothing, and finalize keeps the meaning") {
  uint64_t suspensions = 0, done = 0;
  constexpr uint32_t kPrograms = 250;
  for (uint32_t seed = 0; seed < kPrograms; ++seed) {
    const auto g = weft::testing::generateProgram(seedBytes(seed));
    INFO("seed " << seed << "\n" << tir::print(g.final));
    const Outcome never = outcome(g.final, g, Blocking::Never, suspensions);
    REQUIRE(never == outcome(g.final, g, Blocking::Always, suspensions));
    REQUIRE(never == outcome(g.final, g, Blocking::Sometimes, suspensions));
    done += never.status == WEFT_DONE ? 1 : 0;
    // What was built has neither segments nor back edges, so it takes no cycles of its own.
    Outcome built = outcome(g.built, g, Blocking::Never, suspensions);
    built.now = never.now;
    REQUIRE(withoutSites(withoutCycles(built.log)) == withoutSites(withoutCycles(never.log)));
    built.log = never.log;
    REQUIRE(built == never);
  }
  CHECK(suspensions > 1000);
  CHECK(done > kPrograms / 2);
}

TEST_CASE("generated programs read back from text and container, and finalize once and for all") {
  for (uint32_t seed = 0; seed < 120; ++seed) {
    const auto g = weft::testing::generateProgram(seedBytes(seed + 1000));
    const std::string text = tir::print(g.final);
    diag::Sink sink;
    auto parsed = tir::parse(text, sink);
    INFO("seed " << seed << "\n" << (sink.all().empty() ? text : sink.all().front().message + "\n" + text));
    REQUIRE(parsed);
    REQUIRE(tir::print(*parsed) == text);
    auto read = tir::deserialize(tir::serialize(g.final), sink);
    REQUIRE(read);
    REQUIRE(tir::print(*read) == text);
    REQUIRE(tir::contentHash(*read) == tir::contentHash(g.final));
    tir::finalize(*read);
    REQUIRE(tir::print(*read) == text);
  }
}
