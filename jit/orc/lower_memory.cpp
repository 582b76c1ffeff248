// PE memory: one compare guards what is not a fixed symbol; the rest goes out of line into the mesh.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/base/check.h"
#include "jit/orc/lower.h"

#include <cstddef>

namespace weft::jit::orc {

using llvm::BasicBlock;
using llvm::Value;
using tir::Inst;
using tir::Op;
using tir::Operand;
using tir::Type;

Value* FunctionLowering::address(Operand a, uint32_t imm, std::optional<uint32_t>& constant) {
  if (a.kind() == Operand::Kind::Constant) {
    constant = static_cast<uint32_t>(p_.constants[a.index()] + imm) & 0xffffu;
    return b_.getInt16(static_cast<uint16_t>(*constant));
  }
  Value* v = read(a, Type::I16);
  return imm == 0 ? v : b_.CreateAdd(v, b_.getInt16(static_cast<uint16_t>(imm)));
}

Value* FunctionLowering::hostPointer(Value* address16) {
  Value* memory = peField(offsetof(WeftPe, memory), b_.getPtrTy());
  return b_.CreateInBoundsGEP(b_.getInt8Ty(), memory, b_.CreateZExt(address16, b_.getInt64Ty()));
}

void FunctionLowering::lowerLoad(const Inst& inst) {
  std::optional<uint32_t> constant;
  Value* at = address(inst.a, inst.imm, constant);
  const uint32_t size = tir::sizeOf(inst.type);
  const bool boolean = inst.type == Type::Bool;
  llvm::Type* stored = boolean ? b_.getInt8Ty() : m_.typeOf(inst.type);
  auto load_fast = [&]() -> Value* {
    llvm::LoadInst* v = b_.CreateAlignedLoad(stored, hostPointer(at), llvm::Align(1));
    v->setMetadata(llvm::LLVMContext::MD_tbaa, m_.tbaa_memory);
    return v;
  };
  auto as_value = [&](Value* v) -> Value* { return boolean ? b_.CreateICmpNE(v, b_.getInt8(0)) : v; };
  if (constant && *constant + size <= p_.private_bytes) {
    write(inst.dst, as_value(load_fast()));
    return;
  }
  Value* wide = b_.CreateZExt(at, b_.getInt32Ty());
  Value* inside =
      b_.CreateICmpULE(b_.CreateAdd(wide, b_.getInt32(size)), peField(offsetof(WeftPe, memory_bytes), b_.getInt32Ty()));
  BasicBlock* fast = BasicBlock::Create(m_.context, "fast", fn_);
  BasicBlock* slow = BasicBlock::Create(m_.context, "slow", fn_);
  BasicBlock* next = BasicBlock::Create(m_.context, "loaded", fn_);
  b_.CreateCondBr(inside, fast, slow, m_.likely);
  b_.SetInsertPoint(fast);
  Value* quick = load_fast();
  b_.CreateBr(next);
  b_.SetInsertPoint(slow);
  settle();
  llvm::Type* i32 = b_.getInt32Ty();
  auto* type = llvm::FunctionType::get(b_.getInt64Ty(), {b_.getPtrTy(), i32, i32, i32}, false);
  llvm::CallInst* raw =
      b_.CreateCall(type, deviceFunction(offsetof(WeftDevice, load_slow)), {pe_, wide, b_.getInt32(size), site(inst)});
  // It writes nothing that code reads, but for the deadline.
  raw->setMemoryEffects(llvm::MemoryEffects::readOnly() | llvm::MemoryEffects::inaccessibleMemOnly());
  Value* other = boolean ? b_.CreateTrunc(raw, stored) : m_.fromRaw(b_, inst.type, raw);
  b_.CreateBr(next);
  b_.SetInsertPoint(next);
  llvm::PHINode* phi = b_.CreatePHI(stored, 2);
  phi->addIncoming(quick, fast);
  phi->addIncoming(other, slow);
  write(inst.dst, as_value(phi));
}

void FunctionLowering::lowerStore(const Inst& inst) {
  std::optional<uint32_t> constant;
  Value* at = address(inst.a, inst.imm, constant);
  const uint32_t size = tir::sizeOf(inst.type);
  Value* v = read(inst.b, inst.type);
  auto store_fast = [&] {
    Value* stored = inst.type == Type::Bool ? b_.CreateZExt(v, b_.getInt8Ty()) : v;
    b_.CreateAlignedStore(stored, hostPointer(at), llvm::Align(1))
        ->setMetadata(llvm::LLVMContext::MD_tbaa, m_.tbaa_memory);
  };
  if (constant && *constant + size <= p_.private_bytes) return store_fast();
  Value* wide = b_.CreateZExt(at, b_.getInt32Ty());
  Value* inside =
      b_.CreateICmpULE(b_.CreateAdd(wide, b_.getInt32(size)), peField(offsetof(WeftPe, memory_bytes), b_.getInt32Ty()));
  BasicBlock* fast = BasicBlock::Create(m_.context, "fast", fn_);
  BasicBlock* slow = BasicBlock::Create(m_.context, "slow", fn_);
  BasicBlock* next = BasicBlock::Create(m_.context, "stored", fn_);
  b_.CreateCondBr(inside, fast, slow, m_.likely);
  b_.SetInsertPoint(fast);
  store_fast();
  b_.CreateBr(next);
  b_.SetInsertPoint(slow);
  settle();
  llvm::Type* i32 = b_.getInt32Ty();
  auto* type = llvm::FunctionType::get(b_.getVoidTy(), {b_.getPtrTy(), i32, i32, b_.getInt64Ty(), i32}, false);
  b_.CreateCall(type, deviceFunction(offsetof(WeftDevice, store_slow)),
                {pe_, wide, b_.getInt32(size), m_.toRaw(b_, inst.type, v), site(inst)});
  b_.CreateBr(next);
  b_.SetInsertPoint(next);
}

void FunctionLowering::lowerMemory(const Inst& inst) {
  llvm::Type* i32 = b_.getInt32Ty();
  llvm::Type* ptr = b_.getPtrTy();
  switch (inst.op) {
    case Op::Load: return lowerLoad(inst);
    case Op::Store: return lowerStore(inst);
    case Op::FrameAddr: {
      Value* top = b_.CreateTrunc(peField(offsetof(WeftPe, stack_pointer), i32), b_.getInt16Ty());
      write(inst.dst, b_.CreateSub(top, b_.getInt16(static_cast<uint16_t>(f_.frame_bytes - inst.imm))));
      return;
    }
    case Op::MemCopy:
    case Op::MemZero: break;
    default: WEFT_CHECK(false, "not a memory instruction");
  }
  if (inst.imm == 0) return;
  const bool copies = inst.op == Op::MemCopy;
  std::optional<uint32_t> to;
  std::optional<uint32_t> from;
  Value* dest = address(inst.a, 0, to);
  Value* src = copies ? address(inst.b, 0, from) : nullptr;
  const uint32_t bytes = inst.imm;
  if (to && *to + bytes <= p_.private_bytes && (!copies || (from && *from + bytes <= p_.private_bytes))) {
    if (copies) {
      b_.CreateMemMove(hostPointer(dest), llvm::MaybeAlign(1), hostPointer(src), llvm::MaybeAlign(1), bytes, false,
                       m_.tbaa_memory);
    } else {
      b_.CreateMemSet(hostPointer(dest), b_.getInt8(0), bytes, llvm::MaybeAlign(1), false, m_.tbaa_memory);
    }
    return;
  }
  settle();
  if (copies) {
    auto fn = m_.host("weft_orc_memcopy", llvm::FunctionType::get(b_.getVoidTy(), {ptr, i32, i32, i32, i32}, false));
    b_.CreateCall(fn, {pe_, b_.CreateZExt(dest, i32), b_.CreateZExt(src, i32), b_.getInt32(bytes), site(inst)});
  } else {
    auto fn = m_.host("weft_orc_memzero", llvm::FunctionType::get(b_.getVoidTy(), {ptr, i32, i32, i32}, false));
    b_.CreateCall(fn, {pe_, b_.CreateZExt(dest, i32), b_.getInt32(bytes), site(inst)});
  }
}

}  // namespace weft::jit::orc
