// Trees of expressions.
// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/frontend/parse/parsing.h"

#include <catch2/catch_test_macros.hpp>

namespace weft::parse {

TEST_CASE("multiplication binds tighter than addition, both to the left") {
  CHECK(exprTree("a + b * c - d") == "(- (+ (name a) (* (name b) (name c))) (name d))");
  CHECK(exprTree("a - b - c") == "(- (- (name a) (name b)) (name c))");
  CHECK(exprTree("a * (b + c)") == "(* (name a) (+ (name b) (name c)))");
}

TEST_CASE("bit operators bind tighter than comparison") {
  CHECK(exprTree("a & 1 == 0") == "(== (& (name a) (int 1)) (int 0))");
  CHECK(exprTree("t << 1 > u + v") == "(> (<< (name t) (int 1)) (+ (name u) (name v)))");
  CHECK(exprTree("a | b ^ c & d") == "(| (name a) (^ (name b) (& (name c) (name d))))");
}

TEST_CASE("and binds tighter than or") {
  CHECK(exprTree("a or b and c or d") == "(or (or (name a) (and (name b) (name c))) (name d))");
}

TEST_CASE("prefix operators bind looser than suffixes and tighter than binary operators") {
  CHECK(exprTree("&t[0, k]") == "(& (index (name t) (int 0) (name k)))");
  CHECK(exprTree("-a + !b") == "(+ (- (name a)) (! (name b)))");
  CHECK(exprTree("comptime f(s) - 1") == "(- (comptime (call (name f) (name s))) (int 1))");
  CHECK(exprTree("~ - a.b") == "(~ (- (field b (name a))))");
}

TEST_CASE("suffixes chain to the left") {
  CHECK(exprTree("p.*[i].x(1)") == "(call (field x (index (deref (name p)) (name i))) (int 1))");
  CHECK(exprTree("a.color.if") == "(field if (field color (name a)))");
}

TEST_CASE("braces after a type are its initializer") {
  CHECK(exprTree("[2]u16{ 1, 2 }") == "(list-init (type (array (extents (int 2)) (name u16))) (int 1) (int 2))");
  CHECK(exprTree("P{ .x = 1, .y = 2 }") == "(struct-init (type (name P)) (set x (int 1)) (set y (int 2)))");
  CHECK(exprTree("-[2]i16{ 1, 2 }[0]") ==
        "(- (index (list-init (type (array (extents (int 2)) (name i16))) (int 1) (int 2)) (int 0)))");
  CHECK(exprTree("&lib.T{}") == "(& (struct-init (type (field T (name lib)))))");
}

TEST_CASE("a dot and braces make a tuple, an anonymous struct or the empty struct") {
  CHECK(exprTree(".{ a, b, }") == "(list-init (name a) (name b))");
  CHECK(exprTree(".{ .color = c }") == "(struct-init (set color (name c)))");
  CHECK(exprTree(".{}") == "(struct-init)");
  CHECK(exprTree("{}") == "({})");
}

TEST_CASE("types are expressions") {
  CHECK(exprTree("@as(*const [*]u16, p)") == "(@as (pointer const (many-pointer (name u16))) (name p))");
  CHECK(exprTree("[2, n]*T") == "(array (extents (int 2) (name n)) (pointer (name T)))");
  CHECK(exprTree("fn (u16, b: *f32) void") == "(fn-type (arg - (name u16)) (arg b (pointer (name f32))) (name void))");
  CHECK(exprTree("packed union { a: u16 }") == "(union packed (field a (name u16)))");
  CHECK(exprTree("enum(u8) { a, b = 2 }") == "(enum (tag (name u8)) (value a) (value b (int 2)))");
  CHECK(exprTree("struct { color: color }{ .color = c }") ==
        "(struct-init (type (struct (field color (name color)))) (set color (name c)))");
}

TEST_CASE("else belongs to the nearest if") {
  CHECK(exprTree("if (a) if (b) c else d") == "(if-expr (name a) (if-expr (name b) (name c) (else (name d))))");
  CHECK(exprTree("if (a) if (b) c else d else e") ==
        "(if-expr (name a) (if-expr (name b) (name c) (else (name d))) (else (name e)))");
  CHECK(exprTree("if (a) b else c + d") == "(if-expr (name a) (name b) (else (+ (name c) (name d))))");
  CHECK(exprTree("f(if (a) b, if (c) d else e)") ==
        "(call (name f) (if-expr (name a) (name b)) (if-expr (name c) (name d) (else (name e))))");
}

TEST_CASE("a tensor access extends as far right as possible") {
  CHECK(exprTree("|i, j|{2, 4} -> m[j, i] + 1") ==
        "(tensor i j (extents (int 2) (int 4)) (+ (index (name m) (name j) (name i)) (int 1)))");
}

TEST_CASE("an if in a prong is a value when all its branches are") {
  CHECK(exprTree("switch (x) { 0 => if (a) 1 else 2, else => blk: { break :blk 3; } }") ==
        "(switch (name x) (case (int 0) (=> (if-expr (name a) (int 1) (else (int 2))))) "
        "(else (=> (block-expr blk: (break blk: (int 3))))))");
  CHECK(exprTree("switch (x) { else => if (a) y = 1 }") ==
        "(switch (name x) (else (=> (if (name a) (= (name y) (int 1))))))");
}

TEST_CASE("comparisons cannot be chained") {
  CHECK(exprTree("a < b < c") == "1:17 E0108 comparisons cannot be chained");
  CHECK(exprTree("a == (b == c)") == "(== (name a) (== (name b) (name c)))");
}

TEST_CASE("spans cover the text of their node") {
  Parsed p("const x = (a + b) * -c.d;");
  const auto& decl = ast::as<ast::VarDecl>(*p.file->decls[0]);
  auto text = [&](const ast::Node& n) {
    return std::string(p.sources.text(p.id).substr(n.span.begin, n.span.end - n.span.begin));
  };
  CHECK(text(*decl.init) == "(a + b) * -c.d");
  const auto& product = ast::as<ast::BinaryExpr>(*decl.init);
  CHECK(text(*product.lhs) == "a + b");
  CHECK(text(*product.rhs) == "-c.d");
  CHECK(text(decl) == "const x = (a + b) * -c.d;");
}

}  // namespace weft::parse
