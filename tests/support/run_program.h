// Generated programs compiled and run inside a fuzz target. Only for those that link the driver.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/base/check.h"
#include "frontend/session/session.h"
#include "sdk/driver/run.h"

#include <memory>
#include <string>
#include <vector>

namespace weft::testing {

/// What must be the same however a program is run.
struct Figures {
  uint64_t cycles = 0;
  uint64_t memory = 0;
  bool good = false;
  std::vector<std::string> traps;
  bool operator==(const Figures&) const = default;
};

/// The plan of `layout.csl` and `pe.csl`. It is our mistake if there is none.
inline std::shared_ptr<const plan::FabricPlan> compileGenerated(const std::string& layout, const std::string& pe,
                                                                const session::CompileOptions& options) {
  session::Session session;
  session.setBuffer("layout.csl", layout);
  session.setBuffer("pe.csl", pe);
  session::CompileOptions all = options;
  all.source = "layout.csl";
  auto plan = session.compile(all);
  if (plan) return *plan;
  std::string text;
  for (const auto& diagnostic : session.sink().all()) text += diag::renderText(diagnostic, session.sources());
  WEFT_CHECK(false, "a generated program does not compile:\n{}\n{}\n{}", text, layout, pe);
}

inline Figures runUnder(const std::shared_ptr<const plan::FabricPlan>& plan, const std::string& engine, int level,
                        const std::string& cpu = "") {
  driver::RunOptions options;
  options.simulation.engine = engine;
  options.simulation.opt_level = level;
  options.simulation.cpu = cpu;
  options.simulation.mesh.threads = 1;
  options.simulation.max_cycles = 20'000'000;
  diag::Sink sink;
  const driver::RunOutcome outcome = driver::runProgram(plan, options, sink);
  return {outcome.report.stats.cycles, outcome.report.memory_hash, outcome.good, outcome.report.traps};
}

}  // namespace weft::testing
