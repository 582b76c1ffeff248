// Cycle costs of vector operations as IR.
// SPDX-License-Identifier: Apache-2.0
#include "jit/orc/cost_emit.h"

#include "jit/dsd_cost.h"

#include <llvm/IR/Module.h>

#include <array>
#include <cstddef>

namespace weft::jit::orc {

using llvm::Value;

Value* CostEmitter::cycles(Value* count, Value* reduce, const Side& src0, const Side& src1, const Side& dest,
                           uint32_t dsr_loads) {
  const size_t row = offsetof(WeftDsdCosts, op) + op_ * sizeof(WeftDsdRate);
  Value* lanes = field(offsetof(WeftDsdCosts, lanes) + op_ * 2);
  full_ = fullRate(lanes);
  llvm::Type* i64 = b_.getInt64Ty();
  Value* elements = b_.CreateZExt(count, i64);
  Value* fixed =
      b_.CreateZExt(b_.CreateAdd(field(row + offsetof(WeftDsdRate, fixed)),
                                 b_.CreateMul(field(offsetof(WeftDsdCosts, dsr_load)), b_.getInt32(dsr_loads))),
                    i64);
  // What the strides allow changes seldom: one value, which loops can leave.
  Value* least = nullptr;
  auto at_least = [&](Value* rate) {
    least = least == nullptr ? rate : b_.CreateBinaryIntrinsic(llvm::Intrinsic::umax, least, rate);
  };
  for (const Side* s : {&src0, &src1}) {
    if (s->memory) at_least(strideRate(s->stride, lanes));
  }
  if (dest.memory) at_least(b_.CreateSelect(reduce, b_.getInt32(0), strideRate(dest.stride, lanes)));
  auto at_rate = [&](size_t member) {
    Value* rate = b_.CreateSelect(reduce, field(row + offsetof(WeftDsdRate, reduce)), field(row + member));
    if (least != nullptr) rate = b_.CreateBinaryIntrinsic(llvm::Intrinsic::umax, rate, least);
    Value* product = b_.CreateMul(elements, b_.CreateZExt(rate, i64));
    return b_.CreateAdd(b_.CreateLShr(b_.CreateAdd(product, b_.getInt64(15)), 4), fixed);
  };
  if (!src0.memory || !src1.memory) return at_rate(offsetof(WeftDsdRate, one_source));
  // Only the choice depends on addresses, which change in loops; both prices do not.
  auto bank = [&](const Side& s) { return b_.CreateLShr(s.address, 1); };
  Value* distance = b_.CreateAnd(b_.CreateSub(bank(src1), bank(src0)), b_.getInt32(7));
  Value* collides =
      b_.CreateTrunc(b_.CreateLShr(field(row + offsetof(WeftDsdRate, collide)), distance), b_.getInt1Ty());
  Value* apart = at_rate(offsetof(WeftDsdRate, two_source));
  Value* conflict = at_rate(offsetof(WeftDsdRate, conflict));
  return b_.CreateSelect(collides, conflict, apart);
}

Value* CostEmitter::field(size_t offset) {
  llvm::LoadInst* v =
      entry_.CreateLoad(entry_.getInt16Ty(),
                        entry_.CreateConstInBoundsGEP1_32(entry_.getInt8Ty(), costs_, static_cast<unsigned>(offset)));
  v->setMetadata(llvm::LLVMContext::MD_invariant_load, llvm::MDNode::get(b_.getContext(), {}));
  return entry_.CreateZExt(v, entry_.getInt32Ty());
}

Value* CostEmitter::strideRate(Value* stride, Value* lanes) {
  // weftStrideRate: one lane, at most two lanes, all lanes; or the span.
  auto number = [&](uint32_t v) { return b_.getInt32(v); };
  auto is = [&](Value* v, uint32_t n) { return b_.CreateICmpEQ(v, number(n)); };
  Value* full = full_;
  Value* length = b_.CreateBinaryIntrinsic(llvm::Intrinsic::abs, stride, b_.getFalse());
  Value* m = b_.CreateAnd(length, number(7));
  Value* two = b_.CreateSelect(b_.CreateICmpULT(lanes, number(2)), number(16), number(8));
  Value* narrow = b_.CreateOr(is(m, 1), b_.CreateOr(is(m, 7), is(m, 4)));
  Value* rate = b_.CreateSelect(narrow, two, full);
  rate = b_.CreateSelect(is(m, 0), number(16), rate);
  Value* spanned = b_.CreateBinaryIntrinsic(llvm::Intrinsic::umin, b_.CreateMul(full, length), number(16));
  rate = b_.CreateSelect(b_.CreateICmpNE(field(offsetof(WeftDsdCosts, stride_span)), number(0)), spanned, rate);
  return b_.CreateSelect(b_.CreateOr(is(stride, 0), is(stride, 1)), full, rate);
}

Value* CostEmitter::fullRate(Value* lanes) {
  llvm::Module* module = b_.GetInsertBlock()->getModule();
  constexpr const char* kName = "full_rates";
  llvm::GlobalVariable* table = module->getNamedGlobal(kName);
  if (table == nullptr) {
    std::array<uint8_t, 18> rates{};
    for (uint32_t k = 0; k < rates.size(); ++k) rates[k] = static_cast<uint8_t>(16u / (k == 0 ? 1 : k));
    auto* data = llvm::ConstantDataArray::get(b_.getContext(), rates);
    table = new llvm::GlobalVariable(*module, data->getType(), true, llvm::GlobalValue::PrivateLinkage, data, kName);
  }
  Value* at = entry_.CreateZExt(entry_.CreateBinaryIntrinsic(llvm::Intrinsic::umin, lanes, entry_.getInt32(17)),
                                entry_.getInt64Ty());
  Value* slot = entry_.CreateInBoundsGEP(table->getValueType(), table, {entry_.getInt64(0), at});
  return entry_.CreateZExt(entry_.CreateLoad(entry_.getInt8Ty(), slot), entry_.getInt32Ty());
}

}  // namespace weft::jit::orc
