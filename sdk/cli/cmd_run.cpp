// weft run DIR: compiles and runs a folder's program by its own commands. weft run FILE: runs a layout file in this
// process and prints the exported variables.
// SPDX-License-Identifier: Apache-2.0
#include "sdk/cli/command.h"
#include "sdk/cli/words.h"
#include "sdk/driver/build.h"
#include "sdk/driver/run.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>

namespace weft::cli {

namespace {

namespace fs = std::filesystem;

struct RunWords {
  std::optional<std::string> engine, threads, opt, max_cycles, report, form, seed, block_edge;
  std::vector<std::string> launches;
  bool strict = false;
  bool trace_hash = false;
  bool quiet = false;
  Args rest;
};

RunWords takeRunWords(const Args& args) {
  RunWords w;
  w.rest = args;
  w.engine = takeValue(w.rest, "--engine");
  w.threads = takeValue(w.rest, "--threads");
  w.opt = takeValue(w.rest, "--opt");
  w.max_cycles = takeValue(w.rest, "--max-cycles");
  w.report = takeValue(w.rest, "--report");
  w.form = takeValue(w.rest, "--diagnostics");
  w.seed = takeValue(w.rest, "--schedule-seed");
  w.block_edge = takeValue(w.rest, "--block-edge");
  w.launches = takeValues(w.rest, "--launch");
  w.strict = takeFlag(w.rest, "--strict-memory");
  w.trace_hash = takeFlag(w.rest, "--trace-hash");
  w.quiet = takeFlag(w.rest, "--quiet");
  return w;
}

void printHelp() {
  fmt::print(
      "usage: weft run DIR [run options] [--arch=wse2|wse3]\n"
      "       weft run FILE [run options] [compile options]\n\n"
      "DIR: runs commands_wse2.sh or commands_wse3.sh of the folder in place, or compiles its layout.csl and runs "
      "run.py.\n"
      "FILE: compiles the layout file, runs it until nothing moves and prints the exported variables.\n\n"
      "  --launch NAME[:A,B..]            call an exported function first; repeatable, in order\n"
      "  --engine=jit|interp              which engine runs the code\n"
      "  --opt=0|2                        cheap code, or optimised code at once (jit)\n"
      "  --threads=N                      force this many workers\n"
      "  --max-cycles=N                   give up at this cycle\n"
      "  --report=text|json               print the run's figures (json: nothing else on standard output)\n"
      "  --diagnostics=text|json          form of the diagnostics\n"
      "  --schedule-seed=N                other legal choices of the scheduler\n"
      "  --block-edge=N                   cut the mesh into blocks of this size\n"
      "  --strict-memory                  accesses outside all symbols are traps\n"
      "  --quiet                          do not print the exported variables\n\nCompile options:\n{}",
      driver::compileOptionsHelp());
}

/// The settings reach scripts through the environment, as they do for every host program.
void exportSettings(const RunWords& w) {
  auto set = [](const char* name, const std::optional<std::string>& value) {
    if (value) setenv(name, value->c_str(), 1);
  };
  set("WEFT_ENGINE", w.engine);
  set("WEFT_THREADS", w.threads);
  set("WEFT_OPT", w.opt);
  set("WEFT_MAX_CYCLES", w.max_cycles);
  set("WEFT_SCHEDULE_SEED", w.seed);
  set("WEFT_BLOCK_EDGE", w.block_edge);
  if (w.strict) setenv("WEFT_STRICT_MEMORY", "1", 1);
}

int runProcess(const std::vector<std::string>& words) {
  std::vector<char*> argv;
  std::vector<std::string> copy = words;
  for (std::string& word : copy) argv.push_back(word.data());
  argv.push_back(nullptr);
  // The child gets the terminal's Ctrl-C itself; this process waits for what it makes of it.
  struct sigaction ignore{};
  struct sigaction before{};
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGINT, &ignore, &before);
  const pid_t pid = fork();
  if (pid == 0) {
    sigaction(SIGINT, &before, nullptr);
    execvp(argv[0], argv.data());
    fmt::print(stderr, "weft run: `{}` cannot be started: {}\n", words[0], std::strerror(errno));
    _exit(127);
  }
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  sigaction(SIGINT, &before, nullptr);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int runFolder(const fs::path& folder, const RunWords& w) {
  Args rest = w.rest;
  std::erase(rest, folder.string());
  const auto arch = takeValue(rest, "--arch");
  exportSettings(w);
  const char* path = std::getenv("PATH");
  setenv("PATH", (binaryFolder() + (path != nullptr ? std::string(":") + path : "")).c_str(), 1);
  std::error_code error;
  fs::current_path(folder, error);
  if (error) return wrongUsage("weft run", fmt::format("`{}` cannot be entered", folder.string()));
  std::string script;
  for (const std::string& name : arch ? std::vector<std::string>{"commands_" + *arch + ".sh"}
                                      : std::vector<std::string>{"commands_wse2.sh", "commands_wse3.sh", "commands.sh"})
    if (script.empty() && fs::exists(name)) script = name;
  const fs::path file = fs::temp_directory_path() / fmt::format("weft-run-{}.reports", getpid());
  if (w.report) setenv("WEFT_REPORT_FILE", file.c_str(), 1);
  const auto start = std::chrono::steady_clock::now();
  int status = 0;
  if (!script.empty()) {
    status = runProcess({"bash", script});
  } else if (fs::exists("layout.csl") && fs::exists("run.py")) {
    std::vector<std::string> compile{"cslc", "layout.csl", "-o", "out", "--memcpy", "--channels=1"};
    if (arch) compile.push_back("--arch=" + *arch);
    compile.insert(compile.end(), rest.begin(), rest.end());
    status = runProcess(compile);
    if (status == 0) status = runProcess({"cs_python", "run.py", "--name", "out"});
  } else {
    return wrongUsage("weft run", fmt::format("`{}` has neither {} nor layout.csl with run.py", folder.string(),
                                              arch ? "commands_" + *arch + ".sh" : "a commands*.sh"));
  }
  if (w.report) {
    const std::vector<profile::RunReport> reports = profile::readReports(file);
    fs::remove(file, error);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    uint64_t total = 0;
    for (const profile::RunReport& report : reports) total += report.stats.cycles;
    if (*w.report == "json") {
      auto runs = nlohmann::ordered_json::array();
      for (const profile::RunReport& report : reports) runs.push_back(nlohmann::ordered_json::parse(toJson(report)));
      fmt::print(
          "{}\n",
          nlohmann::ordered_json{{"cycles", total}, {"seconds", seconds}, {"status", status}, {"runs", runs}}.dump());
    } else {
      for (const profile::RunReport& report : reports) fmt::print("\n{}", profile::toText(report));
      fmt::print("{:<22}{:.3f} s, {} run{}\n", "script in all", seconds, reports.size(),
                 reports.size() == 1 ? "" : "s");
    }
  }
  return status == 0 ? kClean : status;
}

template <class T>
bool readNumber(const std::optional<std::string>& text, T& out) {
  if (!text) return true;
  const auto [stop, error] = std::from_chars(text->data(), text->data() + text->size(), out);
  return error == std::errc() && stop == text->data() + text->size();
}

/// "f:1,2" -> f with two arguments.
driver::Launch parseLaunch(const std::string& text) {
  driver::Launch launch;
  const size_t colon = text.find(':');
  launch.function = text.substr(0, colon);
  for (size_t begin = colon; begin != std::string::npos && begin + 1 < text.size();) {
    const size_t comma = text.find(',', begin + 1);
    launch.arguments.push_back(text.substr(begin + 1, comma == std::string::npos ? comma : comma - begin - 1));
    begin = comma;
  }
  return launch;
}

/// Ctrl-C is blocked and looked for: the run then ends at a defined point with its state kept.
std::function<bool()> interruptPoll() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  return [set] {
    const timespec now{0, 0};
    return sigtimedwait(&set, nullptr, &now) == SIGINT;
  };
}

int runFile(const RunWords& w) {
  driver::ParsedOptions parsed = driver::parseCompileOptions(w.rest);
  if (!parsed.errors.empty()) return wrongUsage("weft run", parsed.errors.front());
  driver::RunOptions options;
  source::SourceManager no_sources;
  diag::Sink early;
  const DiagnosticPrinter printer(w.form && *w.form == "json");
  exportSettings(w);
  auto settings = host::SimulationOptions::fromEnvironment(early);
  if (!settings) {
    printer.print(early.drain(), no_sources);
    return kUsage;
  }
  options.simulation = *settings;
  // Reports compare runs, so they always carry the hash.
  options.simulation.mesh.trace_hash = w.trace_hash || w.report.has_value();
  for (const std::string& text : w.launches) options.launches.push_back(parseLaunch(text));
  // A launch needs the host interface; without a script nobody else would ask for it.
  if (!options.launches.empty()) parsed.options.memcpy = true;
  if (parsed.options.memcpy && parsed.options.channels == 0) parsed.options.channels = 1;

  const auto start = std::chrono::steady_clock::now();
  driver::Build build(parsed.options);
  const auto plan = build.compileAny();
  const double compile_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  printer.print(build.sink().drain(), build.sources());
  if (!plan) return kDiagnostics;
  options.poll = interruptPoll();
  driver::RunOutcome outcome = driver::runProgram(*plan, options, build.sink());
  outcome.report.compile_seconds = compile_seconds;
  printer.print(build.sink().drain(), build.sources());
  const bool json = w.report && *w.report == "json";
  if (json) {
    fmt::print("{}\n", profile::toJson(outcome.report));
  } else {
    if (!w.quiet) fmt::print("{}", outcome.exports);
    if (w.report) fmt::print("{}", profile::toText(outcome.report));
  }
  if (outcome.interrupted) return 130;
  return outcome.good ? kClean : kDiagnostics;
}

}  // namespace

int cmdRun(const Args& args) {
  RunWords w = takeRunWords(args);
  if (w.rest.empty()) return wrongUsage("weft run", "a folder or a layout file is expected");
  for (const std::string& word : w.rest) {
    if (word == "--help" || word == "-h") {
      printHelp();
      return kClean;
    }
  }
  int number = 0;
  uint64_t large = 0;
  if (w.engine && *w.engine != "jit" && *w.engine != "interp")
    return wrongUsage("weft run", fmt::format("`--engine={}` names no engine", *w.engine));
  if (!readNumber(w.threads, number) || number < 0) return wrongUsage("weft run", "--threads takes a number");
  if (!readNumber(w.opt, number)) return wrongUsage("weft run", "--opt takes 0 or 2");
  if (!readNumber(w.max_cycles, large)) return wrongUsage("weft run", "--max-cycles takes a number");
  if (w.report && *w.report != "json" && *w.report != "text")
    return wrongUsage("weft run", fmt::format("`--report={}` is neither text nor json", *w.report));
  for (const std::string& word : w.rest)
    if (!word.starts_with('-') && fs::is_directory(word)) return runFolder(word, w);
  return runFile(w);
}

}  // namespace weft::cli
