// Trees of statements and declarations.
// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/frontend/parse/parsing.h"

#include <catch2/catch_test_macros.hpp>

namespace weft::parse {

TEST_CASE("assignments keep their operator") {
  CHECK(stmtTree("a = 1;") == "(= (name a) (int 1))");
  CHECK(stmtTree("a <<= 1;") == "(<<= (name a) (int 1))");
  CHECK(stmtTree("x[i]=-1;") == "(= (index (name x) (name i)) (- (int 1)))");
  CHECK(stmtTree("p.*.x += 1;") == "(+= (field x (deref (name p))) (int 1))");
}

TEST_CASE("a braceless if takes one semicolon at its end") {
  CHECK(stmtTree("if (a) x = 1 else x = 2; f();") ==
        "(if (name a) (= (name x) (int 1)) (else (= (name x) (int 2)))) (call (name f))");
  CHECK(stmtTree("if (a) return; f();") == "(if (name a) (return)) (call (name f))");
  CHECK(stmtTree("if (a) {} else if (b) {} else {}") ==
        "(if (name a) (block) (else (if (name b) (block) (else (block)))))");
}

TEST_CASE("a stray semicolon after a block is ignored") {
  CHECK(stmtTree("if (a) {}; {}; ; comptime {};") == "(if (name a) (block)) (block) (comptime)");
}

TEST_CASE("loops have captures, labels and steps") {
  CHECK(stmtTree("for (x) |v, i| f();") == "(for v i (name x) (call (name f)))");
  CHECK(stmtTree("l: inline for (x) |_| { continue :l; }") == "(for l: inline _ (name x) (block (continue l:)))");
  CHECK(stmtTree("while (a) : (i += 1) { break; }") == "(while (name a) (step (+= (name i) (int 1))) (block (break)))");
}

TEST_CASE("comptime starts a block, a declaration or an expression") {
  CHECK(stmtTree("comptime { a(); }") == "(comptime (call (name a)))");
  CHECK(stmtTree("comptime var x: u16 = 1;") == "(var x comptime (type (name u16)) (init (int 1)))");
  CHECK(stmtTree("comptime f(1);") == "(comptime (call (name f) (int 1)))");
}

TEST_CASE("labelled blocks are statements and values") {
  CHECK(stmtTree("a: { break :a; }") == "(block a: (break a:))");
  CHECK(stmtTree("const x = a: { break :a 1; };") == "(const x (init (block-expr a: (break a: (int 1)))))");
}

TEST_CASE("declarations keep storage, attributes and types") {
  CHECK(Parsed("export var x align(4): u16 linksection(\"s\") = 1;").tree() ==
        "(var x export (align (int 4)) (linksection (string \"s\")) (type (name u16)) (init (int 1)))");
  CHECK(Parsed("extern fn f(u16, a: *f32) void;").tree() ==
        "(fn f extern (arg - (name u16)) (arg a (pointer (name f32))) (returns (name void)))");
  CHECK(Parsed("color c = 1; param p;").tree() == "(param c legacy-color (init (int 1))) (param p)");
  CHECK(Parsed("task t(_: u16) void {}").tree() == "(task t (arg _ (name u16)) (returns (name void)) (body))");
}

TEST_CASE("the brace after a return type opens the body") {
  CHECK(Parsed("fn f() P { return p; }").tree() == "(fn f (returns (name P)) (body (return (name p))))");
  CHECK(Parsed("fn f() struct { x: u16 } {}").tree() == "(fn f (returns (struct (field x (name u16)))) (body))");
}

TEST_CASE("a declaration that is incomplete is reported") {
  CHECK(Parsed("const x;").messages() == "1:7 E0109 a `const` needs an initializer");
  CHECK(Parsed("var x;").messages() == "1:5 E0109 a `var` needs a type or an initializer");
  CHECK(Parsed("fn f() void;").messages() == "1:4 E0109 a function without a body must be `extern`");
  CHECK(Parsed("var x align(1) align(2): u16;").messages() == "1:16 E0109 `align` is given twice");
}

TEST_CASE("node ids are dense and differ") {
  Parsed p("fn f(a: u16) u16 { if (a > 1) { return a; } return 0; }");
  CHECK(p.file->node_count > 8);
  CHECK(p.file->decls[0]->id < p.file->node_count);
}

TEST_CASE("comments are kept with their place") {
  Parsed p("//! top\nconst x = 1; // tail\n");
  REQUIRE(p.file->comments.size() == 2);
  CHECK(p.file->comments[1].span.begin == 21);
  CHECK(p.file->comments[1].span.end == 28);
}

}  // namespace weft::parse
