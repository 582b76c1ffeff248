// Pure operations of TIR: each line is the numeric function that defines it.
// SPDX-License-Identifier: Apache-2.0
#include "jit/interp/evaluate.h"

#include "frontend/base/check.h"
#include "frontend/numeric/f16.h"
#include "frontend/numeric/f32.h"
#include "frontend/numeric/integer.h"
#include "frontend/tir/dsd_element.h"

namespace weft::jit {

namespace {

using namespace numeric;
using target::Fp16Format;
using tir::Op;
using tir::Type;

uint16_t h(uint64_t bits) { return static_cast<uint16_t>(bits); }
uint32_t s(uint64_t bits) { return static_cast<uint32_t>(bits); }

uint64_t evaluateHalf(Fp16Format f, Op op, uint64_t a, uint64_t b, uint64_t c) {
  switch (op) {
    case Op::FEq: return f16Eq(f, h(a), h(b)) ? 1 : 0;
    case Op::FNe: return f16Ne(f, h(a), h(b)) ? 1 : 0;
    case Op::FLt: return f16Lt(f, h(a), h(b)) ? 1 : 0;
    case Op::FLe: return f16Le(f, h(a), h(b)) ? 1 : 0;
    case Op::FAdd: return f16Add(f, h(a), h(b));
    case Op::FSub: return f16Sub(f, h(a), h(b));
    case Op::FMul: return f16Mul(f, h(a), h(b));
    case Op::FDiv: return f16Div(f, h(a), h(b));
    case Op::FNeg: return f16Neg(h(a));
    case Op::FAbs: return f16Abs(h(a));
    case Op::FSqrt: return f16Sqrt(f, h(a));
    case Op::FFloor: return f16Floor(f, h(a));
    case Op::FCeil: return f16Ceil(f, h(a));
    case Op::FFma: return f16Fma(f, h(a), h(b), h(c));
    default: break;
  }
  WEFT_CHECK(false, "evaluating operation {} on f16", static_cast<int>(op));
  return 0;
}

uint64_t evaluateFloat(Op op, uint64_t a, uint64_t b, uint64_t c) {
  switch (op) {
    case Op::FEq: return f32Eq(s(a), s(b)) ? 1 : 0;
    case Op::FNe: return f32Ne(s(a), s(b)) ? 1 : 0;
    case Op::FLt: return f32Lt(s(a), s(b)) ? 1 : 0;
    case Op::FLe: return f32Le(s(a), s(b)) ? 1 : 0;
    case Op::FAdd: return f32Add(s(a), s(b));
    case Op::FSub: return f32Sub(s(a), s(b));
    case Op::FMul: return f32Mul(s(a), s(b));
    case Op::FDiv: return f32Div(s(a), s(b));
    case Op::FNeg: return f32Neg(s(a));
    case Op::FAbs: return f32Abs(s(a));
    case Op::FSqrt: return f32Sqrt(s(a));
    case Op::FFloor: return f32Floor(s(a));
    case Op::FCeil: return f32Ceil(s(a));
    case Op::FFma: return f32Fma(s(a), s(b), s(c));
    default: break;
  }
  WEFT_CHECK(false, "evaluating operation {} on f32", static_cast<int>(op));
  return 0;
}

double toDouble(Fp16Format f, Type type, uint64_t bits) {
  return type == Type::F16 ? f16ToDouble(f, h(bits)) : f32ToDouble(s(bits));
}

uint64_t evaluateDsd(const tir::Program& program, const tir::Inst& inst, uint64_t a, uint64_t b) {
  const tir::Dsd dsd{a};
  switch (inst.op) {
    case Op::DsdSetBase: return dsd.withBase(h(b)).bits;
    case Op::DsdAddBase: return dsd.withBase(h(dsd.base() + b)).bits;
    case Op::DsdSetLength: return dsd.withLength(h(b)).bits;
    case Op::DsdSetStride: return dsd.withStride(static_cast<int16_t>(h(b))).bits;
    case Op::DsdSetColor: return dsd.withColor(static_cast<uint8_t>(b)).bits;
    case Op::DsdLength: return dsd.length();
    case Op::DsdElement: return elementAddress(dsd, program.shapes, h(b), inst.imm);
    default: break;
  }
  WEFT_CHECK(false, "evaluating descriptor operation {}", static_cast<int>(inst.op));
  return 0;
}

}  // namespace

uint64_t evaluate(const tir::Program& program, const tir::Inst& inst, uint64_t a, uint64_t b, uint64_t c) {
  const Fp16Format f = program.fp16;
  const int width = bitsOf(inst.type);
  const int from = bitsOf(inst.from);
  switch (inst.op) {
    case Op::Copy:
    case Op::ZExt:
    case Op::Bitcast: return a;
    case Op::Add: return intAdd(a, b, width);
    case Op::Sub: return intSub(a, b, width);
    case Op::Mul: return intMul(a, b, width);
    case Op::SDiv: return intSDiv(a, b, width);
    case Op::UDiv: return intUDiv(a, b, width);
    case Op::SRem: return intSRem(a, b, width);
    case Op::URem: return intURem(a, b, width);
    case Op::And: return a & b;
    case Op::Or: return a | b;
    case Op::Xor: return a ^ b;
    case Op::Shl: return intShl(a, b, width);
    case Op::LShr: return intLShr(a, b, width);
    case Op::AShr: return intAShr(a, b, width);
    case Op::Neg: return intNeg(a, width);
    case Op::Not: return intNot(a, width);
    case Op::Clz: return intClz(a, width);
    case Op::Ctz: return intCtz(a, width);
    case Op::PopCnt: return intPopCnt(a);
    case Op::LNot: return a ^ 1u;
    case Op::Eq: return a == b ? 1 : 0;
    case Op::Ne: return a != b ? 1 : 0;
    case Op::SLt: return intSLt(a, b, width) ? 1 : 0;
    case Op::SLe: return intSLe(a, b, width) ? 1 : 0;
    case Op::ULt: return a < b ? 1 : 0;
    case Op::ULe: return a <= b ? 1 : 0;
    case Op::FEq:
    case Op::FNe:
    case Op::FLt:
    case Op::FLe:
    case Op::FAdd:
    case Op::FSub:
    case Op::FMul:
    case Op::FDiv:
    case Op::FNeg:
    case Op::FAbs:
    case Op::FSqrt:
    case Op::FFloor:
    case Op::FCeil:
    case Op::FFma: return inst.type == Type::F16 ? evaluateHalf(f, inst.op, a, b, c) : evaluateFloat(inst.op, a, b, c);
    case Op::Trunc: return wrap(a, width);
    case Op::SExt: return intSExt(a, from, width);
    case Op::SIToFP: {
      const int64_t value = signedValue(a, from);
      return inst.type == Type::F16 ? f16FromInt(f, value) : f32FromInt(value);
    }
    case Op::UIToFP: return inst.type == Type::F16 ? f16FromUint(f, a) : f32FromUint(a);
    case Op::FPToSI: return toSigned(toDouble(f, inst.from, a), width);
    case Op::FPToUI: return toUnsigned(toDouble(f, inst.from, a), width);
    case Op::FPExt: return f16ToF32(f, h(a));
    case Op::FPTrunc: return f16FromF32(f, s(a));
    case Op::FromBool:
      if (inst.type == Type::F16) return f16FromUint(f, a);
      return inst.type == Type::F32 ? f32FromUint(a) : a;
    case Op::ToBool:
      if (inst.from == Type::F16) return f16Ne(f, h(a), 0) ? 1 : 0;
      if (inst.from == Type::F32) return f32Ne(s(a), 0) ? 1 : 0;
      return a != 0 ? 1 : 0;
    case Op::DsdSetBase:
    case Op::DsdAddBase:
    case Op::DsdSetLength:
    case Op::DsdSetStride:
    case Op::DsdSetColor:
    case Op::DsdLength:
    case Op::DsdElement: return evaluateDsd(program, inst, a, b);
    case Op::Load:
    case Op::Store:
    case Op::MemCopy:
    case Op::MemZero:
    case Op::FrameAddr:
    case Op::Call:
    case Op::CallIndirect:
    case Op::DsdOp:
    case Op::Device:
    case Op::Segment:
    case Op::Jump:
    case Op::Branch:
    case Op::Ret:
    case Op::Unreachable: break;
  }
  WEFT_CHECK(false, "evaluating operation {}", static_cast<int>(inst.op));
  return 0;
}

}  // namespace weft::jit
