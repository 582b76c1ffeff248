// Descriptors and vector operations. An operation whose operands all turn out to be one-dimensional pieces of private
// memory is run here, at the mesh's price (jit/dsd_cost.h); everything else is the mesh's.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/base/check.h"
#include "jit/orc/cost_emit.h"
#include "jit/orc/host_calls.h"
#include "jit/orc/lower.h"

#include <cstddef>

namespace weft::jit::orc {

using llvm::BasicBlock;
using llvm::Value;
using tir::DsdOperand;
using tir::Inst;
using tir::Op;
using tir::Type;

void FunctionLowering::lowerDescriptor(const Inst& inst) {
  DsdParts parts = readDsd(inst.a);
  switch (inst.op) {
    case Op::DsdSetBase: parts.field[0] = read(inst.b, Type::I16); break;
    case Op::DsdAddBase: parts.field[0] = b_.CreateAdd(parts.field[0], read(inst.b, Type::I16)); break;
    case Op::DsdSetLength: parts.field[1] = read(inst.b, Type::I16); break;
    case Op::DsdSetStride: parts.field[2] = read(inst.b, Type::I16); break;
    case Op::DsdSetColor:
      parts.field[0] =
          b_.CreateOr(b_.CreateAnd(parts.field[0], b_.getInt16(0xff)), b_.CreateShl(read(inst.b, Type::I16), 8));
      break;
    case Op::DsdLength: write(inst.dst, parts.length()); return;
    default: {
      Value* index = read(inst.b, Type::I16);
      Value* bytes = b_.CreateMul(b_.CreateMul(index, parts.stride()), b_.getInt16(static_cast<uint16_t>(inst.imm)));
      Value* simple = b_.CreateAdd(parts.base(), bytes);
      Value* kind = b_.CreateAnd(parts.flags(), b_.getInt16(7));
      Value* is_plain = b_.CreateICmpEQ(kind, b_.getInt16(static_cast<uint16_t>(tir::DsdKind::Mem1d)));
      BasicBlock* other = BasicBlock::Create(m_.context, "shaped", fn_);
      BasicBlock* next = BasicBlock::Create(m_.context, "element", fn_);
      BasicBlock* here = b_.GetInsertBlock();
      b_.CreateCondBr(is_plain, next, other, m_.likely);
      b_.SetInsertPoint(other);
      llvm::Type* i32 = b_.getInt32Ty();
      llvm::Type* ptr = b_.getPtrTy();
      auto fn = m_.host("weft_orc_element", llvm::FunctionType::get(i32, {ptr, i32, b_.getInt64Ty(), i32, i32}, false));
      Value* shapes =
          m_.shapes != nullptr ? static_cast<Value*>(m_.shapes) : llvm::ConstantPointerNull::get(b_.getPtrTy());
      Value* wide = b_.CreateCall(fn, {shapes, b_.getInt32(static_cast<uint32_t>(p_.shapes.size())), compose(parts),
                                       b_.CreateZExt(index, i32), b_.getInt32(inst.imm)});
      Value* far = b_.CreateTrunc(wide, b_.getInt16Ty());
      b_.CreateBr(next);
      b_.SetInsertPoint(next);
      llvm::PHINode* at = b_.CreatePHI(b_.getInt16Ty(), 2);
      at->addIncoming(simple, here);
      at->addIncoming(far, other);
      write(inst.dst, at);
      return;
    }
  }
  writeDsd(inst.dst, parts);
}

bool FunctionLowering::isPlain(const tir::Program& program, const Inst& inst) {
  using Kind = DsdOperand::Kind;
  const tir::DsdOp& op = program.dsd_ops[inst.imm];
  if (op.op == tir::DsdOpcode::DFilt) return false;
  if (op.async || op.has_index || op.has_activate || op.has_unblock || op.on_control != tir::OnControl::None)
    return false;
  auto source = [](Kind k) { return k == Kind::None || k == Kind::Dsd || k == Kind::Scalar; };
  if (op.dest.kind != Kind::Dsd && op.dest.kind != Kind::Pointer) return false;
  if (!source(op.src0.kind) || !source(op.src1.kind)) return false;
  uint32_t next = inst.args_begin;
  for (const Kind kind : {op.dest.kind, op.src0.kind, op.src1.kind}) {
    if (kind == Kind::None) continue;
    const tir::Operand o = program.args[next++];
    if (kind != Kind::Dsd || o.kind() != tir::Operand::Kind::Constant) continue;
    if (tir::Dsd{program.constants[o.index()]}.kind() != tir::DsdKind::Mem1d) return false;
  }
  return true;
}

// Blocks with vector operations that can reach themselves.
std::vector<bool> FunctionLowering::blocksInLoops(const tir::Program& p, const tir::Function& f) {
  const auto count = static_cast<uint32_t>(f.blocks.size());
  std::vector<bool> in_loop(count, false);
  auto successors = [&](uint32_t k) {
    const Inst& last = p.insts[f.blocks[k].end - 1];
    return last.op == Op::Jump ? 1 : last.op == Op::Branch ? 2 : 0;
  };
  for (uint32_t k = 0; k < count; ++k) {
    bool has_op = false;
    for (uint32_t i = f.blocks[k].begin; i < f.blocks[k].end; ++i) has_op = has_op || p.insts[i].op == Op::DsdOp;
    if (!has_op) continue;
    std::vector<bool> seen(count, false);
    std::vector<uint32_t> work{k};
    while (!work.empty() && !in_loop[k]) {
      const uint32_t at = work.back();
      work.pop_back();
      for (int s = 0; s < successors(at); ++s) {
        const uint32_t to = p.insts[f.blocks[at].end - 1].target[s];
        if (to == k) in_loop[k] = true;
        if (!seen[to]) work.push_back(to);
        seen[to] = true;
      }
    }
  }
  return in_loop;
}

bool FunctionLowering::hasHotLoops(const tir::Program& p, const tir::Function& f) {
  const std::vector<bool> in_loop = blocksInLoops(p, f);
  for (size_t k = 0; k < in_loop.size(); ++k) {
    if (!in_loop[k]) continue;
    for (uint32_t i = f.blocks[k].begin; i < f.blocks[k].end; ++i) {
      if (p.insts[i].op == Op::DsdOp && isPlain(p, p.insts[i])) return true;
    }
  }
  return false;
}

void FunctionLowering::lowerDsdOp(const Inst& inst, uint32_t index, bool may_inline) {
  // Inlining is dear to compile: in loops it pays, elsewhere the host's routine does the same.
  constexpr unsigned kMostInlined = 6;
  const tir::DsdOp& op = p_.dsd_ops[inst.imm];
  BasicBlock* general = nullptr;
  const bool plain = isPlain(p_, inst);
  if (plain && may_inline && m_.options.optimize && inlined_ < kMostInlined) {
    ++inlined_;
    general = BasicBlock::Create(m_.context, "dsd.general", fn_);
    BasicBlock* finished = BasicBlock::Create(m_.context, "dsd.done", fn_);
    shortCut(inst, op, general);
    if (inst.dst != tir::kNoLocal) setPeField(offsetof(WeftPe, result), b_.getInt64(1));
    b_.CreateBr(finished);
    b_.SetInsertPoint(general);
    general = finished;
  }
  settle();
  llvm::Type* i32 = b_.getInt32Ty();
  llvm::Type* ptr = b_.getPtrTy();
  Value* status = nullptr;
  if (plain && general == nullptr) {
    status = plainCall(inst, op);
  } else {
    Value* args = argumentArray(inst);
    auto* type = llvm::FunctionType::get(i32, {ptr, i32, i32, ptr}, false);
    status = b_.CreateCall(type, deviceFunction(offsetof(WeftDevice, dsd_op)),
                           {pe_, b_.getInt32(inst.imm), site(inst), args});
  }
  suspendUnlessDone(status, index, general != nullptr);
  if (general != nullptr) {
    b_.CreateBr(general);
    b_.SetInsertPoint(general);
  }
  writeResult(inst);
}

// Out of line. Most descriptors are constants, and a constant costs the code generator nothing.
Value* FunctionLowering::plainCall(const Inst& inst, const tir::DsdOp& op) {
  llvm::Type* i32 = b_.getInt32Ty();
  llvm::Type* i64 = b_.getInt64Ty();
  llvm::Type* ptr = b_.getPtrTy();
  const uint32_t bits = PlainOp::of(op).bits;
  std::vector<uint64_t> known{0, inst.imm | uint64_t{inst.site.value} << 32};
  for (uint32_t k = 0; k < inst.args_count; ++k) {
    const tir::Operand o = p_.args[inst.args_begin + k];
    if (o.kind() != tir::Operand::Kind::Constant) break;
    known.push_back(p_.constants[o.index()]);
  }
  const size_t count = known.size() - 2;
  if (count + 1 < inst.args_count) {
    auto fn = m_.host("weft_orc_dsd", llvm::FunctionType::get(i32, {ptr, i32, i32, i32, ptr}, false));
    Value* args = argumentArray(inst);
    return b_.CreateCall(fn, {pe_, b_.getInt32(bits), b_.getInt32(inst.imm), site(inst), args});
  }
  known[0] = bits | uint64_t{count} << 32;
  llvm::Constant* data = llvm::ConstantDataArray::get(m_.context, known);
  auto* call =
      new llvm::GlobalVariable(*m_.module, data->getType(), true, llvm::GlobalValue::PrivateLinkage, data, "call");
  Value* last = count == inst.args_count ? llvm::ConstantInt::get(i64, 0)
                                         : readRaw(p_.args[inst.args_begin + inst.args_count - 1]);
  auto fn = m_.host("weft_orc_dsd_known", llvm::FunctionType::get(i32, {ptr, ptr, i64}, false));
  return b_.CreateCall(fn, {pe_, call, last});
}

// Branches to `general` unless the operation is plain; leaves the builder behind the executed operation.
void FunctionLowering::shortCut(const Inst& inst, const tir::DsdOp& op, BasicBlock* general) {
  using Kind = DsdOperand::Kind;
  struct Side {
    Kind kind = Kind::None;
    unsigned width = 0;
    DsdParts dsd;
    Value* value = nullptr;    // scalar, or the i16 address of a pointer
    Value* stride = nullptr;   // i64, in elements
    Value* pointer = nullptr;  // host address, once in range
    Value* reach = nullptr;    // i64, from the first to the last element in bytes
  };
  BurstEmitter burst(b_, floats_, op.op, m_.options.vector_bytes);
  burst.setTag(m_.tbaa_memory);
  llvm::Type* i64 = b_.getInt64Ty();
  uint32_t next_arg = inst.args_begin;
  uint32_t dsr_loads = 0;
  auto open = [&](const DsdOperand& operand, unsigned width, Type scalar_type) {
    Side s;
    s.kind = operand.kind;
    s.width = width;
    if (operand.kind == Kind::Dsd) {
      s.dsd = readDsd(p_.args[next_arg++]);
      s.stride = b_.CreateSExt(s.dsd.stride(), i64);
      ++dsr_loads;
    } else if (operand.kind == Kind::Scalar) {
      s.value = read(p_.args[next_arg++], scalar_type);
    } else if (operand.kind == Kind::Pointer) {
      s.value = read(p_.args[next_arg++], Type::I16);
    }
    return s;
  };
  Side dest = open(op.dest, burst.info().dest_width, burst.destType());
  Side src0 = open(op.src0, burst.info().src0_width, burst.firstType());
  Side src1 = open(op.src1, burst.info().src1_width, burst.secondType());
  Value* scalar = burst.info().has_scalar ? read(p_.args[next_arg++], burst.scalarType()) : nullptr;
  const std::array<Side*, 3> sides{&src0, &src1, &dest};

  // Length: the first that is not zero of src0, src1, dest; 1 without any descriptor.
  Value* count = nullptr;
  for (size_t k = sides.size(); k-- > 0;) {
    if (sides[k]->kind != Kind::Dsd) continue;
    Value* length = b_.CreateZExt(sides[k]->dsd.length(), i64);
    count = count == nullptr ? length : b_.CreateSelect(b_.CreateICmpNE(length, b_.getInt64(0)), length, count);
  }
  if (count == nullptr) count = b_.getInt64(1);
  Value* last = b_.CreateSub(b_.CreateBinaryIntrinsic(llvm::Intrinsic::umax, count, b_.getInt64(1)), b_.getInt64(1));

  Value* ok = b_.CreateNot(anyFlag(WEFT_PE_NO_SHORT_CUTS));
  auto require = [&](Value* condition) { ok = b_.CreateAnd(ok, condition); };
  require(b_.CreateICmpULE(count, b_.getInt64(0x7ffe)));
  Value* limit = b_.CreateZExt(peField(offsetof(WeftPe, memory_bytes), b_.getInt32Ty()), i64);
  // What a loop seldom changes comes first, so that it can leave the loop.
  for (Side* s : sides) {
    if (s->kind != Kind::Dsd) continue;
    Value* kind = b_.CreateAnd(s->dsd.flags(), b_.getInt16(7));
    require(b_.CreateICmpEQ(kind, b_.getInt16(static_cast<uint16_t>(tir::DsdKind::Mem1d))));
    s->reach = b_.CreateMul(last, b_.CreateMul(s->stride, b_.getInt64(s->width)));
  }
  for (Side* s : sides) {
    if (s->kind == Kind::Pointer) {
      require(b_.CreateICmpULE(b_.CreateAdd(b_.CreateZExt(s->value, i64), b_.getInt64(s->width)), limit));
    } else if (s->kind == Kind::Dsd) {
      Value* base = b_.CreateZExt(s->dsd.base(), i64);
      Value* down = b_.CreateBinaryIntrinsic(llvm::Intrinsic::smin, s->reach, b_.getInt64(0));
      Value* up = b_.CreateBinaryIntrinsic(llvm::Intrinsic::smax, s->reach, b_.getInt64(0));
      require(b_.CreateICmpSGE(b_.CreateAdd(base, down), b_.getInt64(0)));
      require(b_.CreateICmpSLE(b_.CreateAdd(base, b_.CreateAdd(up, b_.getInt64(s->width))), limit));
    }
  }
  auto block = [&](const char* name) { return BasicBlock::Create(m_.context, name, fn_); };
  BasicBlock* plain = block("dsd.plain");
  b_.CreateCondBr(ok, plain, general, m_.likely);
  b_.SetInsertPoint(plain);

  // Price.
  Value* reduce = op.dest.kind == Kind::Pointer ? static_cast<Value*>(b_.getTrue())
                                                : b_.CreateICmpEQ(dest.dsd.stride(), b_.getInt16(0));
  auto cost_side = [&](const Side& s) {
    CostEmitter::Side c;
    c.memory = s.kind == Kind::Dsd;
    if (c.memory) {
      c.stride = b_.CreateSExt(s.dsd.stride(), b_.getInt32Ty());
      c.address = b_.CreateZExt(s.dsd.base(), b_.getInt32Ty());
    }
    return c;
  };
  llvm::IRBuilder<> entry(entry_->getTerminator());
  CostEmitter cost(b_, entry, dsdCosts(entry), static_cast<uint32_t>(op.op));
  Value* cycles = cost.cycles(b_.CreateTrunc(count, b_.getInt32Ty()), reduce, cost_side(src0), cost_side(src1),
                              cost_side(dest), dsr_loads);
  charge(cycles);

  // Addresses; scalars lie in a buffer for the kernel.
  llvm::Type* words = scalars_->getAllocatedType();
  for (Side* s : sides) {
    if (s->kind == Kind::Dsd) s->pointer = hostPointer(s->dsd.base());
  }
  BasicBlock* done = block("dsd.ran");
  if (burst.vectorises() && op.dest.kind == Kind::Dsd) {
    Value* unit = b_.CreateICmpEQ(dest.dsd.stride(), b_.getInt16(1));
    for (const Side* s : {&src0, &src1}) {
      if (s->kind != Kind::Dsd) continue;
      unit = b_.CreateAnd(unit, b_.CreateICmpEQ(s->dsd.stride(), b_.getInt16(1)));
      unit = b_.CreateAnd(unit, burst.mayVectorise(dest.pointer, s->pointer, s->width, count));
    }
    BasicBlock* fast = block("dsd.vector");
    BasicBlock* slow = block("dsd.kernel");
    b_.CreateCondBr(unit, fast, slow, m_.likely);
    b_.SetInsertPoint(fast);
    auto source = [](const Side& s) {
      return BurstEmitter::Source{s.pointer, s.kind == Kind::Scalar ? s.value : nullptr};
    };
    // A descriptor that moves on reads memory that is new at every turn; the CPU by itself follows it too late.
    const uint32_t which = inst.args_begin + (src0.kind == Kind::None ? 1 : 2);
    if (src1.kind == Kind::Dsd && p_.args[which].kind() == tir::Operand::Kind::Local) {
      burst.unitLoopAhead(anyFlag(WEFT_PE_FAR), kBytesAhead, dest.pointer, source(src0), source(src1), scalar, count);
    } else {
      burst.unitLoop(dest.pointer, source(src0), source(src1), scalar, count);
    }
    b_.CreateBr(done);
    b_.SetInsertPoint(slow);
  }

  const bool accumulates = op.dest.kind == Kind::Pointer && op.src0.kind == Kind::Scalar;
  auto cell = [&](unsigned k) { return b_.CreateConstInBoundsGEP2_32(words, scalars_, 0, k); };
  if (src0.kind == Kind::Scalar) {
    src0.pointer = cell(accumulates ? 2 : 0);
    b_.CreateStore(src0.value, src0.pointer);
  }
  if (src1.kind == Kind::Scalar) {
    src1.pointer = cell(1);
    b_.CreateStore(src1.value, src1.pointer);
  }
  if (dest.kind == Kind::Pointer) dest.pointer = cell(2);
  auto set = [&](size_t offset, Value* v) {
    if (v == nullptr) return;
    b_.CreateStore(v, b_.CreateConstInBoundsGEP1_32(b_.getInt8Ty(), burst_, static_cast<unsigned>(offset)));
  };
  auto stride = [&](const Side& s) -> Value* {
    return s.kind == Kind::Dsd ? b_.CreateMul(s.stride, b_.getInt64(s.width)) : b_.getInt64(0);
  };
  set(offsetof(WeftBurst, dest), dest.pointer);
  set(offsetof(WeftBurst, src0), src0.pointer);
  set(offsetof(WeftBurst, src1), src1.pointer);
  set(offsetof(WeftBurst, dest_stride), stride(dest));
  set(offsetof(WeftBurst, src0_stride), stride(src0));
  set(offsetof(WeftBurst, src1_stride), stride(src1));
  if (scalar != nullptr) set(offsetof(WeftBurst, scalar), m_.toRaw(b_, burst.scalarType(), scalar));
  set(offsetof(WeftBurst, count), b_.CreateTrunc(count, b_.getInt32Ty()));
  set(offsetof(WeftBurst, carry), b_.getInt32(0));
  Value* kernels = peField(offsetof(WeftPe, kernels), b_.getPtrTy(), true);
  Value* kernel =
      b_.CreateLoad(b_.getPtrTy(), b_.CreateConstInBoundsGEP1_32(b_.getPtrTy(), kernels, static_cast<unsigned>(op.op)));
  // A kernel sees its burst and the PE's memory, nothing else of the PE.
  b_.CreateCall(llvm::FunctionType::get(b_.getVoidTy(), {b_.getPtrTy()}, false), kernel, {burst_})
      ->setMetadata(llvm::LLVMContext::MD_tbaa, m_.tbaa_memory);
  if (dest.kind == Kind::Pointer) {
    BasicBlock* keep = block("dsd.keep");
    Value* stores = accumulates ? static_cast<Value*>(b_.getTrue()) : b_.CreateICmpNE(count, b_.getInt64(0));
    b_.CreateCondBr(stores, keep, done);
    b_.SetInsertPoint(keep);
    llvm::Type* t = burst.typeOf(burst.destType());
    b_.CreateAlignedStore(b_.CreateLoad(t, dest.pointer), hostPointer(dest.value), llvm::Align(1));
  }
  b_.CreateBr(done);
  b_.SetInsertPoint(done);
}

}  // namespace weft::jit::orc
