// Suspension: a function that may block saves its live locals to a frame and returns; entered with a frame it restores
// them and goes on behind the blocking point. The layout is tir::suspendPoints' order, the same in every tier.
// SPDX-License-Identifier: Apache-2.0
#include "jit/orc/lower.h"

#include <llvm/IR/MDBuilder.h>

namespace weft::jit::orc {

using llvm::BasicBlock;
using llvm::Value;

int FunctionLowering::pointOf(uint32_t index) const { return point_of_[index - first_inst_]; }

void FunctionLowering::suspendUnlessDone(Value* status, uint32_t index) {
  if (form_ == CallForm::Typed) return;
  BasicBlock* next = BasicBlock::Create(m_.context, "done", fn_);
  BasicBlock* other = BasicBlock::Create(m_.context, "other", fn_);
  b_.CreateCondBr(b_.CreateICmpEQ(status, b_.getInt32(WEFT_DONE)), next, other, m_.likely);
  const int point = form_ == CallForm::Blocking ? pointOf(index) : -1;
  b_.SetInsertPoint(other);
  if (point < 0) {
    b_.CreateRet(b_.getInt32(WEFT_TRAP));
    b_.SetInsertPoint(next);
    return;
  }

  BasicBlock* save = BasicBlock::Create(m_.context, "save", fn_);
  BasicBlock* leave = BasicBlock::Create(m_.context, "leave", fn_);
  b_.CreateCondBr(b_.CreateICmpEQ(status, b_.getInt32(WEFT_BLOCKED)), save, leave);
  b_.SetInsertPoint(leave);
  b_.CreateRet(status);

  const tir::SuspendPoint& table = suspend_[static_cast<size_t>(point)];
  struct Saved {
    uint32_t local;
    uint32_t offset;
  };
  std::vector<Saved> saved;
  for (size_t k = 0; k < table.live.size(); ++k) {
    if (f_.locals[table.live[k]].type != tir::Type::Void) saved.push_back({table.live[k], table.offsets[k]});
  }
  const uint32_t bytes = table.frame_bytes;
  auto at = [&](Value* frame, uint32_t offset) { return b_.CreateConstInBoundsGEP1_32(b_.getInt8Ty(), frame, offset); };
  auto tag = [&](llvm::Instruction* i) { i->setMetadata(llvm::LLVMContext::MD_tbaa, m_.tbaa_frame); };

  b_.SetInsertPoint(save);
  llvm::Type* i32 = b_.getInt32Ty();
  llvm::Type* ptr = b_.getPtrTy();
  auto push = m_.host("weft_orc_push", llvm::FunctionType::get(ptr, {ptr, i32, i32, i32}, false));
  Value* fresh = b_.CreateCall(
      push, {pe_, b_.getInt32(bytes), b_.getInt32(id_.index()), b_.getInt32(static_cast<uint32_t>(point))});
  for (const Saved& s : saved) {
    Value* v = read(tir::Operand::local(s.local), f_.locals[s.local].type);
    if (v->getType()->isIntegerTy(1)) v = b_.CreateZExt(v, b_.getInt8Ty());
    tag(b_.CreateStore(v, at(fresh, s.offset)));
  }
  b_.CreateRet(b_.getInt32(WEFT_BLOCKED));

  BasicBlock* restore = BasicBlock::Create(m_.context, "restore", fn_);
  b_.SetInsertPoint(restore);
  for (const Saved& s : saved) {
    const tir::Type t = f_.locals[s.local].type;
    const bool boolean = t == tir::Type::Bool;
    llvm::LoadInst* v = b_.CreateLoad(boolean ? b_.getInt8Ty() : m_.typeOf(t), at(frame_, s.offset));
    tag(v);
    write(s.local, boolean ? b_.CreateTrunc(v, b_.getInt1Ty()) : static_cast<Value*>(v));
  }
  auto pop = m_.host("weft_orc_pop", llvm::FunctionType::get(b_.getVoidTy(), {ptr, ptr, i32}, false));
  b_.CreateCall(pop, {pe_, frame_, b_.getInt32(bytes)});
  b_.CreateBr(next);
  points_->addCase(b_.getInt32(static_cast<uint32_t>(point)), restore);
  b_.SetInsertPoint(next);
}

}  // namespace weft::jit::orc
