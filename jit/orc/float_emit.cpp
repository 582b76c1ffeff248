// Float operations as LLVM IR: plain operations and one select for the canonical NaN; IEEE half by promotion, its fused
// multiply-add by rounding to odd; the other 16-bit formats by calls into frontend/numeric.
// SPDX-License-Identifier: Apache-2.0
#include "jit/orc/float_emit.h"

#include <llvm/IR/Intrinsics.h>
#include <llvm/IR/Module.h>

namespace weft::jit::orc {

using llvm::Constant;
using llvm::ConstantFP;
using llvm::ConstantInt;
using llvm::Value;
using tir::Type;

llvm::Type* FloatEmitter::like(Value* shape, llvm::Type* element) {
  if (auto* v = llvm::dyn_cast<llvm::VectorType>(shape->getType())) {
    return llvm::VectorType::get(element, v->getElementCount());
  }
  return element;
}

Value* FloatEmitter::half(Value* bits) { return b_.CreateBitCast(bits, like(bits, b_.getHalfTy())); }

Value* FloatEmitter::canonical(Value* value) {
  const bool is_half = value->getType()->getScalarType()->isHalfTy();
  if (deferred_) return is_half ? b_.CreateBitCast(value, like(value, b_.getInt16Ty())) : value;
  Value* nan = b_.CreateFCmpUNO(value, value);
  if (is_half) {
    llvm::Type* bits_type = like(value, b_.getInt16Ty());
    return b_.CreateSelect(nan, ConstantInt::get(bits_type, 0x7e00), b_.CreateBitCast(value, bits_type));
  }
  const llvm::APFloat quiet(llvm::APFloat::IEEEsingle(), llvm::APInt(32, 0x7fc00000u));
  return b_.CreateSelect(nan, ConstantFP::get(value->getType(), quiet), value);
}

// One comparison serves two results. Halves are compared as bits: many CPUs would convert them first.
Value* FloatEmitter::bothNumbers(Type t, Value* a, Value* b) {
  if (t == Type::F32) return b_.CreateFCmpORD(a, b == nullptr ? a : b);
  auto magnitude = [&](Value* v) { return b_.CreateAnd(v, ConstantInt::get(v->getType(), 0x7fff)); };
  Value* most = magnitude(a);
  if (b != nullptr) most = b_.CreateBinaryIntrinsic(llvm::Intrinsic::umax, most, magnitude(b));
  return b_.CreateICmpULE(most, ConstantInt::get(most->getType(), 0x7c00));
}

Value* FloatEmitter::mend(Type t, Value* value) { return canonical(t == Type::F16 ? half(value) : value); }

Value* FloatEmitter::soft(SoftOp op, Value* a, Value* b, Value* c) {
  llvm::Module* module = b_.GetInsertBlock()->getModule();
  llvm::Type* i64 = b_.getInt64Ty();
  llvm::FunctionCallee callee = module->getOrInsertFunction("weft_orc_soft", i64, b_.getInt32Ty(), i64, i64, i64);
  if (auto* fn = llvm::dyn_cast<llvm::Function>(callee.getCallee())) {
    fn->setDoesNotThrow();
    fn->setDoesNotAccessMemory();
  }
  auto wide = [&](Value* v) -> Value* {
    if (v == nullptr) return ConstantInt::get(i64, 0);
    if (v->getType()->isFloatTy()) v = b_.CreateBitCast(v, b_.getInt32Ty());
    return b_.CreateZExt(v, i64);
  };
  const uint32_t code = static_cast<uint32_t>(op) | static_cast<uint32_t>(fp16_) << 8;
  return b_.CreateCall(callee, {b_.getInt32(code), wide(a), wide(b), wide(c)});
}

Value* FloatEmitter::softF16(SoftOp op, Value* a, Value* b, Value* c) {
  return b_.CreateTrunc(soft(op, a, b, c), b_.getInt16Ty());
}

Value* FloatEmitter::add(Type t, Value* a, Value* b) {
  if (t == Type::F32) return canonical(b_.CreateFAdd(a, b));
  return hard() ? canonical(b_.CreateFAdd(half(a), half(b))) : softF16(SoftOp::Add, a, b);
}
Value* FloatEmitter::sub(Type t, Value* a, Value* b) {
  if (t == Type::F32) return canonical(b_.CreateFSub(a, b));
  return hard() ? canonical(b_.CreateFSub(half(a), half(b))) : softF16(SoftOp::Sub, a, b);
}
Value* FloatEmitter::mul(Type t, Value* a, Value* b) {
  if (t == Type::F32) return canonical(b_.CreateFMul(a, b));
  return hard() ? canonical(b_.CreateFMul(half(a), half(b))) : softF16(SoftOp::Mul, a, b);
}
Value* FloatEmitter::div(Type t, Value* a, Value* b) {
  if (t == Type::F32) return canonical(b_.CreateFDiv(a, b));
  return hard() ? canonical(b_.CreateFDiv(half(a), half(b))) : softF16(SoftOp::Div, a, b);
}

// Correctly rounded with one final rounding: the product is exact in f32, the sum is rounded to odd there.
Value* FloatEmitter::halfFma(Value* x, Value* y, Value* z) {
  llvm::Type* ht = x->getType();
  if (native_fp16_) return b_.CreateIntrinsic(llvm::Intrinsic::fma, {ht}, {x, y, z});
  llvm::Type* ft = like(x, b_.getFloatTy());
  llvm::Type* it = like(x, b_.getInt32Ty());
  Value* c = b_.CreateFPExt(z, ft);
  Value* p = b_.CreateFMul(b_.CreateFPExt(x, ft), b_.CreateFPExt(y, ft));
  Value* s = b_.CreateFAdd(p, c);
  // TwoSum: s + e == p + c.
  Value* t = b_.CreateFSub(s, p);
  Value* e = b_.CreateFAdd(b_.CreateFSub(p, b_.CreateFSub(s, t)), b_.CreateFSub(c, t));
  Value* inexact = b_.CreateFCmpONE(e, Constant::getNullValue(ft));
  Value* si = b_.CreateBitCast(s, it);
  Value* away = b_.CreateAShr(b_.CreateXor(si, b_.CreateBitCast(e, it)), ConstantInt::get(it, 31));
  Value* odd = b_.CreateAdd(si, b_.CreateOr(away, ConstantInt::get(it, 1)));
  Value* even = b_.CreateICmpEQ(b_.CreateAnd(si, ConstantInt::get(it, 1)), ConstantInt::get(it, 0));
  Value* r = b_.CreateSelect(b_.CreateAnd(inexact, even), odd, si);
  return b_.CreateFPTrunc(b_.CreateBitCast(r, ft), ht);
}

Value* FloatEmitter::fma(Type t, Value* x, Value* y, Value* z) {
  if (t == Type::F32) return canonical(b_.CreateIntrinsic(llvm::Intrinsic::fma, {x->getType()}, {x, y, z}));
  return hard() ? canonical(halfFma(half(x), half(y), half(z))) : softF16(SoftOp::Fma, x, y, z);
}

Value* FloatEmitter::max(Type t, Value* a, Value* b) {
  if (t == Type::F16 && !hard()) return softF16(SoftOp::Max, a, b);
  Value* x = t == Type::F16 ? b_.CreateFPExt(half(a), like(a, b_.getFloatTy())) : a;
  Value* y = t == Type::F16 ? b_.CreateFPExt(half(b), like(b, b_.getFloatTy())) : b;
  // A number wins against a NaN; of equal values +0 wins: the one without the sign bit.
  llvm::Type* bits_type = like(x, b_.getInt32Ty());
  Value* xi = b_.CreateBitCast(x, bits_type);
  Value* yi = b_.CreateBitCast(y, bits_type);
  Value* zero_case = b_.CreateBitCast(b_.CreateAnd(xi, yi), x->getType());
  Value* r = b_.CreateSelect(b_.CreateFCmpOGT(x, y), x, y);
  r = b_.CreateSelect(b_.CreateFCmpOEQ(x, y), zero_case, r);
  r = b_.CreateSelect(b_.CreateFCmpUNO(y, y), x, r);
  if (t == Type::F16) return canonical(b_.CreateFPTrunc(r, like(a, b_.getHalfTy())));
  return canonical(r);
}

Value* FloatEmitter::sqrt(Type t, Value* a) {
  if (t == Type::F32) return canonical(b_.CreateUnaryIntrinsic(llvm::Intrinsic::sqrt, a));
  return hard() ? canonical(b_.CreateUnaryIntrinsic(llvm::Intrinsic::sqrt, half(a))) : softF16(SoftOp::Sqrt, a);
}
Value* FloatEmitter::floor(Type t, Value* a) {
  if (t == Type::F32) return canonical(b_.CreateUnaryIntrinsic(llvm::Intrinsic::floor, a));
  return hard() ? canonical(b_.CreateUnaryIntrinsic(llvm::Intrinsic::floor, half(a))) : softF16(SoftOp::Floor, a);
}
Value* FloatEmitter::ceil(Type t, Value* a) {
  if (t == Type::F32) return canonical(b_.CreateUnaryIntrinsic(llvm::Intrinsic::ceil, a));
  return hard() ? canonical(b_.CreateUnaryIntrinsic(llvm::Intrinsic::ceil, half(a))) : softF16(SoftOp::Ceil, a);
}

Value* FloatEmitter::negate(Type t, Value* a) {
  if (t == Type::F16) return b_.CreateXor(a, ConstantInt::get(a->getType(), 0x8000));
  llvm::Type* bits = like(a, b_.getInt32Ty());
  return b_.CreateBitCast(b_.CreateXor(b_.CreateBitCast(a, bits), ConstantInt::get(bits, 0x80000000u)), a->getType());
}
Value* FloatEmitter::abs(Type t, Value* a) {
  if (t == Type::F16) return b_.CreateAnd(a, ConstantInt::get(a->getType(), 0x7fff));
  llvm::Type* bits = like(a, b_.getInt32Ty());
  return b_.CreateBitCast(b_.CreateAnd(b_.CreateBitCast(a, bits), ConstantInt::get(bits, 0x7fffffffu)), a->getType());
}

Value* FloatEmitter::scale(Type t, Value* a, Value* exponent) {
  if (t == Type::F16) return softF16(SoftOp::Scale, a, exponent);
  return b_.CreateBitCast(b_.CreateTrunc(soft(SoftOp::ScaleS, a, exponent), b_.getInt32Ty()), b_.getFloatTy());
}
Value* FloatEmitter::norm(Type t, Value* a) {
  if (t == Type::F16) return softF16(SoftOp::Norm, a);
  return b_.CreateBitCast(b_.CreateTrunc(soft(SoftOp::NormS, a), b_.getInt32Ty()), b_.getFloatTy());
}

Value* FloatEmitter::compare(tir::Op op, Type t, Value* a, Value* b) {
  if (t == Type::F16 && !hard()) {
    SoftOp s = SoftOp::Eq;
    if (op == tir::Op::FNe) s = SoftOp::Ne;
    if (op == tir::Op::FLt) s = SoftOp::Lt;
    if (op == tir::Op::FLe) s = SoftOp::Le;
    return b_.CreateTrunc(soft(s, a, b), b_.getInt1Ty());
  }
  if (t == Type::F16) {
    a = half(a);
    b = half(b);
  }
  if (op == tir::Op::FNe) return b_.CreateFCmpUNE(a, b);
  if (op == tir::Op::FLt) return b_.CreateFCmpOLT(a, b);
  if (op == tir::Op::FLe) return b_.CreateFCmpOLE(a, b);
  return b_.CreateFCmpOEQ(a, b);
}

Value* FloatEmitter::nonZero(Type t, Value* a) {
  // All but the sign bit, in every format.
  if (t == Type::F32) a = b_.CreateBitCast(a, like(a, b_.getInt32Ty()));
  Value* magnitude = b_.CreateShl(a, 1);
  return b_.CreateICmpNE(magnitude, Constant::getNullValue(a->getType()));
}

Value* FloatEmitter::extend(Value* a) {
  if (hard()) return canonical(b_.CreateFPExt(half(a), like(a, b_.getFloatTy())));
  return b_.CreateBitCast(b_.CreateTrunc(soft(SoftOp::ToF32, a), b_.getInt32Ty()), b_.getFloatTy());
}

Value* FloatEmitter::truncate(Value* a) {
  return hard() ? canonical(b_.CreateFPTrunc(a, like(a, b_.getHalfTy()))) : softF16(SoftOp::FromF32, a);
}

Value* FloatEmitter::fromInt(Type t, Value* value, bool is_signed) {
  if (t == Type::F16 && !hard()) {
    Value* wide = is_signed ? b_.CreateSExt(value, b_.getInt64Ty()) : b_.CreateZExt(value, b_.getInt64Ty());
    return softF16(is_signed ? SoftOp::FromInt : SoftOp::FromUint, wide);
  }
  llvm::Type* single = like(value, b_.getFloatTy());
  Value* f = is_signed ? b_.CreateSIToFP(value, single) : b_.CreateUIToFP(value, single);
  if (t == Type::F32) return f;
  // Integers that f32 rounds lie beyond the range of half, so the second rounding is exact or gives infinity.
  Value* h = b_.CreateFPTrunc(f, like(value, b_.getHalfTy()));
  return b_.CreateBitCast(h, like(value, b_.getInt16Ty()));
}

Value* FloatEmitter::toInt(Type t, Value* value, llvm::Type* result, bool is_signed) {
  if (t == Type::F16) value = hard() ? b_.CreateFPExt(half(value), like(value, b_.getFloatTy())) : extend(value);
  const auto id = is_signed ? llvm::Intrinsic::fptosi_sat : llvm::Intrinsic::fptoui_sat;
  return b_.CreateIntrinsic(id, {result, value->getType()}, {value});
}

}  // namespace weft::jit::orc
