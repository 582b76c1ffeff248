// Classification of entries.
// SPDX-License-Identifier: Apache-2.0
#include "sdk/repl/entry.h"

#include "frontend/parse/parse.h"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace weft::repl {

std::string_view trim(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

std::vector<std::string> splitWords(std::string_view text) {
  std::vector<std::string> words;
  while (!(text = trim(text)).empty()) {
    const size_t end = std::min(text.find_first_of(" \t\r\n"), text.size());
    words.emplace_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return words;
}

std::optional<int64_t> wholeNumber(std::string_view word) {
  const bool negative = word.starts_with('-');
  if (negative) word.remove_prefix(1);
  const bool hex = word.starts_with("0x");
  if (hex) word.remove_prefix(2);
  uint32_t value = 0;
  const auto [stop, error] = std::from_chars(word.data(), word.data() + word.size(), value, hex ? 16 : 10);
  if (error != std::errc() || stop != word.data() + word.size()) return std::nullopt;
  return negative ? -static_cast<int64_t>(value) : static_cast<int64_t>(value);
}

bool isIncomplete(std::string_view text) {
  int depth = 0;
  char last = ' ';
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '/' && i + 1 < text.size() && text[i + 1] == '/') {
      i = text.find('\n', i);
      if (i == std::string_view::npos) break;
    } else if (c == '"' || c == '\'') {
      // Literals end on their line; a missing quote is an error for the lexer to report.
      for (++i; i < text.size() && text[i] != c && text[i] != '\n'; ++i)
        if (text[i] == '\\') ++i;
    } else if (c == '(' || c == '[' || c == '{') {
      ++depth;
    } else if (c == ')' || c == ']' || c == '}') {
      --depth;
    }
    if (i < text.size() && std::isspace(static_cast<unsigned char>(text[i])) == 0) last = text[i];
  }
  // An operator wants its right side.
  return depth > 0 || std::string_view("+-*/%&|^=<>,").find(last) != std::string_view::npos;
}

namespace {

/// Takes `@(x,y)` off the front.
std::optional<PeCoord> takePlace(std::string_view& text) {
  if (!text.starts_with("@(")) return std::nullopt;
  const size_t comma = text.find(',');
  const size_t close = text.find(')');
  if (comma == std::string_view::npos || close == std::string_view::npos || comma > close) return std::nullopt;
  const auto x = wholeNumber(trim(text.substr(2, comma - 2)));
  const auto y = wholeNumber(trim(text.substr(comma + 1, close - comma - 1)));
  if (!x || !y || *x < 0 || *y < 0) return std::nullopt;
  text = trim(text.substr(close + 1));
  return PeCoord{static_cast<uint32_t>(*x), static_cast<uint32_t>(*y)};
}

bool isOneOf(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

EntryKind kindOf(std::string_view text) {
  source::SourceManager sources;
  diag::Sink sink;
  const source::SourceId id = sources.add("repl", std::string(text));
  std::vector<std::string_view> words;
  for (const parse::ScannedToken& t : parse::scan(text, id, sink))
    words.push_back(text.substr(t.span.begin, t.span.end - t.span.begin));
  if (words.empty()) return sink.hasErrors() ? EntryKind::Expression : EntryKind::Empty;
  const std::string_view first = words.front();
  if (isOneOf(first,
              {"var", "const", "param", "fn", "task", "comptime", "export", "extern", "layout", "inline", "noinline"}))
    return EntryKind::Declarations;
  if (isOneOf(first, {"for", "while", "return", "break", "continue", "{"})) return EntryKind::Statement;
  if (words.back() == ";") return EntryKind::Statement;
  if (first == "if" && words.back() == "}") return EntryKind::Statement;
  int depth = 0;
  for (const std::string_view w : words) {
    if (isOneOf(w, {"(", "[", "{"}))
      ++depth;
    else if (isOneOf(w, {")", "]", "}"}))
      --depth;
    else if (depth == 0 && w.ends_with('=') && !isOneOf(w, {"==", "!=", "<=", ">="}))
      return EntryKind::Statement;
  }
  return EntryKind::Expression;
}

}  // namespace

Entry classify(std::string_view text) {
  Entry entry;
  text = trim(text);
  if (text.empty()) return entry;
  if (text.front() == ':') {
    entry.kind = EntryKind::Command;
    entry.text = trim(text.substr(1));
    return entry;
  }
  if (text.starts_with("use ") && splitWords(text).size() == 2) {
    entry.kind = EntryKind::Use;
    entry.text = splitWords(text)[1];
    return entry;
  }
  entry.at = takePlace(text);
  entry.text = text;
  entry.kind = kindOf(text);
  return entry;
}

}  // namespace weft::repl
