// Typed expressions together with their values. Where a value is no constant of its type (an overflow, a division by
// zero, an infinity) the generator takes another expression.
// SPDX-License-Identifier: Apache-2.0
#include "tests/support/checked_programs.h"
#include "tests/support/choices.h"
#include "tests/support/program_generator.h"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <cmath>
#include <optional>
#include <string_view>
#include <vector>

namespace weft::testing {

namespace {

using Wide = __int128;

struct Type {
  enum class Kind : uint8_t { Bool, Unsigned, Signed, F16, F32 } kind;
  int bits;

  [[nodiscard]] bool isInt() const { return kind == Kind::Unsigned || kind == Kind::Signed; }
  [[nodiscard]] bool isFloat() const { return kind == Kind::F16 || kind == Kind::F32; }
  [[nodiscard]] bool isSigned() const { return kind == Kind::Signed; }
  [[nodiscard]] Wide lowest() const { return isSigned() ? -(Wide{1} << (bits - 1)) : 0; }
  [[nodiscard]] Wide highest() const { return (Wide{1} << (isSigned() ? bits - 1 : bits)) - 1; }
  [[nodiscard]] bool holds(Wide v) const { return lowest() <= v && v <= highest(); }
  [[nodiscard]] Wide wrapped(Wide v) const {
    const Wide low = v & ((Wide{1} << bits) - 1);
    return isSigned() && (low >> (bits - 1)) != 0 ? low - (Wide{1} << bits) : low;
  }
  [[nodiscard]] double rounded(double v) const {
    return kind == Kind::F16 ? static_cast<double>(static_cast<_Float16>(v)) : static_cast<float>(v);
  }
  [[nodiscard]] std::string name() const {
    if (kind == Kind::Bool) return "bool";
    return fmt::format("{}{}", isFloat() ? 'f' : isSigned() ? 'i' : 'u', bits);
  }
};

constexpr Type kBool{Type::Kind::Bool, 1};
constexpr std::array<Type, 2> kFloats = {{{Type::Kind::F16, 16}, {Type::Kind::F32, 32}}};
constexpr std::array<Type, 14> kInts = {{{Type::Kind::Signed, 16},
                                         {Type::Kind::Unsigned, 16},
                                         {Type::Kind::Signed, 32},
                                         {Type::Kind::Unsigned, 32},
                                         {Type::Kind::Signed, 8},
                                         {Type::Kind::Unsigned, 8},
                                         {Type::Kind::Signed, 64},
                                         {Type::Kind::Unsigned, 64},
                                         {Type::Kind::Unsigned, 5},
                                         {Type::Kind::Signed, 12},
                                         {Type::Kind::Unsigned, 24},
                                         {Type::Kind::Signed, 40},
                                         {Type::Kind::Unsigned, 1},
                                         {Type::Kind::Signed, 63}}};

/// Integers and bools are in `i`, floats, exactly, in `f`. `$` in the text stands for the kind of operand.
struct Expression {
  std::string text;
  Wide i = 0;
  double f = 0;
};

std::string decimal(Wide v) {
  // Beyond 64 bits no value is ever written.
  return v < 0 ? std::to_string(static_cast<int64_t>(v)) : std::to_string(static_cast<uint64_t>(v));
}

class Generator {
 public:
  Generator(const uint8_t* data, size_t size) : choices_(data, size) {}

  std::string program() {
    std::string known;
    std::string running;
    const size_t count = 4 + choices_.pick(20);
    for (size_t k = 0; k < count; ++k) {
      const Type type = anyType();
      const Expression e = expression(type, 1 + static_cast<int>(choices_.pick(4)));
      const std::string right = fmt::format(
          "{} == {}",
          type.isFloat() ? fmt::format("@bitcast(u{}, @as({}, {}))", type.bits, type.name(), e.text) : e.text,
          type.kind == Type::Kind::Bool ? (e.i != 0 ? "true" : "false")
          : type.isFloat()              ? fmt::format("@as(u{}, {})", type.bits, bitsOf(type, e.f))
                                        : fmt::format("@as({}, {})", type.name(), decimal(e.i)));
      known += fmt::format("  @comptime_assert({}, \"expression {}\");\n", of('c', right), k);
      running += fmt::format("  @assert({});\n", of('v', right));
    }
    return fmt::format(
        "{}task main() void {{\n{}}}\ncomptime {{\n{}  @bind_local_task(main, @get_local_task_id(8));\n"
        "  @activate(@get_local_task_id(8));\n}}\n",
        declarations_, running, known);
  }

 private:
  static std::string of(char operand, std::string text) {
    for (char& c : text)
      if (c == '$') c = operand;
    return text;
  }

  static uint32_t bitsOf(const Type& type, double v) {
    if (type.kind == Type::Kind::F16) return std::bit_cast<uint16_t>(static_cast<_Float16>(v));
    return std::bit_cast<uint32_t>(static_cast<float>(v));
  }

  Type anyType() {
    switch (choices_.pick(8)) {
      case 0: return kBool;
      case 1:
      case 2: return choices_.of(kFloats);
      default: return choices_.of(kInts);
    }
  }

  Expression declare(const Type& type, const std::string& value, Wide i, double f) {
    const std::string name = std::to_string(operands_++);
    declarations_ += fmt::format("const c{0}: {1} = {2};\nvar v{0}: {1} = {2};\n", name, type.name(), value);
    return {"$" + name, i, f};
  }

  Expression leaf(const Type& type) {
    if (type.kind == Type::Kind::Bool) {
      const bool v = choices_.coin();
      return declare(type, v ? "true" : "false", v ? 1 : 0, 0);
    }
    if (type.isFloat()) {
      constexpr std::array<double, 10> kValues = {0.5, 1, -2.25, 3, 100, -0.125, 7.5, 0.001, 12.75, -33};
      const double v = type.rounded(choices_.of(kValues) * (choices_.pick(4) == 0 ? 3 : 1));
      return declare(type, fmt::format("{:.12f}", v), 0, v);
    }
    const std::array<Wide, 12> values = {
        0,
        1,
        2,
        3,
        5,
        7,
        type.lowest(),
        type.highest(),
        type.highest() - 1,
        type.lowest() + 1,
        static_cast<Wide>(choices_.byte()) - 128,
        type.wrapped(static_cast<Wide>(choices_.word())),
    };
    Wide v = choices_.of(values);
    v = std::min(std::max(v, type.lowest()), type.highest());
    return declare(type, decimal(v), v, 0);
  }

  Expression expression(const Type& type, int depth) {
    if (depth <= 0 || choices_.pick(7) == 6) return leaf(type);
    for (int attempt = 0; attempt < 10; ++attempt) {
      const size_t before = declarations_.size();
      const int operands = operands_;
      std::optional<Expression> e = type.kind == Type::Kind::Bool ? truth(depth)
                                    : type.isFloat()              ? number(type, depth)
                                                                  : integer(type, depth);
      if (e && e->text.size() < 2000) return *std::move(e);
      declarations_.resize(before);
      operands_ = operands;
    }
    return leaf(type);
  }

  std::optional<Expression> truth(int depth) {
    constexpr std::array<std::string_view, 6> kCompare = {"==", "!=", "<", ">", "<=", ">="};
    const auto holds = [](size_t op, auto x, auto y) {
      const std::array<bool, 6> results = {x == y, x != y, x<y, x> y, x <= y, x >= y};
      return results[op];
    };
    switch (choices_.pick(5)) {
      case 0:
      case 1: {
        const Type type = choices_.pick(3) == 2 ? choices_.of(kFloats) : choices_.of(kInts);
        const Expression a = expression(type, depth - 1), b = expression(type, depth - 1);
        const size_t op = choices_.pick(6);
        return Expression{fmt::format("({} {} {})", a.text, kCompare[op], b.text),
                          type.isFloat() ? holds(op, a.f, b.f) : holds(op, a.i, b.i)};
      }
      case 2: {
        const Expression a = expression(kBool, depth - 1), b = expression(kBool, depth - 1);
        if (choices_.coin()) return Expression{fmt::format("({} and {})", a.text, b.text), a.i & b.i};
        return Expression{fmt::format("({} or {})", a.text, b.text), a.i | b.i};
      }
      case 3: {
        const Expression a = expression(kBool, depth - 1);
        return Expression{fmt::format("(!{})", a.text), 1 - a.i};
      }
      default: {
        const Type type = anyType();
        const Expression a = expression(type, depth - 1);
        return Expression{fmt::format("@as(bool, {})", a.text), type.isFloat() ? a.f != 0 : a.i != 0};
      }
    }
  }

  std::optional<Expression> number(const Type& type, int depth) {
    Expression e;
    switch (choices_.pick(6)) {
      case 0:
      case 1:
      case 2: {
        const Expression a = expression(type, depth - 1), b = expression(type, depth - 1);
        const size_t op = choices_.pick(4);
        if (op == 3 && b.f == 0) return std::nullopt;
        const std::array<double, 4> results = {a.f + b.f, a.f - b.f, a.f * b.f, op == 3 ? a.f / b.f : 0};
        // Rounding twice is rounding once: a double has more than twice the digits.
        e = {fmt::format("({} {} {})", a.text, "+-*/"[op], b.text), 0, type.rounded(results[op])};
        break;
      }
      case 3: {
        const Expression a = expression(type, depth - 1);
        e = {fmt::format("(-{})", a.text), 0, -a.f};
        break;
      }
      case 4: {
        const Type from = choices_.of(kInts);
        const Expression a = expression(from, depth - 1);
        // 64 bits do not fit in a double: straight to the float. Halves end where doubles are exact.
        const double v = type.kind == Type::Kind::F16 ? type.rounded(static_cast<double>(a.i))
                         : a.i < 0                    ? static_cast<float>(static_cast<int64_t>(a.i))
                                                      : static_cast<float>(static_cast<uint64_t>(a.i));
        e = {fmt::format("@as({}, {})", type.name(), a.text), 0, v};
        break;
      }
      default: {
        const Expression a = expression(choices_.of(kFloats), depth - 1);
        e = {fmt::format("@as({}, {})", type.name(), a.text), 0, type.rounded(a.f)};
        break;
      }
    }
    if (!std::isfinite(e.f)) return std::nullopt;
    return e;
  }

  std::optional<Expression> integer(const Type& type, int depth) {
    switch (choices_.pick(10)) {
      case 0:
      case 1: {
        const Expression a = expression(type, depth - 1), b = expression(type, depth - 1);
        const size_t op = choices_.pick(3);
        // A product of 64-bit values fits in 128 bits; two unsigned ones may not.
        if (op == 2 && type.bits == 64 && a.i > (Wide{1} << 62) && b.i > (Wide{1} << 62)) return std::nullopt;
        const Wide v = op == 0 ? a.i + b.i : op == 1 ? a.i - b.i : a.i * b.i;
        if (!type.holds(v)) return std::nullopt;
        return Expression{fmt::format("({} {} {})", a.text, "+-*"[op], b.text), v};
      }
      case 2: {
        const Expression a = expression(type, depth - 1), b = expression(type, depth - 1);
        if (b.i == 0 || !type.holds(a.i / b.i)) return std::nullopt;
        const bool quotient = choices_.coin();
        return Expression{fmt::format("({} {} {})", a.text, quotient ? '/' : '%', b.text),
                          quotient ? a.i / b.i : a.i % b.i};
      }
      case 3: {
        const Expression a = expression(type, depth - 1), b = expression(type, depth - 1);
        const size_t op = choices_.pick(3);
        return Expression{fmt::format("({} {} {})", a.text, "&|^"[op], b.text), op == 0   ? a.i & b.i
                                                                                : op == 1 ? a.i | b.i
                                                                                          : a.i ^ b.i};
      }
      case 4: {
        constexpr std::array<Type, 4> kCounts = {{{Type::Kind::Unsigned, 16},
                                                  {Type::Kind::Unsigned, 8},
                                                  {Type::Kind::Unsigned, 32},
                                                  {Type::Kind::Unsigned, 64}}};
        const Expression a = expression(type, depth - 1), n = expression(choices_.of(kCounts), depth - 2);
        if (n.i > 70) return std::nullopt;
        const int by = static_cast<int>(n.i);
        if (choices_.coin())
          return Expression{
              fmt::format("({} << {})", a.text, n.text),
              by >= type.bits ? 0 : type.wrapped(static_cast<Wide>(static_cast<unsigned __int128>(a.i) << by))};
        return Expression{fmt::format("({} >> {})", a.text, n.text), a.i >> by};
      }
      case 5: {
        const Expression a = expression(type, depth - 1);
        return Expression{fmt::format("(~{})", a.text), type.wrapped(~a.i)};
      }
      case 6: {
        const Expression a = expression(type, depth - 1);
        const Wide v = type.isSigned() ? -a.i : type.wrapped(-a.i);
        if (!type.holds(v)) return std::nullopt;
        return Expression{fmt::format("(-{})", a.text), v};
      }
      case 7:
      case 8: {
        const Type from = anyType();
        const Expression a = expression(from, depth - 1);
        Wide v = a.i;
        if (from.isFloat()) {
          if (std::fabs(a.f) > 1e30) return std::nullopt;
          v = static_cast<Wide>(a.f);
          if (!type.holds(v)) return std::nullopt;
        }
        return Expression{fmt::format("@as({}, {})", type.name(), a.text), type.wrapped(v)};
      }
      default: {
        const Expression c = expression(kBool, depth - 1);
        const Expression a = expression(type, depth - 1), b = expression(type, depth - 1);
        return Expression{fmt::format("(if ({}) {} else {})", c.text, a.text, b.text), c.i != 0 ? a.i : b.i};
      }
    }
  }

  Choices choices_;
  std::string declarations_;
  int operands_ = 0;
};

}  // namespace

CheckedProgram checkedExpressions(const uint8_t* data, size_t size) {
  return {onePeLayout(), Generator(data, size).program()};
}

}  // namespace weft::testing
