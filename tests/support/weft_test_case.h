// One golden or behavior test: a `.csl` file taken apart into sources, expectations and expected dumps.
// Read by weft_test_run.cpp; the file format is described in tests/golden/README.md.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weft::testing {

/// A diagnostic, expected or found. `line` is 1-based in `file`; 0 means it has no place in a source text.
struct Message {
  std::string file;
  int line = 0;
  // "error[E0312]"
  std::string head;
  std::string text;
  bool operator==(const Message&) const = default;
  auto operator<=>(const Message&) const = default;
  [[nodiscard]] std::string str() const;
};

/// One source file of a test, as the compiler sees it: `//~` lines are comments and stay in.
struct SourceFile {
  std::string name;
  std::vector<std::string> lines;
};

/// The text after `// ==== tir:gemv`, without the `// ` in front of each line.
struct Dump {
  std::string what;
  std::vector<std::string> lines;
};

struct Case {
  std::filesystem::path path;
  // First folder below tests/golden ("sema"), or "behavior".
  std::string stage;
  bool must_fail = false;
  bool todo = false;
  // Words after `// ARGS:`, and after `// ARCH:`; both may be empty.
  std::vector<std::string> args;
  std::vector<std::string> archs;
  std::vector<SourceFile> files;
  std::vector<Message> expected;
  std::vector<Dump> dumps;
};

inline constexpr size_t kMaxDumpLines = 80;

/// Takes the file apart. Returns nothing and sets `error` when it breaks a rule of the format.
std::optional<Case> parseCase(const std::filesystem::path& path, std::string_view stage, std::string_view text,
                              std::string& error);

/// The test's text with its expectations replaced by what was found.
std::string updatedText(const Case& test, const std::vector<Message>& found, const std::vector<Dump>& dumps);

std::vector<std::string> splitLines(std::string_view text);
std::vector<std::string> splitWords(std::string_view text);
std::string_view trim(std::string_view text);

}  // namespace weft::testing
