// The figures of one run, each with its unit, as text and JSON. Read by people, the test runner and the bench.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "sdk/mesh/mesh.h"

#include <cstdint>
#include <string>
#include <vector>

namespace weft::profile {

struct RunReport {
  std::string engine;
  int threads = 0;
  /// Wall time, in seconds.
  double compile_seconds = 0;
  double load_seconds = 0;
  double run_seconds = 0;
  mesh::MeshStats stats;
  uint64_t memory_hash = 0;
  uint64_t trace_hash = 0;
  /// Codes of the traps that ended the run.
  std::vector<std::string> traps;
};

/// One JSON object on one line. Hashes are hex strings (a JSON number may lose bits).
std::string toJson(const RunReport& report);
std::string toText(const RunReport& report);

}  // namespace weft::profile
