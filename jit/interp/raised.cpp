// Which exceptions a pure operation of TIR raises: each line is the rule of frontend/numeric that says so.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/numeric/exceptions.h"
#include "frontend/numeric/integer.h"
#include "jit/interp/evaluate.h"

namespace weft::jit {

unsigned raised(const tir::Program& program, const tir::Inst& inst, uint64_t a, uint64_t b, uint64_t c, uint64_t r) {
  using numeric::Float;
  using tir::Op;
  const auto floatOf = [&](tir::Type type, uint64_t bits) {
    return type == tir::Type::F16 ? Float::half(program.fp16, bits) : Float::single(bits);
  };
  const auto typed = [&](uint64_t bits) { return floatOf(inst.type, bits); };
  const auto given = [&](uint64_t bits) { return floatOf(inst.from, bits); };
  const auto isFloat = [](tir::Type type) { return type == tir::Type::F16 || type == tir::Type::F32; };
  switch (inst.op) {
    case Op::FEq:
    case Op::FNe: return numeric::raisedByQuiet(typed(a), typed(b));
    case Op::FLt:
    case Op::FLe: return numeric::raisedByOrder(typed(a), typed(b));
    case Op::FAdd: return numeric::raisedByAdd(typed(a), typed(b), typed(r));
    case Op::FSub: return numeric::raisedBySub(typed(a), typed(b), typed(r));
    case Op::FMul: return numeric::raisedByMul(typed(a), typed(b), typed(r));
    case Op::FDiv: return numeric::raisedByDiv(typed(a), typed(b), typed(r));
    case Op::FSqrt: return numeric::raisedBySqrt(typed(a), typed(r));
    case Op::FFloor:
    case Op::FCeil: return numeric::raisedByQuiet(typed(a));
    case Op::FFma: return numeric::raisedByFma(typed(a), typed(b), typed(c), typed(r));
    case Op::SIToFP: return numeric::raisedByFromInt(numeric::signedValue(a, bitsOf(inst.from)), typed(r));
    case Op::UIToFP: return numeric::raisedByFromUint(a, typed(r));
    case Op::FPToSI: return numeric::raisedByToInt(given(a), bitsOf(inst.type), true);
    case Op::FPToUI: return numeric::raisedByToInt(given(a), bitsOf(inst.type), false);
    case Op::FPExt: return numeric::raisedByConvert(Float::half(program.fp16, a), Float::single(r));
    case Op::FPTrunc: return numeric::raisedByConvert(Float::single(a), Float::half(program.fp16, r));
    case Op::ToBool: return isFloat(inst.from) ? numeric::raisedByQuiet(given(a)) : 0;
    default: return 0;
  }
}

}  // namespace weft::jit
