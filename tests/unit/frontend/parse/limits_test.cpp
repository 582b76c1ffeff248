// Hostile texts: each gets its diagnostic, none a crash.
// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/frontend/parse/parsing.h"

#include <catch2/catch_test_macros.hpp>

namespace weft::parse {
namespace {

std::string times(int n, std::string_view text) {
  std::string out;
  for (int i = 0; i < n; ++i) out += text;
  return out;
}

/// The only code reported, or "none" or "several".
std::string code(const std::string& text) {
  Parsed p(text);
  if (p.sink.all().empty()) return "none";
  return p.sink.all().size() == 1 ? codeName(p.sink.all()[0].code) : "several";
}

}  // namespace

TEST_CASE("bytes that are no text are refused with their offset") {
  CHECK(Parsed("const x = \"\xff\";").messages() == "1:12 E0101 invalid UTF-8: byte 0xff at offset 11");
  // A surrogate, an overlong form, a code point beyond the last, a sequence cut short.
  CHECK(code("// \xed\xa0\x80") == "E0101");
  CHECK(code("// \xc0\x80") == "E0101");
  CHECK(code("// \xf4\x90\x80\x80") == "E0101");
  CHECK(code("// \xe2\x82") == "E0101");
  CHECK(Parsed(std::string("const\0x", 7)).messages() == "1:6 E0102 NUL byte at offset 5");
}

TEST_CASE("a byte order mark is skipped") {
  CHECK(code("\xef\xbb\xbf"
             "const x = 1;") == "none");
}

TEST_CASE("huge tokens are refused") {
  CHECK(code("const " + std::string(70000, 'x') + " = 1;") == "E0105");
  CHECK(code("const x = \"" + std::string(70000, 'x') + "\";") == "E0105");
  CHECK(code("const x = 1; // " + std::string(70000, 'x')) == "none");
}

TEST_CASE("deep nesting of any kind is refused") {
  const int n = 20000;
  CHECK(code("const x = " + times(n, "(")) == "E0104");
  CHECK(code("const x = " + times(n, "(") + "1" + times(n, ")") + ";") == "E0104");
  CHECK(code("const x = " + times(n, "-") + "1;") == "E0104");
  CHECK(code("const x = a" + times(50000, "+a") + ";") == "E0104");
  CHECK(code("const x = .{}" + times(n, "+.{}") + ";") == "E0104");
  CHECK(code("const x = a" + times(n, ".b") + ";") == "E0104");
  CHECK(code("const x = a" + times(n, "()") + ";") == "E0104");
  CHECK(code("const x: " + times(n, "*") + "u16 = 1;") == "E0104");
  CHECK(code("const x: " + times(n, "fn() ") + "u16 = 1;") == "E0104");
  CHECK(code("const x = " + times(n, "if (a) b else ") + "c;") == "E0104");
  CHECK(code("const x = " + times(n, "|i|{4} -> ") + "c;") == "E0104");
  CHECK(code("fn f() void { if (a) {} " + times(n, "else if (a) {} ") + "}") == "E0104");
  CHECK(code("fn f() void { " + times(n, "for (a) |i| ") + "g(); }") == "E0104");
}

TEST_CASE("what is long but not deep is accepted") {
  CHECK(code("const x = [9000]u16{" + times(9000, "1, ") + "};") == "none");
  CHECK(code("fn f() void { " + times(3000, "if (a) { g(); } else { h(); } ") + "}") == "none");
  CHECK(code("fn f() void { " + times(5000, "x += 1; ") + "}") == "none");
  CHECK(code("const x = 1" + times(900, " + 1") + ";") == "none");
  CHECK(code("const x = " + times(256, "(") + "1" + times(256, ")") + ";") == "none");
  CHECK(code(times(3000, "fn f() void {}\n")) == "none");
}

TEST_CASE("a file of wrong characters stops after a few") {
  Parsed p(times(5000, "$ "));
  CHECK(p.sink.errorCount() == 20);
}

}  // namespace weft::parse
