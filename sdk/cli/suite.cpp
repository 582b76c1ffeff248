// One thread, several children: a loop starts, watches and ends them. A case gets a copy of its own folder inside a
// mirror of the tree, so that paths such as ../../shared keep working and nothing in the original is written.
// SPDX-License-Identifier: Apache-2.0
#include "sdk/cli/suite.h"

#include "sdk/cli/command.h"
#include "sdk/host/engine_loader.h"
#include "sdk/profile/run_report.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <regex>
#include <thread>

namespace weft::cli {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

namespace {

struct Child {
  size_t index = 0;
  pid_t pid = -1;
  Clock::time_point start;
  fs::path scratch;
  bool timed_out = false;
};

std::string readText(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// Copies `folder`; everything beside it and beside its parents up to `top` becomes a link to the original.
fs::path mirror(const fs::path& top, const fs::path& folder, const fs::path& scratch) {
  std::error_code ignored;
  fs::path from = top;
  fs::path to = scratch;
  for (const fs::path& part : fs::relative(folder, top)) {
    fs::create_directories(to, ignored);
    for (const fs::directory_entry& entry : fs::directory_iterator(from, ignored))
      if (entry.path().filename() != part) fs::create_symlink(entry.path(), to / entry.path().filename(), ignored);
    from /= part;
    to /= part;
  }
  fs::copy(folder, to, fs::copy_options::recursive | fs::copy_options::copy_symlinks, ignored);
  return to;
}

class Environment {
 public:
  Environment() {
    for (char** e = environ; *e != nullptr; ++e) entries_.emplace_back(*e);
  }
  void set(const std::string& name, const std::string& value) {
    std::erase_if(entries_, [&](const std::string& e) { return e.starts_with(name + "="); });
    entries_.push_back(name + "=" + value);
  }
  void prepend(const std::string& name, const std::string& value) {
    const char* old = std::getenv(name.c_str());
    set(name, old != nullptr && *old != '\0' ? value + ":" + old : value);
  }
  /// Pointers into this object.
  std::vector<char*> pointers() {
    std::vector<char*> all;
    for (std::string& e : entries_) all.push_back(e.data());
    all.push_back(nullptr);
    return all;
  }

 private:
  std::vector<std::string> entries_;
};

pid_t start(const SuiteOptions& options, const SuiteCase& test, const fs::path& folder, const fs::path& scratch) {
  Environment environment;
  environment.prepend("PATH", binaryFolder());
  environment.prepend("PYTHONPATH", host::installationLibraryFolder() + "/seed");
  environment.set("PYTHONHASHSEED", std::to_string(options.seed & 0xffffffffu));
  environment.set("WEFT_SEED", std::to_string(options.seed));
  environment.set("WEFT_REPORT_FILE", (scratch / "reports").string());
  if (!options.engine.empty()) environment.set("WEFT_ENGINE", options.engine);
  if (options.threads > 0) environment.set("WEFT_THREADS", std::to_string(options.threads));
  std::vector<char*> variables = environment.pointers();
  const std::string log = (scratch / "log").string();
  std::string shell = "/bin/bash";
  std::string script = "./" + test.script;
  char* words[] = {shell.data(), script.data(), nullptr};
  const pid_t pid = fork();
  if (pid != 0) return pid;
  // Its own process group: a time limit must reach everything the script starts.
  setpgid(0, 0);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  const int out = open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  const int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (out >= 0) {
    dup2(out, STDOUT_FILENO);
    dup2(out, STDERR_FILENO);
  }
  if (in >= 0) dup2(in, STDIN_FILENO);
  if (chdir(folder.c_str()) == 0) execve(shell.c_str(), words, variables.data());
  _exit(127);
}

void collect(const SuiteOptions& options, const Child& child, int status, SuiteCase& test) {
  test.seconds = std::chrono::duration<double>(Clock::now() - child.start).count();
  const std::string output = readText(child.scratch / "log");
  for (const profile::RunReport& run : profile::readReports(child.scratch / "reports")) {
    test.cycles += run.stats.cycles;
    test.load_seconds += run.load_seconds;
    test.run_seconds += run.run_seconds;
  }
  const bool clean = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  test.status = child.timed_out ? SuiteStatus::Timeout : clean ? SuiteStatus::Pass : SuiteStatus::Fail;
  if (test.status != SuiteStatus::Pass) {
    test.diagnostic = firstDiagnostic(output);
    if (test.diagnostic.empty())
      test.diagnostic = child.timed_out ? fmt::format("no end after {} s", options.timeout_seconds)
                                        : fmt::format("exit status {}",
                                                      WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
  }
  if (!options.log_folder.empty()) {
    std::error_code ignored;
    fs::create_directories(options.log_folder, ignored);
    std::string file = test.name + "." + test.arch + ".log";
    std::replace(file.begin(), file.end(), '/', '_');
    std::ofstream(options.log_folder / file, std::ios::binary) << output;
  }
}

}  // namespace

std::string firstDiagnostic(const std::string& output) {
  static const std::regex error("error(\\[[EW][0-9]{4}\\])?: ");
  std::string last;
  std::string exception;
  size_t begin = 0;
  while (begin < output.size()) {
    size_t end = output.find('\n', begin);
    if (end == std::string::npos) end = output.size();
    const std::string line = output.substr(begin, end - begin);
    begin = end + 1;
    // A Python traceback ends in "SomeError: ..." at the margin, perhaps with a diagnostic of ours behind it.
    if (std::regex_search(line, error)) {
      // The exception's name before the diagnostic says nothing.
      const size_t at = line.find("WeftError: ");
      return at == std::string::npos ? line : line.substr(at + 11);
    }
    const size_t colon = line.find("Error");
    if (exception.empty() && colon != std::string::npos && !line.starts_with(' ')) exception = line;
    if (line.find_first_not_of(" \t\r") != std::string::npos) last = line;
  }
  return exception.empty() ? last : exception;
}

std::vector<SuiteCase> findSuiteCases(const SuiteOptions& options) {
  std::vector<SuiteCase> cases;
  std::error_code error;
  const std::regex filter(options.filter);
  const auto skip = fs::directory_options::skip_permission_denied;
  for (auto it = fs::recursive_directory_iterator(options.root, skip, error);
       !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
    const std::string file = it->path().filename().string();
    if (it->is_directory() && file.starts_with('.')) it.disable_recursion_pending();
    if (!file.starts_with("commands") || !file.ends_with(".sh") || !it->is_regular_file()) continue;
    SuiteCase test;
    test.folder = it->path().parent_path();
    test.script = file;
    test.name = fs::relative(test.folder, options.root).string();
    if (test.name == ".") test.name = options.root.filename().string();
    const std::string text = readText(it->path());
    const bool wse3 = file.find("wse3") != std::string::npos ||
                      (file.find("wse2") == std::string::npos && text.find("wse3") != std::string::npos);
    test.arch = wse3 ? "wse3" : "wse2";
    if (options.filter.empty() || std::regex_search(fmt::format("{} {}", test.name, test.arch), filter))
      cases.push_back(std::move(test));
  }
  std::sort(cases.begin(), cases.end(), [](const SuiteCase& a, const SuiteCase& b) {
    return std::tie(a.name, a.arch, a.script) < std::tie(b.name, b.arch, b.script);
  });
  return cases;
}

bool runSuite(const SuiteOptions& options, std::vector<SuiteCase>& cases, const std::function<void(size_t)>& done) {
  const fs::path base = fs::temp_directory_path() / fmt::format("weft-suite-{}", getpid());
  std::error_code ignored;
  fs::create_directories(base, ignored);
  // Ctrl-C is taken here, between two looks at the children.
  sigset_t interrupt;
  sigset_t before;
  sigemptyset(&interrupt);
  sigaddset(&interrupt, SIGINT);
  sigaddset(&interrupt, SIGTERM);
  sigprocmask(SIG_BLOCK, &interrupt, &before);
  const size_t jobs =
      options.jobs > 0 ? static_cast<size_t>(options.jobs) : std::max<size_t>(1, std::thread::hardware_concurrency());
  // One folder above the root is mirrored too: an example may be the root itself.
  const fs::path top = options.root.has_parent_path() && options.root.parent_path() != options.root.root_path()
                           ? options.root.parent_path()
                           : options.root;
  std::vector<Child> running;
  size_t next = 0;
  bool stopped = false;
  while (!running.empty() || (next < cases.size() && !stopped)) {
    while (!stopped && next < cases.size() && running.size() < jobs) {
      Child child;
      child.index = next;
      child.scratch = base / std::to_string(next);
      fs::create_directories(child.scratch, ignored);
      const fs::path folder = mirror(top, cases[next].folder, child.scratch / "tree");
      child.start = Clock::now();
      child.pid = start(options, cases[next], folder, child.scratch);
      ++next;
      running.push_back(child);
    }
    const timespec pause{0, 3'000'000};
    if (sigtimedwait(&interrupt, nullptr, &pause) > 0) stopped = true;
    for (size_t i = 0; i < running.size();) {
      Child& child = running[i];
      const auto age = Clock::now() - child.start;
      if (stopped || (!child.timed_out && age > std::chrono::seconds(options.timeout_seconds))) {
        child.timed_out = !stopped;
        if (child.pid > 0) kill(-child.pid, SIGKILL);
      }
      int status = 127 << 8;
      if (child.pid > 0 && waitpid(child.pid, &status, stopped ? 0 : WNOHANG) == 0) {
        ++i;
        continue;
      }
      collect(options, child, status, cases[child.index]);
      fs::remove_all(child.scratch, ignored);
      if (!stopped) done(child.index);
      running.erase(running.begin() + static_cast<ptrdiff_t>(i));
    }
  }
  fs::remove_all(base, ignored);
  sigprocmask(SIG_SETMASK, &before, nullptr);
  return !stopped;
}

}  // namespace weft::cli
