// Which command a test means, what it answered, and how that differs from what the file expects.
// SPDX-License-Identifier: Apache-2.0
#include "tests/support/weft_test_run.h"

#include "tests/support/weft_test_process.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>
#include <iterator>

namespace weft::testing {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

void writeFile(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

void writeSources(const Case& test, const fs::path& folder) {
  for (const SourceFile& file : test.files) {
    std::string text;
    for (const std::string& line : file.lines) text += line + "\n";
    writeFile(folder / file.name, text);
  }
}

// Neither the scratch folder nor the command's own place may appear in an expectation.
std::string withoutPaths(std::string text, const fs::path& scratch) {
  for (const std::string& path : {fs::weakly_canonical(scratch).string() + "/", scratch.string() + "/"}) {
    for (size_t at = 0; (at = text.find(path, at)) != std::string::npos;) text.erase(at, path.size());
  }
  return text;
}

/// The JSON objects among the lines of `text` that describe diagnostics.
std::vector<Message> messagesIn(const std::string& text, const fs::path& scratch) {
  std::vector<Message> messages;
  for (const std::string& line : splitLines(text)) {
    if (!line.starts_with('{')) continue;
    const Json object = Json::parse(line, nullptr, false);
    if (!object.is_object() || !object.contains("code") || !object.contains("message")) continue;
    Message message;
    message.head = fmt::format("{}[{}]", object.value("severity", "error"), object["code"].get<std::string>());
    message.text = withoutPaths(object["message"].get<std::string>(), scratch);
    // One line: the format of an expectation has no room for more.
    std::replace(message.text.begin(), message.text.end(), '\n', ' ');
    message.text = trim(message.text);
    if (const Json span = object.value("span", Json()); span.is_object()) {
      message.file = withoutPaths(span.value("file", ""), scratch);
      message.line = span.value("line", 0);
    }
    messages.push_back(std::move(message));
  }
  return messages;
}

std::string commandLine(const std::vector<std::string>& command) {
  std::string text = "weft";
  for (size_t i = 1; i < command.size(); ++i) text += " " + command[i];
  return text;
}

/// Lines only on one side, with the line number of the other side's order kept simple: a plain two-list report.
std::string listDiff(const std::vector<std::string>& expected, const std::vector<std::string>& found) {
  std::string out;
  for (const auto& line : expected)
    if (std::count(found.begin(), found.end(), line) < std::count(expected.begin(), expected.end(), line))
      out += fmt::format("    expected, not found: {}\n", line);
  for (const auto& line : found)
    if (std::count(expected.begin(), expected.end(), line) < std::count(found.begin(), found.end(), line))
      out += fmt::format("    found, not expected: {}\n", line);
  return out;
}

std::string compareMessages(std::vector<Message> expected, std::vector<Message> found) {
  std::sort(expected.begin(), expected.end());
  std::sort(found.begin(), found.end());
  if (expected == found) return {};
  std::vector<std::string> left;
  std::vector<std::string> right;
  for (const auto& m : expected) left.push_back(m.str());
  for (const auto& m : found) right.push_back(m.str());
  return listDiff(left, right);
}

std::string compareDump(const Dump& expected, const std::vector<std::string>& found) {
  const size_t count = std::max(expected.lines.size(), found.size());
  for (size_t i = 0; i < count; ++i) {
    const std::string left = i < expected.lines.size() ? expected.lines[i] : "(end)";
    const std::string right = i < found.size() ? found[i] : "(end)";
    if (left != right)
      return fmt::format("    dump `{}` differs at line {}:\n      expected: {}\n      found:    {}\n", expected.what,
                         i + 1, left, right);
  }
  return {};
}

std::vector<std::string> dumpLines(const std::string& text, const fs::path& scratch) {
  std::vector<std::string> lines = splitLines(withoutPaths(text, scratch));
  for (auto& line : lines) line.erase(line.find_last_not_of(" \t\r") + 1);
  while (!lines.empty() && lines.back().empty()) lines.pop_back();
  return lines;
}

/// Everything a golden test saw in one pass.
struct Observed {
  std::vector<Message> messages;
  std::vector<Dump> dumps;
  // Crash, time-out or wrong exit status: never fixed by --update.
  std::string failure;
};

void noteBadExit(const ProcessResult& result, const std::vector<std::string>& command, Observed& seen) {
  if (result.timed_out) {
    seen.failure += fmt::format("    timed out: {}\n", commandLine(command));
  } else if (result.status > 2) {
    const size_t tail = result.err.size() > 2000 ? result.err.size() - 2000 : 0;
    seen.failure +=
        fmt::format("    exit status {}: {}\n{}\n", result.status, commandLine(command), result.err.substr(tail));
  }
}

/// golden/cli: the arguments are the test's own, and the outputs are the expectation.
Observed observeCli(const Case& test, const Options& options, const fs::path& folder) {
  Observed seen;
  std::vector<std::string> command = {options.weft.string()};
  for (std::string word : test.args) {
    if (const size_t at = word.find("{file}"); at != std::string::npos) word.replace(at, 6, test.files.front().name);
    command.push_back(std::move(word));
  }
  const ProcessResult result = runProcess(command, folder, options.timeout_seconds);
  if (result.timed_out) noteBadExit(result, command, seen);
  std::vector<Dump> wanted = test.dumps;
  if (wanted.empty()) wanted = {{"stdout", {}}, {"stderr", {}}, {"status", {}}};
  for (Dump& dump : wanted) {
    if (dump.what == "stdout") dump.lines = dumpLines(result.out, folder);
    if (dump.what == "stderr") dump.lines = dumpLines(result.err, folder);
    if (dump.what == "status") dump.lines = {std::to_string(result.status)};
    if (dump.lines.empty() && test.dumps.empty()) continue;
    seen.dumps.push_back(dump);
  }
  return seen;
}

Observed observe(const Case& test, const Options& options) {
  const ScratchFolder scratch;
  writeSources(test, scratch.path());
  if (test.stage == "cli") return observeCli(test, options, scratch.path());

  Observed seen;
  const std::string& main_file = test.files.front().name;
  auto run = [&](std::vector<std::string> command) {
    command.insert(command.begin(), options.weft.string());
    command.push_back("--diagnostics=json");
    command.push_back(main_file);
    command.insert(command.end(), test.args.begin(), test.args.end());
    ProcessResult result = runProcess(command, scratch.path(), options.timeout_seconds);
    noteBadExit(result, command, seen);
    return result;
  };
  if (test.dumps.empty()) {
    ProcessResult result;
    if (test.stage == "parse") {
      result = run({"check", "--syntax"});
    } else if (test.stage == "layout") {
      result = run({"compile", "--dump=plan"});
    } else {
      result = run({"check"});
    }
    seen.messages = messagesIn(result.err, scratch.path());
    if (test.stage != "layout")
      for (auto& m : messagesIn(result.out, scratch.path())) seen.messages.push_back(std::move(m));
    const bool has_error = std::any_of(seen.messages.begin(), seen.messages.end(),
                                       [](const Message& m) { return m.head.starts_with("error"); });
    if (seen.failure.empty() && (result.status != 0) != has_error)
      seen.failure += fmt::format("    exit status {} with {} errors; standard error says:\n{}\n", result.status,
                                  has_error ? "some" : "no", result.err);
  }
  for (const Dump& dump : test.dumps) {
    const ProcessResult result = run({"compile", "--dump=" + dump.what});
    if (seen.messages.empty()) seen.messages = messagesIn(result.err, scratch.path());
    if (result.status == 2) seen.failure += "    exit status 2: " + result.err + "\n";
    seen.dumps.push_back({dump.what, dumpLines(result.out, scratch.path())});
    if (seen.dumps.back().lines.size() > kMaxDumpLines)
      seen.failure += fmt::format("    the dump `{}` has {} lines, more than {}: select one function\n", dump.what,
                                  seen.dumps.back().lines.size(), kMaxDumpLines);
  }
  return seen;
}

std::string goldenDifference(const Case& test, const Observed& seen) {
  std::string report = seen.failure;
  report += compareMessages(test.expected, seen.messages);
  if (test.stage != "cli" && test.must_fail &&
      std::none_of(seen.messages.begin(), seen.messages.end(),
                   [](const Message& m) { return m.head.starts_with("error"); }))
    report += "    `fail_` in the name, but there was no error\n";
  for (size_t i = 0; i < test.dumps.size() && i < seen.dumps.size(); ++i)
    report += compareDump(test.dumps[i], seen.dumps[i].lines);
  if (test.stage == "cli" && test.dumps.empty()) report += "    no expected output: run with --update\n";
  return report;
}

std::string readFile(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

Outcome finish(const Case& test, const std::string& difference) {
  if (!test.todo) return {difference.empty() ? Verdict::Pass : Verdict::Fail, difference};
  if (difference.empty())
    return {Verdict::Fail, "    this known wrong result HAS COME RIGHT: remove `todo_` from the name\n"};
  return {Verdict::Todo, {}};
}

// --- behavior -------------------------------------------------------------------------------------------------

struct Configuration {
  std::string engine;
  std::string opt;
  int threads;
  // Edge of the mesh's blocks in PEs; 0 leaves the choice to the mesh.
  int block_edge = 0;
  [[nodiscard]] std::string str() const {
    return fmt::format("{} {} x{}{}", engine, opt, threads,
                       block_edge > 0 ? fmt::format(" blocks of {}", block_edge) : "");
  }
};

std::vector<Configuration> configurations(const Options& options) {
  std::vector<Configuration> all;
  for (const std::string& engine : options.engines) {
    for (const char* opt : {"0", "2"}) {
      // The interpreter has one level.
      if (engine == "interp" && *opt != '0') continue;
      for (int threads : {1, 2}) all.push_back({engine, opt, threads});
    }
  }
  // Another cut into blocks must not show either.
  if (!all.empty()) all.push_back({all.front().engine, all.front().opt, 2, 1});
  return all;
}

/// The object with the run's figures among the output's lines; the whole output may also be one object.
Json reportIn(const std::string& out) {
  Json whole = Json::parse(out, nullptr, false);
  if (whole.is_object() && whole.contains("cycles")) return whole;
  for (const std::string& line : splitLines(out)) {
    if (!line.starts_with('{')) continue;
    Json object = Json::parse(line, nullptr, false);
    if (object.is_object() && object.contains("cycles")) return object;
  }
  return {};
}

std::string runArch(const Case& test, const Options& options, const std::string& arch, std::vector<Message>& found) {
  std::string report;
  std::string first_name;
  Json first;
  for (const Configuration& config : configurations(options)) {
    const ScratchFolder scratch;
    writeSources(test, scratch.path());
    std::vector<std::string> command = {options.weft.string(),       "run",
                                        test.files.front().name,     "--arch=" + arch,
                                        "--engine=" + config.engine, fmt::format("--threads={}", config.threads),
                                        "--opt=" + config.opt,       "--report=json",
                                        "--diagnostics=json"};
    if (config.block_edge > 0) command.push_back(fmt::format("--block-edge={}", config.block_edge));
    command.insert(command.end(), test.args.begin(), test.args.end());
    const ProcessResult result = runProcess(command, scratch.path(), options.timeout_seconds);
    const std::string where = fmt::format("{} {}", arch, config.str());
    Observed seen;
    noteBadExit(result, command, seen);
    if (!seen.failure.empty()) {
      report += fmt::format("    [{}]\n{}", where, seen.failure);
      continue;
    }
    std::vector<Message> messages = messagesIn(result.err, scratch.path());
    if (found.empty()) found = messages;
    const std::string difference = compareMessages(test.expected, messages);
    if (!difference.empty()) report += fmt::format("    [{}]\n{}", where, difference);
    if ((result.status != 0) != test.must_fail)
      report += fmt::format("    [{}] exit status {}: {}\n{}\n", where, result.status, commandLine(command),
                            difference.empty() ? result.err : "");
    const Json run = reportIn(result.out);
    if (run.is_null()) {
      // A program that does not compile has no run to report.
      if (!test.must_fail) report += fmt::format("    [{}] no JSON report on standard output\n", where);
      continue;
    }
    if (first.is_null()) {
      first = run;
      first_name = where;
      continue;
    }
    for (const char* key : {"cycles", "memory_hash", "trace_hash", "traps"}) {
      const Json left = first.value(key, Json());
      const Json right = run.value(key, Json());
      if (left != right)
        report +=
            fmt::format("    {} differs: {} in [{}], {} in [{}]\n", key, left.dump(), first_name, right.dump(), where);
    }
  }
  return report;
}

}  // namespace

Outcome runGolden(const Case& test, const Options& options) {
  Observed seen = observe(test, options);
  std::string difference = goldenDifference(test, seen);
  if (!options.update || difference.empty() || test.todo) return finish(test, difference);
  // Inserted lines move the ones below them, and a dump may name lines: repeat until it stands still.
  Case current = test;
  for (int round = 0; round < 3 && !difference.empty(); ++round) {
    if (!seen.failure.empty()) return finish(test, difference);
    const std::string text = updatedText(current, seen.messages, seen.dumps);
    writeFile(test.path, text);
    std::string error;
    const auto parsed = parseCase(test.path, test.stage, text, error);
    if (!parsed) return {Verdict::Fail, "    " + error + "\n"};
    current = *parsed;
    seen = observe(current, options);
    difference = goldenDifference(current, seen);
  }
  if (difference.empty()) return {Verdict::Pass, "    updated\n"};
  return finish(test, difference);
}

Outcome runBehavior(const Case& test, const Options& options) {
  std::vector<std::string> archs = test.archs;
  if (archs.empty()) archs = {"wse2", "wse3"};
  std::string difference;
  std::vector<Message> found;
  for (const std::string& arch : archs) difference += runArch(test, options, arch, found);
  if (options.update && !difference.empty() && test.must_fail && !found.empty()) {
    writeFile(test.path, updatedText(test, found, {}));
    return {Verdict::Pass, "    updated\n"};
  }
  return finish(test, difference);
}

Outcome runExplainPage(const fs::path& page, const Options& options) {
  const std::string code = page.stem().string();
  const std::vector<std::string> lines = splitLines(readFile(page));
  std::vector<std::vector<std::string>> blocks;
  std::vector<std::string> args;
  bool inside = false;
  for (const std::string& line : lines) {
    if (!inside && line.starts_with("```csl")) {
      inside = true;
      blocks.emplace_back();
    } else if (line.starts_with("```")) {
      inside = false;
    } else if (inside) {
      blocks.back().push_back(line);
    }
  }
  // Codes of the host, of the environment and of run-time traps have no program that fails when compiled.
  // Nor can a page show bytes that are no text, or a program that is too large or too deep.
  const bool unshowable = code == "E0101" || code == "E0104" || code == "E0105" || code == "E0214";
  const bool compiled =
      !unshowable && code.size() == 5 && std::string_view("123459").find(code[2]) != std::string_view::npos;
  if (blocks.empty()) return {compiled ? Verdict::Fail : Verdict::Pass, "    no ```csl block\n"};
  if (!compiled) return {};
  if (blocks.size() != 2)
    return {Verdict::Fail, fmt::format("    {} ```csl blocks, not one failing and one fixed program\n", blocks.size())};
  std::string report;
  for (size_t i = 0; i < 2; ++i) {
    std::string text;
    for (const auto& line : blocks[i]) text += line + "\n";
    std::string error;
    const auto test = parseCase(fs::path(i == 0 ? "failing.csl" : "fixed.csl"), "sema", text, error);
    if (!test) return {Verdict::Fail, "    " + error + "\n"};
    const Observed seen = observe(*test, options);
    report += seen.failure;
    const bool shows = std::any_of(seen.messages.begin(), seen.messages.end(), [&](const Message& m) {
      return m.head.find("[" + code + "]") != std::string::npos;
    });
    if (i == 0 && !shows) report += fmt::format("    the failing program does not show {}\n", code);
    if (i == 0 && shows) continue;
    for (const auto& m : seen.messages)
      if (i == 0 || m.head.starts_with("error") || shows)
        report += fmt::format("    {}: {}\n", i == 0 ? "instead" : "in the fixed program", m.str());
  }
  return {report.empty() ? Verdict::Pass : Verdict::Fail, report};
}

}  // namespace weft::testing
