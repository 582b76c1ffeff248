// The generator takes each decision from the next byte; when the bytes end, the simplest choice is taken.
// SPDX-License-Identifier: Apache-2.0
#include "tests/support/program_generator.h"

#include "tests/support/choices.h"
#include "tests/support/source_writer.h"

#include <fmt/format.h>

#include <array>
#include <string_view>
#include <vector>

namespace weft::testing {

namespace {

struct NumberType {
  std::string_view name;
  bool is_float;
  bool is_signed;
  int bits;
};
constexpr std::array<NumberType, 8> kTypes = {{{"i16", false, true, 16},
                                               {"u16", false, false, 16},
                                               {"i32", false, true, 32},
                                               {"u32", false, false, 32},
                                               {"f16", true, true, 16},
                                               {"f32", true, true, 32},
                                               {"i8", false, true, 8},
                                               {"u8", false, false, 8}}};
// Elements of each global array; a power of two, so that an index is easily kept inside.
constexpr int kElements = 8;
constexpr int kMaxDepth = 4;
constexpr int kMaxStatements = 24;

class Generator : SourceWriter {
 public:
  Generator(const uint8_t* data, size_t size) : choices_(data, size) {}

  std::string program() {
    for (const NumberType& type : kTypes) global(type);
    for (size_t i = 0; i < kTypes.size(); ++i) helper(kTypes[i]);
    descriptors();
    for (const std::string_view type : {"f16", "f32"}) line(fmt::format("var m_{0} = @zeros([256]{0});", type));
    out_ += "task main() void {\n";
    indent_ = 1;
    line("for (@range(u16, 256)) |k| {");
    line("  m_f16[k] = v_f16[k & 7] + @as(f16, k & 15);\n  m_f32[k] = v_f32[k & 7] * @as(f32, k);\n}");
    const size_t count = 2 + pick(12);
    for (size_t i = 0; i < count; ++i) statement(0);
    out_ += "}\n";
    out_ +=
        "comptime {\n  @bind_local_task(main, @get_local_task_id(8));\n"
        "  @activate(@get_local_task_id(8));\n}\n";
    return std::move(out_);
  }

 private:
  size_t pick(size_t bound) { return choices_.pick(bound); }
  const NumberType& anyType() { return kTypes[pick(kTypes.size())]; }

  std::string literal(const NumberType& type) {
    if (type.is_float) {
      constexpr std::array<std::string_view, 12> kFloats = {"0.0", "1.0",     "0.5",    "3.25",  "1000.0", "0.001",
                                                            "7.0", "65504.0", "6.0e-8", "0.333", "123.5",  "2.0"};
      const std::string_view text = kFloats[pick(kFloats.size())];
      return pick(3) == 2 ? fmt::format("-{}", text) : std::string(text);
    }
    constexpr std::array<int64_t, 10> kEdges = {0, 1, 2, 3, 7, 100, 127, -1, -2, -128};
    int64_t value = kEdges[pick(kEdges.size())];
    if (type.bits > 8 && pick(2) == 1) value = value * 255 + static_cast<int64_t>(pick(256));
    if (!type.is_signed && value < 0) value = -value;
    if (type.bits == 16 && type.is_signed && (value > 32767 || value < -32768)) value %= 32768;
    if (type.bits == 16 && !type.is_signed) value %= 65536;
    return std::to_string(value);
  }

  void global(const NumberType& type) {
    std::string values;
    for (int i = 0; i < kElements; ++i) values += (i > 0 ? ", " : "") + literal(type);
    line(fmt::format("var v_{0} = [{1}]{0}{{ {2} }};", type.name, kElements, values));
  }

  void helper(const NumberType& type) {
    // A branch, a loop and an early return, so that calls are worth suspending and inlining.
    const std::string op = binaryOperator(type);
    line(fmt::format("fn mix_{0}(a: {0}, b: {0}, n: u16) {0} {{", type.name));
    line(fmt::format("  if (a > b) {{ return a {} b; }}", op));
    line(fmt::format("  var r: {} = b;", type.name));
    line("  var k: u16 = n & 7;");
    line(fmt::format("  while (k > 0) : (k -= 1) {{ r = r {} a; }}", binaryOperator(type)));
    line("  return r;\n}");
  }

  void descriptors() {
    for (const std::string_view type : {"f16", "f32", "i16", "u16", "i32", "u32"}) {
      const size_t stride = 1 + pick(2);
      const size_t offset = pick(3);
      line(fmt::format("const d_{0} = @get_dsd(mem1d_dsd, .{{ .tensor_access = |i|{{{1}}} -> v_{0}[{2} * i + {3}] }});",
                       type, 3, stride, offset));
      line(fmt::format("const e_{0} = @get_dsd(mem1d_dsd, .{{ .tensor_access = |i|{{3}} -> v_{0}[i + {1}] }});", type,
                       pick(5)));
    }
  }

  std::string binaryOperator(const NumberType& type) {
    constexpr std::array<std::string_view, 4> kFloat = {"+", "-", "*", "/"};
    constexpr std::array<std::string_view, 8> kInt = {"+", "-", "*", "&", "|", "^", "/", "%"};
    return std::string(type.is_float ? kFloat[pick(kFloat.size())] : kInt[pick(kInt.size())]);
  }

  std::string index() {
    switch (pick(4)) {
      case 0: return std::to_string(pick(kElements));
      case 1: return fmt::format("v_u16[{}] & 7", pick(kElements));
      case 2: return loop_depth_ > 0 ? fmt::format("i{} & 7", loop_depth_ - 1) : std::to_string(pick(kElements));
      default: return fmt::format("(v_i16[{}] & 7)", pick(kElements));
    }
  }

  std::string element(const NumberType& type) { return fmt::format("v_{}[{}]", type.name, index()); }

  /// Never comptime-known, so that nothing is an error that only comptime arithmetic has.
  std::string expression(const NumberType& type, int depth) {
    if (depth >= kMaxDepth) return element(type);
    switch (pick(9)) {
      case 0:
      case 1: return element(type);
      case 2:
      case 3:
        return fmt::format("({} {} {})", expression(type, depth + 1), binaryOperator(type),
                           expression(type, depth + 1));
      case 4: return fmt::format("({} {} {})", expression(type, depth + 1), type.is_float ? "*" : "+", literal(type));
      case 5: {
        const NumberType& from = anyType();
        if (from.name == type.name) return element(type);
        return fmt::format("@as({}, {})", type.name, expression(from, depth + 1));
      }
      case 6:
        if (type.is_float) return fmt::format("(-{})", expression(type, depth + 1));
        return fmt::format("(~{})", expression(type, depth + 1));
      case 7:
        if (type.is_float) return fmt::format("({} - {})", expression(type, depth + 1), element(type));
        return fmt::format("({} {} (v_u16[{}] & {}))", expression(type, depth + 1), pick(2) == 0 ? "<<" : ">>",
                           pick(kElements), type.bits - 1);
      default:
        return fmt::format("mix_{}({}, {}, v_u16[{}])", type.name, expression(type, depth + 1), element(type),
                           pick(kElements));
    }
  }

  std::string condition() {
    const NumberType& type = anyType();
    constexpr std::array<std::string_view, 6> kCompare = {"<", "<=", "==", "!=", ">", ">="};
    std::string text =
        fmt::format("{} {} {}", expression(type, 2), kCompare[pick(kCompare.size())], expression(type, 2));
    if (pick(4) == 3) text = fmt::format("({}) {} ({})", text, pick(2) == 0 ? "and" : "or", condition());
    return text;
  }

  void assignment() {
    const NumberType& type = anyType();
    constexpr std::array<std::string_view, 4> kAssign = {"=", "+=", "-=", "*="};
    line(fmt::format("{} {} {};", element(type), kAssign[pick(kAssign.size())], expression(type, 1)));
  }

  void vectorOperation() {
    constexpr std::array<std::string_view, 16> kOperations = {
        "@fadds(d_f32, e_f32, d_f32);", "@fsubs(d_f32, d_f32, e_f32);",
        "@fmuls(d_f32, e_f32, 0.5);",   "@fmacs(d_f32, d_f32, e_f32, v_f32[1]);",
        "@fmaxs(d_f32, d_f32, e_f32);", "@faddh(d_f16, e_f16, d_f16);",
        "@fmulh(d_f16, e_f16, d_f16);", "@fmach(d_f16, d_f16, e_f16, v_f16[2]);",
        "@fs2h(d_f16, e_f32);",         "@fh2s(d_f32, e_f16);",
        "@fnegs(d_f32, e_f32);",        "@add16(d_u16, e_u16, d_u16);",
        "@sub16(d_i16, d_i16, e_i16);", "@xor16(d_u16, d_u16, e_u16);",
        "@mov32(d_u32, e_u32);",        "@fmovs(d_f32, v_f32[3]);",
    };
    line(kOperations[pick(kOperations.size())]);
  }

  /// A loop that adds multiples of a column that moves to one vector: optimised code runs several turns at once.
  void sums() {
    const std::string_view type = pick(2) == 0 ? "f32" : "f16";
    const int id = locals_++, variable = loop_depth_++;
    const auto vector = [&] {
      return fmt::format("@set_dsd_length(@set_dsd_base_addr(d_{0}, &m_{0}[{1}]), {2})", type, 96 + pick(64),
                         1 + pick(40));
    };
    line(fmt::format("const s{} = @set_dsd_stride({}, 1);", id, vector()));
    line(fmt::format("var c{} = @set_dsd_stride({}, {});", id, vector(), pick(8) == 7 ? 2 : 1));
    line(fmt::format("for (@range(u16, {})) |i{}| {{", pick(14), variable));
    line(fmt::format("  @fmac{0}(s{1}, s{1}, c{1}, m_{2}[{3} + i{4}]);", type == "f32" ? 's' : 'h', id, type,
                     96 + pick(64), variable));
    line(fmt::format("  c{0} = @increment_dsd_offset(c{0}, {1}, {2});", id, static_cast<int>(pick(14)) - 6, type));
    line("}");
    --loop_depth_;
  }

  void statement(int depth) {
    if (++statements_ > kMaxStatements) return;
    switch (pick(depth >= 3 ? 4 : 9)) {
      case 0:
      case 1: return assignment();
      case 2: return vectorOperation();
      case 3: {
        const NumberType& type = anyType();
        const int id = locals_++;
        line(fmt::format("var t{}: {} = {};", id, type.name, expression(type, 1)));
        line(fmt::format("t{} = t{} {} {};", id, id, binaryOperator(type), expression(type, 2)));
        return line(fmt::format("{} = t{};", element(type), id));
      }
      case 4:
      case 5:
        line(fmt::format("if ({}) {{", condition()));
        body(depth);
        if (pick(2) == 1) {
          line("} else {");
          body(depth);
        }
        return line("}");
      case 6: {
        const int variable = loop_depth_++;
        line(fmt::format("for (@range(u16, {})) |i{}| {{", 1 + pick(6), variable));
        body(depth);
        line("}");
        --loop_depth_;
        return;
      }
      case 7: return sums();
      default: {
        const int id = locals_++;
        line(fmt::format("var w{}: u16 = v_u16[{}] & 3;", id, pick(kElements)));
        line(fmt::format("while (w{0} > 0) : (w{0} -= 1) {{", id));
        body(depth);
        if (pick(3) == 2) line(fmt::format("  if ({}) {{ break; }}", condition()));
        return line("}");
      }
    }
  }

  void body(int depth) {
    ++indent_;
    const size_t count = 1 + pick(3);
    for (size_t i = 0; i < count; ++i) statement(depth + 1);
    --indent_;
  }

  Choices choices_;
  int locals_ = 0;
  int loop_depth_ = 0;
  int statements_ = 0;
};

}  // namespace

std::string generatePeProgram(const uint8_t* data, size_t size) { return Generator(data, size).program(); }

std::string onePeLayout() { return "layout {\n  @set_rectangle(1, 1);\n  @set_tile_code(0, 0, \"pe.csl\");\n}\n"; }

}  // namespace weft::testing
