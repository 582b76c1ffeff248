// Conversions: implicit ones (csl-language 3.5), @as, @bitcast, and the common type of branches.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/sema/sema.h"

namespace weft::sema {

using comptime::ArithError;
using diag::Code;
using tir::Op;
using types::Kind;

namespace {

bool containerMatches(types::IntInfo info) {
  return info.bits == 8 || info.bits == 16 || info.bits == 32 || info.bits == 64;
}

// uN -> uM, iN -> iM, uN -> iM with M > N.
bool widens(types::IntInfo from, types::IntInfo to) {
  if (from.is_signed && !to.is_signed) return false;
  return to.bits > from.bits;
}

}  // namespace

Operand Sema::coerce(Operand v, TypeId type, Span span) {
  if (v.stops() || v.type == type) return v;
  if (type == types::kPoison) return Operand::poison();
  if (type == types::kAnyType || !type.valid()) return v;
  const Kind from = pool.kind(v.type);
  switch (pool.kind(type)) {
    case Kind::AnyStruct:
      if (from == Kind::Struct) return v;
      break;
    case Kind::Int:
    case Kind::ComptimeInt:
      if (from == Kind::Int || from == Kind::ComptimeInt) return coerceInt(v, type, span);
      break;
    case Kind::Float:
    case Kind::ComptimeFloat:
      if (from == Kind::Float || from == Kind::ComptimeFloat) {
        if (v.isComptime()) {
          const comptime::Outcome r = arith.coerce(type, v.value);
          if (r.ok()) return Operand::comptime(r.value);
          if (r.error == ArithError::FloatOverflow) {
            error(Code::E0405, span, "cast from '{}' to '{}' failed", typeName(v.type), typeName(type))
                .note(fmt::format("operand overflowed precision of '{}'", typeName(type)))
                .emit();
            return Operand::poison();
          }
          break;
        }
        if (pool.kind(type) == Kind::Float && pool.floatFormat(type) == types::FloatFormat::F32 &&
            pool.isRuntime(v.type))
          return Operand::runtime(type,
                                  builder_->emit(Op::FPExt, tir::Type::F32, lower(v, span), {}, {}, 0, tir::Type::F16));
      }
      break;
    case Kind::Pointer: {
      if (from == Kind::Pointer) return coercePointer(v, type, span);
      const auto info = pool.pointerInfo(type);
      if (from == Kind::Fn && info.element == v.type && v.isComptime()) {
        Value p = v.value;
        p.setType(type);
        return Operand::comptime(std::move(p));
      }
      break;
    }
    case Kind::Fn: {
      // `*const fn` given where the function itself is meant.
      if (from == Kind::Pointer && v.isComptime() && pool.pointerInfo(v.type).element == type) {
        Value p = v.value;
        p.setType(type);
        return Operand::comptime(std::move(p));
      }
      // A generic function bound to a concrete type.
      break;
    }
    case Kind::Task:
    case Kind::Struct:
      if (from == Kind::Struct) return coerceStruct(v, type, span);
      break;
    default: break;
  }
  auto d = error(Code::E0301, span, "expected type '{}', got: '{}'", typeName(type), typeName(v.type));
  if (pool.is(type, Kind::Float) && pool.isAnyInteger(v.type))
    d.help(from == Kind::ComptimeInt ? "write the number with a decimal point, or use @as" : "convert with @as");
  else if (pool.is(type, Kind::Int) && pool.isAnyFloat(v.type))
    d.help("convert with @as; it rounds toward zero");
  else if (type == types::kColor && pool.isAnyInteger(v.type))
    d.help("make a color with @get_color");
  else if (type == types::kBool && pool.isNumeric(v.type))
    d.help("compare with zero: `x != 0`");
  d.emit();
  return Operand::poison();
}

Operand Sema::coerceInt(const Operand& v, TypeId type, Span span) {
  if (v.isComptime()) {
    const comptime::Outcome r = arith.coerce(type, v.value);
    if (r.ok()) return Operand::comptime(r.value);
    if (r.error == ArithError::Overflow) {
      error(Code::E0402, span, "value {} does not fit type '{}'", comptime::toText(know(v.value), pool), typeName(type))
          .note(fmt::format("'{}' holds {} to {}", typeName(type),
                            comptime::toText(Value::comptimeInt(pool.minOf(type)), pool),
                            comptime::toText(Value::comptimeInt(pool.maxOf(type)), pool)))
          .emit();
      return Operand::poison();
    }
    return typeMismatch(span, typeName(type), v.type);
  }
  if (pool.kind(type) == Kind::Int && pool.kind(v.type) == Kind::Int &&
      widens(pool.intInfo(v.type), pool.intInfo(type)))
    return intToInt(v, type, span);
  auto d = error(Code::E0301, span, "expected type '{}', got: '{}'", typeName(type), typeName(v.type));
  if (pool.kind(type) == Kind::Int) d.help(fmt::format("convert with @as({}, ...) if the value fits", typeName(type)));
  d.emit();
  return Operand::poison();
}

// Run-time integer to integer of any width: truncates or extends by the source's sign.
Operand Sema::intToInt(const Operand& v, TypeId type, Span span) {
  const tir::Type from = lowerType(v.type);
  const tir::Type to = lowerType(type);
  if (from == tir::Type::Void || to == tir::Type::Void)
    return wideInteger(from == tir::Type::Void ? v.type : type, span);
  tir::Operand op = lower(v, span);
  if (tir::sizeOf(to) > tir::sizeOf(from))
    op = builder_->emit(pool.intInfo(v.type).is_signed ? Op::SExt : Op::ZExt, to, op, {}, {}, 0, from);
  else if (tir::sizeOf(to) < tir::sizeOf(from))
    op = builder_->emit(Op::Trunc, to, op, {}, {}, 0, from);
  if (containerMatches(pool.intInfo(type)) || widens(pool.intInfo(v.type), pool.intInfo(type)))
    return Operand::runtime(type, op);
  return wrapOdd(type, op);
}

Operand Sema::wideInteger(TypeId type, Span span) {
  error(Code::E0903, span, "run-time values of type '{}' are not supported", typeName(type))
      .note("at most 64 bits at run time")
      .emit();
  return Operand::poison();
}

Operand Sema::wrapOdd(TypeId type, tir::Operand v) {
  const auto info = pool.intInfo(type);
  const tir::Type t = lowerType(type);
  const uint32_t width = tir::sizeOf(t) * 8;
  if (info.bits >= width) return Operand::runtime(type, v);
  if (!info.is_signed) {
    const uint64_t mask = info.bits == 0 ? 0 : ~0ull >> (64 - info.bits);
    return Operand::runtime(type, builder_->emit(Op::And, t, v, builder_->constant(mask)));
  }
  const tir::Operand amount = builder_->constant(width - info.bits);
  const tir::Operand up = builder_->emit(Op::Shl, t, v, amount);
  return Operand::runtime(type, builder_->emit(Op::AShr, t, up, amount));
}

bool Sema::pointerCoercible(TypeId from_type, TypeId to_type) {
  const auto from = pool.pointerInfo(from_type);
  const auto to = pool.pointerInfo(to_type);
  if (from.is_const && !to.is_const) return false;
  if (to.element == types::kAnyOpaque) return true;
  if (from.element == to.element && from.is_many == to.is_many) return true;
  if (from.is_many) return false;
  if (to.is_many) return pool.is(from.element, Kind::Array) && pool.arrayInfo(from.element).element == to.element;
  // *T -> *[1]T
  if (pool.is(to.element, Kind::Array)) {
    const auto array = pool.arrayInfo(to.element);
    return array.dims.size() == 1 && array.count == 1 && array.element == from.element;
  }
  return false;
}

Operand Sema::coercePointer(const Operand& v, TypeId type, Span span) {
  if (!pointerCoercible(v.type, type)) {
    auto d = error(Code::E0307, span, "cannot coerce '{}' to '{}'", typeName(v.type), typeName(type));
    const auto from = pool.pointerInfo(v.type);
    const auto to = pool.pointerInfo(type);
    if (from.is_const && !to.is_const)
      d.note("a pointer to const never becomes a pointer to var");
    else
      d.help(fmt::format("@ptrcast({}, ...) gives the same address another type", typeName(type)));
    d.emit();
    return Operand::poison();
  }
  Operand out = v;
  out.type = type;
  if (out.isComptime()) {
    // A pointer to a whole comptime array becomes a pointer to its first element.
    if (out.value.rep() == Value::Rep::Pointer && pool.pointerInfo(type).is_many && !pool.pointerInfo(v.type).is_many) {
      const auto target = out.value.asPointer();
      if (target.kind == comptime::PointerTarget::Kind::Cell) {
        std::vector<uint32_t> path = cell_paths_[static_cast<size_t>(target.offset)];
        path.push_back(0);
        out.value = Value::pointer(type, {target.kind, target.id, static_cast<int32_t>(cellPath(std::move(path)))});
      }
    }
    out.value.setType(type);
  }
  return out;
}

bool Sema::canCoerce(const Operand& v, TypeId type) {
  if (v.stops() || v.type == type) return true;
  const Kind from = pool.kind(v.type);
  switch (pool.kind(type)) {
    case Kind::AnyType: return true;
    case Kind::AnyStruct: return from == Kind::Struct;
    case Kind::Int:
    case Kind::ComptimeInt:
      if (from != Kind::Int && from != Kind::ComptimeInt) return false;
      if (v.isComptime()) return pool.fits(knownInt(v.value), type);
      return pool.kind(type) == Kind::Int && from == Kind::Int && widens(pool.intInfo(v.type), pool.intInfo(type));
    case Kind::Float:
      if (v.isComptime())
        return (from == Kind::ComptimeFloat || from == Kind::Float) && arith.coerce(type, v.value).ok();
      return from == Kind::Float && pool.floatFormat(type) == types::FloatFormat::F32;
    case Kind::Pointer:
      if (from == Kind::Pointer) return pointerCoercible(v.type, type);
      return from == Kind::Fn && pool.pointerInfo(type).element == v.type;
    case Kind::Struct:
      return from == Kind::Struct && pool.structInfo(type).is_named && !pool.structInfo(v.type).is_named;
    default: return false;
  }
}

Operand Sema::convert(Operand v, TypeId type, Span span) {
  if (v.stops() || v.type == type) return v;
  if (type == types::kPoison) return Operand::poison();
  const Kind from = pool.kind(v.type);
  const Kind to = pool.kind(type);
  const auto bad = [&]() {
    auto d = error(Code::E0315, span, "no conversion from '{}' to '{}'", typeName(v.type), typeName(type));
    if (pool.isId(v.type))
      d.help("@get_int gives the number behind it");
    else if (to == Kind::Pointer)
      d.help(from == Kind::Pointer ? "use @ptrcast" : "use @bitcast to make a pointer from an integer");
    d.emit();
    return Operand::poison();
  };
  const auto scalar = [](Kind k) {
    return k == Kind::Int || k == Kind::ComptimeInt || k == Kind::Float || k == Kind::ComptimeFloat ||
           k == Kind::Bool || k == Kind::Enum;
  };
  if (!scalar(from) || !scalar(to)) {
    // Conversions that are implicit anyway may be written.
    if (canCoerce(v, type)) return coerce(std::move(v), type, span);
    return bad();
  }
  if (v.isComptime()) {
    const comptime::Outcome r = arith.convert(type, v.value);
    if (r.ok()) return Operand::comptime(r.value);
    if (r.error == ArithError::Overflow && to != Kind::Float) {
      error(Code::E0402, span, "value {} does not fit type '{}'", comptime::toText(know(v.value), pool), typeName(type))
          .emit();
      return Operand::poison();
    }
    if (r.error == ArithError::FloatOverflow || r.error == ArithError::Overflow || r.error == ArithError::NotANumber) {
      error(Code::E0405, span, "cast from '{}' to '{}' failed", typeName(v.type), typeName(type))
          .note(fmt::format("operand overflowed precision of '{}'", typeName(type)))
          .emit();
      return Operand::poison();
    }
    return bad();
  }
  if (from == Kind::Enum) {
    if (to == Kind::Enum) return bad();
    Operand number = Operand::runtime(pool.enumInfo(v.type).backing, lower(v, span));
    return convert(std::move(number), type, span);
  }
  if (to == Kind::Enum) {
    Operand number = convert(std::move(v), pool.enumInfo(type).backing, span);
    number.type = number.stops() ? number.type : type;
    return number;
  }
  if (to == Kind::ComptimeInt || to == Kind::ComptimeFloat) return notComptime(span, "operand of the conversion");
  if (!pool.isRuntime(type)) {
    error(Code::E0313, span, "variable of type '{}' must be comptime-known", typeName(type))
        .help("--fp16-format selects which 16-bit float exists at run time")
        .emit();
    return Operand::poison();
  }
  const tir::Type source = lowerType(v.type);
  const tir::Type target = lowerType(type);
  if (source == tir::Type::Void || target == tir::Type::Void)
    return wideInteger(source == tir::Type::Void ? v.type : type, span);
  const tir::Operand op = lower(v, span);
  const auto emitConversion = [&](Op o, tir::Type t, tir::Operand a, tir::Type f) {
    return builder_->emit(o, t, a, {}, {}, 0, f);
  };
  if (from == Kind::Int && to == Kind::Int) return intToInt(v, type, span);
  if (to == Kind::Bool) return Operand::runtime(type, emitConversion(Op::ToBool, tir::Type::Bool, op, source));
  if (from == Kind::Bool) {
    if (to == Kind::Int) return Operand::runtime(type, emitConversion(Op::FromBool, target, op, tir::Type::Bool));
    const tir::Operand number = emitConversion(Op::FromBool, tir::Type::I16, op, tir::Type::Bool);
    return Operand::runtime(type, emitConversion(Op::UIToFP, target, number, tir::Type::I16));
  }
  if (from == Kind::Int)
    return Operand::runtime(
        type, emitConversion(pool.intInfo(v.type).is_signed ? Op::SIToFP : Op::UIToFP, target, op, source));
  if (to == Kind::Int) {
    const tir::Operand number =
        emitConversion(pool.intInfo(type).is_signed ? Op::FPToSI : Op::FPToUI, target, op, source);
    return wrapOdd(type, number);
  }
  if (source == target) return Operand::runtime(type, op);
  return Operand::runtime(type, emitConversion(target == tir::Type::F32 ? Op::FPExt : Op::FPTrunc, target, op, source));
}

// The address of a variable is a number only after memory is laid out.
bool Sema::holdsPointer(TypeId type) const {
  if (pool.is(type, Kind::Pointer)) return true;
  if (!pool.is(type, Kind::Struct)) return false;
  const auto info = pool.structInfo(type);
  return std::any_of(info.fields.begin(), info.fields.end(), [&](const auto& f) { return holdsPointer(f.type); });
}

Operand Sema::bitcast(const Operand& v, TypeId type, Span span) {
  if (v.stops() || v.type == type) return v;
  if (type == types::kPoison) return Operand::poison();
  const bool to_pointer = pool.is(type, Kind::Pointer);
  if (v.type == types::kComptimeInt && to_pointer) return bitcast(coerce(v, types::kU16, span), type, span);
  const uint32_t to = arith.castWidth(type);
  // A comptime_int has the width of the target.
  const uint32_t from = v.type == types::kComptimeInt ? to : arith.castWidth(v.type);
  if (from == 0 || to == 0) {
    error(Code::E0315, span, "@bitcast from '{}' to '{}' is not possible", typeName(v.type), typeName(type))
        .note(
            "it reinterprets integers, floats, bools, enums and packed structs of one width, and 16-bit integers as "
            "pointers")
        .emit();
    return Operand::poison();
  }
  if (from != to) {
    error(Code::E0312, span, "expected equal bit width for operands, got: {} and {} bit(s)", to, from)
        .help("@bitcast keeps the bits, @as the value; to change the width use @as first")
        .emit();
    return Operand::poison();
  }
  if (v.isComptime()) {
    if (to_pointer && pool.is(v.type, Kind::Int)) {
      const auto address = static_cast<int32_t>(static_cast<uint16_t>(knownInt(v.value)));
      return Operand::comptime(Value::pointer(type, {comptime::PointerTarget::Kind::Raw, 0, address}));
    }
    if (!holdsPointer(v.type) && !holdsPointer(type) && to <= 64) {
      const comptime::Outcome r = arith.bitcast(type, v.value);
      if (r.ok()) return Operand::comptime(r.value);
      if (r.error == comptime::ArithError::Overflow) {
        error(Code::E0402, span, "value {} does not fit the {} bits of '{}'", comptime::toText(know(v.value), pool), to,
              typeName(type))
            .emit();
        return Operand::poison();
      }
      error(Code::E0315, span, "@bitcast from '{}' to '{}' is not possible", typeName(v.type), typeName(type)).emit();
      return Operand::poison();
    }
  }
  if (isAggregate(v.type) || isAggregate(type)) {
    // Through memory.
    const Address at = isAggregate(v.type) ? materialize(v, span) : temporary(v.type);
    if (!isAggregate(v.type)) copyTo(at, v, span);
    return loadFrom(at, type);
  }
  const tir::Type source = lowerType(v.type);
  const tir::Type target = lowerType(type);
  const tir::Operand op = lower(v, span);
  if (source == target) return Operand::runtime(type, op);
  return Operand::runtime(type, builder_->emit(Op::Bitcast, target, op, {}, {}, 0, source));
}

TypeId Sema::peerType(const Operand& a, const Operand& b) {
  if (a.stops()) return b.type;
  if (b.stops() || a.type == b.type) return a.type;
  const Kind ka = pool.kind(a.type), kb = pool.kind(b.type);
  if (pool.isAnyInteger(a.type) && pool.isAnyInteger(b.type)) {
    if (ka == Kind::ComptimeInt) return b.type;
    if (kb == Kind::ComptimeInt) return a.type;
    const auto ia = pool.intInfo(a.type), ib = pool.intInfo(b.type);
    if (widens(ia, ib)) return b.type;
    if (widens(ib, ia)) return a.type;
    if (b.isComptime() && pool.fits(knownInt(b.value), a.type)) return a.type;
    if (a.isComptime() && pool.fits(knownInt(a.value), b.type)) return b.type;
    return {};
  }
  if (pool.isAnyFloat(a.type) && pool.isAnyFloat(b.type)) {
    if (ka == Kind::ComptimeFloat) return b.type;
    if (kb == Kind::ComptimeFloat) return a.type;
    if (pool.floatFormat(a.type) == types::FloatFormat::F32) return a.type;
    if (pool.floatFormat(b.type) == types::FloatFormat::F32) return b.type;
    return {};
  }
  if (ka == Kind::Pointer && kb == Kind::Pointer) {
    if (pointerCoercible(a.type, b.type)) return b.type;
    if (pointerCoercible(b.type, a.type)) return a.type;
    const auto pa = pool.pointerInfo(a.type), pb = pool.pointerInfo(b.type);
    if (pool.is(pa.element, Kind::Array) && pool.is(pb.element, Kind::Array) &&
        pool.arrayInfo(pa.element).element == pool.arrayInfo(pb.element).element)
      return pool.pointer(pool.arrayInfo(pa.element).element, pa.is_const || pb.is_const, true);
    return {};
  }
  if (ka == Kind::Struct && kb == Kind::Struct) {
    if (pool.structInfo(a.type).is_named && !pool.structInfo(b.type).is_named) return a.type;
    if (pool.structInfo(b.type).is_named && !pool.structInfo(a.type).is_named) return b.type;
  }
  return {};
}

}  // namespace weft::sema
