// Programs that ask their params wherever the compiler may: in types, branches, tables, specialised functions.
// SPDX-License-Identifier: Apache-2.0
#include "tests/support/checked_programs.h"
#include "tests/support/choices.h"

#include <fmt/format.h>

#include <array>
#include <string_view>
#include <vector>

namespace weft::testing {

namespace {

constexpr int kPes = 3;

class Generator {
 public:
  Generator(const uint8_t* data, size_t size) : choices_(data, size) {}

  CheckedProgram program() {
    CheckedProgram result;
    result.layout = layout();
    result.pe = tile();
    result.shares = true;
    return result;
  }

 private:
  std::string layout() {
    std::string text = fmt::format("layout {{\n  @set_rectangle({}, 1);\n", kPes);
    for (int pe = 0; pe < kPes; ++pe) {
      text += fmt::format(
          "  @set_tile_code({}, 0, \"pe.csl\", .{{ .x = {}, .y = {}, .w = {}, .f = {}, .k = {}, .t = .{{ .a = {}, .b = "
          "{} }}, .arrp = [2]i16{{ {}, {} }}, .c = @get_color({}) }});\n",
          pe, choices_.pick(4), choices_.pick(3), 1 + choices_.pick(3), choices_.coin(), choices_.pick(2),
          choices_.pick(2) * 9, choices_.pick(3), choices_.pick(2), choices_.pick(4), choices_.pick(3));
    }
    return text + "}\n";
  }

  std::string tile() {
    std::string text =
        "param x: i16; param y: u16; param w: u16; param f: bool; param k; param t; param arrp: [2]i16; param c: "
        "color;\n"
        "fn mix(a: i32, b: i32) i32 {\n  var s: i32 = 1;\n  var i: i32 = 0;\n"
        "  while (i < (b & 3)) : (i += 1) { s = (s ^ a) & 0xffff; }\n  return if (a > b) s else -s;\n}\n"
        "fn unrolled(comptime n: u16, v: u32) u32 {\n  var r = v;\n"
        "  inline for (@range(u16, n)) |i| { r = (r << 1) ^ i; }\n  return r;\n}\n"
        "fn chosen(comptime b: bool, v: u32) u32 { if (b) { return v + 7; } else { return v ^ 0x55; } }\n"
        "fn table() [4]i32 {\n  var r = @zeros([4]i32);\n";
    text += fmt::format("  for (@range(i16, 4)) |i| {{ r[i] = {} ^ @as(i32, i); }}\n  return r;\n}}\n", number(2));
    text += "const entries = table();\nvar running: u32 = 3;\n";
    const size_t count = 2 + choices_.pick(8);
    for (size_t i = 0; i < count; ++i) {
      text += fmt::format("const c{} = {};\n", i, number(3));
      constants_ = i + 1;
    }
    text +=
        fmt::format("var out: [{}]u32;\nvar sized: [1 + ({} & 7)]u16;\ntask main() void {{\n", 2 * count, number(2));
    for (size_t i = 0; i < count; ++i) {
      text += "  " + statement(i, 2 * i);
      text += fmt::format("\n  out[{}] ^= @as(u32, c{});\n", 2 * i + 1, i);
    }
    text += fmt::format(
        "}}\ntask other() void {{ running = @as(u32, {}); }}\ncomptime {{\n"
        "  @bind_local_task(main, @get_local_task_id(20));\n  @activate(@get_local_task_id(20));\n"
        "  if ({}) {{\n    @bind_local_task(other, @get_local_task_id(@as(u16, 9 + ({} & 3))));\n",
        number(1), condition(1), number(1));
    text += fmt::format("    if ({}) {{ @activate(@get_local_task_id(20)); }}\n  }}\n}}\n", condition(1));
    return text;
  }

  std::string statement(size_t i, size_t slot) {
    switch (choices_.pick(9)) {
      case 0:
        return fmt::format("if ({}) {{ out[{}] = @as(u32, {}); }} else {{ out[{}] = running; }}", condition(2), slot,
                           number(2), slot);
      case 1: return fmt::format("out[{}] = unrolled(@as(u16, {} & 3), running);", slot, number(2));
      case 2: return fmt::format("out[{}] = chosen({}, @as(u32, c{}));", slot, condition(2), i);
      case 3:
        return fmt::format(
            "switch (@as(u16, {} & 3)) {{ 0 => {{ out[{}] = 5; }}, 2 => {{ out[{}] = @as(u32, {}); }}, "
            "else => {{}} }}",
            number(2), slot, slot, number(1));
      case 4: return fmt::format("out[{}] = running * @as(u32, {}) + @as(u32, entries[running & 3]);", slot, number(2));
      case 5: return fmt::format("out[{}] = @element_count(@type_of(sized));", slot);
      case 6:
        return fmt::format("for (@range(i32, {} & 3)) |i| {{ out[{}] += @as(u32, i) ^ running; }} running += 1;",
                           number(2), slot);
      case 7:
        return fmt::format("out[{}] = @bitcast(u32, @as(f32, {})); sized[0] += @as(u16, @get_int(c));", slot,
                           number(2));
      default:
        return fmt::format("out[{}] = @as(u32, c{}) ^ (if ({}) @as(u32, x) else running);", slot, i, condition(1));
    }
  }

  /// An i32 that the compiler knows, small enough that nothing overflows.
  std::string number(int depth) {
    const size_t choice = choices_.pick(13);
    if (depth <= 0 || choice <= 2) {
      constexpr std::array<std::string_view, 9> kParams = {"x",   "y",   "w",       "k",      "(if (f) x else k)",
                                                           "t.a", "t.b", "arrp[1]", "arrp[0]"};
      if (choices_.pick(4) == 3) return fmt::format("@as(i32, {})", static_cast<int>(choices_.pick(19)) - 9);
      if (constants_ > 0 && choices_.pick(3) == 2) return fmt::format("c{}", choices_.pick(constants_));
      return fmt::format("@as(i32, {})", choices_.of(kParams));
    }
    const std::string a = number(depth - 1);
    switch (choice) {
      case 3: return fmt::format("@as(i32, @as({}, {}))", std::array{"u8", "i8", "u16", "i16"}[choices_.pick(4)], a);
      case 4: return fmt::format("@as(i32, @as(f32, {} & 0xfff) * 0.5)", a);
      case 5:
        return fmt::format("({} {} {})", a, "/%" [choices_.pick(2)], std::array { 2, 3, 5, 7, -3 }[choices_.pick(5)]);
      default: break;
    }
    const std::string b = number(depth - 1);
    switch (choice) {
      case 6: return fmt::format("(({} & 0xff) * ({} & 0xf))", a, b);
      case 7: return fmt::format("(({} & 0xffff) {} ({} & 0xffff))", a, "+-"[choices_.pick(2)], b);
      case 8: return fmt::format("({} {} {})", a, "&|^"[choices_.pick(3)], b);
      case 9: return fmt::format("(if ({}) {} else {})", condition(depth - 1), a, b);
      case 10: return fmt::format("({} >> (@as(u16, {} & 7)))", a, b);
      case 11: return fmt::format("mix({}, {})", a, b);
      default:
        return fmt::format("(switch (@as(u16, {} & 3)) {{ 0 => {}, 1, 2 => {}, else => {} }})", a, a, b,
                           number(depth - 1));
    }
  }

  std::string condition(int depth) {
    constexpr std::array<std::string_view, 10> kQuestions = {
        "f", "!f", "x == 0", "y == 0", "x == w - 1", "x < 2", "x % 2 == 0", "y > 1", "x != y", "x + @as(i16, y) > 3"};
    constexpr std::array<std::string_view, 6> kCompare = {"==", "!=", "<", ">", "<=", ">="};
    if (depth <= 0 || choices_.pick(6) == 0) return std::string(choices_.of(kQuestions));
    if (choices_.pick(5) == 0)
      return fmt::format("({}) {} ({})", condition(depth - 1), choices_.coin() ? "and" : "or", condition(depth - 1));
    return fmt::format("{} {} {}", number(depth - 1), choices_.of(kCompare), number(depth - 1));
  }

  Choices choices_;
  size_t constants_ = 0;
};

}  // namespace

CheckedProgram checkedParams(const uint8_t* data, size_t size) { return Generator(data, size).program(); }

}  // namespace weft::testing
