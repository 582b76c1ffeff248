// Renders a RunReport.
// SPDX-License-Identifier: Apache-2.0
#include "sdk/profile/run_report.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace weft::profile {

std::string toJson(const RunReport& r) {
  return nlohmann::ordered_json{{"cycles", r.stats.cycles},
                                {"memory_hash", fmt::format("{:016x}", r.memory_hash)},
                                {"trace_hash", fmt::format("{:016x}", r.trace_hash)},
                                {"traps", r.traps},
                                {"wavelet_hops", r.stats.wavelet_hops},
                                {"tasks_started", r.stats.tasks_started},
                                {"segments", r.stats.instructions},
                                {"dsd_elements", r.stats.dsd_elements},
                                {"state_bytes", r.stats.state_bytes},
                                {"memory_bytes", r.stats.memory_bytes},
                                {"dropped_off_edge", r.stats.dropped_off_edge},
                                {"engine", r.engine},
                                {"threads", r.threads},
                                {"compile_seconds", r.compile_seconds},
                                {"load_seconds", r.load_seconds},
                                {"run_seconds", r.run_seconds}}
      .dump();
}

std::string toText(const RunReport& r) {
  std::string text;
  auto row = [&](const char* name, const std::string& value) { text += fmt::format("{:<22}{}\n", name, value); };
  row("cycles", fmt::format("{}", r.stats.cycles));
  row("tasks started", fmt::format("{}", r.stats.tasks_started));
  row("wavelet hops", fmt::format("{}", r.stats.wavelet_hops));
  row("vector elements", fmt::format("{}", r.stats.dsd_elements));
  row("PE memory touched", fmt::format("{} bytes", r.stats.memory_bytes));
  row("simulator state", fmt::format("{} bytes", r.stats.state_bytes));
  if (r.stats.dropped_off_edge != 0) row("dropped off the edge", fmt::format("{} wavelets", r.stats.dropped_off_edge));
  row("engine", r.engine);
  row("compile", fmt::format("{:.3f} s", r.compile_seconds));
  row("load", fmt::format("{:.3f} s", r.load_seconds));
  row("run", fmt::format("{:.3f} s", r.run_seconds));
  return text;
}

}  // namespace weft::profile
