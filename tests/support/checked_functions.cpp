// Random functions of two u16 that always end, trap nowhere and overflow nowhere: the compiler evaluates them too.
// SPDX-License-Identifier: Apache-2.0
#include "tests/support/checked_programs.h"
#include "tests/support/choices.h"
#include "tests/support/program_generator.h"
#include "tests/support/source_writer.h"

#include <fmt/format.h>

#include <array>
#include <string_view>
#include <vector>

namespace weft::testing {

namespace {

constexpr std::string_view kPrelude = R"(const Inner = struct { w: [3]u16 };
const Outer = struct { a: u16, b: i16, in: Inner };
const Choice = enum(u8) { a, b = 5, c };
const Both = packed union { n: u16, h: packed struct { lo: u8, hi: i8 } };
const Pair = @type_of(.{ @as(u16, 0), @as(i32, 0) });
fn changed(s: Outer, k: u16) Outer { var t = s; t.a = s.a ^ k; t.in.w[k % 3] = s.in.w[0] ^ k; return t; }
fn turned(a: [8]u16, i: u16) [8]u16 { var r = a; r[i & 7] = a[((i & 7) + 3) & 7] ^ i; return r; }
inline fn merged(x: u16, y: u16) u16 { if (x > y) return x ^ 3; const z = x | y; return z; }
fn larger(x: anytype, y: @type_of(x)) @type_of(x) { return if (x < y) y else x; }
fn cut(comptime T: type, comptime n: u16, x: T) T { var r = x; inline for (@range(u16, n)) |k| { r ^= r >> (k + 1); } return r; }
fn poke(p: *Outer, k: u16) u16 { p.*.b = @as(i16, k & 0xff) - 7; p.*.in.w[1] ^= k; return p.*.a; }
fn twice(f: *const fn (u16, u16) u16, x: u16, y: u16) u16 { return f(x, y) ^ f(y, x); }
fn divided(x: u16, y: u16) u16 { return x / ((y & 7) + 1); }
fn shifted(x: u16, y: u16) u16 { return x ^ (y >> 3); }
fn next(e: Choice, x: u16) Choice {
  return switch (e) { Choice.a => if (x & 1 == 0) Choice.b else Choice.c, Choice.b => Choice.c, else => Choice.a };
}
fn folded(p: [*]u16, n: u16) u16 {
  var r: u16 = 0;
  var i: u16 = 0;
  while (i < (n & 7)) : (i += 1) { r ^= p[i]; p[i] = r; }
  return r;
}
fn joined(t: Pair) i32 { return t[1] ^ @as(i32, t[0]); }
)";

/// Integers besides u16: one variable `x_NAME` each.
struct Int {
  std::string_view name;
  int bits;
};
constexpr std::array<Int, 11> kInts = {{{"i16", 16},
                                        {"i32", 32},
                                        {"u32", 32},
                                        {"i8", 8},
                                        {"u8", 8},
                                        {"i64", 64},
                                        {"u64", 64},
                                        {"u5", 5},
                                        {"i12", 12},
                                        {"u24", 24},
                                        {"i40", 40}}};
constexpr std::array<std::string_view, 6> kCompare = {"==", "!=", "<", ">", "<=", ">="};
constexpr size_t kMostStatements = 20;

/// A statement in which each `@` is a new u16 expression; `%` is a number below 8.
constexpr std::array<std::string_view, 54> kStatements = {
    "q.a = @;",
    "q.in.w[% % 3] ^= @;",
    "p.* = @;",
    "pa.*[%] = @;",
    "q.b = @as(i16, @ & 0x7fff) - 100;",
    "arr[@ & 7] = @;",
    "q = changed(q, @);",
    "arr = turned(arr, @);",
    "v0 ^= merged(@, v1);",
    "v1 = larger(@, v2);",
    "v2 = cut(u16, %, @);",
    "x_u32 = cut(u32, %, x_u32 ^ @as(u32, @));",
    "x_i16 = larger(x_i16, @as(i16, @));",
    "v2 = poke(&q, @);",
    "v0 = twice(call, @, v1);",
    "e = next(e, @);",
    "call = if (@ & 1 == 0) &divided else &shifted;",
    "v0 ^= call(@, 3);",
    "g = @as(f32, @ & 0xff) * 0.5 - g * 0.25;",
    "h = @as(f16, @ & 0x3f) * 0.5 - h * 0.25;",
    "g = @as(f32, h) + @as(f32, @ & 0xf);",
    "both.n ^= @;",
    "both.h.lo = @as(u8, @);",
    "both.h.hi = @as(i8, @);",
    "both = Both{ .n = @ };",
    "pair[0] = @;",
    "pair[1] = joined(.{ @, x_i32 });",
    "pair = .{ @, x_i32 };",
    "{ const t = q; q.in = t.in; q.a = @; }",
    "q.in.w = [3]u16{ @, v0, v1 };",
    "q.in = Inner{ .w = [3]u16{ v1, @, 1 } };",
    "{ var t: Outer = q; t.a ^= @; q = t; }",
    "switch (e) { Choice.a => v0 ^= @, Choice.b => { v1 = 3; }, Choice.c => {} }",
    "v1 = folded(&arr, @);",
    "if (g > 7.5 or x_i32 < -5) v2 ^= @as(u16, x_u8) | @as(u16, both.n) else x_u8 ^= @as(u8, e);",
    "q = if (@ > v0) changed(q, @) else q;",
    "q = if (@ < v1) q else changed(q, @);",
    "arr = if (@ == v2) arr else turned(arr, @);",
    "ins = if (@ > 99) [2]Inner{ ins[1], ins[0] } else [2]Inner{ ins[0], Inner{ .w = [3]u16{ v0, @, 3 } } };",
    "q = Outer{ .a = @, .b = q.b, .in = q.in };",
    "q = Outer{ .a = @, .b = q.b, .in = ins[@ & 1] };",
    "q = Outer{ .a = @, .b = q.b, .in = .{ .w = [3]u16{ q.a, q.in.w[0], v1 } } };",
    "ins = [2]Inner{ ins[1], ins[0] };",
    "ins = [2]Inner{ q.in, ins[0] };",
    "ins[@ & 1] = q.in;",
    "q.in = ins[@ & 1];",
    "two = .{ two[1], two[0] };",
    "two = .{ q.in, two[0] };",
    "two[1] = ins[0];",
    "{ const t = .{ .m = q, .n = ins }; q.a ^= @; ins[1].w[0] = v1; v2 ^= t.m.a ^ t.n[1].w[0]; }",
    "q.in = switch (@ & 3) { 0 => ins[0], 1 => q.in, 2 => Inner{ .w = [3]u16{ 1, v0, @ } }, else => two[0] };",
    "for (ins) |t| { v0 ^= t.w[1]; }",
    "grid[@ & 1, @ & 3] ^= @;",
    "v1 ^= grid[@ & 1, %];",
};

class Generator : SourceWriter {
 public:
  Generator(const uint8_t* data, size_t size) : choices_(data, size) {}

  std::string program() {
    out_ = kPrelude;
    const size_t functions = 1 + choices_.pick(3);
    for (size_t k = 0; k < functions; ++k) function(k);
    std::string asserts;
    for (int k = 0; k < 3; ++k) {
      const auto x = static_cast<uint16_t>(choices_.word());
      const auto y = static_cast<uint16_t>(k == 0 ? choices_.word() : choices_.pick(10));
      out_ += fmt::format("var a{0}: u16 = {1};\nvar b{0}: u16 = {2};\n", k, x, y);
      for (size_t f = 0; f < functions; ++f) {
        out_ += fmt::format("const k{0}_{1} = f{0}({2}, {3});\n", f, k, x, y);
        asserts += fmt::format("  @assert(f{0}(a{1}, b{1}) == k{0}_{1});\n", f, k);
      }
    }
    return out_ + fmt::format(
                      "task main() void {{\n{}}}\ncomptime {{\n  @bind_local_task(main, @get_local_task_id(8));\n"
                      "  @activate(@get_local_task_id(8));\n}}\n",
                      asserts);
  }

 private:
  std::string fresh(std::string_view prefix) { return fmt::format("{}_{}", prefix, names_++); }
  const std::string& anyU16() { return u16_[choices_.pick(u16_.size())]; }

  void function(size_t number) {
    u16_ = {"x", "y", "v0", "v1", "v2"};
    statements_ = 0;
    functions_ = number;
    line(fmt::format("fn f{}(x: u16, y: u16) u16 {{", number));
    indent_ = 1;
    line("var v0: u16 = x; var v1: u16 = y; var v2: u16 = 7; const p = &v1;");
    for (const Int& type : kInts) line(fmt::format("var x_{0}: {0} = {1};", type.name, 3 + choices_.pick(13)));
    line("var arr = [8]u16{ 1, 2, 3, x, y, 6, 7, 8 }; const pa = &arr; var grid = @constants([2, 8]u16, 4);");
    line("var q = Outer{ .a = x, .b = -5, .in = .{ .w = [3]u16{ y, 2, 3 } } };");
    line("var ins = [2]Inner{ Inner{ .w = [3]u16{ x, 1, 2 } }, Inner{ .w = [3]u16{ 4, y, 6 } } };");
    line("var two = .{ ins[1], ins[0] }; var pair = .{ y, @as(i32, 77) }; var both = Both{ .n = x };");
    line("var g: f32 = 1.5; var h: f16 = 0.25; var e = Choice.b; var call: *const fn (u16, u16) u16 = &divided;");
    const size_t count = 3 + choices_.pick(6);
    for (size_t k = 0; k < count; ++k) statement(2);
    // Everything that a statement may have changed.
    line(
        "var sum: u16 = v0 ^ (v1 >> 1) ^ (v2 >> 2) ^ q.a ^ @as(u16, q.b) ^ q.in.w[0] ^ q.in.w[1] ^ q.in.w[2] ^ "
        "both.n;");
    line("sum ^= pair[0] ^ @as(u16, pair[1]) ^ @as(u16, e) ^ call(x, y) ^ two[0].w[1] ^ two[1].w[2] ^ grid[1, 2];");
    line("sum ^= @as(u16, @bitcast(u32, g) >> 16) ^ @bitcast(u16, h);");
    for (const Int& type : kInts) {
      line(fmt::format("sum = (sum << 1 | sum >> 15) ^ @as(u16, x_{0}) ^ @as(u16, x_{0} >> {1});", type.name,
                       type.bits / 2));
    }
    line("for (arr) |t| sum = (sum << 1 | sum >> 15) ^ t;");
    line("for (ins) |t| { for (t.w) |u| sum = (sum << 3 | sum >> 13) ^ u; }");
    line("return sum;");
    indent_ = 0;
    line("}");
  }

  /// A u16.
  std::string value(int depth) {
    const size_t choice = choices_.pick(15);
    if (depth <= 0 || choice <= 2) {
      switch (choices_.pick(6)) {
        case 0: return fmt::format("@as(u16, {})", choices_.pick(65536));
        case 1: return choices_.coin() ? "q.a" : fmt::format("q.in.w[{}]", choices_.pick(3));
        case 2: return fmt::format("arr[{} & 7]", anyU16());
        default: return anyU16();
      }
    }
    const std::string a = value(depth - 1);
    if (choice == 3) return fmt::format("(~{})", a);
    if (choice == 4) return fmt::format("@as(u16, {})", integer(choices_.of(kInts), depth - 1));
    const std::string b = value(depth - 1);
    switch (choice) {
      case 5: return fmt::format("(({} & 0x7fff) + ({} & 0x7fff))", a, b);
      case 6: return fmt::format("(({} & 0xff) * ({} & 0xff))", a, b);
      case 7: return fmt::format("({} {} {})", a, "&|^"[choices_.pick(3)], b);
      case 8: return fmt::format("({} {} {})", a, "/%"[choices_.pick(2)], 1 + choices_.pick(300));
      case 9: return fmt::format("({} {} ({} & 15))", a, choices_.coin() ? "<<" : ">>", b);
      case 10: return fmt::format("(if ({}) {} else {})", condition(depth - 1), a, b);
      case 11: {
        const std::string l = fresh("l"), k = fresh("k");
        return fmt::format("({0}: {{ if ({1}) break :{0} {2}; const {3} = {4}; break :{0} {3} ^ 1; }})", l,
                           condition(depth - 1), a, k, b);
      }
      case 12: return fmt::format("(switch ({} & 3) {{ 0 => {}, 1, 2 => {}, else => {} }})", a, a, b, value(depth - 1));
      case 13:
        if (functions_ > 0) return fmt::format("f{}({}, {})", choices_.pick(functions_), a, b);
        return fmt::format("larger({}, {})", a, b);
      default: return fmt::format("@as(u16, @as(u8, {} & 255) ^ @as(u8, {} & 127))", a, b);
    }
  }

  /// Of any other width. Operands are masked where a result could overflow.
  std::string integer(const Int& type, int depth) {
    const size_t choice = choices_.pick(10);
    if (depth <= 0 || choice == 0) return fmt::format("x_{}", type.name);
    if (choice == 1) return fmt::format("@as({}, {})", type.name, value(depth - 1));
    if (choice == 2) return fmt::format("@as({}, {})", type.name, integer(choices_.of(kInts), depth - 1));
    const std::string a = integer(type, depth - 1);
    if (choice == 3) return fmt::format("(~{})", a);
    if (choice == 4) return fmt::format("({} >> ({} & {}))", a, anyU16(), type.bits - 1);
    if (choice == 5) return fmt::format("({} << ({} & {}))", a, anyU16(), type.bits - 1);
    const std::string b = integer(type, depth - 1);
    const uint64_t half = (uint64_t{1} << (type.bits - 2)) - 1;
    const uint64_t root = (uint64_t{1} << ((type.bits - 1) / 2)) - 1;
    switch (choice) {
      case 6: return fmt::format("(({} & {}) + ({} & {}))", a, half, b, half);
      case 7: return fmt::format("(({} & {}) * ({} & {}))", a, root, b, root);
      case 8: return fmt::format("({} {} {})", a, "/%"[choices_.pick(2)], 1 + choices_.pick(7));
      default: return fmt::format("({} {} {})", a, "&|^"[choices_.pick(3)], b);
    }
  }

  std::string condition(int depth) {
    switch (choices_.pick(6)) {
      case 2:
        if (depth > 0) return fmt::format("({}) and ({})", condition(depth - 1), condition(depth - 1));
        [[fallthrough]];
      case 3:
        if (depth > 0) return fmt::format("({}) or !({})", condition(depth - 1), condition(depth - 1));
        [[fallthrough]];
      case 4: return fmt::format("@as(i16, {} & 0x7fff) < q.b", anyU16());
      case 5: {
        const Int& type = choices_.of(kInts);
        return fmt::format("{} {} {}", integer(type, depth), choices_.of(kCompare), integer(type, depth));
      }
      default: return fmt::format("{} {} {}", value(depth), choices_.of(kCompare), value(depth));
    }
  }

  /// A template of kStatements, filled in.
  void filled(std::string_view text) {
    std::string result;
    for (size_t k = 0; k < text.size(); ++k) {
      const bool builtin = text[k] == '@' && k + 1 < text.size() && text[k + 1] >= 'a' && text[k + 1] <= 'z';
      if (text[k] == '@' && !builtin) {
        result += value(2);
      } else if (text[k] == '%' && (k == 0 || text[k - 1] != ' ' || text.substr(k, 2) != "% ")) {
        result += std::to_string(choices_.pick(8));
      } else {
        result += text[k];
      }
    }
    line(result);
  }

  void body(int depth) {
    const std::vector<std::string> visible = u16_;
    const size_t count = 1 + choices_.pick(3);
    ++indent_;
    for (size_t k = 0; k < count; ++k) statement(depth);
    --indent_;
    u16_ = visible;
  }

  void statement(int depth) {
    if (++statements_ > kMostStatements) return;
    constexpr std::array<std::string_view, 3> kVariables = {"v0", "v1", "v2"};
    const size_t choice = choices_.pick(depth > 0 ? 24 : 13);
    const std::vector<std::string> visible = u16_;
    switch (choice) {
      default: return filled(choices_.of(kStatements));
      case 8: {
        constexpr std::array<std::string_view, 4> kAssign = {"=", "^=", "|=", "&="};
        return line(fmt::format("{} {} {};", choices_.of(kVariables), choices_.of(kAssign), value(2)));
      }
      case 9:
      case 10: {
        const Int& type = choices_.of(kInts);
        return line(fmt::format("x_{} = {};", type.name, integer(type, 2)));
      }
      case 11: {
        const std::string name = fresh("c");
        line(fmt::format("const {}: u16 = {};", name, value(2)));
        u16_.push_back(name);
        return;
      }
      case 12:
        if (!labels_.empty() && choices_.pick(4) != 0)
          return line(fmt::format("if ({}) {} :{};", condition(1), choices_.coin() ? "break" : "continue",
                                  choices_.of(labels_)));
        return line(fmt::format("if ({}) return {};", condition(1), value(1)));
      case 13:
      case 14:
        line(fmt::format("if ({}) {{", condition(2)));
        body(depth - 1);
        if (choices_.coin()) {
          line("} else {");
          body(depth - 1);
        }
        return line("}");
      case 15:
      case 16: {
        const std::string i = fresh("i"), l = fresh("L");
        line(fmt::format("var {}: u16 = 0;", i));
        line(fmt::format("{0}: while ({1} < {2}) : ({1} += {3}) {{", l, i, 1 + choices_.pick(4), 1 + choices_.pick(2)));
        u16_.push_back(i);
        labels_.push_back(l);
        body(depth - 1);
        labels_.pop_back();
        return line("}");
      }
      case 17:
      case 18: {
        const std::string i = fresh("r"), l = fresh("L");
        const std::array<std::string, 3> bounds = {"4", anyU16() + " & 3", "1, 9, 3"};
        line(fmt::format("{}: for (@range(u16, {})) |{}| {{", l, choices_.of(bounds), i));
        u16_.push_back(i);
        labels_.push_back(l);
        body(depth - 1);
        labels_.pop_back();
        u16_ = visible;
        return line("}");
      }
      case 19: {
        const std::string i = fresh("e"), n = fresh("n");
        line(fmt::format("const of_{} = arr;", i));
        line(fmt::format("for (of_{0}) |{0}, {1}| {{", i, n));
        u16_.push_back(i);
        u16_.push_back(n);
        body(depth - 1);
        u16_ = visible;
        return line("}");
      }
      case 20: {
        const std::string i = fresh("n");
        line(fmt::format("inline for (@range(u16, 3)) |{}| {{", i));
        u16_.push_back(i);
        // Labels of outer loops cannot be left for from unrolled code that the compiler cannot decide.
        std::vector<std::string> labels;
        labels.swap(labels_);
        body(0);
        labels.swap(labels_);
        u16_ = visible;
        return line("}");
      }
      case 21: {
        line(fmt::format("switch ({} % 5) {{", value(1)));
        for (size_t k = choices_.pick(3); k < 5; k += 1 + choices_.pick(2)) {
          line(fmt::format("  {} => {{", k));
          ++indent_;
          body(depth - 1);
          --indent_;
          line("  },");
        }
        line("  else => {}");
        return line("}");
      }
      case 22: {
        const std::string l = fresh("l");
        line(fmt::format("q = {0}: {{ if ({1}) break :{0} changed(q, v0); q.a ^= 5; break :{0} q; }};", l,
                         condition(1)));
        return;
      }
      case 23:
        line("{");
        body(depth - 1);
        return line("}");
    }
  }

  Choices choices_;
  int names_ = 0;
  size_t statements_ = 0;
  // Functions that may be called.
  size_t functions_ = 0;
  // What is a u16 here, and the loops around.
  std::vector<std::string> u16_;
  std::vector<std::string> labels_;
};

}  // namespace

CheckedProgram checkedFunctions(const uint8_t* data, size_t size) {
  return {onePeLayout(), Generator(data, size).program()};
}

}  // namespace weft::testing
