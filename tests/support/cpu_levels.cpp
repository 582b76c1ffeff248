// The ladder of x86-64, with a rung each for fused multiply-adds, 16-bit conversions and 16-bit arithmetic.
// SPDX-License-Identifier: Apache-2.0
#include "tests/support/cpu_levels.h"

#include <fmt/format.h>

#include <cstdio>

namespace weft::testing {

std::vector<std::string> cpuLevels(const MakeEngine& make) {
  std::vector<std::string> levels = {""};
  for (const char* cpu : {"x86-64-v2", "x86-64-v3,-fma,-f16c", "x86-64-v3", "x86-64-v4", "x86-64-v4,+avx512fp16"}) {
    diag::Sink sink;
    jit::EngineOptions options;
    options.cpu = cpu;
    if (make(options, sink)) {
      levels.emplace_back(cpu);
      continue;
    }
    std::string why;
    for (const auto& diagnostic : sink.all())
      for (const auto& note : diagnostic.notes) why += note;
    fmt::print("skipped: code for {}: {}\n", cpu, why);
  }
  std::fflush(stdout);
  return levels;
}

}  // namespace weft::testing
