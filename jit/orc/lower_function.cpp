// The skeleton of a function: locals, blocks, calls, device calls, segments, terminators.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/base/check.h"
#include "jit/orc/lower.h"

#include <llvm/IR/MDBuilder.h>

#include <cstddef>

namespace weft::jit::orc {

using llvm::BasicBlock;
using llvm::Constant;
using llvm::ConstantInt;
using llvm::Value;
using tir::Inst;
using tir::Op;
using tir::Operand;
using tir::Type;

namespace {

template <class F>
void forEachOperand(const tir::Program& p, const Inst& inst, F&& visit) {
  for (const Operand o : {inst.a, inst.b, inst.c}) {
    if (o.kind() == Operand::Kind::Local) visit(o.index());
  }
  for (uint32_t k = 0; k < inst.args_count; ++k) {
    const Operand o = p.args[inst.args_begin + k];
    if (o.kind() == Operand::Kind::Local) visit(o.index());
  }
}

bool isDescriptorOp(Op op) {
  return op == Op::DsdSetBase || op == Op::DsdAddBase || op == Op::DsdSetLength || op == Op::DsdSetStride ||
         op == Op::DsdSetColor || op == Op::DsdLength || op == Op::DsdElement;
}

}  // namespace

FunctionLowering::FunctionLowering(ModuleLowering& owner, tir::FunctionId id, Part part)
    : m_(owner),
      p_(owner.program),
      f_(owner.program.function(id)),
      id_(id),
      part_(part),
      fn_(part == Part::Resume ? owner.functions[id.index()].resume : owner.functions[id.index()].body),
      form_(owner.functions[id.index()].form),
      b_(owner.context),
      floats_(b_, owner.program.fp16, owner.options.native_fp16) {}

void FunctionLowering::run() {
  const Doing doing("lowering fn " + f_.name);
  if (form_ == CallForm::Blocking) suspend_ = tir::suspendPoints(p_, id_);
  first_inst_ = f_.blocks.empty() ? 0 : f_.blocks.front().begin;
  uint32_t last = first_inst_;
  for (const tir::Block& block : f_.blocks) {
    first_inst_ = std::min(first_inst_, block.begin);
    last = std::max(last, block.end);
  }
  point_of_.assign(last - first_inst_, -1);
  for (size_t i = 0; i < suspend_.size(); ++i) point_of_[suspend_[i].inst - first_inst_] = static_cast<int>(i);

  analyseLocals();
  if (m_.options.optimize) in_loop_ = blocksInLoops(p_, f_);
  openEntry();
  for (size_t k = 0; k < f_.blocks.size(); ++k) {
    b_.SetInsertPoint(blocks_[k]);
    if (!in_loop_.empty() && in_loop_[k] && part_ != Part::Resume) {
      if (const Inst* product = productOf(static_cast<uint32_t>(k))) lowerSums(static_cast<uint32_t>(k), *product);
    }
    for (uint32_t i = f_.blocks[k].begin; i < f_.blocks[k].end; ++i) {
      lowerInst(p_.insts[i], i, static_cast<uint32_t>(k));
    }
  }
}

// A local that is written once and read only behind that in the same block, and that no suspension outlives, needs no
// memory: this spares both tiers most of the work.
void FunctionLowering::analyseLocals() {
  slots_.resize(f_.locals.size());
  constexpr uint32_t kNone = 0xffffffffu;
  std::vector<uint32_t> home(f_.locals.size(), kNone);
  for (size_t l = 0; l < slots_.size(); ++l) {
    slots_[l].type = f_.locals[l].type;
    slots_[l].temporary = l >= f_.param_count;
  }
  for (uint32_t k = 0; k < f_.blocks.size(); ++k) {
    for (uint32_t i = f_.blocks[k].begin; i < f_.blocks[k].end; ++i) {
      const Inst& inst = p_.insts[i];
      forEachOperand(p_, inst, [&](uint32_t local) {
        if (home[local] != k) slots_[local].temporary = false;
      });
      if (inst.dst == tir::kNoLocal) continue;
      if (home[inst.dst] != kNone) slots_[inst.dst].temporary = false;
      home[inst.dst] = k;
    }
  }
  for (const tir::SuspendPoint& point : suspend_) {
    for (const uint32_t local : point.live) slots_[local].temporary = false;
  }
  if (!m_.options.optimize) return;
  markSplitLocals();
  findKnownFields();
}

// A field that every assignment gives one and the same value is a constant, also in what comes back from a frame.
void FunctionLowering::findKnownFields() {
  enum class State : uint8_t { Unset, Known, Varies };
  struct Field {
    State state = State::Unset;
    uint16_t value = 0;
  };
  using Fields = std::array<Field, 4>;
  std::vector<Fields> fields(slots_.size());
  const Field varies{State::Varies, 0};
  auto of = [&](Operand o) -> Fields {
    if (o.kind() == Operand::Kind::Local && slots_[o.index()].split) return fields[o.index()];
    Fields out;
    out.fill(varies);
    if (o.kind() == Operand::Kind::Constant) {
      for (unsigned k = 0; k < 4; ++k)
        out[k] = {State::Known, static_cast<uint16_t>(p_.constants[o.index()] >> 16 * k)};
    }
    return out;
  };
  for (uint32_t k = 0; k < f_.param_count; ++k) fields[k].fill(varies);
  for (bool changed = true; changed;) {
    changed = false;
    for (const tir::Block& block : f_.blocks) {
      for (uint32_t i = block.begin; i < block.end; ++i) {
        const Inst& inst = p_.insts[i];
        if (inst.dst == tir::kNoLocal || !slots_[inst.dst].split) continue;
        Fields out;
        out.fill(varies);
        if (inst.op == Op::Copy || isDescriptorOp(inst.op)) out = of(inst.a);
        auto set = [&](unsigned k, bool visible) {
          const bool constant = visible && inst.b.kind() == Operand::Kind::Constant;
          out[k] = constant ? Field{State::Known, static_cast<uint16_t>(p_.constants[inst.b.index()])} : varies;
        };
        if (inst.op == Op::DsdSetBase) set(0, true);
        if (inst.op == Op::DsdAddBase || inst.op == Op::DsdSetColor) set(0, false);
        if (inst.op == Op::DsdSetLength) set(1, true);
        if (inst.op == Op::DsdSetStride) set(2, true);
        for (unsigned k = 0; k < 4; ++k) {
          Field& field = fields[inst.dst][k];
          if (out[k].state == State::Unset || field.state == State::Varies) continue;
          if (field.state == State::Known && out[k].state == State::Known && field.value == out[k].value) continue;
          field = field.state == State::Unset ? out[k] : varies;
          changed = true;
        }
      }
    }
  }
  for (size_t l = 0; l < slots_.size(); ++l) {
    for (unsigned k = 0; k < 4; ++k) {
      if (slots_[l].split && fields[l][k].state == State::Known) slots_[l].known[k] = fields[l][k].value;
    }
  }
}

// Locals that hold descriptors are kept as four fields, so that what a loop does not change stays visibly constant.
void FunctionLowering::markSplitLocals() {
  for (bool changed = true; changed;) {
    changed = false;
    auto mark = [&](Operand o) {
      if (o.kind() != Operand::Kind::Local) return;
      Slot& slot = slots_[o.index()];
      if (slot.type == Type::I64 && !slot.split) changed = slot.split = true;
    };
    for (const tir::Block& block : f_.blocks) {
      for (uint32_t i = block.begin; i < block.end; ++i) {
        const Inst& inst = p_.insts[i];
        const bool has_dst = inst.dst != tir::kNoLocal;
        if (isDescriptorOp(inst.op)) {
          mark(inst.a);
          if (has_dst) mark(Operand::local(inst.dst));
        } else if (inst.op == Op::DsdOp) {
          for (uint32_t k = 0; k < inst.args_count; ++k) mark(p_.args[inst.args_begin + k]);
        } else if (inst.op == Op::Copy && inst.type == Type::I64) {
          if (slots_[inst.dst].split) mark(inst.a);
          if (inst.a.kind() == Operand::Kind::Local && slots_[inst.a.index()].split) mark(Operand::local(inst.dst));
        }
      }
    }
  }
}

void FunctionLowering::openEntry() {
  pe_ = fn_->getArg(0);
  pe_->setName("pe");
  entry_ = BasicBlock::Create(m_.context, "entry", fn_);
  for (size_t k = 0; k < f_.blocks.size(); ++k) {
    blocks_.push_back(BasicBlock::Create(m_.context, "b" + std::to_string(k), fn_));
  }
  b_.SetInsertPoint(entry_);
  uint32_t most_args = 0;
  bool has_dsd = false;
  for (const tir::Block& block : f_.blocks) {
    for (uint32_t i = block.begin; i < block.end; ++i) {
      const Inst& inst = p_.insts[i];
      if (inst.op == Op::Call) continue;
      most_args = std::max(most_args, inst.args_count);
      has_dsd = has_dsd || inst.op == Op::DsdOp;
    }
  }
  if (most_args > 0) args_ = b_.CreateAlloca(llvm::ArrayType::get(b_.getInt64Ty(), most_args), nullptr, "args");
  if (has_dsd && m_.options.optimize) {
    burst_ = b_.CreateAlloca(llvm::ArrayType::get(b_.getInt64Ty(), sizeof(WeftBurst) / 8), nullptr, "burst");
    scalars_ = b_.CreateAlloca(llvm::ArrayType::get(b_.getInt64Ty(), 3), nullptr, "scalars");
  }
  if (m_.options.optimize) {
    pending_ = b_.CreateAlloca(b_.getInt64Ty(), nullptr, "pending");
    b_.CreateStore(b_.getInt64(0), pending_);
  }
  const bool is_entry = fn_ == m_.functions[id_.index()].wrapper;
  for (size_t l = 0; l < slots_.size(); ++l) {
    Slot& slot = slots_[l];
    if (slot.temporary || slot.type == Type::Void) continue;
    if (slot.split) {
      for (llvm::AllocaInst*& part : slot.part_memory) {
        part = b_.CreateAlloca(b_.getInt16Ty());
        if (l >= f_.param_count || is_entry) b_.CreateStore(b_.getInt16(0), part);
      }
    } else {
      llvm::Type* t = m_.typeOf(slot.type);
      slot.memory = b_.CreateAlloca(t, nullptr, f_.locals[l].name);
      if (l >= f_.param_count || is_entry) b_.CreateStore(Constant::getNullValue(t), slot.memory);
    }
  }
  for (uint32_t k = 0; k < f_.param_count && !is_entry; ++k) write(k, fn_->getArg(k + 1));

  BasicBlock* start = blocks_.empty() ? nullptr : blocks_[0];
  WEFT_CHECK(start != nullptr, "function {} has no blocks", f_.name);
  const bool loads_params = is_entry && f_.param_count > 0;
  if (f_.recursive || loads_params) start = BasicBlock::Create(m_.context, "start", fn_, blocks_[0]);
  if (form_ == CallForm::Blocking && part_ != Part::Start) {
    frame_ = is_entry ? fn_->getArg(2) : fn_->getArg(fn_->arg_size() - 1);
    frame_->setName("frame");
    BasicBlock* resume = BasicBlock::Create(m_.context, "resume", fn_);
    BasicBlock* bad = BasicBlock::Create(m_.context, "bad", fn_);
    if (part_ == Part::Resume) {
      b_.CreateBr(resume);
    } else {
      b_.CreateCondBr(b_.CreateIsNull(frame_), start, resume, m_.likely);
    }
    b_.SetInsertPoint(bad);
    b_.CreateUnreachable();
    b_.SetInsertPoint(resume);
    llvm::LoadInst* point = b_.CreateLoad(
        b_.getInt32Ty(), b_.CreateConstInBoundsGEP1_32(b_.getInt8Ty(), frame_, offsetof(WeftFrame, point)));
    point->setMetadata(llvm::LLVMContext::MD_tbaa, m_.tbaa_frame);
    points_ = b_.CreateSwitch(point, bad);
  } else {
    b_.CreateBr(start);
  }
  if (loads_params) {
    // A resumed entry is given no arguments.
    b_.SetInsertPoint(start);
    for (uint32_t k = 0; k < f_.param_count; ++k) {
      Value* raw = b_.CreateLoad(b_.getInt64Ty(), b_.CreateConstInBoundsGEP1_32(b_.getInt64Ty(), fn_->getArg(1), k));
      write(k, m_.fromRaw(b_, f_.locals[k].type, raw));
    }
    if (!f_.recursive) b_.CreateBr(blocks_[0]);
  }
  if (!f_.recursive) return;
  if (part_ == Part::Resume) {
    b_.SetInsertPoint(start);
    b_.CreateUnreachable();
    return;
  }

  // The frame area of a recursive function lies on the bounded stack; the caller has seen that there is room.
  b_.SetInsertPoint(start);
  Value* top = b_.CreateAdd(peField(offsetof(WeftPe, stack_pointer), b_.getInt32Ty()), b_.getInt32(f_.frame_bytes));
  setPeField(offsetof(WeftPe, stack_pointer), top);
  b_.CreateBr(blocks_[0]);
}

llvm::LoadInst* FunctionLowering::peField(size_t offset, llvm::Type* type, bool invariant) {
  llvm::LoadInst* v =
      b_.CreateLoad(type, b_.CreateConstInBoundsGEP1_32(b_.getInt8Ty(), pe_, static_cast<unsigned>(offset)));
  v->setMetadata(llvm::LLVMContext::MD_tbaa, m_.tbaa_pe);
  if (invariant) v->setMetadata(llvm::LLVMContext::MD_invariant_load, llvm::MDNode::get(m_.context, {}));
  return v;
}

void FunctionLowering::setPeField(size_t offset, Value* v) {
  b_.CreateStore(v, b_.CreateConstInBoundsGEP1_32(b_.getInt8Ty(), pe_, static_cast<unsigned>(offset)))
      ->setMetadata(llvm::LLVMContext::MD_tbaa, m_.tbaa_pe);
}

Value* FunctionLowering::anyFlag(uint32_t flags) {
  Value* set = b_.CreateAnd(peField(offsetof(WeftPe, flags), b_.getInt32Ty()), b_.getInt32(flags));
  return b_.CreateICmpNE(set, b_.getInt32(0));
}

Value* FunctionLowering::dsdCosts(llvm::IRBuilder<>& entry) {
  return entry.CreateLoad(b_.getPtrTy(),
                          entry.CreateConstInBoundsGEP1_32(b_.getInt8Ty(), pe_, offsetof(WeftPe, dsd_costs)));
}

Value* FunctionLowering::deviceFunction(size_t offset) {
  Value* device = peField(offsetof(WeftPe, device), b_.getPtrTy(), true);
  llvm::LoadInst* v = b_.CreateLoad(
      b_.getPtrTy(), b_.CreateConstInBoundsGEP1_32(b_.getInt8Ty(), device, static_cast<unsigned>(offset)));
  v->setMetadata(llvm::LLVMContext::MD_invariant_load, llvm::MDNode::get(m_.context, {}));
  return v;
}

Value* FunctionLowering::site(const Inst& inst) { return b_.getInt32(inst.site.value); }

Value* FunctionLowering::compose(const DsdParts& parts) {
  llvm::Type* i64 = b_.getInt64Ty();
  Value* v = b_.CreateZExt(parts.field[0], i64);
  for (unsigned k = 1; k < 4; ++k) v = b_.CreateOr(v, b_.CreateShl(b_.CreateZExt(parts.field[k], i64), 16 * k));
  return v;
}

DsdParts FunctionLowering::decompose(Value* bits) {
  DsdParts parts;
  for (unsigned k = 0; k < 4; ++k) parts.field[k] = b_.CreateTrunc(b_.CreateLShr(bits, 16 * k), b_.getInt16Ty());
  return parts;
}

Value* FunctionLowering::read(Operand o, Type t) {
  switch (o.kind()) {
    case Operand::Kind::None: break;
    case Operand::Kind::Local: {
      Slot& slot = slots_[o.index()];
      if (slot.split) return compose(readDsd(o));
      if (slot.temporary) return slot.value;
      return b_.CreateLoad(m_.typeOf(slot.type), slot.memory);
    }
    case Operand::Kind::Constant: {
      const uint64_t bits = p_.constants[o.index()];
      if (t == Type::F32) {
        return llvm::ConstantFP::get(m_.context,
                                     llvm::APFloat(llvm::APFloat::IEEEsingle(), llvm::APInt(32, bits & 0xffffffffu)));
      }
      auto* type = llvm::cast<llvm::IntegerType>(m_.typeOf(t));
      return ConstantInt::get(m_.context, llvm::APInt(64, bits).trunc(type->getBitWidth()));
    }
    case Operand::Kind::Slot: return m_.fromRaw(b_, t, readRaw(o));
  }
  WEFT_CHECK(false, "operand is missing in fn {}", f_.name);
  return nullptr;
}

Value* FunctionLowering::readRaw(Operand o) {
  if (o.kind() == Operand::Kind::Constant) return b_.getInt64(p_.constants[o.index()]);
  if (o.kind() == Operand::Kind::Local) {
    const Type t = slots_[o.index()].type;
    return m_.toRaw(b_, t, read(o, t));
  }
  Value* table = peField(offsetof(WeftPe, slots), b_.getPtrTy(), true);
  llvm::LoadInst* v = b_.CreateLoad(b_.getInt64Ty(), b_.CreateConstInBoundsGEP1_32(b_.getInt64Ty(), table, o.index()));
  v->setMetadata(llvm::LLVMContext::MD_invariant_load, llvm::MDNode::get(m_.context, {}));
  return v;
}

DsdParts FunctionLowering::readDsd(Operand o) {
  if (o.kind() == Operand::Kind::Local && slots_[o.index()].split) {
    const Slot& slot = slots_[o.index()];
    if (slot.temporary) return slot.parts;
    DsdParts parts;
    for (unsigned k = 0; k < 4; ++k) {
      if (slot.known[k]) {
        parts.field[k] = b_.getInt16(*slot.known[k]);
      } else {
        parts.field[k] = b_.CreateLoad(b_.getInt16Ty(), slot.part_memory[k]);
      }
    }
    return parts;
  }
  return decompose(read(o, Type::I64));
}

void FunctionLowering::write(uint32_t dst, Value* v) {
  if (dst == tir::kNoLocal) return;
  Slot& slot = slots_[dst];
  if (slot.split) {
    writeDsd(dst, decompose(v));
  } else if (slot.temporary) {
    slot.value = v;
  } else {
    b_.CreateStore(v, slot.memory);
  }
}

void FunctionLowering::writeDsd(uint32_t dst, const DsdParts& parts) {
  if (dst == tir::kNoLocal) return;
  Slot& slot = slots_[dst];
  if (!slot.split) {
    write(dst, compose(parts));
  } else if (slot.temporary) {
    slot.parts = parts;
  } else {
    for (unsigned k = 0; k < 4; ++k) b_.CreateStore(parts.field[k], slot.part_memory[k]);
  }
}

void FunctionLowering::emitFault(uint32_t kind, const Inst& inst) {
  settle();
  llvm::Type* i32 = b_.getInt32Ty();
  auto* type = llvm::FunctionType::get(i32, {b_.getPtrTy(), i32, i32}, false);
  b_.CreateRet(b_.CreateCall(type, deviceFunction(offsetof(WeftDevice, fault)), {pe_, b_.getInt32(kind), site(inst)}));
}

void FunctionLowering::writeResult(const Inst& inst) {
  if (inst.dst == tir::kNoLocal) return;
  write(inst.dst, m_.fromRaw(b_, slots_[inst.dst].type, peField(offsetof(WeftPe, result), b_.getInt64Ty())));
}

Value* FunctionLowering::argumentArray(const Inst& inst) {
  if (inst.args_count == 0) return llvm::ConstantPointerNull::get(b_.getPtrTy());
  std::vector<uint64_t> known;
  for (uint32_t k = 0; k < inst.args_count; ++k) {
    const Operand o = p_.args[inst.args_begin + k];
    if (o.kind() == Operand::Kind::Constant) known.push_back(p_.constants[o.index()]);
  }
  if (known.size() == inst.args_count) {
    Constant* data = llvm::ConstantDataArray::get(m_.context, known);
    return new llvm::GlobalVariable(*m_.module, data->getType(), true, llvm::GlobalValue::PrivateLinkage, data, "args");
  }
  for (uint32_t k = 0; k < inst.args_count; ++k) {
    b_.CreateStore(readRaw(p_.args[inst.args_begin + k]),
                   b_.CreateConstInBoundsGEP2_32(args_->getAllocatedType(), args_, 0, k));
  }
  return args_;
}

void FunctionLowering::lowerSegment(const Inst& inst) {
  const uint32_t cost = inst.imm < m_.costs.segment.size() ? m_.costs.segment[inst.imm] : 0;
  if (cost != 0) charge(b_.getInt64(cost));
}

void FunctionLowering::charge(Value* cycles) {
  llvm::Type* i64 = b_.getInt64Ty();
  if (pending_ != nullptr) {
    b_.CreateStore(b_.CreateAdd(b_.CreateLoad(i64, pending_), cycles), pending_);
  } else {
    setPeField(offsetof(WeftPe, now), b_.CreateAdd(peField(offsetof(WeftPe, now), i64), cycles));
  }
}

// Before everything that may read or write pe->now: calls, and leaving the function.
void FunctionLowering::settle() {
  if (pending_ == nullptr) return;
  llvm::Type* i64 = b_.getInt64Ty();
  Value* now = peField(offsetof(WeftPe, now), i64);
  setPeField(offsetof(WeftPe, now), b_.CreateAdd(now, b_.CreateLoad(i64, pending_)));
  b_.CreateStore(b_.getInt64(0), pending_);
}

void FunctionLowering::lowerCall(const Inst& inst, uint32_t index) {
  const LoweredFunction& callee = m_.functions[inst.imm];
  const tir::Function& target = p_.functions[inst.imm];
  settle();
  m_.checkStack(b_, pe_, target, site(inst));
  std::vector<Value*> args{pe_};
  for (uint32_t k = 0; k < target.param_count; ++k) {
    args.push_back(read(p_.args[inst.args_begin + k], target.locals[k].type));
  }
  if (callee.form == CallForm::Blocking) args.push_back(llvm::ConstantPointerNull::get(b_.getPtrTy()));
  Value* r = b_.CreateCall(callee.body, args);
  if (callee.form == CallForm::Typed) {
    if (target.result != Type::Void) write(inst.dst, r);
    return;
  }
  suspendUnlessDone(r, index);
  writeResult(inst);
}

void FunctionLowering::lowerCallIndirect(const Inst& inst, uint32_t index) {
  settle();
  Value* number = b_.CreateZExt(read(inst.a, Type::I16), b_.getInt64Ty());
  BasicBlock* known = BasicBlock::Create(m_.context, "known", fn_);
  BasicBlock* unknown = BasicBlock::Create(m_.context, "unknown", fn_);
  b_.CreateCondBr(b_.CreateICmpULT(number, b_.getInt64(p_.functions.size())), known, unknown, m_.likely);
  b_.SetInsertPoint(unknown);
  emitFault(1, inst);
  b_.SetInsertPoint(known);
  llvm::GlobalVariable* table = m_.entriesOf(inst.type, inst.args_count);
  Value* entry =
      b_.CreateLoad(b_.getPtrTy(), b_.CreateInBoundsGEP(table->getValueType(), table, {b_.getInt64(0), number}));
  BasicBlock* fits = BasicBlock::Create(m_.context, "callable", fn_);
  b_.CreateCondBr(b_.CreateIsNull(entry), unknown, fits, m_.unlikely);
  b_.SetInsertPoint(fits);
  Value* args = argumentArray(inst);
  Value* status =
      b_.CreateCall(m_.wrapperType(), entry, {pe_, args, llvm::ConstantPointerNull::get(b_.getPtrTy()), site(inst)});
  suspendUnlessDone(status, index);
  writeResult(inst);
}

void FunctionLowering::lowerDevice(const Inst& inst, uint32_t index) {
  settle();
  llvm::Type* i32 = b_.getInt32Ty();
  llvm::Type* ptr = b_.getPtrTy();
  auto* type = llvm::FunctionType::get(i32, {ptr, i32, i32, ptr}, false);
  Value* args = argumentArray(inst);
  Value* status = b_.CreateCall(type, deviceFunction(offsetof(WeftDevice, device_call)),
                                {pe_, b_.getInt32(inst.imm), site(inst), args});
  suspendUnlessDone(status, index);
  writeResult(inst);
}

void FunctionLowering::lowerJump(const Inst& inst, uint32_t index) {
  if (inst.back && form_ == CallForm::Blocking) {
    Value* now = peField(offsetof(WeftPe, now), b_.getInt64Ty());
    if (pending_ != nullptr) now = b_.CreateAdd(now, b_.CreateLoad(b_.getInt64Ty(), pending_));
    // Reading a register moves it.
    llvm::LoadInst* deadline = peField(offsetof(WeftPe, deadline), b_.getInt64Ty());
    deadline->setVolatile(true);
    BasicBlock* late = BasicBlock::Create(m_.context, "late", fn_);
    b_.CreateCondBr(b_.CreateICmpUGE(now, deadline), late, blocks_[inst.target[0]], m_.unlikely);
    b_.SetInsertPoint(late);
    settle();
    llvm::Type* i32 = b_.getInt32Ty();
    auto* type = llvm::FunctionType::get(i32, {b_.getPtrTy(), i32}, false);
    llvm::CallInst* status = b_.CreateCall(type, deviceFunction(offsetof(WeftDevice, back_edge)), {pe_, site(inst)});
    // When it lets the loop go on it has written nothing that code reads, but for the deadline.
    status->setMemoryEffects(llvm::MemoryEffects::readOnly() | llvm::MemoryEffects::inaccessibleMemOnly());
    suspendUnlessDone(status, index);
  }
  b_.CreateBr(blocks_[inst.target[0]]);
}

void FunctionLowering::lowerReturn(const Inst& inst) {
  Value* v = f_.result == Type::Void ? nullptr : read(inst.a, f_.result);
  settle();
  if (f_.recursive) {
    Value* top = peField(offsetof(WeftPe, stack_pointer), b_.getInt32Ty());
    setPeField(offsetof(WeftPe, stack_pointer), b_.CreateSub(top, b_.getInt32(f_.frame_bytes)));
  }
  if (form_ == CallForm::Typed) {
    if (v == nullptr) {
      b_.CreateRetVoid();
    } else {
      b_.CreateRet(v);
    }
    return;
  }
  if (v != nullptr) setPeField(offsetof(WeftPe, result), m_.toRaw(b_, f_.result, v));
  b_.CreateRet(b_.getInt32(WEFT_DONE));
}

void FunctionLowering::lowerInst(const Inst& inst, uint32_t index, uint32_t block) {
  switch (tir::opInfo(inst.op).cls) {
    case tir::OpClass::Copy:
      if (slots_[inst.dst].split) {
        writeDsd(inst.dst, readDsd(inst.a));
      } else {
        write(inst.dst, read(inst.a, inst.type));
      }
      return;
    case tir::OpClass::Integer:
    case tir::OpClass::Compare:
    case tir::OpClass::Float:
    case tir::OpClass::FloatCompare:
    case tir::OpClass::Convert: return lowerArith(inst);
    case tir::OpClass::Memory: return lowerMemory(inst);
    case tir::OpClass::Call: return inst.op == Op::Call ? lowerCall(inst, index) : lowerCallIndirect(inst, index);
    case tir::OpClass::Descriptor: return lowerDescriptor(inst);
    case tir::OpClass::Vector: return lowerDsdOp(inst, index, !in_loop_.empty() && in_loop_[block]);
    case tir::OpClass::Device: return lowerDevice(inst, index);
    case tir::OpClass::Segment: return lowerSegment(inst);
    case tir::OpClass::Control: return lowerControl(inst, index);
  }
}

void FunctionLowering::lowerControl(const Inst& inst, uint32_t index) {
  switch (inst.op) {
    case Op::Jump: return lowerJump(inst, index);
    case Op::Branch:
      b_.CreateCondBr(read(inst.a, Type::Bool), blocks_[inst.target[0]], blocks_[inst.target[1]]);
      return;
    case Op::Ret: return lowerReturn(inst);
    default: return emitFault(0, inst);
  }
}

}  // namespace weft::jit::orc
