// Suspension: a function that may block saves its live locals to a frame and returns; entered with a frame it restores
// them and goes on behind the blocking point. The layout is tir::suspendPoints' order, the same in every tier. Points
// with the same live locals share the code that saves and restores them.
// SPDX-License-Identifier: Apache-2.0
#include "jit/orc/lower.h"

#include <llvm/IR/MDBuilder.h>

namespace weft::jit::orc {

using llvm::BasicBlock;
using llvm::Value;

int FunctionLowering::pointOf(uint32_t index) const { return point_of_[index - first_inst_]; }

FunctionLowering::SuspendGroup& FunctionLowering::groupOf(const tir::SuspendPoint& table) {
  SuspendGroup& group = groups_[table.live];
  if (group.save != nullptr) return group;
  const llvm::IRBuilderBase::InsertPointGuard guard(b_);
  struct Saved {
    uint32_t local;
    uint32_t offset;
  };
  std::vector<Saved> saved;
  for (size_t k = 0; k < table.live.size(); ++k) {
    if (f_.locals[table.live[k]].type != tir::Type::Void) saved.push_back({table.live[k], table.offsets[k]});
  }
  const uint32_t bytes = table.frame_bytes;
  llvm::Type* i32 = b_.getInt32Ty();
  llvm::Type* ptr = b_.getPtrTy();
  auto at = [&](Value* frame, uint32_t offset) { return b_.CreateConstInBoundsGEP1_32(b_.getInt8Ty(), frame, offset); };
  auto tag = [&](llvm::Instruction* i) { i->setMetadata(llvm::LLVMContext::MD_tbaa, m_.tbaa_frame); };

  group.save = BasicBlock::Create(m_.context, "save", fn_);
  b_.SetInsertPoint(group.save);
  group.status = b_.CreatePHI(i32, 4);
  group.point = b_.CreatePHI(i32, 4);
  BasicBlock* push = BasicBlock::Create(m_.context, "push", fn_);
  BasicBlock* leave = BasicBlock::Create(m_.context, "leave", fn_);
  llvm::SwitchInst* what = b_.CreateSwitch(group.status, leave);
  what->addCase(b_.getInt32(WEFT_BLOCKED), push);
  b_.SetInsertPoint(leave);
  b_.CreateRet(group.status);
  auto new_frame = [&](const char* name) {
    auto fn = m_.host(name, llvm::FunctionType::get(ptr, {ptr, i32, i32, i32}, false));
    Value* fresh = b_.CreateCall(fn, {pe_, b_.getInt32(bytes), b_.getInt32(id_.index()), group.point});
    for (const Saved& s : saved) {
      Value* v = read(tir::Operand::local(s.local), f_.locals[s.local].type);
      if (v->getType()->isIntegerTy(1)) v = b_.CreateZExt(v, b_.getInt8Ty());
      tag(b_.CreateStore(v, at(fresh, s.offset)));
    }
    return fresh;
  };
  b_.SetInsertPoint(push);
  new_frame("weft_orc_push");
  b_.CreateRet(b_.getInt32(WEFT_BLOCKED));
  if (part_ == Part::Start) {
    // Done, in a rare way: goes on in the other function.
    BasicBlock* hand_over = BasicBlock::Create(m_.context, "hand.over", fn_);
    what->addCase(b_.getInt32(WEFT_DONE), hand_over);
    b_.SetInsertPoint(hand_over);
    std::vector<Value*> args{pe_};
    for (uint32_t k = 0; k < f_.param_count; ++k) {
      args.push_back(llvm::Constant::getNullValue(m_.typeOf(f_.locals[k].type)));
    }
    args.push_back(new_frame("weft_orc_frame"));
    b_.CreateRet(b_.CreateCall(m_.functions[id_.index()].resume, args));
    return group;
  }

  group.restore = BasicBlock::Create(m_.context, "restore", fn_);
  b_.SetInsertPoint(group.restore);
  for (const Saved& s : saved) {
    const tir::Type t = f_.locals[s.local].type;
    const bool boolean = t == tir::Type::Bool;
    llvm::LoadInst* v = b_.CreateLoad(boolean ? b_.getInt8Ty() : m_.typeOf(t), at(frame_, s.offset));
    tag(v);
    write(s.local, boolean ? b_.CreateTrunc(v, b_.getInt1Ty()) : static_cast<Value*>(v));
  }
  auto pop = m_.host("weft_orc_pop", llvm::FunctionType::get(b_.getVoidTy(), {ptr, ptr, i32}, false));
  b_.CreateCall(pop, {pe_, frame_, b_.getInt32(bytes)});
  group.go_on = b_.CreateSwitch(points_->getCondition(), points_->getDefaultDest());
  return group;
}

void FunctionLowering::suspendUnlessDone(Value* status, uint32_t index, bool rare) {
  if (form_ == CallForm::Typed) return;
  BasicBlock* next = BasicBlock::Create(m_.context, "done", fn_);
  Value* done = b_.CreateICmpEQ(status, b_.getInt32(WEFT_DONE));
  const int number = form_ == CallForm::Blocking ? pointOf(index) : -1;
  if (number < 0) {
    if (trap_ == nullptr) {
      trap_ = BasicBlock::Create(m_.context, "trap", fn_);
      const llvm::IRBuilderBase::InsertPointGuard guard(b_);
      b_.SetInsertPoint(trap_);
      b_.CreateRet(b_.getInt32(WEFT_TRAP));
    }
    b_.CreateCondBr(done, next, trap_, m_.likely);
    b_.SetInsertPoint(next);
    return;
  }
  const auto point = static_cast<uint32_t>(number);
  SuspendGroup& group = groupOf(suspend_[point]);
  group.status->addIncoming(status, b_.GetInsertBlock());
  group.point->addIncoming(b_.getInt32(point), b_.GetInsertBlock());
  if (rare && part_ == Part::Start) {
    // The loop has no way back from here, and so nothing in it that may change what it reads of the PE.
    b_.CreateBr(group.save);
  } else {
    b_.CreateCondBr(done, next, group.save, m_.likely);
  }
  if (part_ != Part::Start) {
    points_->addCase(b_.getInt32(point), group.restore);
    group.go_on->addCase(b_.getInt32(point), next);
  }
  b_.SetInsertPoint(next);
}

}  // namespace weft::jit::orc
