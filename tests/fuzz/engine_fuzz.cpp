// A generated program gives the same memory, traps and cycles under the interpreter and the JIT, at both levels and for
// every CPU level this machine has.
// SPDX-License-Identifier: Apache-2.0
#include "sdk/host/engine_loader.h"
#include "tests/support/cpu_levels.h"
#include "tests/support/program_generator.h"
#include "tests/support/run_program.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

using namespace weft;
using testing::Figures;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::vector<std::string> cpus = testing::cpuLevels(
      [](const jit::EngineOptions& o, diag::Sink& sink) { return host::makeEngine("jit", o, sink); });
  const std::string program = testing::generatePeProgram(data, size);
  session::CompileOptions options;
  options.arch = size % 2 == 0 ? target::Arch::Wse2 : target::Arch::Wse3;
  const auto plan = testing::compileGenerated(testing::onePeLayout(), program, options);
  const Figures oracle = testing::runUnder(plan, "interp", 0);
  auto compare = [&](int level, const std::string& cpu) {
    const Figures found = testing::runUnder(plan, "jit", level, cpu);
    WEFT_CHECK(found == oracle, "engines disagree at -O{} {}: cycles {} and {}, memory {:x} and {:x}\n{}", level, cpu,
               oracle.cycles, found.cycles, oracle.memory, found.memory, program);
  };
  compare(0, "");
  for (const std::string& cpu : cpus) compare(2, cpu);
  return 0;
}
