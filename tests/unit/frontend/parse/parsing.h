// What the parser's tests share: one text in, tree or messages out.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/parse/parse.h"

#include <string>
#include <string_view>

namespace weft::parse {

/// One parsed text with everything needed to look at it.
struct Parsed {
  explicit Parsed(std::string_view text) : id(sources.add("t.csl", std::string(text))) {
    file = parsePartial(sources, id, interner, sink);
  }
  /// The tree on one line, single spaces.
  [[nodiscard]] std::string tree() const {
    std::string out;
    for (const char c : ast::dump(*file, interner)) {
      if (c != ' ' && c != '\n') {
        out += c;
      } else if (!out.empty() && out.back() != ' ') {
        out += ' ';
      }
    }
    while (!out.empty() && out.back() == ' ') out.pop_back();
    return out;
  }
  /// "line:column CODE message" per diagnostic, joined by " | ".
  [[nodiscard]] std::string messages() const {
    std::string out;
    for (const diag::Diagnostic& d : sink.all()) {
      const auto at = sources.lineColumn(id, d.span.begin);
      out += fmt::format("{}{}:{} {} {}", out.empty() ? "" : " | ", at.line, at.column, codeName(d.code), d.message);
    }
    return out;
  }

  source::SourceManager sources;
  base::Interner interner;
  diag::Sink sink;
  source::SourceId id;
  std::unique_ptr<ast::File> file;
};

/// The tree of `const x = TEXT;` without its wrapping, or the messages.
inline std::string exprTree(std::string_view text) {
  Parsed p("const x = " + std::string(text) + ";");
  if (p.sink.hasErrors()) return p.messages();
  constexpr std::string_view head = "(const x (init ";
  const std::string tree = p.tree();
  return tree.substr(head.size(), tree.size() - head.size() - 2);
}

/// The tree of the statements of one function, or the messages.
inline std::string stmtTree(std::string_view text) {
  Parsed p("fn f() void { " + std::string(text) + " }");
  if (p.sink.hasErrors()) return p.messages();
  constexpr std::string_view head = "(fn f (returns (name void)) (body ";
  const std::string tree = p.tree();
  return tree.size() <= head.size() + 1 ? "" : tree.substr(head.size(), tree.size() - head.size() - 2);
}

}  // namespace weft::parse
