// weft-test: finds golden and behavior tests below the given paths, runs them in parallel and prints what differs.
// Usage: weft-test [--weft=CMD] [--engines=interp,jit] [--jobs=N] [--filter=TEXT] [--update] [--flat] PATH...
//        weft-test --explain FOLDER      checks the pages of `weft explain`
// SPDX-License-Identifier: Apache-2.0
#include "tests/support/weft_test_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <mutex>
#include <thread>

namespace {

namespace fs = std::filesystem;
using namespace weft::testing;

struct CommandLine {
  Options options;
  std::vector<fs::path> paths;
  std::string filter;
  unsigned jobs = 2;
  bool flat = false;
  bool explain = false;
};

int usage() {
  fmt::print(stderr,
             "usage: weft-test [--weft=CMD] [--engines=interp,jit] [--jobs=N] [--timeout=SECONDS] [--filter=TEXT]\n"
             "                 [--update] [--flat] PATH...\n"
             "       weft-test --explain FOLDER\n");
  return 2;
}

std::vector<std::string> splitCommas(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const size_t comma = text.find(',');
    parts.emplace_back(text.substr(0, comma));
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
  }
  return parts;
}

bool parseArguments(int argc, char** argv, CommandLine& line) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view arg = argv[i];
    if (arg.starts_with("--weft=")) {
      line.options.weft = fs::absolute(std::string(arg.substr(7)));
    } else if (arg.starts_with("--engines=")) {
      line.options.engines = splitCommas(arg.substr(10));
    } else if (arg.starts_with("--jobs=")) {
      line.jobs = static_cast<unsigned>(std::max(1, std::atoi(argv[i] + 7)));
    } else if (arg.starts_with("--timeout=")) {
      line.options.timeout_seconds = std::max(1, std::atoi(argv[i] + 10));
    } else if (arg.starts_with("--filter=")) {
      line.filter = arg.substr(9);
    } else if (arg == "--update") {
      line.options.update = true;
    } else if (arg == "--flat") {
      line.flat = true;
    } else if (arg == "--explain") {
      line.explain = true;
    } else if (arg.starts_with("-")) {
      return false;
    } else {
      line.paths.push_back(fs::absolute(std::string(arg)).lexically_normal());
    }
  }
  return !line.paths.empty();
}

/// "sema" for .../golden/sema/assign/x.csl; "behavior" for anything below a folder of that name.
std::string stageOf(const fs::path& path) {
  const std::vector<fs::path> parts(path.begin(), path.end());
  for (size_t i = parts.size(); i-- > 0;) {
    if (parts[i] == "behavior") return "behavior";
    if (parts[i] == "golden" && i + 2 < parts.size()) return parts[i + 1].string();
  }
  return "sema";
}

std::vector<fs::path> findTests(const CommandLine& line) {
  std::vector<fs::path> tests;
  const std::string wanted = line.explain ? ".md" : ".csl";
  auto take = [&](const fs::path& path) {
    if (path.extension() == wanted && path.filename() != "README.md" &&
        path.string().find(line.filter) != std::string::npos)
      tests.push_back(path);
  };
  for (const fs::path& path : line.paths) {
    std::error_code ignored;
    if (!fs::is_directory(path, ignored)) {
      take(path);
    } else if (line.flat) {
      for (const auto& entry : fs::directory_iterator(path)) take(entry.path());
    } else {
      for (const auto& entry : fs::recursive_directory_iterator(path)) take(entry.path());
    }
  }
  std::sort(tests.begin(), tests.end());
  return tests;
}

Outcome runTest(const fs::path& path, const CommandLine& line) {
  if (line.explain) return runExplainPage(path, line.options);
  std::ifstream in(path, std::ios::binary);
  if (!in) return {Verdict::Fail, "    cannot be read\n"};
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  std::string error;
  const auto test = parseCase(path, stageOf(path), text, error);
  if (!test) return {Verdict::Fail, "    " + error + "\n"};
  return test->stage == "behavior" ? runBehavior(*test, line.options) : runGolden(*test, line.options);
}

}  // namespace

int main(int argc, char** argv) {
  CommandLine line;
  if (!parseArguments(argc, argv, line)) return usage();
  const std::vector<fs::path> tests = findTests(line);
  if (tests.empty()) {
    fmt::print(stderr, "weft-test: no test found\n");
    return line.explain ? 0 : 2;
  }

  std::vector<Outcome> outcomes(tests.size());
  std::atomic<size_t> next{0};
  std::mutex print_mutex;
  auto work = [&] {
    for (size_t i; (i = next.fetch_add(1)) < tests.size();) {
      outcomes[i] = runTest(tests[i], line);
      const Outcome& outcome = outcomes[i];
      if (outcome.verdict == Verdict::Pass && outcome.report.empty()) continue;
      const std::lock_guard lock(print_mutex);
      constexpr std::string_view kWords[] = {"ok", "FAIL", "todo"};
      fmt::print("{:4} {}\n{}", kWords[static_cast<int>(outcome.verdict)],
                 tests[i].lexically_relative(fs::current_path()).string(), outcome.report);
    }
  };
  std::vector<std::jthread> workers;
  for (unsigned i = 1; i < line.jobs; ++i) workers.emplace_back(work);
  work();
  workers.clear();

  auto count = [&](Verdict v) {
    return std::count_if(outcomes.begin(), outcomes.end(), [&](const Outcome& o) { return o.verdict == v; });
  };
  fmt::print("{} tests: {} passed, {} failed, {} known wrong\n", tests.size(), count(Verdict::Pass),
             count(Verdict::Fail), count(Verdict::Todo));
  return count(Verdict::Fail) == 0 ? 0 : 1;
}
