// Changes of tier and of CPU: a task suspended in one kind of code goes on in another; every CPU gives the same bits.
// SPDX-License-Identifier: Apache-2.0
#include "jit/engine.h"
#include "tests/support/fake_device.h"
#include "tests/support/random_program.h"

#include <catch2/catch_test_macros.hpp>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <thread>

using namespace weft;
using weft::testing::Blocking;
using weft::testing::FakeDevice;

namespace {

std::unique_ptr<jit::Engine> orcAt(int level, const std::string& cpu = "", const std::string& cache = "") {
  diag::Sink sink;
  jit::EngineOptions options;
  options.opt_level = level;
  options.cpu = cpu;
  options.cache_dir = cache;
  auto engine = jit::makeOrc(options, sink);
  REQUIRE(engine);
  return *std::move(engine);
}

/// Every start and every resume goes to the next one of several images of a program.
class Alternating final : public jit::CodeImage {
 public:
  explicit Alternating(std::vector<jit::CodeImage*> images) : images_(std::move(images)) {}
  int32_t start(WeftPe& pe, tir::FunctionId fn, std::span<const uint64_t> args) override {
    return next().start(pe, fn, args);
  }
  int32_t resume(WeftPe& pe) override { return next().resume(pe); }
  void discard(WeftPe& pe) override { next().discard(pe); }

 private:
  jit::CodeImage& next() { return *images_[turn_++ % images_.size()]; }
  std::vector<jit::CodeImage*> images_;
  size_t turn_ = 0;
};

const std::vector<uint64_t> kArgs{0x1234, 0x89abcdef, 0x3fc00000};

constexpr const char* kLoop = R"(program "loop" wse2 f16
file "loop"
sites 0:1:1
memory 2048
fn 0 "main" task () i16 may_block !0 {
  local %0: i16
  local %1: i64
  local %2: bool
b0:
  %0 = copy.i16 0 !0
  %1 = copy.i64 0x1002000100000 !0
  jump b1 !0
b1:
  %2 = ult.i16 %0, 20 !0
  branch %2, b2, b3 !0
b2:
  dsdop.fmacs dsd, dsd, dsd (0x1002000100400, 0x1002000100400, %1, 0x3f000000) !0
  device.activate(%0) !0
  %1 = dsd.addbase %1, 4 !0
  %0 = add.i16 %0, 1 !0
  jump b1 back !0
b3:
  ret %0 !0
}
)";

}  // namespace

TEST_CASE("a suspended task goes on in code of another tier, or in the interpreter") {
  auto interp = jit::makeInterpreter();
  auto cheap = orcAt(0);
  auto full = orcAt(2);
  uint64_t suspensions = 0;
  std::vector<tir::Program> programs;
  for (uint64_t seed = 9000; seed < 9025; ++seed)
    programs.push_back(weft::testing::randomProgram(seed, target::Fp16Format::F16));
  programs.push_back(weft::testing::programFromTir(kLoop));
  for (const tir::Program& p : programs) {
    auto a = weft::testing::compileOne(*cheap, p);
    auto b = weft::testing::compileOne(*full, p);
    auto c = weft::testing::compileOne(*interp, p);
    FakeDevice expected(p, interp->kernels(p.fp16));
    const int32_t status = expected.run(*c, tir::FunctionId(0), kArgs);
    for (const auto& order :
         {std::vector<jit::CodeImage*>{a.get(), b.get()}, std::vector<jit::CodeImage*>{b.get(), a.get()},
          std::vector<jit::CodeImage*>{a.get(), b.get(), c.get()},
          std::vector<jit::CodeImage*>{c.get(), b.get(), a.get(), b.get()},
          std::vector<jit::CodeImage*>{a.get(), &a->checked(), b.get(), &c->checked()}}) {
      Alternating image(order);
      FakeDevice device(p, full->kernels(p.fp16));
      device.blocking = Blocking::Always;
      CHECK(device.run(image, tir::FunctionId(0), kArgs) == status);
      CHECK(device.result == expected.result);
      CHECK(device.now == expected.now);
      CHECK(device.memory == expected.memory);
      CHECK(device.log == expected.log);
      CHECK(device.live_frames == 0);
      suspensions += device.suspensions;
    }
  }
  CHECK(suspensions > 500);
}

TEST_CASE("a program becomes hot, interpreted at first, while a task of it is suspended") {
  std::string name = (std::filesystem::temp_directory_path() / "weft-tiers-XXXXXX").string();
  REQUIRE(mkdtemp(name.data()) != nullptr);
  const std::filesystem::path folder = name;
  const auto objects = [&] {
    return std::distance(std::filesystem::directory_iterator(folder), std::filesystem::directory_iterator());
  };
  const tir::Program p = weft::testing::programFromTir(kLoop);
  {
    auto engine = orcAt(-1, "", folder.string());
    auto image = weft::testing::compileOne(*engine, p);
    FakeDevice expected(p, engine->kernels(p.fp16));
    // Nothing is compiled for a program that has not run; one object has the thunks of the kernels.
    const auto before = objects();
    CHECK(before == 1);
    REQUIRE(expected.run(*image, tir::FunctionId(0)) == WEFT_DONE);
    // One task stops at its first call; others make the program hot.
    FakeDevice device(p, engine->kernels(p.fp16));
    device.blocking = Blocking::Always;
    WeftPe pe{};
    device.begin(pe);
    REQUIRE(image->start(pe, tir::FunctionId(0), {}) == WEFT_BLOCKED);
    WeftFrame* const frames = pe.frames;
    const uint64_t now = pe.now;
    // Cheap code first, then the optimised code; an object is in the cache just before it is linked.
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (objects() < before + 2 && std::chrono::steady_clock::now() < until) {
      FakeDevice other(p, engine->kernels(p.fp16));
      REQUIRE(other.run(*image, tir::FunctionId(0)) == WEFT_DONE);
      REQUIRE(other.memory == expected.memory);
      REQUIRE(other.now == expected.now);
    }
    CHECK(objects() >= before + 2);
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    int32_t status = WEFT_BLOCKED;
    pe.frames = frames;
    device.now = now;
    while (status == WEFT_BLOCKED) {
      WeftFrame* const chain = pe.frames;
      device.now = pe.now;
      device.begin(pe);
      pe.frames = chain;
      status = image->resume(pe);
    }
    CHECK(status == WEFT_DONE);
    CHECK(pe.now == expected.now);
    CHECK(device.memory == expected.memory);
    CHECK(device.live_frames == 0);
  }
  std::filesystem::remove_all(folder);
}

TEST_CASE("a kernel is compiled once it has run long, and computes the same before and after") {
  auto engine = orcAt(-1);
  auto interp = jit::makeInterpreter();
  const auto op = static_cast<size_t>(tir::DsdOpcode::FMacS);
  const WeftKernel* table = engine->kernels(target::Fp16Format::F16);
  const WeftKernel first = table[op];
  std::vector<float> source(1000), expected(1000), actual(1000);
  for (size_t k = 0; k < source.size(); ++k) source[k] = static_cast<float>(k) * 0.37f - 50.0f;
  const auto run = [&](WeftKernel kernel, std::vector<float>& dest) {
    WeftBurst burst{};
    burst.dest = reinterpret_cast<uint8_t*>(dest.data());
    burst.src0 = burst.dest;
    burst.src1 = reinterpret_cast<const uint8_t*>(source.data());
    burst.dest_stride = burst.src0_stride = burst.src1_stride = 4;
    burst.scalar = 0x3dcccccd;
    burst.count = static_cast<uint32_t>(dest.size());
    kernel(&burst);
  };
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (table[op] == first && std::chrono::steady_clock::now() < until) {
    std::fill(actual.begin(), actual.end(), 0.0f);
    run(table[op], actual);
  }
  CHECK(table[op] != first);
  run(interp->kernels(target::Fp16Format::F16)[op], expected);
  CHECK(actual == expected);
  // Who still holds the first entry gets the same.
  for (const WeftKernel kernel : {first, table[op]}) {
    std::fill(actual.begin(), actual.end(), 0.0f);
    run(kernel, actual);
    CHECK(actual == expected);
  }
}

TEST_CASE("16-bit floats have the same bits on every CPU") {
  auto interp = jit::makeInterpreter();
  const WeftKernel* oracle = interp->kernels(target::Fp16Format::F16);
  std::mt19937 random(5);
  std::vector<uint16_t> a(4096), b(4096);
  for (auto* v : {&a, &b})
    for (uint16_t& x : *v) x = static_cast<uint16_t>(random());
  for (const std::string features : {"", "-avx512fp16", "-avx512f,-avx512fp16", "-avx512f,-avx512fp16,-fma", "-avx"}) {
    INFO("features " << features);
    auto engine = orcAt(2, features);
    const WeftKernel* kernels = engine->kernels(target::Fp16Format::F16);
    for (const tir::DsdOpcode op : {tir::DsdOpcode::FMacH, tir::DsdOpcode::FAddH, tir::DsdOpcode::FMulH}) {
      for (int round = 0; round < 20; ++round) {
        std::vector<uint16_t> expected = a, actual = a;
        const auto run = [&](const WeftKernel* table, std::vector<uint16_t>& dest) {
          WeftBurst burst{};
          burst.dest = reinterpret_cast<uint8_t*>(dest.data());
          burst.src0 = burst.dest;
          burst.src1 = reinterpret_cast<const uint8_t*>(b.data());
          burst.dest_stride = burst.src0_stride = burst.src1_stride = 2;
          burst.scalar = static_cast<uint16_t>(0x3c00 + round * 977);
          burst.count = static_cast<uint32_t>(dest.size()) - static_cast<uint32_t>(round);
          table[static_cast<size_t>(op)](&burst);
        };
        run(oracle, expected);
        run(kernels, actual);
        CHECK(actual == expected);
      }
    }
    for (uint64_t seed = 9100; seed < 9110; ++seed) {
      const tir::Program p = weft::testing::randomProgram(seed, target::Fp16Format::F16);
      auto image = weft::testing::compileOne(*engine, p);
      auto reference = weft::testing::compileOne(*interp, p);
      FakeDevice expected(p, oracle), actual(p, kernels);
      CHECK(expected.run(*reference, tir::FunctionId(0), kArgs) == actual.run(*image, tir::FunctionId(0), kArgs));
      CHECK(expected.memory == actual.memory);
      CHECK(expected.result == actual.result);
    }
  }
}

TEST_CASE("code for a CPU that this machine is not is refused") {
  for (const char* cpu : {"no-such-cpu", "x86-64-v4,+avx512fp16,+amx-complex,+tbm"}) {
    diag::Sink sink;
    jit::EngineOptions options;
    options.cpu = cpu;
    CHECK(!jit::makeOrc(options, sink));
    REQUIRE(sink.all().size() == 1);
    CHECK(sink.all().front().message == std::string("code for the CPU `") + cpu + "` cannot run on this machine");
  }
}
