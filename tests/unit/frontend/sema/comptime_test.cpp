// Comptime evaluation: everything the language reference asserts, and what must be refused.
// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/frontend/sema/analysis.h"

#include <catch2/catch_test_macros.hpp>

using namespace weft;
using sema::Analysis;

namespace {

// Passes when every @comptime_assert holds.
void holds(const std::string& globals, const std::string& body) {
  Analysis a(globals + "\ncomptime { " + body + " }\n");
  const bool ok = a.run();
  INFO(a.messages());
  CHECK(ok);
}

std::string codesOf(const std::string& source) {
  Analysis a(source);
  a.run();
  return a.codes();
}

}  // namespace

TEST_CASE("enumerators count from zero and skip taken values") {
  holds("const Mode = enum(u16) { off, slow = 1, fast, idle = 7 };",
        "@comptime_assert(@get_int(Mode.off) == 0 and @get_int(Mode.fast) == 2 and @get_int(Mode.idle) == 7);");
}

TEST_CASE("functions build tables, choose types and may recurse") {
  holds(
      "fn tri(n: u16) u16 { var s: u16 = 0; for (@range(u16, n)) |k| { s += k + 1; } return s; }"
      "fn build() [5]u16 { var t = @zeros([5]u16); for (@range(i16, 5)) |k| { t[k] = tri(k); } return t; }"
      "const table = build();"
      "fn widest(comptime a: type, comptime b: type) type { return if (a == f32 or b == f32) f32 else f16; }"
      "fn fib(n: u32) u32 { if (n < 2) return n; return fib(n - 1) + fib(n - 2); }",
      "@comptime_assert(table[4] == 10); @comptime_assert(widest(f16, f32) == f32); @comptime_assert(fib(12) == 144);");
}

TEST_CASE("operators bind as documented and short-circuit without looking right") {
  holds("",
        "@comptime_assert(6 & 3 == 2); @comptime_assert(true or undeclared_name); @comptime_assert(!(false and "
        "nothing()));"
        "@comptime_assert(@as(i16, -7.9) == -7); @comptime_assert(@bitcast(u16, @as(f16, 1.0)) == 0x3c00);"
        "@comptime_assert(@as(bool, 4) and !@as(bool, 0.0));");
}

TEST_CASE("pointers to comptime locals reach the variable") {
  holds(
      "fn swap(p: *u16, q: *u16) void { const t = p.*; p.* = q.*; q.* = t; }"
      "fn swapped() u16 { var a: u16 = 3; var b: u16 = 5; swap(&a, &b); return a * 10 + b; }"
      "fn sum(p: [*]const u16) u16 { return p[0] + p[1] + p[2]; }"
      "fn array() u16 { var a = [3]u16{ 1, 2, 3 }; a[1] = 9; return sum(&a); }",
      "@comptime_assert(swapped() == 53); @comptime_assert(array() == 13);");
}

TEST_CASE("labels, continue and valued blocks") {
  holds(
      "fn count() u16 { var n: u16 = 0; outer: while (true) { for (@range(u16, 10)) |i| {"
      " if (i == 3) continue; if (i == 6) break :outer; n += i; } } return n; }",
      "@comptime_assert(count() == 12); const v = blk: { const z = 4; break :blk z * 2; }; @comptime_assert(v == 8);");
}

TEST_CASE("structs: generic, dynamic, tuples and unions") {
  holds(
      "fn Pair(comptime T: type) type { return struct { a: T, b: T }; }"
      "fn both() comptime_struct { var p: comptime_struct = .{ .a = 1 }; p = @concat_structs(p, .{ .b = 2 }); return "
      "p; }"
      "const U = union { i: u16, f: f16 };",
      "const p = Pair(i16){ .a = 1, .b = 2 }; @comptime_assert(p.a + p.b == 3);"
      "@comptime_assert(Pair(i16) == Pair(i16) and Pair(i16) != Pair(u16)); @comptime_assert(both().b == 2);"
      "const u = U{ .i = 3 }; @comptime_assert(u.i == 3); @comptime_assert(@type_of(.{ 1, 2.5 }[0]) == comptime_int);"
      "@comptime_assert(@has_field(.{ .x = 1 }, \"x\") and @field(.{ .x = 7 }, \"x\") == 7);");
}

TEST_CASE("prints go to the context, in order") {
  Analysis a("comptime { @comptime_print(.{ .x = 0, .y = 4 }, 12, \"hi\"); }");
  REQUIRE(a.run());
  REQUIRE(a.printed.size() == 1);
  CHECK(a.printed[0] == "{x = 0, y = 4}, 12, hi");
}

TEST_CASE("comptime mistakes are one error each") {
  CHECK(codesOf("comptime { @comptime_assert(1 == 2, \"no way\"); }") == "E0404");
  CHECK(codesOf("comptime { const x: u5 = 31 + 1; }") == "E0402");
  CHECK(codesOf("comptime { const x = 4 / 0; }") == "E0403");
  CHECK(codesOf("comptime { const x = @as(i16, 1536) * 32; }") == "E0402");
  CHECK(codesOf("var a: u16 = 1; const b = a + 1; comptime { const c = b; }") == "E0401");
  CHECK(codesOf("const a: u16 = b; const b: u16 = a; comptime { const c = a; }") == "E0208");
  CHECK(codesOf("fn f(n: u32) u32 { return f(n) + 1; } comptime { const x = f(0); }") == "E0407");
  CHECK(codesOf("comptime { const x = nowhere; }") == "E0201");
  CHECK(codesOf("comptime { @frobnicate(1); }") == "E0211");
  CHECK(codesOf("comptime { @set_rectangle(1, 1); }") == "E0410");
  CHECK(codesOf("const x: f32 = 1; comptime { const y = x; }") == "E0301");
  CHECK(codesOf("fn f() i16 {} comptime { const y = f(); }") == "E0310");
}

TEST_CASE("a loop without end runs out of fuel") {
  sema::Options options;
  options.fuel = 1000;
  Analysis a("fn f() u16 { var i: u32 = 0; while (true) { i = (i + 1) % 7; } return 1; } comptime { const x = f(); }",
             options);
  CHECK_FALSE(a.run());
  CHECK(a.codes() == "E0406");
}

TEST_CASE("JSON files become comptime values") {
  Analysis good({{"pe.csl",
                  "const c = @import_comptime_value(comptime_struct, \"c.json\");"
                  "comptime { @comptime_assert(c.gain == 1.5 and c.tab[2] == 3); }"},
                 {"c.json", R"({"gain:f32": 1.5, "tab:[3]i16": [1, 2, 3]})"}});
  const bool ok = good.run();
  INFO(good.messages());
  CHECK(ok);
  Analysis bad({{"pe.csl", "const c = @import_comptime_value(comptime_struct, \"c.json\"); comptime { const d = c; }"},
                {"c.json", "{\"a\": 1}"}});
  CHECK_FALSE(bad.run());
  CHECK(bad.codes() == "E0415");
}
