// Operators: arithmetic, comparisons, shifts, and/or, prefix operators.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/sema/sema.h"

namespace weft::sema {

using ast::BinaryOp;
using comptime::ArithError;
using diag::Code;
using tir::Op;
using types::Kind;

namespace {

bool comparesOp(BinaryOp op) { return op >= BinaryOp::Equal && op <= BinaryOp::GreaterEqual; }
bool shiftsOp(BinaryOp op) { return op == BinaryOp::ShiftLeft || op == BinaryOp::ShiftRight; }
bool bitwiseOp(BinaryOp op) { return op == BinaryOp::BitAnd || op == BinaryOp::BitOr || op == BinaryOp::BitXor; }

}  // namespace

Operand Sema::unaryExpr(const ast::UnaryExpr& e, TypeId want) {
  if (e.op == ast::UnaryOp::AddressOf) {
    const Place p = place(*e.operand);
    return addressOf(p, e.span);
  }
  Operand v = branches(*e.operand, want, Branches::Literals);
  if (v.stops()) return v;
  const Kind k = pool.kind(v.type);
  const bool legal = e.op == ast::UnaryOp::Negate       ? pool.isNumeric(v.type)
                     : e.op == ast::UnaryOp::LogicalNot ? k == Kind::Bool
                                                        : k == Kind::Int;
  if (!legal) {
    auto d =
        error(Code::E0303, e.span, "operator `{}` is not defined for type '{}'", ast::spelling(e.op), typeName(v.type));
    if (e.op == ast::UnaryOp::BitNot && k == Kind::ComptimeInt) d.help("give the number a width with @as");
    if (e.op == ast::UnaryOp::LogicalNot && k != Kind::Bool) d.note("`!` negates a bool");
    d.emit();
    return Operand::poison();
  }
  if (v.isComptime()) {
    const comptime::Outcome r = arith.unary(e.op, v.value);
    if (r.ok()) return Operand::comptime(r.value);
    return arithError(r.error, e.span, v.type, ast::spelling(e.op));
  }
  const tir::Type t = lowerType(v.type);
  if (t == tir::Type::Void) return wideInteger(v.type, e.span);
  const tir::Operand op = lower(v, e.span);
  switch (e.op) {
    case ast::UnaryOp::LogicalNot: return Operand::runtime(v.type, builder_->emit(Op::LNot, tir::Type::Bool, op));
    case ast::UnaryOp::BitNot: return wrapOdd(v.type, builder_->emit(Op::Not, t, op));
    default: break;
  }
  if (k == Kind::Float) return Operand::runtime(v.type, builder_->emit(Op::FNeg, t, op));
  return wrapOdd(v.type, builder_->emit(Op::Neg, t, op));
}

Operand Sema::arithError(ArithError e, Span span, TypeId type, const char* op) {
  switch (e) {
    case ArithError::None: break;
    case ArithError::Overflow:
      error(Code::E0402, span, "integer overflow: the result of `{}` does not fit type '{}'", op, typeName(type))
          .note(type == types::kComptimeInt ? "comptime integers have 128 bits here"
                                            : "comptime arithmetic on fixed-width types never wraps")
          .emit();
      break;
    case ArithError::DivisionByZero: error(Code::E0403, span, "division by zero").emit(); break;
    case ArithError::NotANumber: error(Code::E0414, span, "result of `{}` is not a number", op).emit(); break;
    case ArithError::FloatOverflow:
      error(Code::E0414, span, "result of `{}` overflows type '{}'", op, typeName(type)).emit();
      break;
    case ArithError::NegativeShift: error(Code::E0414, span, "shift by a negative amount").emit(); break;
    case ArithError::BadOperands:
    case ArithError::BadConversion:
    case ArithError::WidthMismatch:
      error(Code::E0303, span, "operator `{}` is not defined for type '{}'", op, typeName(type)).emit();
      break;
  }
  return Operand::poison();
}

Operand Sema::binaryExpr(const ast::BinaryExpr& e, TypeId want) {
  if (e.op == BinaryOp::LogicalAnd || e.op == BinaryOp::LogicalOr) return logical(e);
  const bool passes_want = !comparesOp(e.op);
  Operand a = branches(*e.lhs, passes_want ? want : TypeId{}, Branches::Literals);
  if (a.isPoison()) {
    // Find mistakes on the right too, when nothing depends on the left.
    if (atRuntime()) expr(*e.rhs);
    return a;
  }
  if (a.stops()) return a;
  // A block on the right may change the variable on the left.
  if (a.kind == Operand::Kind::Runtime && e.rhs->kind == ast::NodeKind::BlockExpr &&
      a.op.kind() == tir::Operand::Kind::Local)
    a.op = builder_->emit(Op::Copy, lowerType(a.type), a.op);
  Operand b = branches(*e.rhs, passes_want && !shiftsOp(e.op) ? want : TypeId{}, Branches::Literals);
  if (b.stops()) return b;
  return binary(e.op, std::move(a), std::move(b), e.span, e.lhs->span, e.rhs->span);
}

Operand Sema::binary(BinaryOp op, Operand a, Operand b, Span span, Span a_span, Span b_span) {
  if (shiftsOp(op)) return shift(op, a, b, span, b_span);
  TypeId type = a.type;
  if (a.type != b.type) {
    type = TypeId{};
    const bool ints = pool.isAnyInteger(a.type) && pool.isAnyInteger(b.type);
    const bool floats = pool.isAnyFloat(a.type) && pool.isAnyFloat(b.type);
    if (ints && pool.is(a.type, Kind::Int) && pool.is(b.type, Kind::Int)) {
      if (a.isComptime() && b.isComptime())
        type = canCoerce(b, a.type) ? a.type : canCoerce(a, b.type) ? b.type : TypeId{};
      else if (b.isComptime())
        type = canCoerce(b, a.type) ? a.type : canCoerce(a, b.type) ? b.type : TypeId{};
      else if (a.isComptime())
        type = canCoerce(a, b.type) ? b.type : canCoerce(b, a.type) ? a.type : TypeId{};
      else
        type = peerType(a, b);
    } else if (ints) {
      type = pool.is(a.type, Kind::Int) ? a.type : b.type;
    } else if (floats) {
      type = peerType(a, b);
    }
    if (!type.valid() && !comparesOp(op) && (pool.is(a.type, Kind::Pointer) || pool.is(b.type, Kind::Pointer)))
      return arithmetic(op, a, b, pool.is(a.type, Kind::Pointer) ? a.type : b.type, span);
    if (!type.valid()) {
      auto d = error(Code::E0301, b_span, "expected type '{}', got: '{}'", typeName(a.type), typeName(b.type));
      d.label(a_span, fmt::format("this is '{}'", typeName(a.type)));
      d.note(fmt::format("both operands of `{}` must have the same type", ast::spelling(op)));
      if (pool.isAnyFloat(a.type) != pool.isAnyFloat(b.type) &&
          (a.type == types::kComptimeInt || b.type == types::kComptimeInt))
        d.help("write the integer literal with a decimal point");
      else if (pool.isNumeric(a.type) && pool.isNumeric(b.type))
        d.help("convert one of them with @as");
      d.emit();
      return Operand::poison();
    }
    a = coerce(std::move(a), type, a_span);
    if (a.stops()) return a;
    b = coerce(std::move(b), type, b_span);
    if (b.stops()) return b;
  }
  return comparesOp(op) ? compare(op, a, b, type, span) : arithmetic(op, a, b, type, span);
}

Operand Sema::compare(BinaryOp op, const Operand& a, const Operand& b, TypeId type, Span span) {
  const Kind k = pool.kind(type);
  const bool equality = op == BinaryOp::Equal || op == BinaryOp::NotEqual;
  const bool ordered = pool.isNumeric(type);
  const bool comparable = ordered || (equality && (k == Kind::Bool || k == Kind::Enum || k == Kind::Direction ||
                                                   pool.isId(type) || k == Kind::String || k == Kind::Type ||
                                                   k == Kind::Dsr || k == Kind::Xdsr || k == Kind::Sr));
  if (!comparable) {
    auto d = error(Code::E0303, span, "invalid comparison operation for type: '{}'", typeName(type));
    if (k == Kind::Pointer) d.note("pointers have no order and no identity in CSL");
    if (k == Kind::Array) d.help("compare their elements in a loop");
    if (k == Kind::Struct) d.help("compare their fields");
    if (!equality && (k == Kind::Bool || k == Kind::Enum || k == Kind::String || pool.isId(type)))
      d.help("such values have no order, only `==` and `!=`");
    d.emit();
    return Operand::poison();
  }
  if (a.isComptime() && b.isComptime()) {
    const comptime::Outcome r = arith.binary(op, a.value, b.value);
    if (r.ok()) return Operand::comptime(r.value);
    return arithError(r.error, span, type, ast::spelling(op));
  }
  const tir::Type t = lowerType(type);
  if (t == tir::Type::Void) {
    if (k == Kind::Int) return wideInteger(type, span);
    error(Code::E0313, span, "value of type '{}' must be comptime-known", typeName(type)).emit();
    return Operand::poison();
  }
  tir::Operand x = lower(a, span), y = lower(b, span);
  if (op == BinaryOp::Greater || op == BinaryOp::GreaterEqual) {
    std::swap(x, y);
    op = op == BinaryOp::Greater ? BinaryOp::Less : BinaryOp::LessEqual;
  }
  Op o = Op::Eq;
  if (k == Kind::Float) {
    o = op == BinaryOp::Equal ? Op::FEq : op == BinaryOp::NotEqual ? Op::FNe : op == BinaryOp::Less ? Op::FLt : Op::FLe;
  } else if (equality) {
    o = op == BinaryOp::Equal ? Op::Eq : Op::Ne;
  } else {
    const bool is_signed = pool.intInfo(type).is_signed;
    o = op == BinaryOp::Less ? (is_signed ? Op::SLt : Op::ULt) : (is_signed ? Op::SLe : Op::ULe);
  }
  return Operand::runtime(types::kBool, builder_->emit(o, t, x, y));
}

Operand Sema::arithmetic(BinaryOp op, const Operand& a, const Operand& b, TypeId type, Span span) {
  const bool is_float = pool.isAnyFloat(type);
  const bool legal = is_float
                         ? (op == BinaryOp::Add || op == BinaryOp::Sub || op == BinaryOp::Mul || op == BinaryOp::Div)
                         : pool.isAnyInteger(type);
  if (!legal) {
    auto d = error(Code::E0303, span, "operator `{}` is not defined for type '{}'", ast::spelling(op), typeName(type));
    if (op == BinaryOp::BitAnd && pool.is(type, Kind::Pointer))
      d.help("logical and is written `and`");
    else if (pool.is(type, Kind::Pointer))
      d.help("index the pointer instead: `&p[k]`");
    if (type == types::kString && op == BinaryOp::Add) d.help("strings are joined with @strcat");
    if (is_float && op == BinaryOp::Mod) d.help("`%` is for integers: convert with @as first");
    if (type == types::kBool && bitwiseOp(op)) d.help("use `and`, `or` or `!=` on bools");
    d.emit();
    return Operand::poison();
  }
  if (a.isComptime() && b.isComptime()) {
    const comptime::Outcome r = arith.binary(op, a.value, b.value);
    if (r.ok()) return Operand::comptime(r.value);
    return arithError(r.error, span, type, ast::spelling(op));
  }
  const tir::Type t = lowerType(type);
  if (t == tir::Type::Void) {
    if (pool.is(type, Kind::Int)) return wideInteger(type, span);
    error(Code::E0313, span, "variable of type '{}' must be comptime-known", typeName(type)).emit();
    return Operand::poison();
  }
  const tir::Operand x = lower(a, span), y = lower(b, span);
  if (is_float) {
    const Op o = op == BinaryOp::Add   ? Op::FAdd
                 : op == BinaryOp::Sub ? Op::FSub
                 : op == BinaryOp::Mul ? Op::FMul
                                       : Op::FDiv;
    return Operand::runtime(type, builder_->emit(o, t, x, y));
  }
  const bool is_signed = pool.intInfo(type).is_signed;
  Op o = Op::Add;
  switch (op) {
    case BinaryOp::Add: o = Op::Add; break;
    case BinaryOp::Sub: o = Op::Sub; break;
    case BinaryOp::Mul: o = Op::Mul; break;
    case BinaryOp::Div: o = is_signed ? Op::SDiv : Op::UDiv; break;
    case BinaryOp::Mod: o = is_signed ? Op::SRem : Op::URem; break;
    case BinaryOp::BitAnd: o = Op::And; break;
    case BinaryOp::BitOr: o = Op::Or; break;
    case BinaryOp::BitXor: o = Op::Xor; break;
    default: break;
  }
  return wrapOdd(type, builder_->emit(o, t, x, y));
}

Operand Sema::shift(BinaryOp op, const Operand& a, const Operand& b, Span span, Span b_span) {
  if (!pool.isAnyInteger(a.type) || !pool.isAnyInteger(b.type)) {
    error(Code::E0303, span, "operator `{}` is not defined for types '{}' and '{}'", ast::spelling(op),
          typeName(a.type), typeName(b.type))
        .emit();
    return Operand::poison();
  }
  if (pool.is(b.type, Kind::Int) && pool.intInfo(b.type).is_signed && !b.isComptime()) {
    error(Code::E0301, b_span, "the amount of a shift must be unsigned, got: '{}'", typeName(b.type))
        .help("convert it with @as(u16, ...)")
        .emit();
    return Operand::poison();
  }
  if (a.isComptime() && b.isComptime()) {
    const comptime::Outcome r = arith.binary(op, a.value, b.value);
    if (r.ok()) return Operand::comptime(r.value);
    return arithError(r.error, span, a.type, ast::spelling(op));
  }
  if (!pool.is(a.type, Kind::Int)) {
    error(Code::E0313, span, "variable of type '{}' must be comptime-known", typeName(a.type))
        .help("give the number a width with @as")
        .emit();
    return Operand::poison();
  }
  const tir::Type t = lowerType(a.type);
  if (t == tir::Type::Void) return wideInteger(a.type, span);
  const uint32_t width = tir::sizeOf(t) * 8;
  const tir::Operand x = lower(a, span);
  tir::Operand amount;
  if (b.isComptime() && !b.value.symbolic()) {
    const comptime::Int128 n = b.value.asInt();
    if (n < 0) return arithError(ArithError::NegativeShift, b_span, a.type, ast::spelling(op));
    amount = builder_->constant(static_cast<uint64_t>(n > width ? width : n));
  } else {
    // The amount in the type of the left operand; larger ones saturate so that nothing is lost.
    const Operand typed = pool.is(b.type, Kind::Int) ? b : Operand::comptime(know(b.value));
    const tir::Type bt = lowerType(typed.type);
    if (bt == tir::Type::Void) return wideInteger(typed.type, b_span);
    amount = lower(typed, b_span);
    if (tir::sizeOf(bt) < tir::sizeOf(t)) {
      amount = builder_->emit(Op::ZExt, t, amount, {}, {}, 0, bt);
    } else if (tir::sizeOf(bt) > tir::sizeOf(t)) {
      const tir::Operand big = builder_->emit(Op::ULt, bt, builder_->constant(width), amount);
      const tir::Operand low = builder_->emit(Op::Trunc, t, amount, {}, {}, 0, bt);
      // Too large: all amount bits set, which is at least the width.
      const tir::Operand flag = builder_->emit(Op::FromBool, t, big, {}, {}, 0, tir::Type::Bool);
      const tir::Operand mask = builder_->emit(Op::Neg, t, flag);
      amount = builder_->emit(Op::Or, t, low, mask);
    }
  }
  const Op o = op == BinaryOp::ShiftLeft ? Op::Shl : pool.intInfo(a.type).is_signed ? Op::AShr : Op::LShr;
  const tir::Operand r = builder_->emit(o, t, x, amount);
  return o == Op::Shl ? wrapOdd(a.type, r) : Operand::runtime(a.type, r);
}

Operand Sema::logical(const ast::BinaryExpr& e) {
  const bool is_and = e.op == BinaryOp::LogicalAnd;
  Operand a = expr(*e.lhs);
  if (a.stops()) return a;
  if (a.type != types::kBool) return typeMismatch(e.lhs->span, "bool", a.type);
  if (a.isComptime()) {
    // Decides whether the right side is looked at, at all.
    const bool known = knownBool(a.value);
    if (known != is_and) return Operand::comptime(Value::boolean(known));
    Operand b = expr(*e.rhs);
    if (b.stops()) return b;
    if (b.type != types::kBool) return typeMismatch(e.rhs->span, "bool", b.type);
    return b;
  }
  const uint32_t result = builder_->addLocal(tir::Type::Bool);
  builder_->emitTo(result, Op::Copy, tir::Type::Bool, lower(a, e.lhs->span));
  const uint32_t right = builder_->newBlock();
  const uint32_t join = builder_->newBlock();
  if (is_and)
    builder_->branch(tir::Operand::local(result), right, join);
  else
    builder_->branch(tir::Operand::local(result), join, right);
  builder_->setBlock(right);
  ++control_depth_;
  Operand b = expr(*e.rhs);
  --control_depth_;
  if (!b.stops() && b.type != types::kBool) b = typeMismatch(e.rhs->span, "bool", b.type);
  if (!b.stops()) builder_->emitTo(result, Op::Copy, tir::Type::Bool, lower(b, e.rhs->span));
  builder_->jump(join);
  builder_->setBlock(join);
  if (b.isPoison()) return b;
  return Operand::runtime(types::kBool, tir::Operand::local(result));
}

}  // namespace weft::sema
