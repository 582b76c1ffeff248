// Compiled code against the interpreter: random programs at both levels, blocking never, sometimes and always.
// SPDX-License-Identifier: Apache-2.0
#include "jit/engine.h"
#include "tests/support/fake_device.h"
#include "tests/support/random_program.h"

#include <catch2/catch_test_macros.hpp>

using namespace weft;
using weft::testing::Blocking;
using weft::testing::FakeDevice;

namespace {

struct Run {
  int32_t status;
  uint64_t result;
  uint64_t now;
  std::vector<uint8_t> memory;
  std::vector<std::string> log;
  bool operator==(const Run&) const = default;
};

std::unique_ptr<jit::Engine> orcAt(int level, const std::string& cpu = "") {
  diag::Sink sink;
  jit::EngineOptions options;
  options.opt_level = level;
  options.cpu = cpu;
  auto engine = jit::makeOrc(options, sink);
  REQUIRE(engine);
  return *std::move(engine);
}

Run runOn(jit::Engine& engine, jit::CodeImage& image, const tir::Program& p, Blocking blocking) {
  FakeDevice device(p, engine.kernels(p.fp16));
  device.blocking = blocking;
  const std::vector<uint64_t> args{0x1234, 0x89abcdef, 0x3fc00000};
  const int32_t status = device.run(image, tir::FunctionId(0), args);
  CHECK(device.live_frames == 0);
  return {status, device.result, device.now, device.memory, device.log};
}

void compareOn(jit::Engine& engine, const tir::Program& p) {
  auto interp = jit::makeInterpreter();
  auto oracle = weft::testing::compileOne(*interp, p);
  auto image = weft::testing::compileOne(engine, p);
  const Run expected = runOn(*interp, *oracle, p, Blocking::Never);
  for (const Blocking blocking : {Blocking::Never, Blocking::Sometimes, Blocking::Always}) {
    const Run actual = runOn(engine, *image, p, blocking);
    INFO("blocking " << static_cast<int>(blocking));
    CHECK(actual.status == expected.status);
    CHECK(actual.log == expected.log);
    CHECK(actual.now == expected.now);
    CHECK(actual.result == expected.result);
    CHECK(actual.memory == expected.memory);
    if (!(actual == expected)) FAIL(tir::print(p));
  }
}

void compareRandom(int level, target::Fp16Format fp16, uint64_t first, int count, const std::string& cpu = "") {
  auto engine = orcAt(level, cpu);
  for (uint64_t seed = first; seed < first + static_cast<uint64_t>(count); ++seed) {
    INFO("seed " << seed);
    compareOn(*engine, weft::testing::randomProgram(seed, fp16));
  }
}

}  // namespace

TEST_CASE("random programs agree with the interpreter at O0") { compareRandom(0, target::Fp16Format::F16, 1, 150); }
TEST_CASE("random programs agree with the interpreter at O2") { compareRandom(2, target::Fp16Format::F16, 1, 80); }
TEST_CASE("random programs agree on the other 16-bit formats") {
  compareRandom(0, target::Fp16Format::CB16, 1000, 40);
  compareRandom(2, target::Fp16Format::BF16, 2000, 20);
}
TEST_CASE("random programs agree on a CPU without AVX-512") {
  compareRandom(2, target::Fp16Format::F16, 3000, 20, "-avx512f,-avx512fp16");
}
