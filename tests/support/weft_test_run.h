// Runs one test against the built `weft` command and says what differs. Used by weft_test.cpp.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "tests/support/weft_test_case.h"

#include <string>
#include <vector>

namespace weft::testing {

struct Options {
  // The command under test.
  std::filesystem::path weft = "weft";
  // Engines of behavior tests: "interp", "jit".
  std::vector<std::string> engines = {"interp", "jit"};
  // One process may take this long.
  int timeout_seconds = 60;
  bool update = false;
};

enum class Verdict { Pass, Fail, Todo };

struct Outcome {
  Verdict verdict = Verdict::Pass;
  // Why it failed: ready to print, ends in a newline; or a remark on a pass ("updated").
  std::string report;
};

Outcome runGolden(const Case& test, const Options& options);
Outcome runBehavior(const Case& test, const Options& options);
/// Checks one page of frontend/diag/explain: the first csl block shows the code, the second has no error.
Outcome runExplainPage(const std::filesystem::path& page, const Options& options);

}  // namespace weft::testing
