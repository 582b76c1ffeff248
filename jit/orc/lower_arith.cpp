// Integers, floats, comparisons and conversions of TIR as IR; the meaning is frontend/numeric's.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/base/check.h"
#include "jit/orc/lower.h"

#include <llvm/IR/Intrinsics.h>

namespace weft::jit::orc {

using llvm::ConstantInt;
using llvm::Value;
using tir::Inst;
using tir::Op;
using tir::Type;

namespace {

bool isFloat(Type t) { return t == Type::F16 || t == Type::F32; }

}  // namespace

void FunctionLowering::lowerArith(const Inst& inst) { write(inst.dst, arith(inst)); }

// Division never faults: a zero or minus-one divisor is replaced by 1 and the result selected.
Value* FunctionLowering::divide(const Inst& inst, Value* x, Value* y) {
  llvm::Type* type = x->getType();
  Value* zero = ConstantInt::get(type, 0);
  Value* one = ConstantInt::get(type, 1);
  Value* ones = ConstantInt::getAllOnesValue(type);
  Value* by_zero = b_.CreateICmpEQ(y, zero);
  switch (inst.op) {
    case Op::UDiv: return b_.CreateSelect(by_zero, ones, b_.CreateUDiv(x, b_.CreateSelect(by_zero, one, y)));
    case Op::URem: return b_.CreateSelect(by_zero, x, b_.CreateURem(x, b_.CreateSelect(by_zero, one, y)));
    case Op::SDiv: {
      Value* by_minus = b_.CreateICmpEQ(y, ones);
      Value* q = b_.CreateSDiv(x, b_.CreateSelect(b_.CreateOr(by_zero, by_minus), one, y));
      return b_.CreateSelect(by_zero, ones, b_.CreateSelect(by_minus, b_.CreateNeg(x), q));
    }
    default: {
      Value* by_minus = b_.CreateICmpEQ(y, ones);
      Value* r = b_.CreateSRem(x, b_.CreateSelect(b_.CreateOr(by_zero, by_minus), one, y));
      return b_.CreateSelect(by_zero, x, b_.CreateSelect(by_minus, zero, r));
    }
  }
}

Value* FunctionLowering::shift(const Inst& inst, Value* x, Value* amount) {
  llvm::Type* type = x->getType();
  const unsigned width = type->getIntegerBitWidth();
  Value* in_range = b_.CreateICmpULT(amount, ConstantInt::get(type, width));
  if (inst.op == Op::AShr) {
    return b_.CreateAShr(x, b_.CreateSelect(in_range, amount, ConstantInt::get(type, width - 1)));
  }
  Value* safe = b_.CreateSelect(in_range, amount, ConstantInt::get(type, 0));
  Value* r = inst.op == Op::Shl ? b_.CreateShl(x, safe) : b_.CreateLShr(x, safe);
  return b_.CreateSelect(in_range, r, ConstantInt::get(type, 0));
}

Value* FunctionLowering::convert(const Inst& inst) {
  llvm::Type* to = m_.typeOf(inst.type);
  switch (inst.op) {
    case Op::Trunc: return b_.CreateTrunc(read(inst.a, inst.from), to);
    case Op::ZExt: return b_.CreateZExt(read(inst.a, inst.from), to);
    case Op::SExt: return b_.CreateSExt(read(inst.a, inst.from), to);
    case Op::SIToFP: return floats_.fromInt(inst.type, read(inst.a, inst.from), true);
    case Op::UIToFP: return floats_.fromInt(inst.type, read(inst.a, inst.from), false);
    case Op::FPToSI: return floats_.toInt(inst.from, read(inst.a, inst.from), to, true);
    case Op::FPToUI: return floats_.toInt(inst.from, read(inst.a, inst.from), to, false);
    case Op::FPExt: return floats_.extend(read(inst.a, inst.from));
    case Op::FPTrunc: return floats_.truncate(read(inst.a, inst.from));
    case Op::Bitcast: return b_.CreateBitCast(read(inst.a, inst.from), to);
    case Op::FromBool: {
      Value* bit = read(inst.a, Type::Bool);
      if (isFloat(inst.type)) return floats_.fromInt(inst.type, b_.CreateZExt(bit, b_.getInt32Ty()), true);
      return b_.CreateZExt(bit, to);
    }
    default: {
      Value* v = read(inst.a, inst.from);
      if (isFloat(inst.from)) return floats_.nonZero(inst.from, v);
      return b_.CreateICmpNE(v, ConstantInt::get(v->getType(), 0));
    }
  }
}

Value* FunctionLowering::arith(const Inst& inst) {
  const Type t = inst.type;
  auto x = [&] { return read(inst.a, t); };
  auto y = [&] { return read(inst.b, t); };
  auto bits = [&](llvm::Intrinsic::ID id) { return b_.CreateBinaryIntrinsic(id, x(), b_.getFalse()); };
  switch (inst.op) {
    case Op::Add: return b_.CreateAdd(x(), y());
    case Op::Sub: return b_.CreateSub(x(), y());
    case Op::Mul: return b_.CreateMul(x(), y());
    case Op::SDiv:
    case Op::UDiv:
    case Op::SRem:
    case Op::URem: return divide(inst, x(), y());
    case Op::And: return b_.CreateAnd(x(), y());
    case Op::Or: return b_.CreateOr(x(), y());
    case Op::Xor: return b_.CreateXor(x(), y());
    case Op::Shl:
    case Op::LShr:
    case Op::AShr: return shift(inst, x(), y());
    case Op::Neg: return b_.CreateNeg(x());
    case Op::Not: return b_.CreateNot(x());
    case Op::Clz: return bits(llvm::Intrinsic::ctlz);
    case Op::Ctz: return bits(llvm::Intrinsic::cttz);
    case Op::PopCnt: return b_.CreateUnaryIntrinsic(llvm::Intrinsic::ctpop, x());
    case Op::LNot: return b_.CreateNot(read(inst.a, Type::Bool));
    case Op::Eq: return b_.CreateICmpEQ(x(), y());
    case Op::Ne: return b_.CreateICmpNE(x(), y());
    case Op::SLt: return b_.CreateICmpSLT(x(), y());
    case Op::SLe: return b_.CreateICmpSLE(x(), y());
    case Op::ULt: return b_.CreateICmpULT(x(), y());
    case Op::ULe: return b_.CreateICmpULE(x(), y());
    case Op::FEq:
    case Op::FNe:
    case Op::FLt:
    case Op::FLe: return floats_.compare(inst.op, t, x(), y());
    case Op::FAdd: return floats_.add(t, x(), y());
    case Op::FSub: return floats_.sub(t, x(), y());
    case Op::FMul: return floats_.mul(t, x(), y());
    case Op::FDiv: return floats_.div(t, x(), y());
    case Op::FNeg: return floats_.negate(t, x());
    case Op::FAbs: return floats_.abs(t, x());
    case Op::FSqrt: return floats_.sqrt(t, x());
    case Op::FFloor: return floats_.floor(t, x());
    case Op::FCeil: return floats_.ceil(t, x());
    case Op::FFma: return floats_.fma(t, x(), y(), read(inst.c, t));
    default: return convert(inst);
  }
}

}  // namespace weft::jit::orc
