// Burst kernels: a unit-stride vector loop where element order cannot be seen, else element by element.
// SPDX-License-Identifier: Apache-2.0
#include "jit/orc/kernels.h"

#include "frontend/base/check.h"
#include "jit/device_abi.h"

#include <llvm/IR/Intrinsics.h>
#include <llvm/IR/MDBuilder.h>
#include <llvm/IR/Verifier.h>

#include <cstddef>

namespace weft::jit::orc {

using llvm::BasicBlock;
using llvm::Constant;
using llvm::ConstantInt;
using llvm::Value;
using tir::DsdOpcode;
using tir::Type;

namespace {

/// Vectors per turn of the main loop.
constexpr unsigned kUnrolled = 4;

}  // namespace

BurstEmitter::BurstEmitter(llvm::IRBuilder<>& builder, FloatEmitter& floats, DsdOpcode op, unsigned vector_bytes)
    : b_(builder),
      f_(floats),
      op_(op),
      info_(tir::dsdOpInfo(op)),
      vector_bytes_(vector_bytes),
      dest_(tir::dsdDestType(op)),
      first_(tir::dsdScalarType(op, 0)),
      second_(tir::dsdScalarType(op, 1)),
      scalar_(tir::dsdScalarType(op, 2)) {}

llvm::Type* BurstEmitter::typeOf(Type t) const {
  if (t == Type::F32) return b_.getFloatTy();
  return b_.getIntNTy(tir::sizeOf(t) * 8);
}

Value* BurstEmitter::fromRaw(Type t, Value* raw) {
  if (t == Type::F32) return b_.CreateBitCast(b_.CreateTrunc(raw, b_.getInt32Ty()), b_.getFloatTy());
  return b_.CreateTrunc(raw, typeOf(t));
}

bool BurstEmitter::vectorises() const {
  switch (op_) {
    case DsdOpcode::AddC16:
    case DsdOpcode::FNormH:
    case DsdOpcode::FScaleH:
    case DsdOpcode::FNormS:
    case DsdOpcode::FScaleS:
    case DsdOpcode::DFilt: return false;
    case DsdOpcode::FAddH:
    case DsdOpcode::FSubH:
    case DsdOpcode::FMulH:
    case DsdOpcode::FMaxH:
    case DsdOpcode::FMacH:
    case DsdOpcode::FAddHS:
    case DsdOpcode::FMacHS:
    case DsdOpcode::FH2S:
    case DsdOpcode::FS2H:
    case DsdOpcode::XP162FH:
    case DsdOpcode::FH2XP16: return f_.hard();
    case DsdOpcode::Mov16:
    case DsdOpcode::Mov32:
    case DsdOpcode::FMovH:
    case DsdOpcode::FMovS:
    case DsdOpcode::Add16:
    case DsdOpcode::Sub16:
    case DsdOpcode::And16:
    case DsdOpcode::Or16:
    case DsdOpcode::Xor16:
    case DsdOpcode::Sll16:
    case DsdOpcode::Slr16:
    case DsdOpcode::Sar16:
    case DsdOpcode::Clz:
    case DsdOpcode::Ctz:
    case DsdOpcode::PopCnt:
    case DsdOpcode::FNegH:
    case DsdOpcode::FAbsH:
    case DsdOpcode::FAddS:
    case DsdOpcode::FSubS:
    case DsdOpcode::FMulS:
    case DsdOpcode::FMaxS:
    case DsdOpcode::FMacS:
    case DsdOpcode::FNegS:
    case DsdOpcode::FAbsS:
    case DsdOpcode::XP162FS:
    case DsdOpcode::FS2XP16: return true;
  }
  return false;
}

// Scalars or vectors alike. AddC16 is handled by stridedLoop.
Value* BurstEmitter::element(Value* s0, Value* s1, Value* scalar) {
  auto constant = [&](uint64_t v) { return ConstantInt::get(s1->getType(), v); };
  auto shift = [&](DsdOpcode op) -> Value* {
    Value* in_range = b_.CreateICmpULT(s1, constant(16));
    if (op == DsdOpcode::Sar16) return b_.CreateAShr(s0, b_.CreateSelect(in_range, s1, constant(15)));
    Value* safe = b_.CreateSelect(in_range, s1, constant(0));
    Value* r = op == DsdOpcode::Sll16 ? b_.CreateShl(s0, safe) : b_.CreateLShr(s0, safe);
    return b_.CreateSelect(in_range, r, constant(0));
  };
  auto like = [&](llvm::Type* t) -> llvm::Type* {
    if (auto* v = llvm::dyn_cast<llvm::VectorType>(s1->getType()))
      return llvm::VectorType::get(t, v->getElementCount());
    return t;
  };
  switch (op_) {
    case DsdOpcode::Mov16:
    case DsdOpcode::Mov32:
    case DsdOpcode::FMovH:
    case DsdOpcode::FMovS: return s1;
    case DsdOpcode::Add16:
    case DsdOpcode::AddC16: return b_.CreateAdd(s0, s1);
    case DsdOpcode::Sub16: return b_.CreateSub(s0, s1);
    case DsdOpcode::And16: return b_.CreateAnd(s0, s1);
    case DsdOpcode::Or16: return b_.CreateOr(s0, s1);
    case DsdOpcode::Xor16: return b_.CreateXor(s0, s1);
    case DsdOpcode::Sll16:
    case DsdOpcode::Slr16:
    case DsdOpcode::Sar16: return shift(op_);
    case DsdOpcode::Clz: return b_.CreateBinaryIntrinsic(llvm::Intrinsic::ctlz, s1, b_.getFalse());
    case DsdOpcode::Ctz: return b_.CreateBinaryIntrinsic(llvm::Intrinsic::cttz, s1, b_.getFalse());
    case DsdOpcode::PopCnt: return b_.CreateUnaryIntrinsic(llvm::Intrinsic::ctpop, s1);
    case DsdOpcode::FAddH:
    case DsdOpcode::FAddS: return f_.add(dest_, s0, s1);
    case DsdOpcode::FSubH:
    case DsdOpcode::FSubS: return f_.sub(dest_, s0, s1);
    case DsdOpcode::FMulH:
    case DsdOpcode::FMulS: return f_.mul(dest_, s0, s1);
    case DsdOpcode::FMaxH:
    case DsdOpcode::FMaxS: return f_.max(dest_, s0, s1);
    case DsdOpcode::FMacH:
    case DsdOpcode::FMacS: return f_.fma(dest_, s1, scalar, s0);
    case DsdOpcode::FNegH:
    case DsdOpcode::FNegS: return f_.negate(dest_, s1);
    case DsdOpcode::FAbsH:
    case DsdOpcode::FAbsS: return f_.abs(dest_, s1);
    case DsdOpcode::FNormH:
    case DsdOpcode::FNormS: return f_.norm(dest_, s1);
    case DsdOpcode::FScaleH:
    case DsdOpcode::FScaleS: return f_.scale(dest_, s1, scalar);
    case DsdOpcode::FAddHS: return f_.add(Type::F32, s0, f_.extend(s1));
    case DsdOpcode::FMacHS: return f_.fma(Type::F32, f_.extend(s1), f_.extend(scalar), s0);
    case DsdOpcode::FH2S: return f_.extend(s1);
    case DsdOpcode::FS2H: return f_.truncate(s1);
    case DsdOpcode::XP162FH: return f_.fromInt(Type::F16, s1, true);
    case DsdOpcode::XP162FS: return f_.fromInt(Type::F32, s1, true);
    case DsdOpcode::FH2XP16: return f_.toInt(Type::F16, s1, like(b_.getInt16Ty()), true);
    case DsdOpcode::FS2XP16: return f_.toInt(Type::F32, s1, like(b_.getInt16Ty()), true);
    case DsdOpcode::DFilt: break;
  }
  WEFT_CHECK(false, "opcode {} has no arithmetic", static_cast<int>(op_));
  return nullptr;
}

Value* BurstEmitter::disjoint(Value* a, Value* a_bytes, Value* b, Value* b_bytes) {
  Value* x = b_.CreatePtrToInt(a, b_.getInt64Ty());
  Value* y = b_.CreatePtrToInt(b, b_.getInt64Ty());
  return b_.CreateOr(b_.CreateICmpULE(b_.CreateAdd(x, a_bytes), y), b_.CreateICmpULE(b_.CreateAdd(y, b_bytes), x));
}

Value* BurstEmitter::mayVectorise(Value* dest, Value* src, unsigned src_width, Value* count) {
  if (src_width != info_.dest_width) {
    return disjoint(dest, b_.CreateMul(count, b_.getInt64(info_.dest_width)), src,
                    b_.CreateMul(count, b_.getInt64(src_width)));
  }
  // A later element reads an earlier result only if the destination lies less than a vector above the source.
  Value* above = b_.CreateSub(b_.CreatePtrToInt(dest, b_.getInt64Ty()), b_.CreatePtrToInt(src, b_.getInt64Ty()));
  // Where NaNs are mended afterwards, nothing may read a result at all.
  Value* apart = mendsNans() ? b_.CreateMul(count, b_.getInt64(src_width)) : b_.getInt64(vector_bytes_);
  return b_.CreateICmpUGE(b_.CreateSub(above, b_.getInt64(1)), b_.CreateSub(apart, b_.getInt64(1)));
}

Value* BurstEmitter::load(Type t, Value* pointer, unsigned lanes, Value* mask) {
  llvm::Type* scalar = typeOf(t);
  llvm::Instruction* v = nullptr;
  if (lanes == 1) {
    v = b_.CreateAlignedLoad(scalar, pointer, llvm::Align(1));
  } else {
    auto* vector = llvm::FixedVectorType::get(scalar, lanes);
    if (mask == nullptr) {
      v = b_.CreateAlignedLoad(vector, pointer, llvm::Align(1));
    } else {
      v = b_.CreateMaskedLoad(vector, pointer, llvm::Align(1), mask, Constant::getNullValue(vector));
    }
  }
  if (tag_ != nullptr) v->setMetadata(llvm::LLVMContext::MD_tbaa, tag_);
  return v;
}

void BurstEmitter::store(Value* v, Value* pointer, Value* mask) {
  llvm::Instruction* s = nullptr;
  if (mask == nullptr) {
    s = b_.CreateAlignedStore(v, pointer, llvm::Align(1));
  } else {
    s = b_.CreateMaskedStore(v, pointer, llvm::Align(1), mask);
  }
  if (tag_ != nullptr) s->setMetadata(llvm::LLVMContext::MD_tbaa, tag_);
}

Value* BurstEmitter::widen(const Source& source, Type t, Value* index, unsigned lanes, Value* mask) {
  if (source.pointer == nullptr) return lanes == 1 ? source.value : b_.CreateVectorSplat(lanes, source.value);
  if (source.stride == nullptr) return load(t, b_.CreateInBoundsGEP(typeOf(t), source.pointer, index), lanes, mask);
  Value* first = b_.CreateGEP(b_.getInt8Ty(), source.pointer, b_.CreateMul(index, source.stride));
  if (lanes == 1) return load(t, first, 1, mask);
  std::vector<Constant*> steps;
  for (unsigned k = 0; k < lanes; ++k) steps.push_back(b_.getInt32(k));
  Value* stride = b_.CreateVectorSplat(lanes, b_.CreateTrunc(source.stride, b_.getInt32Ty()));
  Value* offsets = b_.CreateMul(llvm::ConstantVector::get(steps), stride);
  Value* pointers = b_.CreateGEP(b_.getInt8Ty(), first, offsets);
  auto* vector = llvm::FixedVectorType::get(typeOf(t), lanes);
  if (mask == nullptr) mask = Constant::getAllOnesValue(llvm::FixedVectorType::get(b_.getInt1Ty(), lanes));
  return b_.CreateMaskedGather(vector, pointers, llvm::Align(1), mask, Constant::getNullValue(vector));
}

bool BurstEmitter::mendsNans() const {
  switch (op_) {
    case DsdOpcode::FAddH:
    case DsdOpcode::FSubH:
    case DsdOpcode::FMulH:
    case DsdOpcode::FMacH:
    case DsdOpcode::FAddS:
    case DsdOpcode::FSubS:
    case DsdOpcode::FMulS:
    case DsdOpcode::FMacS:
    case DsdOpcode::FAddHS:
    case DsdOpcode::FMacHS: return vectorises();
    default: return false;
  }
}

Value* BurstEmitter::vectorBody(Value* dest, const Source& src0, const Source& src1, Value* scalar, Value* index,
                                unsigned lanes, Value* mask) {
  Value* s0 = hasFirst() ? widen(src0, first_, index, lanes, mask) : nullptr;
  auto second = [&](const Source& source) {
    if (ahead_ != 0 && source.pointer != nullptr && lanes > 1) {
      Value* at = b_.CreateConstGEP1_32(b_.getInt8Ty(), b_.CreateGEP(typeOf(second_), source.pointer, index), ahead_);
      b_.CreateIntrinsic(llvm::Intrinsic::prefetch, {b_.getPtrTy()},
                         {at, b_.getInt32(0), b_.getInt32(3), b_.getInt32(1)});
    }
    return widen(source, second_, index, lanes, mask);
  };
  Value* s1 = second(src1);
  Value* k = scalar == nullptr || lanes == 1 ? scalar : b_.CreateVectorSplat(lanes, scalar);
  f_.deferNans(mendsNans());
  Value* r = element(s0, s1, k);
  for (const auto& [source, factor] : products_)
    r = element(r, second(source), lanes == 1 ? factor : b_.CreateVectorSplat(lanes, factor));
  f_.deferNans(false);
  store(r, b_.CreateInBoundsGEP(typeOf(dest_), dest, index), mask);
  return r;
}

// Rare: some result was a NaN. What the operation stored is all results, so mending it afterwards gives the same bits.
void BurstEmitter::mendLoop(Value* dest, Value* count) {
  llvm::Function* fn = b_.GetInsertBlock()->getParent();
  BasicBlock* before = b_.GetInsertBlock();
  BasicBlock* body = BasicBlock::Create(b_.getContext(), "mend", fn);
  BasicBlock* done = BasicBlock::Create(b_.getContext(), "mended", fn);
  b_.CreateBr(body);
  b_.SetInsertPoint(body);
  llvm::PHINode* index = b_.CreatePHI(b_.getInt64Ty(), 2);
  index->addIncoming(b_.getInt64(0), before);
  Value* at = b_.CreateInBoundsGEP(typeOf(dest_), dest, index);
  store(f_.mend(dest_, load(dest_, at, 1, nullptr)), at, nullptr);
  Value* next = b_.CreateAdd(index, b_.getInt64(1));
  index->addIncoming(next, body);
  b_.CreateCondBr(b_.CreateICmpULT(next, count), body, done);
  b_.SetInsertPoint(done);
}

void BurstEmitter::unitLoopAhead(Value* wanted, uint32_t bytes, Value* dest, Source src0, Source src1, Value* scalar,
                                 Value* count) {
  llvm::Function* fn = b_.GetInsertBlock()->getParent();
  auto block = [&](const char* name) { return BasicBlock::Create(b_.getContext(), name, fn); };
  BasicBlock* far = block("far");
  BasicBlock* near = block("near");
  BasicBlock* done = block("far.done");
  b_.CreateCondBr(wanted, far, near);
  for (BasicBlock* way : {far, near}) {
    b_.SetInsertPoint(way);
    ahead_ = way == far ? bytes : 0;
    unitLoop(dest, src0, src1, scalar, count);
    b_.CreateBr(done);
  }
  ahead_ = 0;
  b_.SetInsertPoint(done);
}

void BurstEmitter::unitLoop(Value* dest, Source src0, Source src1, Value* scalar, Value* count) {
  llvm::LLVMContext& context = b_.getContext();
  llvm::Function* fn = b_.GetInsertBlock()->getParent();
  const unsigned widest = std::max({info_.dest_width, info_.src0_width, info_.src1_width});
  const unsigned lanes = vector_bytes_ / widest;
  // Tails by mask where the CPU masks every width; else one by one.
  const bool masked = vector_bytes_ == 64;
  auto block = [&](const char* name) { return BasicBlock::Create(context, name, fn); };
  auto* lanes_type = llvm::FixedVectorType::get(b_.getInt1Ty(), lanes);
  Constant* zero = b_.getInt64(0);

  // Several vectors at a time, then one at a time, then the tail. `seen`: lanes that never were NaN; with AVX-512 a
  // comparison and the AND with what was seen before are one instruction.
  Value* index = zero;
  Value* seen = mendsNans() ? Constant::getAllOnesValue(lanes_type) : nullptr;
  for (const unsigned vectors : {kUnrolled, 1u}) {
    const uint64_t step = uint64_t{lanes} * vectors;
    Value* whole = b_.CreateAnd(count, b_.getInt64(~(step - 1)));
    BasicBlock* before = b_.GetInsertBlock();
    BasicBlock* body = block("vector");
    BasicBlock* after = block("vector.done");
    b_.CreateCondBr(b_.CreateICmpULT(index, whole), body, after);
    b_.SetInsertPoint(body);
    llvm::PHINode* at = b_.CreatePHI(b_.getInt64Ty(), 2);
    at->addIncoming(index, before);
    llvm::PHINode* so_far = nullptr;
    if (seen != nullptr) {
      so_far = b_.CreatePHI(lanes_type, 2);
      so_far->addIncoming(seen, before);
    }
    Value* numbers = so_far;
    Value* waiting = nullptr;
    for (unsigned v = 0; v < vectors; ++v) {
      Value* here = v == 0 ? at : b_.CreateAdd(at, b_.getInt64(uint64_t{lanes} * v), "", true, true);
      Value* r = vectorBody(dest, src0, src1, scalar, here, lanes, nullptr);
      if (numbers == nullptr) continue;
      if (waiting == nullptr && v + 1 < vectors) {
        waiting = r;
        continue;
      }
      numbers = b_.CreateAnd(numbers, f_.bothNumbers(dest_, r, waiting));
      waiting = nullptr;
    }
    Value* next = b_.CreateAdd(at, b_.getInt64(step), "", true, true);
    at->addIncoming(next, body);
    if (so_far != nullptr) so_far->addIncoming(numbers, body);
    b_.CreateCondBr(b_.CreateICmpULT(next, whole), body, after);
    b_.SetInsertPoint(after);
    llvm::PHINode* reached = b_.CreatePHI(b_.getInt64Ty(), 2);
    reached->addIncoming(index, before);
    reached->addIncoming(next, body);
    index = reached;
    if (seen == nullptr) continue;
    llvm::PHINode* all = b_.CreatePHI(lanes_type, 2);
    all->addIncoming(seen, before);
    all->addIncoming(numbers, body);
    seen = all;
  }

  BasicBlock* tail_test = b_.GetInsertBlock();
  BasicBlock* tail = block("tail");
  BasicBlock* done = block("burst.done");
  b_.CreateCondBr(b_.CreateICmpULT(index, count), tail, done);
  b_.SetInsertPoint(tail);
  Value* tail_numbers = nullptr;
  if (masked) {
    std::vector<Constant*> steps;
    for (unsigned k = 0; k < lanes; ++k) steps.push_back(b_.getInt16(static_cast<uint16_t>(k)));
    Value* left = b_.CreateTrunc(b_.CreateSub(count, index), b_.getInt16Ty());
    Value* mask = b_.CreateICmpULT(llvm::ConstantVector::get(steps), b_.CreateVectorSplat(lanes, left));
    Value* r = vectorBody(dest, src0, src1, scalar, index, lanes, mask);
    if (seen != nullptr) {
      Value* number = f_.bothNumbers(dest_, r, nullptr);
      tail_numbers = b_.CreateAnd(seen, b_.CreateOr(number, b_.CreateNot(mask)));
    }
    b_.CreateBr(done);
  } else {
    llvm::PHINode* at = b_.CreatePHI(b_.getInt64Ty(), 2);
    at->addIncoming(index, tail_test);
    llvm::PHINode* so_far = seen != nullptr ? b_.CreatePHI(lanes_type, 2) : nullptr;
    Value* r = vectorBody(dest, src0, src1, scalar, at, 1, nullptr);
    if (so_far != nullptr) {
      tail_numbers = b_.CreateAnd(so_far, b_.CreateVectorSplat(lanes, f_.bothNumbers(dest_, r, nullptr)));
      so_far->addIncoming(seen, tail_test);
      so_far->addIncoming(tail_numbers, b_.GetInsertBlock());
    }
    Value* after = b_.CreateAdd(at, b_.getInt64(1));
    at->addIncoming(after, b_.GetInsertBlock());
    b_.CreateCondBr(b_.CreateICmpULT(after, count), tail, done);
  }
  b_.SetInsertPoint(done);
  if (seen == nullptr) return;
  llvm::PHINode* all = b_.CreatePHI(lanes_type, 2);
  all->addIncoming(seen, tail_test);
  all->addIncoming(tail_numbers, tail);
  BasicBlock* mend = block("nans");
  BasicBlock* clean = block("clean");
  llvm::MDNode* rare = llvm::MDBuilder(context).createBranchWeights(2000, 1);
  b_.CreateCondBr(b_.CreateAndReduce(all), clean, mend, rare);
  b_.SetInsertPoint(mend);
  mendLoop(dest, count);
  b_.CreateBr(clean);
  b_.SetInsertPoint(clean);
}

Value* BurstEmitter::stridedLoop(Value* dest, Value* dest_stride, Value* src0, Value* stride0, Value* src1,
                                 Value* stride1, Value* scalar, Value* count, Value* carry) {
  llvm::LLVMContext& context = b_.getContext();
  llvm::Function* fn = b_.GetInsertBlock()->getParent();
  BasicBlock* before = b_.GetInsertBlock();
  BasicBlock* body = BasicBlock::Create(context, "each", fn);
  BasicBlock* done = BasicBlock::Create(context, "each.done", fn);
  b_.CreateCondBr(b_.CreateICmpNE(count, b_.getInt64(0)), body, done);
  b_.SetInsertPoint(body);
  auto phi = [&](Value* first) {
    llvm::PHINode* p = b_.CreatePHI(first->getType(), 2);
    p->addIncoming(first, before);
    return p;
  };
  llvm::PHINode* left = phi(count);
  llvm::PHINode* to = phi(dest);
  llvm::PHINode* from0 = hasFirst() ? phi(src0) : nullptr;
  llvm::PHINode* from1 = phi(src1);
  llvm::PHINode* chain = carry != nullptr ? phi(carry) : nullptr;
  Value* s0 = hasFirst() ? load(first_, from0, 1, nullptr) : nullptr;
  Value* s1 = load(second_, from1, 1, nullptr);
  Value* carried = nullptr;
  Value* r = nullptr;
  if (chain != nullptr) {
    llvm::Type* i32 = b_.getInt32Ty();
    Value* sum = b_.CreateAdd(b_.CreateAdd(b_.CreateZExt(s0, i32), b_.CreateZExt(s1, i32)), chain);
    r = b_.CreateTrunc(sum, b_.getInt16Ty());
    carried = b_.CreateLShr(sum, 16);
  } else {
    r = element(s0, s1, scalar);
  }
  store(r, to, nullptr);
  BasicBlock* last = b_.GetInsertBlock();
  auto step = [&](llvm::PHINode* p, Value* stride) {
    if (p != nullptr) p->addIncoming(b_.CreateGEP(b_.getInt8Ty(), p, stride), last);
  };
  step(to, dest_stride);
  step(from0, stride0);
  step(from1, stride1);
  if (chain != nullptr) chain->addIncoming(carried, last);
  Value* rest = b_.CreateSub(left, b_.getInt64(1));
  left->addIncoming(rest, last);
  b_.CreateCondBr(b_.CreateICmpNE(rest, b_.getInt64(0)), body, done);
  b_.SetInsertPoint(done);
  if (carry == nullptr) return nullptr;
  llvm::PHINode* out = b_.CreatePHI(b_.getInt32Ty(), 2);
  out->addIncoming(carry, before);
  out->addIncoming(carried, last);
  return out;
}

void BurstEmitter::reduceLoop(Value* dest, Value* src1, Value* stride1, Value* scalar, Value* count) {
  llvm::LLVMContext& context = b_.getContext();
  llvm::Function* fn = b_.GetInsertBlock()->getParent();
  Value* first = load(first_, dest, 1, nullptr);
  BasicBlock* before = b_.GetInsertBlock();
  BasicBlock* body = BasicBlock::Create(context, "reduce", fn);
  BasicBlock* done = BasicBlock::Create(context, "reduce.done", fn);
  b_.CreateBr(body);
  b_.SetInsertPoint(body);
  llvm::PHINode* acc = b_.CreatePHI(first->getType(), 2);
  llvm::PHINode* from = b_.CreatePHI(b_.getPtrTy(), 2);
  llvm::PHINode* left = b_.CreatePHI(b_.getInt64Ty(), 2);
  acc->addIncoming(first, before);
  from->addIncoming(src1, before);
  left->addIncoming(count, before);
  Value* r = element(acc, load(second_, from, 1, nullptr), scalar);
  Value* rest = b_.CreateSub(left, b_.getInt64(1));
  BasicBlock* last = b_.GetInsertBlock();
  acc->addIncoming(r, last);
  from->addIncoming(b_.CreateGEP(b_.getInt8Ty(), from, stride1), last);
  left->addIncoming(rest, last);
  b_.CreateCondBr(b_.CreateICmpNE(rest, b_.getInt64(0)), body, done);
  b_.SetInsertPoint(done);
  store(r, dest, nullptr);
}

std::string kernelSymbol(DsdOpcode op) { return "weft_k" + std::to_string(static_cast<int>(op)); }

namespace {

struct BurstFields {
  Value *dest, *src0, *src1, *dest_stride, *stride0, *stride1, *scalar, *count, *carry;
};

BurstFields loadFields(llvm::IRBuilder<>& b, Value* burst) {
  auto field = [&](llvm::Type* t, size_t offset) -> Value* {
    return b.CreateLoad(t, b.CreateConstInBoundsGEP1_32(b.getInt8Ty(), burst, static_cast<unsigned>(offset)));
  };
  llvm::Type* ptr = b.getPtrTy();
  llvm::Type* i64 = b.getInt64Ty();
  BurstFields f{};
  f.dest = field(ptr, offsetof(WeftBurst, dest));
  f.src0 = field(ptr, offsetof(WeftBurst, src0));
  f.src1 = field(ptr, offsetof(WeftBurst, src1));
  f.dest_stride = field(i64, offsetof(WeftBurst, dest_stride));
  f.stride0 = field(i64, offsetof(WeftBurst, src0_stride));
  f.stride1 = field(i64, offsetof(WeftBurst, src1_stride));
  f.scalar = field(i64, offsetof(WeftBurst, scalar));
  f.count = b.CreateZExt(field(b.getInt32Ty(), offsetof(WeftBurst, count)), i64);
  f.carry = field(b.getInt32Ty(), offsetof(WeftBurst, carry));
  return f;
}

// The vector part: unit destination; each source has unit stride, or stride 0 outside the destination.
void vectorPart(llvm::IRBuilder<>& b, BurstEmitter& e, const BurstFields& f, Value* scalar, BasicBlock* done) {
  llvm::Function* fn = done->getParent();
  llvm::LLVMContext& context = b.getContext();
  const tir::DsdOpInfo& info = e.info();
  auto block = [&](const char* name) { return BasicBlock::Create(context, name, fn); };
  Value* dest_bytes = b.CreateMul(f.count, b.getInt64(info.dest_width));
  auto unit = [&](Value* pointer, Value* stride, unsigned width) {
    return b.CreateAnd(b.CreateICmpEQ(stride, b.getInt64(width)), e.mayVectorise(f.dest, pointer, width, f.count));
  };
  auto splat = [&](Value* pointer, Value* stride, unsigned width) {
    return b.CreateAnd(b.CreateICmpEQ(stride, b.getInt64(0)),
                       e.disjoint(f.dest, dest_bytes, pointer, b.getInt64(width)));
  };
  Value* dest_unit = b.CreateICmpEQ(f.dest_stride, b.getInt64(info.dest_width));
  Value* unit1 = unit(f.src1, f.stride1, info.src1_width);
  Value* splat1 = splat(f.src1, f.stride1, info.src1_width);
  auto memory = [](Value* pointer) { return BurstEmitter::Source{pointer, nullptr}; };
  auto value = [&](Value* pointer, Type t) {
    return BurstEmitter::Source{nullptr, b.CreateAlignedLoad(e.typeOf(t), pointer, llvm::Align(1))};
  };
  // One loop per pattern of sources; `when` says the pattern holds.
  auto attempt = [&](Value* when, auto&& first, auto&& second) {
    BasicBlock* yes = block("pattern");
    BasicBlock* no = block("other");
    b.CreateCondBr(when, yes, no);
    b.SetInsertPoint(yes);
    e.unitLoop(f.dest, first(), second(), scalar, f.count);
    b.CreateBr(done);
    b.SetInsertPoint(no);
  };
  auto none = [] { return BurstEmitter::Source{}; };
  auto m0 = [&] { return memory(f.src0); };
  auto m1 = [&] { return memory(f.src1); };
  auto v0 = [&] { return value(f.src0, e.firstType()); };
  auto v1 = [&] { return value(f.src1, e.secondType()); };
  if (!e.hasFirst()) {
    attempt(b.CreateAnd(dest_unit, unit1), none, m1);
    attempt(b.CreateAnd(dest_unit, splat1), none, v1);
    return;
  }
  Value* unit0 = unit(f.src0, f.stride0, info.src0_width);
  Value* splat0 = splat(f.src0, f.stride0, info.src0_width);
  attempt(b.CreateAnd(dest_unit, b.CreateAnd(unit0, unit1)), m0, m1);
  attempt(b.CreateAnd(dest_unit, b.CreateAnd(splat0, unit1)), v0, m1);
  attempt(b.CreateAnd(dest_unit, b.CreateAnd(unit0, splat1)), m0, v1);
  // A column of a row-major matrix. The CPUs that gather, gather words.
  if (info.src1_width != 4 || info.dest_width != 4) return;
  Value* reach = b.CreateMul(b.CreateSub(f.count, b.getInt64(1)), f.stride1);
  auto bound = [&](llvm::Intrinsic::ID id) {
    return b.CreateGEP(b.getInt8Ty(), f.src1, b.CreateBinaryIntrinsic(id, reach, b.getInt64(0)));
  };
  Value* low = bound(llvm::Intrinsic::smin);
  Value* bytes = b.CreateAdd(b.CreateSub(b.CreatePtrToInt(bound(llvm::Intrinsic::smax), b.getInt64Ty()),
                                         b.CreatePtrToInt(low, b.getInt64Ty())),
                             b.getInt64(info.src1_width));
  Value* gathers = b.CreateAnd(b.CreateAnd(dest_unit, unit0), e.disjoint(f.dest, dest_bytes, low, bytes));
  attempt(gathers, m0, [&] { return BurstEmitter::Source{f.src1, nullptr, f.stride1}; });
}

}  // namespace

std::unique_ptr<llvm::Module> makeKernel(llvm::LLVMContext& context, DsdOpcode op, target::Fp16Format fp16,
                                         bool native_fp16, unsigned vector_bytes) {
  auto module = std::make_unique<llvm::Module>("weft_kernel", context);
  llvm::IRBuilder<> b(context);
  FloatEmitter floats(b, fp16, native_fp16);
  BurstEmitter e(b, floats, op, vector_bytes);
  auto* type = llvm::FunctionType::get(b.getVoidTy(), {b.getPtrTy()}, false);
  auto* fn = llvm::Function::Create(type, llvm::Function::ExternalLinkage, kernelSymbol(op), module.get());
  fn->setDoesNotThrow();
  fn->addFnAttr("prefer-vector-width", std::to_string(vector_bytes * 8));
  BasicBlock* entry = BasicBlock::Create(context, "entry", fn);
  BasicBlock* work = BasicBlock::Create(context, "work", fn);
  BasicBlock* done = BasicBlock::Create(context, "done", fn);
  b.SetInsertPoint(entry);
  const BurstFields f = loadFields(b, fn->getArg(0));
  b.CreateCondBr(b.CreateICmpEQ(f.count, b.getInt64(0)), done, work);
  b.SetInsertPoint(done);
  b.CreateRetVoid();
  b.SetInsertPoint(work);
  if (op == DsdOpcode::DFilt) {
    b.CreateBr(done);
    return module;
  }
  Value* scalar = e.info().has_scalar ? e.fromRaw(e.scalarType(), f.scalar) : nullptr;
  if (e.vectorises()) vectorPart(b, e, f, scalar, done);
  const tir::DsdOpInfo& info = e.info();
  if (op != DsdOpcode::AddC16 && e.hasFirst() && info.src0_width == info.dest_width) {
    BasicBlock* reduce = BasicBlock::Create(context, "running", fn);
    BasicBlock* each = BasicBlock::Create(context, "each.start", fn);
    Value* bytes = b.CreateMul(f.count, f.stride1);
    Value* zero = b.getInt64(0);
    Value* running =
        b.CreateAnd(b.CreateICmpEQ(f.dest, f.src0), b.CreateICmpEQ(b.CreateOr(f.dest_stride, f.stride0), zero));
    // The running value may stay in a register if the elements lie elsewhere.
    Value* apart =
        b.CreateAnd(b.CreateICmpSGT(f.stride1, zero), e.disjoint(f.dest, b.getInt64(info.dest_width), f.src1, bytes));
    b.CreateCondBr(b.CreateAnd(running, apart), reduce, each);
    b.SetInsertPoint(reduce);
    e.reduceLoop(f.dest, f.src1, f.stride1, scalar, f.count);
    b.CreateBr(done);
    b.SetInsertPoint(each);
  }
  const bool carries = op == DsdOpcode::AddC16;
  Value* carry = e.stridedLoop(f.dest, f.dest_stride, f.src0, f.stride0, f.src1, f.stride1, scalar, f.count,
                               carries ? f.carry : nullptr);
  if (carries) {
    b.CreateStore(carry, b.CreateConstInBoundsGEP1_32(b.getInt8Ty(), fn->getArg(0), offsetof(WeftBurst, carry)));
  }
  b.CreateBr(done);
  WEFT_CHECK(!llvm::verifyModule(*module), "kernel {} is malformed", e.info().name);
  return module;
}

std::unique_ptr<llvm::Module> makeKernelThunks(llvm::LLVMContext& context) {
  auto module = std::make_unique<llvm::Module>("weft_thunks", context);
  llvm::IRBuilder<> b(context);
  llvm::Type* ptr = b.getPtrTy();
  auto callee = module->getOrInsertFunction(kThunkCallee,
                                            llvm::FunctionType::get(b.getVoidTy(), {ptr, ptr, b.getInt32Ty()}, false));
  auto* table =
      new llvm::GlobalVariable(*module, b.getInt8Ty(), false, llvm::GlobalValue::ExternalLinkage, nullptr, kThunkTable);
  std::vector<Constant*> thunks;
  for (uint32_t k = 0; k < static_cast<uint32_t>(tir::kDsdOpcodeCount); ++k) {
    auto* fn = llvm::Function::Create(llvm::FunctionType::get(b.getVoidTy(), {ptr}, false),
                                      llvm::Function::InternalLinkage, "thunk" + std::to_string(k), module.get());
    b.SetInsertPoint(BasicBlock::Create(context, "entry", fn));
    b.CreateCall(callee, {fn->getArg(0), table, b.getInt32(k)});
    b.CreateRetVoid();
    // dfilt computes nothing and has none.
    thunks.push_back(static_cast<DsdOpcode>(k) == DsdOpcode::DFilt
                         ? static_cast<Constant*>(llvm::ConstantPointerNull::get(b.getPtrTy()))
                         : fn);
  }
  auto* type = llvm::ArrayType::get(ptr, thunks.size());
  new llvm::GlobalVariable(*module, type, true, llvm::GlobalValue::ExternalLinkage,
                           llvm::ConstantArray::get(type, thunks), kThunks);
  return module;
}

}  // namespace weft::jit::orc
