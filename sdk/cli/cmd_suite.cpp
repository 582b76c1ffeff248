// weft suite DIR: runs every example below DIR and prints a table. Where people start who bring a tree of programs.
// SPDX-License-Identifier: Apache-2.0
#include "sdk/cli/command.h"
#include "sdk/cli/suite.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>
#include <regex>

namespace weft::cli {

namespace {

constexpr const char* kStatus[] = {"pass", "fail", "timeout"};

std::string shortened(const std::string& text, size_t most) {
  return text.size() <= most ? text : text.substr(0, most - 3) + "...";
}

void writeJson(const std::string& path, const std::vector<SuiteCase>& cases) {
  nlohmann::ordered_json all = nlohmann::ordered_json::array();
  for (const SuiteCase& c : cases)
    all.push_back({{"name", c.name},
                   {"arch", c.arch},
                   {"status", kStatus[static_cast<size_t>(c.status)]},
                   {"seconds", c.seconds},
                   {"cycles", c.cycles},
                   {"diagnostic", c.diagnostic}});
  // Output of a foreign script may not be UTF-8.
  std::ofstream(path) << all.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
}

/// Simulated cycles per second of emulation: 1,234 k; empty where nothing was emulated.
std::string speed(const SuiteCase& c) {
  return c.run_seconds > 0 ? fmt::format("{:.0f} k", static_cast<double>(c.cycles) / c.run_seconds / 1e3) : "";
}

/// The five that took longest, and what their time went to.
void printSlowest(std::vector<SuiteCase> cases, size_t width) {
  const size_t most = std::min<size_t>(cases.size(), 5);
  std::partial_sort(cases.begin(), cases.begin() + static_cast<std::ptrdiff_t>(most), cases.end(),
                    [](const SuiteCase& a, const SuiteCase& b) { return a.seconds > b.seconds; });
  fmt::print("\n{:<{}}  {:<4}  {:>7}  {:>7}  {:>9}  {:>16}\n", "slowest", width, "arch", "seconds", "loading",
             "emulating", "cslc, the script");
  for (size_t i = 0; i < most; ++i) {
    const SuiteCase& c = cases[i];
    fmt::print("{:<{}}  {:<4}  {:>7.2f}  {:>7.2f}  {:>9.2f}  {:>16.2f}\n", c.name, width, c.arch, c.seconds,
               c.load_seconds, c.run_seconds, c.seconds - c.load_seconds - c.run_seconds);
  }
}

}  // namespace

int cmdSuite(const Args& args) {
  SuiteOptions options;
  std::string root;
  std::string json;
  CLI::App app{"Runs every example below a folder (one with a commands*.sh) in a scratch copy and prints a table.",
               "weft suite"};
  app.add_option("DIR", root, "the tree")->required();
  app.add_option("--json", json, "write the results to this file");
  app.add_option("--filter", options.filter, "only examples whose name (and arch) matches this expression");
  app.add_option("--engine", options.engine, "jit or interp")->check(CLI::IsMember({"jit", "interp"}));
  app.add_option("--threads", options.threads, "threads of each run")->check(CLI::Range(1, 1024));
  app.add_option("--timeout", options.timeout_seconds, "seconds each example may take")->check(CLI::PositiveNumber);
  app.add_option("--jobs,-j", options.jobs, "examples run at once")->check(CLI::PositiveNumber);
  app.add_option("--seed", options.seed, "seed of Python's and NumPy's global generators");
  app.add_option("--logs", options.log_folder, "keep the scripts' output in this folder");
  try {
    app.parse(std::vector<std::string>(args.rbegin(), args.rend()));
    (void)std::regex(options.filter);
  } catch (const CLI::CallForHelp&) {
    fmt::print("{}", app.help());
    return kClean;
  } catch (const CLI::ParseError& e) {
    return wrongUsage("weft suite", e.what());
  } catch (const std::regex_error&) {
    return wrongUsage("weft suite", fmt::format("`{}` is no regular expression", options.filter));
  }
  std::error_code error;
  options.root = std::filesystem::canonical(root, error);
  if (error || !std::filesystem::is_directory(options.root))
    return wrongUsage("weft suite", fmt::format("`{}` is not a folder", root));
  if (!options.log_folder.empty()) options.log_folder = std::filesystem::absolute(options.log_folder);
  std::vector<SuiteCase> cases = findSuiteCases(options);
  if (cases.empty())
    return wrongUsage("weft suite", fmt::format("there is no example (commands*.sh) below `{}`", root));

  size_t width = 4;
  for (const SuiteCase& c : cases) width = std::max(width, c.name.size());
  fmt::print("{:<{}}  {:<4}  {:<7}  {:>7}  {:>11}  {:>9}  {}\n", "name", width, "arch", "result", "seconds", "cycles",
             "cycles/s", "first diagnostic");
  std::vector<bool> ready(cases.size(), false);
  size_t printed = 0;
  const bool whole = runSuite(options, cases, [&](size_t index) {
    ready[index] = true;
    for (; printed < cases.size() && ready[printed]; ++printed) {
      const SuiteCase& c = cases[printed];
      fmt::print("{:<{}}  {:<4}  {:<7}  {:>7.2f}  {:>11}  {:>9}  {}\n", c.name, width, c.arch,
                 kStatus[static_cast<size_t>(c.status)], c.seconds, c.cycles, speed(c), shortened(c.diagnostic, 120));
      std::fflush(stdout);
    }
  });
  if (!whole) {
    fmt::print(stderr, "weft suite: interrupted\n");
    return 130;
  }
  size_t passed = 0;
  for (const SuiteCase& c : cases)
    if (c.status == SuiteStatus::Pass) ++passed;
  printSlowest(cases, width);
  fmt::print("\n{} of {} passed\n", passed, cases.size());
  if (!json.empty()) writeJson(json, cases);
  return passed == cases.size() ? kClean : kDiagnostics;
}

}  // namespace weft::cli
