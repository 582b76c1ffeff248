// The formatter: canonical layout, same meaning, same comments, stable when repeated.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/format/format.h"
#include "frontend/parse/parse.h"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>

namespace weft::format {
namespace {

struct Snippet {
  std::string_view name;
  std::string_view text;
};
constexpr Snippet kCorpus[] = {
#include "grammar/corpus.inc"
};

std::string formatted(std::string_view text) {
  diag::Sink sink;
  auto result = formatSource(text, source::SourceId(0), sink);
  return result ? *result : "error: " + sink.all().at(0).message;
}

/// The tree as text, then every comment.
std::string meaning(std::string_view text) {
  base::Interner interner;
  diag::Sink sink;
  auto file = parse::parseText(text, source::SourceId(0), interner, sink);
  if (!file) return "error: " + sink.all().at(0).message;
  std::string out = ast::dump(**file, interner);
  for (const ast::Comment& c : (*file)->comments) {
    std::string_view body = text.substr(c.span.begin, c.span.end - c.span.begin);
    while (!body.empty() && body.back() == ' ') body.remove_suffix(1);
    out += std::string(body) + "\n";
  }
  return out;
}

void checkStable(std::string_view text) {
  const std::string once = formatted(text);
  CHECK(meaning(text) == meaning(once));
  CHECK(formatted(once) == once);
}

}  // namespace

TEST_CASE("the corpus keeps its meaning and comments, and formatting again changes nothing") {
  for (const Snippet& s : kCorpus) {
    INFO(s.name);
    checkStable(s.text);
  }
}

TEST_CASE("a text on one line or with every token on its own line comes out the same") {
  for (const Snippet& s : kCorpus) {
    if (s.text.find("//") != std::string_view::npos) continue;
    INFO(s.name);
    diag::Sink sink;
    std::string spread;
    std::string joined;
    for (const parse::ScannedToken& t : parse::scan(s.text, source::SourceId(0), sink)) {
      spread += std::string(s.text.substr(t.span.begin, t.span.end - t.span.begin)) + "\n";
      joined += std::string(s.text.substr(t.span.begin, t.span.end - t.span.begin)) + " ";
    }
    checkStable(spread);
    checkStable(joined);
    CHECK(meaning(spread) == meaning(s.text));
  }
}

TEST_CASE("operators, commas and braces get their spaces") {
  CHECK(formatted("const x=-a*(b+c)&~d==1;") == "const x = -a * (b + c) & ~d == 1;\n");
  CHECK(formatted("const t=.{.a=1,.b=f( x ,y )};") == "const t = .{ .a = 1, .b = f(x, y) };\n");
  CHECK(formatted("var p:*const[ 4 ]u16=&q [ i ].r .*;") == "var p: *const [4]u16 = &q[i].r.*;\n");
  CHECK(formatted("const d=| i ,j |{ 2,4 }->m [ j,i ];") == "const d = |i, j|{2, 4} -> m[j, i];\n");
  CHECK(formatted("export fn f ( a :u16 , ) void { }") == "export fn f(\n  a: u16,\n) void {}\n");
}

TEST_CASE("blocks are indented and stray semicolons dropped") {
  CHECK(formatted("fn f() void { if (a) { g(); } else if (b) h(); ; for (x) |v, i| { k(v); }; }") ==
        "fn f() void {\n  if (a) {\n    g();\n  } else if (b) h();\n  for (x) |v, i| {\n    k(v);\n  }\n}\n");
}

TEST_CASE("blank lines between statements are kept, but only one") {
  CHECK(formatted("const a = 1;\n\n\n\nconst b = 2;\nconst c = 3;") == "const a = 1;\n\nconst b = 2;\nconst c = 3;\n");
  CHECK(formatted("fn f() void {\n\n  a();\n\n  b();\n\n}") == "fn f() void {\n  a();\n\n  b();\n}\n");
}

TEST_CASE("comments stay where they were") {
  const std::string text =
      "// first\n\n// second\nconst a = 1; // behind\nfn f() void { // opens\n  // own line\n  g(); // call\n  // "
      "last\n}\n// end\n";
  CHECK(formatted(text) == text);
  CHECK(formatted("const a = .{ // why\n .x = 1, // one\n // two\n .y = 2 };") ==
        "const a = .{ // why\n  .x = 1, // one\n  // two\n  .y = 2,\n};\n");
}

TEST_CASE("a list that is too long gets one item per line and a trailing comma") {
  const std::string name(30, 'n');
  const std::string call = "f(" + name + ", " + name + ", " + name + ", " + name + ");";
  CHECK(formatted("const x = " + call) ==
        "const x = f(\n  " + name + ",\n  " + name + ",\n  " + name + ",\n  " + name + ",\n);\n");
}

TEST_CASE("the last initializer of a call breaks instead of the call") {
  const std::string name(30, 'n');
  CHECK(formatted("const x = f(a, .{ .first = " + name + ", .second = " + name + ", .third = " + name + " });") ==
        "const x = f(a, .{\n  .first = " + name + ",\n  .second = " + name + ",\n  .third = " + name + ",\n});\n");
}

TEST_CASE("rows of numbers stay rows") {
  CHECK(formatted("const m = [2, 2]u16{\n 1, 2,\n 3, 4,\n};") == "const m = [2, 2]u16{\n  1, 2,\n  3, 4,\n};\n");
  std::string many = "const m = [60]u16{";
  for (int i = 0; i < 60; ++i) many += " 1234,";
  const std::string out = formatted(many + " };");
  CHECK(std::count(out.begin(), out.end(), '\n') == 6);
  checkStable(many + " };");
}

TEST_CASE("no line passes the width when it can be broken") {
  std::string sum = "const s = alpha";
  for (int i = 0; i < 40; ++i) sum += " + alpha * beta";
  const std::string out = formatted(sum + ";");
  size_t longest = 0;
  for (size_t at = 0; at < out.size();) {
    const size_t end = out.find('\n', at);
    longest = std::max(longest, end - at);
    at = end + 1;
  }
  CHECK(longest <= kWidth);
  checkStable(sum + ";");
}

TEST_CASE("a text with syntax errors is refused with its diagnostics") {
  CHECK(formatted("const x = ;") == "error: expected an expression, found `;`");
  CHECK_FALSE(formatSource("fn f( {}"));
  CHECK(formatted("") == "");
  CHECK(formatted("// only a comment") == "// only a comment\n");
}

TEST_CASE("deeply nested lists are formatted in reasonable time") {
  std::string text = "const x = ";
  for (int i = 0; i < 120; ++i) text += "f(.{ ";
  text += "1";
  for (int i = 0; i < 120; ++i) text += " })";
  checkStable(text + ";");
}

}  // namespace weft::format
