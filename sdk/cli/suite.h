// Finds and runs the examples of a tree, each in a scratch copy. Used by cmd_suite.cpp.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace weft::cli {

struct SuiteOptions {
  std::filesystem::path root;
  std::string filter;
  std::string engine;
  /// 0: leave the choice to the runtime.
  int threads = 0;
  int timeout_seconds = 300;
  int jobs = 0;
  uint64_t seed = 0;
  /// Outputs of the scripts are kept here; empty = thrown away.
  std::filesystem::path log_folder;
};

enum class SuiteStatus : uint8_t { Pass, Fail, Timeout };

struct SuiteCase {
  /// Folder below the root.
  std::string name;
  std::filesystem::path folder;
  std::string script;
  std::string arch;
  SuiteStatus status = SuiteStatus::Fail;
  double seconds = 0;
  uint64_t cycles = 0;
  /// Of `seconds`: loading (the JIT's compilation is part of it) and emulating, over the script's runs.
  double load_seconds = 0;
  double run_seconds = 0;
  std::string diagnostic;
};

/// Every folder with a `commands*.sh`, one case per script, in order of name.
std::vector<SuiteCase> findSuiteCases(const SuiteOptions& options);

/// Runs them `jobs` at a time; `done` is called for each as it ends (any order). False when interrupted.
bool runSuite(const SuiteOptions& options, std::vector<SuiteCase>& cases, const std::function<void(size_t)>& done);

/// The line of a script's output that says what went wrong.
std::string firstDiagnostic(const std::string& output);

}  // namespace weft::cli
