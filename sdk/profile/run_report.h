// The figures of one run, each with its unit, as text and JSON. Read by people, the test runner, the suite and the
// bench.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "sdk/mesh/mesh.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weft::profile {

struct RunReport {
  std::string engine;
  int threads = 0;
  std::string arch;
  /// Of the program rectangle, in PEs.
  uint32_t width = 0;
  uint32_t height = 0;
  /// Distinct programs the PEs share.
  uint32_t programs = 0;
  /// Wall time, in seconds; 0 where somebody else did the step.
  double compile_seconds = 0;
  double load_seconds = 0;
  double run_seconds = 0;
  mesh::MeshStats stats;
  uint64_t memory_hash = 0;
  uint64_t trace_hash = 0;
  /// Codes of the traps that ended the run.
  std::vector<std::string> traps;

  /// Takes everything that the mesh knows of itself.
  void takeFrom(const mesh::Mesh& mesh);
};

/// What a cycle count leaves out, a line each: printed with every report, so that no figure is quoted without it.
const std::vector<std::string>& notModelled();

/// One JSON object on one line. Hashes are hex strings (a JSON number may lose bits).
std::string toJson(const RunReport& report);
/// The reverse; nullopt when the text is no report.
std::optional<RunReport> fromJson(std::string_view text);
std::string toText(const RunReport& report);

/// The reports in a file that WEFT_REPORT_FILE named, a line for each run; none when there is no such file.
std::vector<RunReport> readReports(const std::filesystem::path& file);

}  // namespace weft::profile
