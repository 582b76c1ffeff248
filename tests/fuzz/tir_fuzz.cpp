// Random TIR under every engine, level and set of CPU features: results, traps, memory, what the device was asked and
// the cycle of it must be the same, whether calls block or not.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/base/check.h"
#include "tests/support/cpu_levels.h"
#include "tests/support/fake_device.h"
#include "tests/support/tir_gen.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

using namespace weft;
using weft::testing::Blocking;

namespace {

struct Variant {
  std::string name;
  std::unique_ptr<jit::Engine> engine;
};

std::vector<Variant> makeVariants() {
  std::vector<Variant> variants;
  variants.push_back({"interp", jit::makeInterpreter()});
  auto add = [&](int level, const std::string& cpu) {
    diag::Sink sink;
    jit::EngineOptions options;
    options.opt_level = level;
    options.compile_threads = 1;
    options.cpu = cpu;
    const std::string name = fmt::format("orc -O{} {}", level, cpu.empty() ? "for this machine" : cpu);
    auto engine = jit::makeOrc(options, sink);
    WEFT_CHECK(static_cast<bool>(engine), "making {}: {}", name,
               sink.all().empty() ? "failed" : sink.all().front().message);
    variants.push_back({name, *std::move(engine)});
  };
  add(0, "");
  for (const std::string& cpu : weft::testing::cpuLevels(jit::makeOrc)) add(2, cpu);
  return variants;
}

struct Outcome {
  int32_t status = 0;
  uint64_t result = 0;
  uint64_t now = 0;
  uint64_t live_frames = 0;
  std::vector<uint8_t> memory;
  std::vector<std::string> log;
};

Outcome outcome(const weft::testing::GeneratedProgram& g, jit::CodeImage& image, const WeftKernel* kernels,
                Blocking blocking) {
  weft::testing::FakeDevice device(g.final, kernels);
  device.blocking = blocking;
  Outcome out;
  out.status = device.run(image, g.entry, g.args);
  if (g.final.function(g.entry).result != tir::Type::Void) out.result = device.result;
  out.now = device.now;
  out.live_frames = device.live_frames;
  out.memory = device.memory;
  out.log = device.log;
  return out;
}

void compare(const weft::testing::GeneratedProgram& g, const std::string& name, const Outcome& want,
             const Outcome& got) {
  auto program = [&] { return tir::print(g.final); };
  for (size_t k = 0; k < want.log.size() && k < got.log.size(); ++k)
    WEFT_CHECK(want.log[k] == got.log[k], "{}: call {} is `{}`, not `{}`\n{}", name, k, got.log[k], want.log[k],
               program());
  WEFT_CHECK(want.log.size() == got.log.size(), "{}: {} calls, not {}\n{}", name, got.log.size(), want.log.size(),
             program());
  WEFT_CHECK(want.status == got.status, "{}: status {}, not {}\n{}", name, got.status, want.status, program());
  for (size_t k = 0; k < want.memory.size(); ++k)
    WEFT_CHECK(want.memory[k] == got.memory[k], "{}: byte {} is {}, not {}\n{}", name, k, got.memory[k], want.memory[k],
               program());
  WEFT_CHECK(want.result == got.result, "{}: result {:#x}, not {:#x}\n{}", name, got.result, want.result, program());
  WEFT_CHECK(want.now == got.now, "{}: cycle {}, not {}\n{}", name, got.now, want.now, program());
  WEFT_CHECK(got.live_frames == 0, "{}: {} frames were not given back\n{}", name, got.live_frames, program());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // Engines are dear to make; they keep nothing of a program but its code.
  static const std::vector<Variant> variants = makeVariants();
  const auto g = weft::testing::generateProgram(std::span(data, size));
  Outcome want;
  for (size_t k = 0; k < variants.size(); ++k) {
    const auto image = weft::testing::compileOne(*variants[k].engine, g.final);
    const WeftKernel* kernels = variants[k].engine->kernels(g.final.fp16);
    for (Blocking blocking : {Blocking::Never, Blocking::Always, Blocking::Sometimes}) {
      const Outcome got = outcome(g, *image, kernels, blocking);
      if (k == 0 && blocking == Blocking::Never)
        want = got;
      else
        compare(g, fmt::format("{}, blocking {}", variants[k].name, static_cast<int>(blocking)), want, got);
    }
  }
  return 0;
}
