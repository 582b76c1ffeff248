// Typed comptime arithmetic, comparison and conversion of scalars, with the rules of csl-language.md 3.2-3.6.
// Gives errors as an enum; sema words them. Symbolic operands give symbolic results; what must be decided now is asked
// of the Recorder.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/comptime/symbolic.h"
#include "frontend/comptime/value.h"

namespace weft::comptime {

enum class ArithError : uint8_t {
  None,
  /// The result does not fit the integer type (comptime_int: 128 bits).
  Overflow,
  DivisionByZero,
  /// A comptime_float result that is NaN.
  NotANumber,
  /// A finite value that overflows the float type.
  FloatOverflow,
  NegativeShift,
  /// Operator not defined for the type.
  BadOperands,
  /// convert/coerce/bitcast: no such conversion.
  BadConversion,
  /// bitcast: widths differ.
  WidthMismatch,
};

struct Outcome {
  Value value;
  ArithError error = ArithError::None;
  [[nodiscard]] bool ok() const { return error == ArithError::None; }
};

class Arith {
 public:
  /// `recorder` may be null: then no operand may be symbolic.
  Arith(const types::Pool& pool, Recorder* recorder) : pool_(pool), recorder_(recorder) {}
  void setRecorder(Recorder* recorder) { recorder_ = recorder; }

  /// Operands of one type (shifts: the right one is any integer type). Comparisons give bool; Equal/NotEqual take every
  /// scalar type, strings, types, ids. and/or take bools (not short-circuit).
  Outcome binary(ast::BinaryOp op, const Value& a, const Value& b);
  Outcome unary(ast::UnaryOp op, const Value& a);
  /// @as: numeric, bool, enum.
  Outcome convert(TypeId to, const Value& v);
  /// Implicit conversion of a comptime-known number: any integer to an integer type that can hold it, comptime_float to
  /// a float, 16-bit float to f32. Identity for equal types. Everything else is BadConversion (pointers and structs are
  /// sema's).
  Outcome coerce(TypeId to, const Value& v);
  /// @bitcast between types of one castWidth(): scalars and packed structs and unions of up to 64 bits. A comptime_int
  /// takes the width of the target.
  Outcome bitcast(TypeId to, const Value& v);
  /// The bits of a type in @bitcast; 0: the type has no defined ones.
  [[nodiscard]] uint32_t castWidth(TypeId type) const;
  /// @__sqrt and so on; arguments of one float type.
  Outcome sqrt(const Value& v);
  Outcome floor(const Value& v);
  Outcome ceil(const Value& v);
  Outcome fabs(const Value& v);
  Outcome fma(const Value& a, const Value& b, const Value& c);
  Outcome fmax(const Value& a, const Value& b);

  /// The number after recording the question if it is symbolic.
  Int128 decide(const Value& v) { return v.symbolic() ? recorder_->ask(v.sym()) : v.rawInt(); }
  bool decideBool(const Value& v) { return decide(v) != 0; }
  /// The same value with every symbolic part decided.
  Value concrete(const Value& v);

  /// The value's bits as they stand in PE memory or in a TIR constant (two's complement, IEEE), zero-extended: of
  /// bool, integers, floats, enums, ids, directions, packed structs. Symbolic values: the bits for the PE at hand.
  [[nodiscard]] uint64_t rawBits(const Value& v) const;
  [[nodiscard]] Value fromBits(TypeId type, uint64_t bits) const;
  /// Rounds a double to the format of `float_type` (nearest even).
  [[nodiscard]] double round(TypeId float_type, double v) const;

 private:
  Outcome integerBinary(ast::BinaryOp op, const Value& a, const Value& b);
  Outcome floatBinary(ast::BinaryOp op, const Value& a, const Value& b);
  Outcome fitted(TypeId type, Int128 v, SymId sym);
  Outcome floatResult(TypeId type, double v, bool finite);
  Value symbolicBool(bool v, SymId sym);
  SymId symOf(const Value& v);
  [[nodiscard]] uint64_t packedBits(const Value& v) const;
  [[nodiscard]] Value fromPackedBits(TypeId type, uint64_t bits) const;
  const types::Pool& pool_;
  Recorder* recorder_;
};

}  // namespace weft::comptime
