// Values of literals.
// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/frontend/parse/parsing.h"

#include <catch2/catch_test_macros.hpp>

namespace weft::parse {
namespace {

template <class T>
struct Literal {
  explicit Literal(std::string_view text) : parsed("const x = " + std::string(text) + ";") {
    if (!parsed.file->decls.empty()) node = ast::dynAs<T>(ast::as<ast::VarDecl>(*parsed.file->decls[0]).init);
  }
  Parsed parsed;
  const T* node = nullptr;
};

uint64_t intOf(std::string_view text) { return Literal<ast::IntLiteral>(text).node->low; }
double floatOf(std::string_view text) { return Literal<ast::FloatLiteral>(text).node->value; }
std::string bytesOf(std::string_view text) { return std::string(Literal<ast::StringLiteral>(text).node->bytes); }
std::string errorOf(std::string_view text) { return Parsed("const x = " + std::string(text) + ";").messages(); }

}  // namespace

TEST_CASE("integers of every base have their value") {
  CHECK(intOf("007") == 7);
  CHECK(intOf("1_000_000") == 1000000);
  CHECK(intOf("0xFf_00") == 0xff00);
  CHECK(intOf("0b1010") == 10);
  CHECK(intOf("0o17") == 15);
}

TEST_CASE("integers hold 128 bits and say when they do not fit") {
  const Literal<ast::IntLiteral> largest("340282366920938463463374607431768211455");
  CHECK(largest.node->fits);
  CHECK(largest.node->low == ~uint64_t{0});
  CHECK(largest.node->high == ~uint64_t{0});
  const Literal<ast::IntLiteral> larger("340282366920938463463374607431768211456");
  CHECK_FALSE(larger.node->fits);
  CHECK(larger.node->text == "340282366920938463463374607431768211456");
}

TEST_CASE("floats are read to the nearest double") {
  CHECK(floatOf("0.1") == 0.1);
  CHECK(floatOf("1.5e-3") == 1.5e-3);
  CHECK(floatOf("2E3") == 2000.0);
  CHECK(floatOf("0x1.8p3") == 12.0);
  CHECK(floatOf("1e-400") == 0.0);
  CHECK(errorOf("1e400") == "1:11 E0106 float literal is out of range");
}

TEST_CASE("escapes become bytes") {
  CHECK(bytesOf(R"("a\n\t\\\"\x00z")") == std::string("a\n\t\\\"\0z", 7));
  CHECK(bytesOf(R"("\u{3b1}\u{1F600}")") == "\xce\xb1\xf0\x9f\x98\x80");
  CHECK(bytesOf("\"\xce\xb1\"") == "\xce\xb1");
  CHECK(intOf("'a'") == 97);
  CHECK(intOf(R"('\'')") == 39);
  CHECK(intOf(R"('\x0a')") == 10);
}

TEST_CASE("malformed literals are reported at their place") {
  CHECK(errorOf(R"("ab\q")") == "1:14 E0106 unknown escape `\\q`");
  CHECK(errorOf(R"("\x1")") == "1:12 E0106 `\\x` needs two hexadecimal digits");
  CHECK(errorOf(R"("\u{d800}")") == "1:12 E0106 malformed `\\u{...}` escape");
  CHECK(errorOf("'ab'") == "1:11 E0106 a character literal holds one byte, this one 2");
  CHECK(errorOf("''") == "1:11 E0106 a character literal holds one byte, this one 0");
  CHECK(errorOf("0x") == "1:11 E0106 malformed number `0x`");
  CHECK(errorOf("12ab") == "1:11 E0106 malformed number `12ab`");
  CHECK(errorOf("\"open") == "1:11 E0106 string has no closing `\"` on its line");
}

}  // namespace weft::parse
