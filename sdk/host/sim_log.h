// The files a simulator run leaves in the current directory: sim.log, sim_stats.json, simconfig.json, simfab_traces/.
// Used by Runtime.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/plan/fabric_plan.h"
#include "sdk/host/trace_file.h"
#include "sdk/host/trace_lines.h"
#include "sdk/mesh/mesh.h"

#include <chrono>
#include <cstdio>
#include <deque>
#include <memory>
#include <string>
#include <unordered_map>

namespace weft::host {

class SimLog {
 public:
  /// Creates sim.log and simconfig.json in the current directory (a folder that cannot be written is not an error) and
  /// listens to the mesh: <simprint> lines always; when SIMFABRIC_DEBUG has `landing`, `router` or `inst_trace`, to
  /// what these show. The first wavelets that arrive go to the trace. `key` names the program; `init_seconds` is what
  /// loading took.
  SimLog(mesh::Mesh& mesh, const std::string& key, bool suppress_trace, double init_seconds);
  ~SimLog();
  SimLog(const SimLog&) = delete;
  SimLog& operator=(const SimLog&) = delete;

  void line(mesh::Cycles cycle, const std::string& text);
  /// Trailer lines and sim_stats.json.
  void finish();

 private:
  struct Close {
    void operator()(std::FILE* f) const { std::fclose(f); }
  };
  // Borrowed from the Simulation, which outlives the log.
  mesh::Mesh& mesh_;
  std::unique_ptr<std::FILE, Close> file_;
  std::string stats_path_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  double init_seconds_;
  std::unique_ptr<TraceFile> trace_;
  TraceLines lines_;
  bool log_landings_ = false;
  bool log_routers_ = false;
  bool log_instructions_ = false;
  uint64_t named_ = 0;
  /// Names of wavelets between two routers, in order: by PE, color and port of the one they come to.
  std::unordered_map<uint64_t, std::deque<uint64_t>> under_way_;
  bool finished_ = false;

  void header(const std::string& key);
  [[nodiscard]] bool logsWavelets() const { return log_landings_ || log_routers_; }
  void arrived(const mesh::WaveletEvent& event);
  /// The name of a wavelet, the same along its way; takes it on to the next routers.
  uint64_t nameOf(const mesh::WaveletEvent& event);
};

}  // namespace weft::host
