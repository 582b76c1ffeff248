// Runs one compiled program from the command line: launches functions, prints the exported variables, makes the report.
// Used by `weft run FILE`.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/base/result.h"
#include "frontend/diag/diag.h"
#include "frontend/plan/fabric_plan.h"
#include "sdk/host/simulation.h"
#include "sdk/profile/run_report.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace weft::driver {

/// `--launch f` or `--launch f:1,2.5`.
struct Launch {
  std::string function;
  std::vector<std::string> arguments;
};

struct RunOptions {
  host::SimulationOptions simulation;
  std::vector<Launch> launches;
  /// Looked at about every 50 ms; true interrupts.
  std::function<bool()> poll;
  /// Most PEs and most elements of an array that are printed.
  uint32_t most_pes = 16;
  uint32_t most_elements = 64;
};

struct RunOutcome {
  bool good = false;
  bool interrupted = false;
  profile::RunReport report;
  /// The exported variables, a line per variable and PE; empty when the run failed.
  std::string exports;
};

/// Runs until every launch is complete, then until nothing moves. Diagnostics go to the sink.
RunOutcome runProgram(std::shared_ptr<const plan::FabricPlan> plan, const RunOptions& options, diag::Sink& sink);

/// The exported variables of all PEs as text.
std::string printExports(const mesh::Mesh& mesh, uint32_t most_pes, uint32_t most_elements);

}  // namespace weft::driver
