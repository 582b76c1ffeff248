// Run-time code: what becomes TIR, what is folded, pruned, shared or refused.
// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/frontend/sema/analysis.h"

#include <catch2/catch_test_macros.hpp>

using namespace weft;
using sema::Analysis;
using sema::task;

namespace {

std::string codesOf(const std::string& source) {
  Analysis a(source);
  a.run();
  return a.codes();
}

// The TIR of task `t`, verified.
std::string tirOf(const std::string& body, const std::string& globals) {
  Analysis a(task(body, globals));
  const bool ok = a.run();
  INFO(a.messages());
  REQUIRE(ok);
  CHECK(tir::verify(*a.result.program).empty());
  return a.tir("t");
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("untaken comptime branches and unreferenced declarations are not analysed") {
  const std::string t = tirOf("if (false) { no_such_function(1, 2, 3); } g = 1;",
                              "var g: u16; const bad = undeclared_name; fn unused() void { also_undeclared(); }");
  CHECK(has(t, "store.i16"));
  CHECK_FALSE(has(t, "branch"));
}

TEST_CASE("known values fold, inline functions keep them known") {
  const std::string t = tirOf("g = add(2, 3) * 4;", "var g: u16; inline fn add(a: u16, b: u16) u16 { return a + b; }");
  CHECK(has(t, ", 20"));
  CHECK_FALSE(has(t, "call"));
}

TEST_CASE("generic functions are instantiated once per comptime argument") {
  Analysis a(task("f(i16, &x); f(i16, &x); f(f32, &y); any(x); any(y);",
                  "var x: i16; var y: f32; fn f(comptime T: type, p: *T) void { p.* = @as(T, 1.0); } fn any(a: "
                  "anytype) void { _ = a; }"));
  const bool ok = a.run();
  INFO(a.messages());
  REQUIRE(ok);
  size_t f = 0, any = 0;
  for (const auto& fn : a.result.program->functions) f += fn.name == "f", any += fn.name == "any";
  CHECK(f == 2);
  CHECK(any == 2);
}

TEST_CASE("functions of types decide branches of run-time code") {
  const std::string t = tirOf("if (isFloat(@type_of(g))) { nothing_like_this(); } else { g = 2; }",
                              "var g: u16; fn isFloat(comptime T: type) bool { return T == f16 or T == f32; }");
  CHECK_FALSE(has(t, "branch"));
}

TEST_CASE("only touched globals get memory, constants behind the private part") {
  Analysis a(task("g = table[g & 3];", "var g: u16 = 7; var unused: [1000]u32; const table = [4]u16{ 1, 2, 3, 4 };"));
  REQUIRE(a.run());
  CHECK(a.symbol("unused") == nullptr);
  REQUIRE(a.symbol("g") != nullptr);
  CHECK(a.initial("g") == 7);
  REQUIRE(a.symbol("table") != nullptr);
  CHECK(a.symbol("table")->address >= a.result.program->private_bytes);
  CHECK(a.result.program->shared.size() == 8);
}

TEST_CASE("pointers in the initial image get final addresses") {
  Analysis a(
      task("p[0] = 1.0;", "var b: [4]f32; var p: [*]f32 = &b; var q: *f32 = &b[2]; export var keep: *f32 = &b[1];"));
  REQUIRE(a.run());
  CHECK(a.initial("p") == a.symbol("b")->address);
  CHECK(a.initial("keep") == a.symbol("b")->address + 4u);
  CHECK(a.symbol("q") == nullptr);
}

TEST_CASE("modules are instances with their own globals and params") {
  Analysis a({{"pe.csl", task("one.bump(); two.bump();",
                              "const one = @import_module(\"m.csl\", .{ .step = 1 }); const two = "
                              "@import_module(\"m.csl\", .{ .step = 2 });")},
              {"m.csl", "param step: u16; var count: u16 = step; fn bump() void { count += step; }"}});
  const bool ok = a.run();
  INFO(a.messages());
  REQUIRE(ok);
  CHECK(a.initial("one.count") == 1);
  CHECK(a.initial("two.count") == 2);
  CHECK(a.symbol("one.count")->address != a.symbol("two.count")->address);
}

TEST_CASE("params may be functions, pointers and nothing at all") {
  Analysis a({{"pe.csl", task("m.go();",
                              "var buffer: [4]u16; fn done() void { buffer[0] = 1; }"
                              "const m = @import_module(\"m.csl\", .{ .target = &buffer, .callback = done });")},
              {"m.csl",
               "param target: *[4]u16; param callback: fn() void; param extra = {};"
               "fn go() void { target.*[1] = 2; callback(); if (@type_of(extra) != void) { extra(); } }"}});
  const bool ok = a.run();
  INFO(a.messages());
  CHECK(ok);
}

TEST_CASE("an unused binding is a warning, a missing one an error") {
  Analysis warned({{"pe.csl", "const m = @import_module(\"m.csl\", .{ .nope = 1 });"}, {"m.csl", "const x = 1;"}});
  CHECK(warned.run());
  CHECK(warned.codes() == "W0201");
  CHECK(codesOf("param p: u16; comptime { const x = p; }") == "E0205");
}

TEST_CASE("loops whose last step could wrap test the distance") {
  const std::string wraps = tirOf("for (@range(u8, 0, 255, 2)) |k| { g = k; }", "var g: u8;");
  CHECK(has(wraps, "ule.i8"));
  const std::string plain = tirOf("for (@range(u16, 0, 100, 7)) |k| { g = k; }", "var g: u16;");
  CHECK_FALSE(has(plain, "ule"));
}

TEST_CASE("odd widths wrap after each operation") {
  CHECK(has(tirOf("g += 3;", "var g: u5;"), "and.i8"));
  CHECK(has(tirOf("g += 3;", "var g: i5;"), "ashr.i8"));
}

TEST_CASE("symbolic params become slots and patches of one shared program") {
  Analysis a(task("g = px * 2 + 1; g += offset;", "param px: i16; var offset: i16 = px - 1; var g: i16;"));
  const types::TypeId type = a.pool.anonStruct(std::vector{a.interner.intern("px")}, std::vector{types::kI16});
  comptime::Sharing sharing;
  std::vector<types::Int128> leaves;
  const comptime::Value params = comptime::Value::aggregate(type, {comptime::Value::integer(types::kI16, 5)});
  comptime::Group& group = sharing.groupOf(1, params, a.pool, leaves);
  comptime::Recorder recorder(group, leaves);
  const bool ok = a.run(comptime::Sharing::symbolicParams(a.pool, group, leaves), &recorder);
  INFO(a.messages());
  REQUIRE(ok);
  CHECK(a.result.slots.size() == 2);
  CHECK(a.result.program->patches.size() == 1);
}

TEST_CASE("types are checked with the known wording") {
  CHECK(codesOf(task("g = a + b;", "var a: u16; var b: i16; var g: u16;")) == "E0301");
  CHECK(codesOf(task("if (1) {}")) == "E0301");
  CHECK(codesOf(task("f(1);", "fn f(a: u16, b: u16) void {}")) == "E0302");
  CHECK(codesOf(task("t();")) == "E0304");
  CHECK(codesOf(task("const a: u16 = 1; a = 2;")) == "E0305");
  CHECK(codesOf(task("f(1);", "fn f(a: u16) void { a = 2; }")) == "E0305");
  CHECK(codesOf(task("f(&c);", "const c = [4]u16{ 1, 2, 3, 4 }; fn f(p: *[4]u16) void { _ = p; }")) == "E0307");
  CHECK(codesOf(task("switch (e) { E.a => g = 2 }", "const E = enum(u16) { a, b }; var e: E = E.a; var g: u16;")) ==
        "E0309");
  CHECK(codesOf(task("switch (g) { 1 => g = 2, 1 => g = 3, else => g = 4 }", "var g: u16;")) == "E0309");
  CHECK(codesOf(task("g[4] = 1;", "var g: [4]u16;")) == "E0311");
  CHECK(codesOf(task("g = @bitcast(u16, h);", "var g: u16; var h: u32;")) == "E0312");
  CHECK(codesOf(task("var n = 1; n += 1;")) == "E0313");
  CHECK(codesOf(task("g[0] = 1;", "var g: [2][3]i16;")) == "E0314");
  CHECK(codesOf(task("g = p.*;", "var b: [4]u16; var p: [*]u16 = &b; var g: u16;")) == "E0316");
  CHECK(codesOf(task("break;")) == "E0206");
  CHECK(codesOf(task("comptime var i = 0; if (g > 1) { i = 2; }", "var g: i16;")) == "E0409");
  CHECK(codesOf(task("asm(\"nop\");")) == "E0901");
  Analysis block(task("const v = blk: { if (g > 1) break :blk true; }; g = 2;", "var g: u16;"));
  CHECK_FALSE(block.run());
  REQUIRE(block.sink.all().size() == 1);
  CHECK(block.sink.all()[0].message == "expected type 'void', got: 'bool'");
}

TEST_CASE("more data than a PE holds names the largest symbols") {
  Analysis a(task("big[0] = 1.0; small[0] = 1.0;", "var big: [20000]f32; var small: [10]f32;"));
  CHECK_FALSE(a.run());
  REQUIRE(a.codes() == "E0416");
  CHECK(a.sink.all()[0].notes[1].starts_with("`big`: 80000 bytes"));
}

TEST_CASE("unrolled loops are limited") {
  sema::Options options;
  options.max_inlined_iterations = 50;
  Analysis a(task("inline for (@range(u16, 51)) |i| { g = i; }", "var g: u16;"), options);
  CHECK_FALSE(a.run());
  CHECK(a.sink.all()[0].message == "exceeded the maximum of 50 inlined iterations");
}

TEST_CASE("recursion and indirect calls lower") {
  const std::string t = tirOf("g = rec(3); g = p(g); p = &twice;",
                              "var g: u16; fn rec(n: u16) u16 { if (n == 0) return 1; return rec(n - 1) * n; }"
                              "fn twice(x: u16) u16 { return x * 2; } var p: *const fn(u16) u16 = twice;");
  CHECK(has(t, "callind.i16"));
}
