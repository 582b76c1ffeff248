// A generated program gives the same memory, traps and cycles under the interpreter and the JIT, at both levels and for
// every CPU level this machine has.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/base/check.h"
#include "frontend/diag/diag.h"
#include "frontend/session/session.h"
#include "sdk/driver/run.h"
#include "sdk/host/engine_loader.h"
#include "tests/support/cpu_levels.h"
#include "tests/support/program_generator.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace {

using namespace weft;

struct Figures {
  uint64_t cycles = 0;
  uint64_t memory = 0;
  bool good = false;
  std::vector<std::string> traps;
  bool operator==(const Figures&) const = default;
};

Figures runUnder(const std::shared_ptr<const plan::FabricPlan>& plan, const std::string& engine, int level,
                 const std::string& cpu = "") {
  driver::RunOptions options;
  options.simulation.engine = engine;
  options.simulation.opt_level = level;
  options.simulation.cpu = cpu;
  options.simulation.mesh.threads = 1;
  options.simulation.max_cycles = 1'000'000;
  diag::Sink sink;
  const driver::RunOutcome outcome = driver::runProgram(plan, options, sink);
  return {outcome.report.stats.cycles, outcome.report.memory_hash, outcome.good, outcome.report.traps};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string program = testing::generatePeProgram(data, size);
  session::Session session;
  session.setBuffer("layout.csl", testing::onePeLayout());
  session.setBuffer("pe.csl", program);
  session::CompileOptions options;
  options.source = "layout.csl";
  options.arch = size % 2 == 0 ? target::Arch::Wse2 : target::Arch::Wse3;
  const auto plan = session.compile(options);
  if (!plan) {
    std::string all;
    for (const auto& diagnostic : session.sink().all()) all += diag::renderText(diagnostic, session.sources());
    WEFT_CHECK(false, "a generated program does not compile:\n{}\n{}", all, program);
  }
  const Figures oracle = runUnder(*plan, "interp", 0);
  static const std::vector<std::string> cpus = testing::cpuLevels(
      [](const jit::EngineOptions& o, diag::Sink& sink) { return host::makeEngine("jit", o, sink); });
  auto compare = [&](int level, const std::string& cpu) {
    const Figures found = runUnder(*plan, "jit", level, cpu);
    WEFT_CHECK(found == oracle, "engines disagree at -O{} {}: cycles {} and {}, memory {:x} and {:x}\n{}", level, cpu,
               oracle.cycles, found.cycles, oracle.memory, found.memory, program);
  };
  compare(0, "");
  for (const std::string& cpu : cpus) compare(2, cpu);
  return 0;
}
