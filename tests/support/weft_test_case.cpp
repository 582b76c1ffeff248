// Takes a test file apart and puts an updated one together. Format: tests/golden/README.md.
// SPDX-License-Identifier: Apache-2.0
#include "tests/support/weft_test_case.h"

#include <fmt/format.h>

#include <algorithm>

namespace weft::testing {

namespace {

constexpr std::string_view kFileMark = "// --- ";
constexpr std::string_view kDumpMark = "// ==== ";

bool isExpectation(std::string_view line) { return trim(line).starts_with("//~"); }

// Parses `//~ error[E0312]: text`, or `//~@ ...` for a message without a place.
bool parseExpectation(std::string_view line, Message& out, bool& placeless) {
  std::string_view rest = trim(line).substr(3);
  placeless = rest.starts_with('@');
  if (placeless) rest.remove_prefix(1);
  rest = trim(rest);
  const size_t colon = rest.find("]: ");
  if (colon == std::string_view::npos) return false;
  out.head = rest.substr(0, colon + 1);
  out.text = rest.substr(colon + 3);
  return out.head.starts_with("error[") || out.head.starts_with("warning[");
}

bool collectExpectations(Case& test, std::string& error) {
  for (const SourceFile& file : test.files) {
    for (size_t i = 0; i < file.lines.size(); ++i) {
      if (!isExpectation(file.lines[i])) continue;
      Message message;
      bool placeless = false;
      if (!parseExpectation(file.lines[i], message, placeless)) {
        error = fmt::format("{}:{}: an expectation reads `//~ error[E0123]: text`", file.name, i + 1);
        return false;
      }
      if (!placeless) {
        size_t target = i + 1;
        while (target < file.lines.size() && isExpectation(file.lines[target])) ++target;
        message.file = file.name;
        message.line = static_cast<int>(target) + 1;
      }
      test.expected.push_back(std::move(message));
    }
  }
  return true;
}

}  // namespace

std::string Message::str() const {
  if (line == 0) return fmt::format("{}: {}", head, text);
  return fmt::format("{}:{}: {}: {}", file, line, head, text);
}

std::string_view trim(std::string_view text) {
  const size_t from = text.find_first_not_of(" \t\r\n");
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(" \t\r\n") - from + 1);
}

std::vector<std::string> splitLines(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    lines.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return lines;
}

std::vector<std::string> splitWords(std::string_view text) {
  // Blanks separate; "double quotes" keep a word together.
  std::vector<std::string> words;
  bool open = false;
  bool quoted = false;
  for (char c : text) {
    if (c == '"') {
      quoted = !quoted;
      if (!open) words.emplace_back();
      open = true;
    } else if (!quoted && (c == ' ' || c == '\t')) {
      open = false;
    } else {
      if (!open) words.emplace_back();
      open = true;
      words.back() += c;
    }
  }
  return words;
}

std::optional<Case> parseCase(const std::filesystem::path& path, std::string_view stage, std::string_view text,
                              std::string& error) {
  Case test;
  test.path = path;
  test.stage = stage;
  std::string name = path.filename().string();
  if (name.starts_with("todo_")) {
    test.todo = true;
    name.erase(0, 5);
  }
  test.must_fail = name.starts_with("fail_");
  test.files.push_back({path.filename().string(), {}});
  for (std::string& line : splitLines(text)) {
    if (line.starts_with(kDumpMark)) {
      test.dumps.push_back({std::string(trim(std::string_view(line).substr(kDumpMark.size()))), {}});
    } else if (!test.dumps.empty()) {
      if (!line.starts_with("//")) {
        error = fmt::format("after `{}{}` every line starts with `//`", kDumpMark, test.dumps.back().what);
        return std::nullopt;
      }
      test.dumps.back().lines.push_back(line.substr(line.starts_with("// ") ? 3 : 2));
    } else if (line.starts_with(kFileMark)) {
      test.files.push_back({std::string(trim(std::string_view(line).substr(kFileMark.size()))), {}});
    } else {
      if (line.starts_with("// ARGS:"))
        for (auto& word : splitWords(std::string_view(line).substr(8))) test.args.push_back(std::move(word));
      if (line.starts_with("// ARCH:"))
        for (auto& word : splitWords(std::string_view(line).substr(8))) test.archs.push_back(std::move(word));
      test.files.back().lines.push_back(std::move(line));
    }
  }
  for (const Dump& dump : test.dumps) {
    if (dump.lines.size() > kMaxDumpLines) {
      error = fmt::format("the dump `{}` has {} lines, more than {}: select one function", dump.what, dump.lines.size(),
                          kMaxDumpLines);
      return std::nullopt;
    }
  }
  if (!collectExpectations(test, error)) return std::nullopt;
  return test;
}

std::string updatedText(const Case& test, const std::vector<Message>& found, const std::vector<Dump>& dumps) {
  std::string out;
  for (size_t f = 0; f < test.files.size(); ++f) {
    const SourceFile& file = test.files[f];
    if (f > 0) out += fmt::format("{}{}\n", kFileMark, file.name);
    auto expectAt = [&](int line, std::string_view indent) {
      for (const Message& message : found)
        if (message.line == line && message.file == file.name)
          out += fmt::format("{}//~ {}: {}\n", indent, message.head, message.text);
    };
    if (f == 0)
      for (const Message& message : found)
        if (message.line == 0) out += fmt::format("//~@ {}: {}\n", message.head, message.text);
    for (size_t i = 0; i < file.lines.size(); ++i) {
      if (isExpectation(file.lines[i])) continue;
      const std::string& line = file.lines[i];
      expectAt(static_cast<int>(i) + 1, std::string_view(line).substr(0, line.find_first_not_of(" \t")));
      out += line + "\n";
    }
    // A message may point behind the last line (something is missing at the end of the file).
    for (int line = static_cast<int>(file.lines.size()) + 1; line <= static_cast<int>(file.lines.size()) + 2; ++line)
      expectAt(line, "");
  }
  for (const Dump& dump : dumps) {
    out += fmt::format("{}{}\n", kDumpMark, dump.what);
    for (const std::string& line : dump.lines) out += line.empty() ? "//\n" : "// " + line + "\n";
  }
  return out;
}

}  // namespace weft::testing
