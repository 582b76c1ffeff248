// Comptime arithmetic on integers, floats and comparable scalars.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/comptime/arith.h"

#include "frontend/numeric/f16.h"
#include "frontend/numeric/f32.h"

#include <cmath>

namespace weft::comptime {

using ast::BinaryOp;
using ast::UnaryOp;
using types::FloatFormat;
using types::Kind;

namespace {

target::Fp16Format half(FloatFormat f) {
  return f == FloatFormat::BF16   ? target::Fp16Format::BF16
         : f == FloatFormat::CB16 ? target::Fp16Format::CB16
                                  : target::Fp16Format::F16;
}

Outcome fail(ArithError e) { return {Value::poison(), e}; }

// Width at which a value of the type stands in a register; 0 for types without bits.
uint32_t bitWidth(const types::Pool& pool, TypeId t) {
  switch (pool.kind(t)) {
    case Kind::Bool: return 1;
    case Kind::Int: return pool.intInfo(t).bits;
    case Kind::Float: return pool.floatFormat(t) == FloatFormat::F32 ? 32 : 16;
    case Kind::Enum: return pool.intInfo(pool.enumInfo(t).backing).bits;
    case Kind::Struct: return pool.structInfo(t).bits;
    case Kind::Direction:
    case Kind::Color:
    case Kind::InputQueue:
    case Kind::OutputQueue:
    case Kind::UtId:
    case Kind::DataTaskId:
    case Kind::LocalTaskId:
    case Kind::ControlTaskId:
    case Kind::Pointer: return 16;
    default: return 0;
  }
}

bool addOverflows(Int128 a, Int128 b, Int128& r) { return __builtin_add_overflow(a, b, &r); }
bool subOverflows(Int128 a, Int128 b, Int128& r) { return __builtin_sub_overflow(a, b, &r); }
bool mulOverflows(Int128 a, Int128 b, Int128& r) { return __builtin_mul_overflow(a, b, &r); }

// 128 bits do not go into int128 with room for a sign test; unsigned results of up to 126 bits do.
Int128 toInt(double v) {
  return v < 0 ? -static_cast<Int128>(static_cast<unsigned __int128>(-v))
               : static_cast<Int128>(static_cast<unsigned __int128>(v));
}

uint64_t lowBits(uint32_t width) { return width >= 64 ? ~0ull : (1ull << width) - 1; }

double intToDouble(Int128 v) { return static_cast<double>(v); }

}  // namespace

SymId Arith::symOf(const Value& v) { return v.symbolic() ? v.sym() : recorder_->pool().constant(v.rawInt()); }

Value Arith::symbolicBool(bool v, SymId sym) {
  Value out = Value::boolean(v);
  if (!recorder_->pool().isConstant(sym)) out.setSym(sym);
  return out;
}

// The integer `v` (expression `sym`, or kNoSym) as a value of `type`, with the range check that the type asks for.
Outcome Arith::fitted(TypeId type, Int128 v, SymId sym) {
  if (pool_.is(type, Kind::Int)) {
    if (sym != kNoSym) {
      SymPool& syms = recorder_->pool();
      const Int128 lo = pool_.minOf(type);
      const Int128 hi = pool_.maxOf(type);
      if (!syms.within(sym, lo, hi)) recorder_->ask(syms.make(SymOp::InRange, sym, kNoSym, syms.constant(hi), lo));
    }
    if (!pool_.fits(v, type)) return fail(ArithError::Overflow);
  }
  Value out = Value::integer(type, v);
  if (sym != kNoSym && !recorder_->pool().isConstant(sym)) out.setSym(sym);
  return {out};
}

Outcome Arith::integerBinary(BinaryOp op, const Value& a, const Value& b) {
  const TypeId type = a.type();
  const Int128 x = a.rawInt();
  const Int128 y = b.rawInt();
  const bool symbolic = a.symbolic() || b.symbolic();
  const auto expr = [&](SymOp s) { return symbolic ? recorder_->pool().make(s, symOf(a), symOf(b)) : kNoSym; };
  const auto boolean = [&](bool v, SymOp s, bool swapped, bool negated) -> Outcome {
    if (!symbolic) return {Value::boolean(v)};
    SymPool& syms = recorder_->pool();
    SymId n = swapped ? syms.make(s, symOf(b), symOf(a)) : syms.make(s, symOf(a), symOf(b));
    if (negated) n = syms.make(SymOp::LogicalNot, n);
    return {symbolicBool(v, n)};
  };
  Int128 r = 0;
  switch (op) {
    case BinaryOp::Add:
      if (addOverflows(x, y, r)) return fail(ArithError::Overflow);
      return fitted(type, r, expr(SymOp::Add));
    case BinaryOp::Sub:
      if (subOverflows(x, y, r)) return fail(ArithError::Overflow);
      return fitted(type, r, expr(SymOp::Sub));
    case BinaryOp::Mul:
      if (mulOverflows(x, y, r)) return fail(ArithError::Overflow);
      return fitted(type, r, expr(SymOp::Mul));
    case BinaryOp::Div:
    case BinaryOp::Mod: {
      if (b.symbolic()) {
        SymPool& syms = recorder_->pool();
        recorder_->ask(syms.make(SymOp::Eq, b.sym(), syms.constant(0)));
      }
      if (y == 0) return fail(ArithError::DivisionByZero);
      if (op == BinaryOp::Div) return fitted(type, y == -1 ? -x : x / y, expr(SymOp::Div));
      return fitted(type, y == -1 ? 0 : x % y, expr(SymOp::Rem));
    }
    case BinaryOp::ShiftLeft:
    case BinaryOp::ShiftRight: {
      if (b.symbolic() && !recorder_->pool().within(b.sym(), 0, 126)) {
        SymPool& syms = recorder_->pool();
        recorder_->ask(syms.make(SymOp::InRange, b.sym(), kNoSym, syms.constant(126), 0));
      }
      if (y < 0) return fail(ArithError::NegativeShift);
      if (op == BinaryOp::ShiftRight) {
        return fitted(type, y > 126 ? (x < 0 ? -1 : 0) : x >> static_cast<int>(y), expr(SymOp::Shr));
      }
      if (pool_.is(type, Kind::Int)) {
        // Fixed-width shifts drop what leaves at the top, as at run time.
        const types::IntInfo info = pool_.intInfo(type);
        const uint32_t bits = std::min(info.bits, 126u);
        unsigned __int128 u = y >= bits ? 0 : static_cast<unsigned __int128>(x) << static_cast<int>(y);
        u &= (static_cast<unsigned __int128>(1) << bits) - 1;
        Int128 v = static_cast<Int128>(u);
        if (info.is_signed && ((u >> (bits - 1)) & 1) != 0) v -= static_cast<Int128>(1) << bits;
        SymId n = expr(SymOp::Shl);
        if (n != kNoSym)
          n = recorder_->pool().make(SymOp::Wrap, n, kNoSym, kNoSym, bits * 2 + (info.is_signed ? 1 : 0));
        return fitted(type, v, n);
      }
      if (y > 126 || (x != 0 && (x << static_cast<int>(y)) >> static_cast<int>(y) != x)) {
        return x == 0 ? fitted(type, 0, kNoSym) : fail(ArithError::Overflow);
      }
      return fitted(type, x << static_cast<int>(y), expr(SymOp::Shl));
    }
    case BinaryOp::BitAnd: return fitted(type, x & y, expr(SymOp::And));
    case BinaryOp::BitOr: return fitted(type, x | y, expr(SymOp::Or));
    case BinaryOp::BitXor: return fitted(type, x ^ y, expr(SymOp::Xor));
    case BinaryOp::Equal: return boolean(x == y, SymOp::Eq, false, false);
    case BinaryOp::NotEqual: return boolean(x != y, SymOp::Eq, false, true);
    case BinaryOp::Less: return boolean(x < y, SymOp::Lt, false, false);
    case BinaryOp::LessEqual: return boolean(x <= y, SymOp::Le, false, false);
    case BinaryOp::Greater: return boolean(x > y, SymOp::Lt, true, false);
    case BinaryOp::GreaterEqual: return boolean(x >= y, SymOp::Le, true, false);
    case BinaryOp::LogicalAnd:
    case BinaryOp::LogicalOr: return fail(ArithError::BadOperands);
  }
  return fail(ArithError::BadOperands);
}

double Arith::round(TypeId type, double v) const {
  if (type == types::kComptimeFloat) return v;
  const FloatFormat f = pool_.floatFormat(type);
  if (f == FloatFormat::F32) return numeric::f32ToDouble(numeric::f32FromDouble(v));
  return numeric::f16ToDouble(half(f), numeric::f16FromDouble(half(f), v));
}

// `finite`: all operands were finite, so that a result that is not one is a mistake.
Outcome Arith::floatResult(TypeId type, double v, bool finite) {
  if (finite && std::isnan(v)) return fail(ArithError::NotANumber);
  // Double arithmetic followed by one rounding is correctly rounded for formats of at most 24 bits.
  const double rounded = round(type, v);
  if (finite && std::isinf(rounded)) return fail(ArithError::FloatOverflow);
  return {Value::floating(type, rounded)};
}

Outcome Arith::floatBinary(BinaryOp op, const Value& a, const Value& b) {
  const TypeId type = a.type();
  const double x = a.asFloat();
  const double y = b.asFloat();
  const bool finite = std::isfinite(x) && std::isfinite(y);
  switch (op) {
    case BinaryOp::Add: return floatResult(type, x + y, finite);
    case BinaryOp::Sub: return floatResult(type, x - y, finite);
    case BinaryOp::Mul: return floatResult(type, x * y, finite);
    case BinaryOp::Div:
      if (y == 0) return fail(ArithError::DivisionByZero);
      return floatResult(type, x / y, finite);
    case BinaryOp::Equal: return {Value::boolean(x == y)};
    case BinaryOp::NotEqual: return {Value::boolean(x != y)};
    case BinaryOp::Less: return {Value::boolean(x < y)};
    case BinaryOp::LessEqual: return {Value::boolean(x <= y)};
    case BinaryOp::Greater: return {Value::boolean(x > y)};
    case BinaryOp::GreaterEqual: return {Value::boolean(x >= y)};
    default: return fail(ArithError::BadOperands);
  }
}

Outcome Arith::binary(BinaryOp op, const Value& a, const Value& b) {
  if (a.isPoison() || b.isPoison()) return {Value::poison()};
  const Kind k = pool_.kind(a.type());
  if (k == Kind::Int || k == Kind::ComptimeInt) {
    if (!pool_.isAnyInteger(b.type())) return fail(ArithError::BadOperands);
    return integerBinary(op, a, b);
  }
  if (k == Kind::Float || k == Kind::ComptimeFloat) {
    if (a.type() != b.type()) return fail(ArithError::BadOperands);
    return floatBinary(op, a, b);
  }
  if (k == Kind::Bool && b.type() == types::kBool) {
    switch (op) {
      case BinaryOp::Equal:
      case BinaryOp::NotEqual: return integerBinary(op, a, b);
      case BinaryOp::LogicalAnd:
      case BinaryOp::BitAnd:
      case BinaryOp::LogicalOr:
      case BinaryOp::BitOr:
      case BinaryOp::BitXor: {
        const bool x = a.rawInt() != 0;
        const bool y = b.rawInt() != 0;
        const bool is_and = op == BinaryOp::LogicalAnd || op == BinaryOp::BitAnd;
        const bool v = is_and ? x && y : op == BinaryOp::BitXor ? x != y : x || y;
        if (!a.symbolic() && !b.symbolic()) return {Value::boolean(v)};
        const SymOp s = is_and ? SymOp::And : op == BinaryOp::BitXor ? SymOp::Xor : SymOp::Or;
        return {symbolicBool(v, recorder_->pool().make(s, symOf(a), symOf(b)))};
      }
      default: return fail(ArithError::BadOperands);
    }
  }
  // Everything else compares by identity of its number: ids, directions, enums, strings, types, registers, functions.
  if ((op == BinaryOp::Equal || op == BinaryOp::NotEqual) && a.type() == b.type()) {
    const bool want = op == BinaryOp::Equal;
    switch (a.rep()) {
      case Value::Rep::Int:
        if (a.symbolic() || b.symbolic()) return integerBinary(op, a, b);
        return {Value::boolean((a.rawInt() == b.rawInt()) == want)};
      case Value::Rep::None:
      case Value::Rep::Pointer:
      case Value::Rep::Dsd: return {Value::boolean(a.identical(b) == want)};
      default: break;
    }
  }
  return fail(ArithError::BadOperands);
}

Outcome Arith::unary(UnaryOp op, const Value& a) {
  if (a.isPoison()) return {Value::poison()};
  const Kind k = pool_.kind(a.type());
  switch (op) {
    case UnaryOp::Negate:
      if (k == Kind::Float || k == Kind::ComptimeFloat) return {Value::floating(a.type(), -a.asFloat())};
      if (k == Kind::Int && !pool_.intInfo(a.type()).is_signed) {
        // Unsigned negation wraps.
        const types::IntInfo info = pool_.intInfo(a.type());
        const Int128 modulus = static_cast<Int128>(1) << std::min(info.bits, 126u);
        const Int128 v = a.rawInt() == 0 ? 0 : modulus - a.rawInt();
        if (!a.symbolic()) return {Value::integer(a.type(), v)};
        SymPool& syms = recorder_->pool();
        return fitted(a.type(), v,
                      syms.make(SymOp::Wrap, syms.make(SymOp::Neg, a.sym()), kNoSym, kNoSym, info.bits * 2));
      }
      if (k == Kind::Int || k == Kind::ComptimeInt) {
        return fitted(a.type(), -a.rawInt(), a.symbolic() ? recorder_->pool().make(SymOp::Neg, a.sym()) : kNoSym);
      }
      break;
    case UnaryOp::BitNot:
      if (k == Kind::Int) {
        const types::IntInfo info = pool_.intInfo(a.type());
        const Int128 v = info.is_signed ? ~a.rawInt() : pool_.maxOf(a.type()) - a.rawInt();
        if (!a.symbolic()) return {Value::integer(a.type(), v)};
        SymPool& syms = recorder_->pool();
        const SymId n = info.is_signed ? syms.make(SymOp::Not, a.sym())
                                       : syms.make(SymOp::Sub, syms.constant(pool_.maxOf(a.type())), a.sym());
        return fitted(a.type(), v, n);
      }
      break;
    case UnaryOp::LogicalNot:
      if (k == Kind::Bool) {
        const bool v = a.rawInt() == 0;
        if (!a.symbolic()) return {Value::boolean(v)};
        return {symbolicBool(v, recorder_->pool().make(SymOp::LogicalNot, a.sym()))};
      }
      break;
    case UnaryOp::AddressOf: break;
  }
  return fail(ArithError::BadOperands);
}

Outcome Arith::coerce(TypeId to, const Value& v) {
  if (v.isPoison() || v.type() == to) return {v};
  const Kind from = pool_.kind(v.type());
  const Kind want = pool_.kind(to);
  if ((from == Kind::Int || from == Kind::ComptimeInt) && (want == Kind::Int || want == Kind::ComptimeInt)) {
    return fitted(to, v.rawInt(), v.symbolic() ? v.sym() : kNoSym);
  }
  if (from == Kind::ComptimeFloat && want == Kind::Float) {
    const double r = round(to, v.asFloat());
    if (std::isinf(r) && !std::isinf(v.asFloat())) return fail(ArithError::FloatOverflow);
    return {Value::floating(to, r)};
  }
  if (from == Kind::Float && to == types::kF32) return {Value::floating(to, v.asFloat())};
  return fail(ArithError::BadConversion);
}

Outcome Arith::convert(TypeId to, const Value& v) {
  if (v.isPoison() || v.type() == to) return {v};
  Kind from = pool_.kind(v.type());
  Value source = v;
  if (from == Kind::Enum) {
    source.setType(pool_.enumInfo(v.type()).backing);
    from = Kind::Int;
  }
  const Kind want = pool_.kind(to);
  if (want == Kind::Enum) {
    if (pool_.kind(v.type()) == Kind::Enum) return fail(ArithError::BadConversion);
    Outcome o = convert(pool_.enumInfo(to).backing, source);
    if (o.ok()) {
      o.value = concrete(o.value);
      o.value.setType(to);
    }
    return o;
  }
  const bool from_int = from == Kind::Int || from == Kind::ComptimeInt || from == Kind::Bool;
  const bool from_float = from == Kind::Float || from == Kind::ComptimeFloat;
  if (!from_int && !from_float) return fail(ArithError::BadConversion);
  switch (want) {
    case Kind::Int: {
      const types::IntInfo info = pool_.intInfo(to);
      if (from_float) {
        if (source.type() == types::kComptimeFloat) {
          const double t = std::trunc(source.asFloat());
          if (std::isnan(t) || std::fabs(t) > 1e37 || !pool_.fits(toInt(t), to)) return fail(ArithError::Overflow);
          return {Value::integer(to, toInt(t))};
        }
        const int bits = static_cast<int>(std::min(info.bits, 64u));
        if (info.is_signed) {
          const uint64_t raw = numeric::toSigned(source.asFloat(), bits);
          return {Value::integer(
              to, bits == 64 ? static_cast<int64_t>(raw) : static_cast<int64_t>(raw << (64 - bits)) >> (64 - bits))};
        }
        return {Value::integer(to, static_cast<Int128>(numeric::toUnsigned(source.asFloat(), bits)))};
      }
      if (source.type() == types::kComptimeInt || from == Kind::Bool) {
        return fitted(to, source.rawInt(), source.symbolic() ? source.sym() : kNoSym);
      }
      // Typed integers truncate or extend, as at run time.
      if (pool_.fits(source.rawInt(), to) && !source.symbolic()) return {Value::integer(to, source.rawInt())};
      const uint32_t bits = std::min(info.bits, 126u);
      if (bits == 0) return {Value::integer(to, 0)};
      const Int128 modulus = static_cast<Int128>(1) << bits;
      Int128 r = source.rawInt() & (modulus - 1);
      if (info.is_signed && (r & (modulus >> 1)) != 0) r -= modulus;
      SymId n = kNoSym;
      if (source.symbolic()) {
        SymPool& syms = recorder_->pool();
        n = syms.within(source.sym(), pool_.minOf(to), pool_.maxOf(to))
                ? source.sym()
                : syms.make(SymOp::Wrap, source.sym(), kNoSym, kNoSym, bits * 2 + (info.is_signed ? 1 : 0));
      }
      return fitted(to, r, n);
    }
    case Kind::ComptimeInt:
      if (from_int) return fitted(to, source.rawInt(), source.symbolic() ? source.sym() : kNoSym);
      if (std::isnan(source.asFloat()) || std::fabs(source.asFloat()) > 1e37) return fail(ArithError::Overflow);
      return {Value::comptimeInt(toInt(std::trunc(source.asFloat())))};
    case Kind::Float:
    case Kind::ComptimeFloat: {
      const double x = from_int ? 0.0 : source.asFloat();
      if (!from_int) {
        const double r = round(to, x);
        if (std::isinf(r) && !std::isinf(x)) {
          // Only comptime_float is exact enough to call this a mistake.
          if (source.type() == types::kComptimeFloat) return fail(ArithError::FloatOverflow);
        }
        return {Value::floating(to, r)};
      }
      const Int128 i = decide(source);
      if (want == Kind::Float && pool_.floatFormat(to) == FloatFormat::F32 && i >= INT64_MIN && i <= INT64_MAX) {
        return {Value::floating(to, numeric::f32ToDouble(numeric::f32FromInt(static_cast<int64_t>(i))))};
      }
      if (want == Kind::Float && pool_.floatFormat(to) != FloatFormat::F32 && i >= INT64_MIN && i <= INT64_MAX) {
        const target::Fp16Format f = half(pool_.floatFormat(to));
        return {Value::floating(to, numeric::f16ToDouble(f, numeric::f16FromInt(f, static_cast<int64_t>(i))))};
      }
      return {Value::floating(to, round(to, intToDouble(i)))};
    }
    case Kind::Bool: {
      if (from_float) return {Value::boolean(!(source.asFloat() == 0))};
      if (!source.symbolic()) return {Value::boolean(source.rawInt() != 0)};
      SymPool& syms = recorder_->pool();
      return {symbolicBool(source.rawInt() != 0,
                           syms.make(SymOp::LogicalNot, syms.make(SymOp::Eq, source.sym(), syms.constant(0))))};
    }
    default: return fail(ArithError::BadConversion);
  }
}

uint64_t Arith::rawBits(const Value& v) const {
  if (v.rep() == Value::Rep::Float) {
    if (!pool_.is(v.type(), Kind::Float)) return 0;
    const FloatFormat f = pool_.floatFormat(v.type());
    if (f == FloatFormat::F32) return numeric::f32FromDouble(v.asFloat());
    return numeric::f16FromDouble(half(f), v.asFloat());
  }
  if (v.rep() == Value::Rep::Dsd) return v.asDsd().dsd.bits;
  if (v.rep() == Value::Rep::Aggregate) return packedBits(v);
  const auto bits = static_cast<uint64_t>(v.rawInt());
  uint32_t width = bitWidth(pool_, v.type());
  // Signed numbers of odd widths are held sign-extended, as memory and registers hold them.
  const TypeId number = pool_.is(v.type(), Kind::Enum) ? pool_.enumInfo(v.type()).backing : v.type();
  if (pool_.is(number, Kind::Int) && pool_.intInfo(number).is_signed)
    width = width <= 8 ? 8 : width <= 16 ? 16 : width <= 32 ? 32 : 64;
  return width == 0 || width >= 64 ? bits : bits & ((1ull << width) - 1);
}

uint64_t Arith::packedBits(const Value& v) const {
  const types::StructInfo info = pool_.structInfo(v.type());
  if (info.is_union) return rawBits(v.element(0)) & lowBits(bitWidth(pool_, v.element(0).type()));
  uint64_t bits = 0;
  for (size_t i = 0; i < info.fields.size(); ++i) {
    const uint64_t field = rawBits(v.element(i)) & lowBits(bitWidth(pool_, info.fields[i].type));
    if (info.fields[i].offset < 64) bits |= field << info.fields[i].offset;
  }
  return bits;
}

Value Arith::fromPackedBits(TypeId type, uint64_t bits) const {
  const types::StructInfo info = pool_.structInfo(type);
  if (info.is_union) return Value::unionValue(type, 0, fromBits(info.fields[0].type, bits));
  std::vector<Value> fields;
  fields.reserve(info.fields.size());
  for (const auto& f : info.fields)
    fields.push_back(fromBits(f.type, f.offset < 64 ? bits >> f.offset & lowBits(bitWidth(pool_, f.type)) : 0));
  return Value::aggregate(type, std::move(fields));
}

Value Arith::fromBits(TypeId type, uint64_t bits) const {
  switch (pool_.kind(type)) {
    case Kind::Struct: return fromPackedBits(type, bits);
    case Kind::Float: {
      const FloatFormat f = pool_.floatFormat(type);
      if (f == FloatFormat::F32) return Value::floating(type, numeric::f32ToDouble(static_cast<uint32_t>(bits)));
      return Value::floating(type, numeric::f16ToDouble(half(f), static_cast<uint16_t>(bits)));
    }
    case Kind::Bool: return Value::boolean((bits & 1) != 0);
    default: break;
  }
  const TypeId number = pool_.is(type, Kind::Enum) ? pool_.enumInfo(type).backing : type;
  const bool is_signed = pool_.is(number, Kind::Int) && pool_.intInfo(number).is_signed;
  const uint32_t width = bitWidth(pool_, number);
  if (width > 0 && width < 64) bits &= (1ull << width) - 1;
  if (is_signed && width > 0 && width <= 64) {
    return Value::integer(type, static_cast<int64_t>(bits << (64 - width)) >> (64 - width));
  }
  return Value::integer(type, static_cast<Int128>(bits));
}

uint32_t Arith::castWidth(TypeId type) const {
  switch (pool_.kind(type)) {
    case Kind::Bool: return 8;  // as in memory
    case Kind::Int:
    case Kind::Float:
    case Kind::Enum:
    case Kind::Pointer: return bitWidth(pool_, type);
    case Kind::Struct: return pool_.structInfo(type).layout == ast::Layout::Packed ? pool_.structInfo(type).bits : 0;
    default: return 0;
  }
}

Outcome Arith::bitcast(TypeId to, const Value& v) {
  if (v.isPoison()) return {v};
  Value source = v;
  if (pool_.is(v.type(), Kind::ComptimeInt)) {
    // A literal takes the width of the target.
    const uint32_t width = castWidth(to);
    if (width == 0 || width > 64) return fail(ArithError::BadConversion);
    const Int128 i = decide(v);
    if (i < -(static_cast<Int128>(1) << (width - 1)) || i >= static_cast<Int128>(1) << width)
      return fail(ArithError::Overflow);
    return {fromBits(to, static_cast<uint64_t>(i))};
  }
  const uint32_t from_width = castWidth(v.type());
  const uint32_t to_width = castWidth(to);
  if (from_width == 0 || to_width == 0 || from_width > 64) return fail(ArithError::BadConversion);
  if (from_width != to_width) return fail(ArithError::WidthMismatch);
  if (v.symbolic()) {
    if (pool_.is(to, Kind::Int) && pool_.is(v.type(), Kind::Int)) return convert(to, v);
    source = concrete(v);
  }
  return {fromBits(to, rawBits(source))};
}

Value Arith::concrete(const Value& v) {
  if (v.rep() != Value::Rep::Aggregate) {
    if (!v.symbolic()) return v;
    Value out = Value::integer(v.type(), recorder_->ask(v.sym()));
    return out;
  }
  if (!v.anySymbolic()) return v;
  Value out = v;
  for (uint64_t i = 0; i < v.elementCount(); ++i) {
    if (v.element(i).anySymbolic()) out.mutableElement(i) = concrete(v.element(i));
  }
  return out;
}

Outcome Arith::sqrt(const Value& v) {
  return floatResult(v.type(), std::sqrt(v.asFloat()), std::isfinite(v.asFloat()));
}
Outcome Arith::floor(const Value& v) {
  return floatResult(v.type(), std::floor(v.asFloat()), std::isfinite(v.asFloat()));
}
Outcome Arith::ceil(const Value& v) {
  return floatResult(v.type(), std::ceil(v.asFloat()), std::isfinite(v.asFloat()));
}
Outcome Arith::fabs(const Value& v) { return {Value::floating(v.type(), std::fabs(v.asFloat()))}; }

Outcome Arith::fma(const Value& a, const Value& b, const Value& c) {
  const TypeId t = a.type();
  if (pool_.is(t, Kind::Float) && pool_.floatFormat(t) == FloatFormat::F32) {
    return {fromBits(t, numeric::f32Fma(static_cast<uint32_t>(rawBits(a)), static_cast<uint32_t>(rawBits(b)),
                                        static_cast<uint32_t>(rawBits(c))))};
  }
  if (pool_.is(t, Kind::Float)) {
    return {fromBits(t, numeric::f16Fma(half(pool_.floatFormat(t)), static_cast<uint16_t>(rawBits(a)),
                                        static_cast<uint16_t>(rawBits(b)), static_cast<uint16_t>(rawBits(c))))};
  }
  const bool finite = std::isfinite(a.asFloat()) && std::isfinite(b.asFloat()) && std::isfinite(c.asFloat());
  return floatResult(t, std::fma(a.asFloat(), b.asFloat(), c.asFloat()), finite);
}

Outcome Arith::fmax(const Value& a, const Value& b) {
  const double x = a.asFloat();
  const double y = b.asFloat();
  if (std::isnan(x)) return {b};
  if (std::isnan(y)) return {a};
  if (x == y) return {std::signbit(x) ? b : a};
  return {x > y ? a : b};
}

}  // namespace weft::comptime
