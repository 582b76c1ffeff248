// Starts one process in a folder, with a time limit, and collects what it printed. Used by weft_test_run.cpp.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <string>
#include <vector>

namespace weft::testing {

struct ProcessResult {
  // Exit status, or 128 + signal number.
  int status = 0;
  bool timed_out = false;
  std::string out;
  std::string err;
};

ProcessResult runProcess(const std::vector<std::string>& command, const std::filesystem::path& folder,
                         int timeout_seconds);

/// A folder of its own under the system's temporary folder, removed at the end.
class ScratchFolder {
 public:
  ScratchFolder();
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace weft::testing
