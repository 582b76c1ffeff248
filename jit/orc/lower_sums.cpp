// Sums of products: a loop that adds a multiple of another vector to one vector at every turn, as a matrix-vector
// product by columns does. Several turns are run at once, so that the vector is loaded and stored once for all of them.
// Each element still gets its products in order, each with one rounding: the bits are those of one turn after the
// other, and so are the cycles. Nothing is changed before it is known that all of these turns are plain; else they are
// run one by one, as they are written.
// SPDX-License-Identifier: Apache-2.0
#include "jit/orc/cost_emit.h"
#include "jit/orc/lower.h"

#include <algorithm>
#include <cstddef>

namespace weft::jit::orc {

using llvm::BasicBlock;
using llvm::Value;
using tir::DsdOpcode;
using tir::DsdOperand;
using tir::Inst;
using tir::Op;
using tir::OpClass;
using tir::Operand;
using tir::Type;

namespace {

// Turns run at once. In a second-level cache four of them nearly double what one reaches, two give half of that.
constexpr unsigned kTogether = 4;

bool isPure(const Inst& inst) {
  switch (tir::opInfo(inst.op).cls) {
    case OpClass::Copy:
    case OpClass::Integer:
    case OpClass::Compare:
    case OpClass::Float:
    case OpClass::FloatCompare:
    case OpClass::Convert:
    case OpClass::Descriptor:
    case OpClass::Segment: return true;
    case OpClass::Memory: return inst.op == Op::Load && inst.type != Type::Bool;
    default: return false;
  }
}

bool isProduct(DsdOpcode op) { return op == DsdOpcode::FMacH || op == DsdOpcode::FMacS || op == DsdOpcode::FMacHS; }

}  // namespace

// A head that only decides, and one block behind it that goes back to the head and to which nothing else leads.
const Inst* FunctionLowering::productOf(uint32_t body) const {
  const Inst& back = p_.insts[f_.blocks[body].end - 1];
  if (back.op != Op::Jump || !back.back || back.target[0] == body) return nullptr;
  const tir::Block& head = f_.blocks[back.target[0]];
  const Inst& decides = p_.insts[head.end - 1];
  if (decides.op != Op::Branch || (decides.target[0] == body) == (decides.target[1] == body)) return nullptr;
  for (uint32_t k = 0; k < f_.blocks.size(); ++k) {
    const Inst& last = p_.insts[f_.blocks[k].end - 1];
    const bool leads = (last.op == Op::Jump && last.target[0] == body) ||
                       (last.op == Op::Branch && (last.target[0] == body || last.target[1] == body));
    if (leads && k != back.target[0]) return nullptr;
  }
  const Inst* product = nullptr;
  for (uint32_t i = f_.blocks[body].begin; i + 1 < f_.blocks[body].end; ++i) {
    const Inst& inst = p_.insts[i];
    if (isPure(inst)) continue;
    if (inst.op != Op::DsdOp || product != nullptr) return nullptr;
    product = &inst;
  }
  for (uint32_t i = head.begin; i + 1 < head.end; ++i) {
    if (!isPure(p_.insts[i])) return nullptr;
  }
  if (product == nullptr || product->dst != tir::kNoLocal || !isPlain(p_, *product)) return nullptr;
  const tir::DsdOp& op = p_.dsd_ops[product->imm];
  for (const DsdOperand& o : {op.dest, op.src0, op.src1}) {
    if (o.kind != DsdOperand::Kind::Dsd) return nullptr;
  }
  if (!isProduct(op.op) || (op.op != DsdOpcode::FMacS && !floats_.hard())) return nullptr;
  // The sum is one and the same vector at every turn.
  const Operand sum = p_.args[product->args_begin];
  if (sum != p_.args[product->args_begin + 1]) return nullptr;
  const std::vector<uint32_t> written = writtenIn({back.target[0], body});
  const bool moves = sum.kind() == Operand::Kind::Local && std::count(written.begin(), written.end(), sum.index()) != 0;
  return moves ? nullptr : product;
}

std::vector<uint32_t> FunctionLowering::writtenIn(std::initializer_list<uint32_t> blocks) const {
  std::vector<uint32_t> written;
  for (const uint32_t k : blocks) {
    for (uint32_t i = f_.blocks[k].begin; i < f_.blocks[k].end; ++i) {
      const uint32_t dst = p_.insts[i].dst;
      if (dst != tir::kNoLocal && !std::count(written.begin(), written.end(), dst)) written.push_back(dst);
    }
  }
  return written;
}

// Locals written in the loop get second homes, so that the turns can be tried out: `visit(from, to)` for each.
template <class F>
void FunctionLowering::forEachHome(const std::vector<uint32_t>& locals, std::vector<Slot>& from, std::vector<Slot>& to,
                                   F&& visit) {
  for (const uint32_t l : locals) {
    if (from[l].temporary || from[l].type == Type::Void) continue;
    if (!from[l].split) {
      visit(from[l].memory, to[l].memory);
      continue;
    }
    for (unsigned k = 0; k < 4; ++k) visit(from[l].part_memory[k], to[l].part_memory[k]);
  }
}

// At the start of block `body`; leaves the builder where its one turn goes.
void FunctionLowering::lowerSums(uint32_t body, const Inst& product) {
  const Inst& back = p_.insts[f_.blocks[body].end - 1];
  const tir::Block& head = f_.blocks[back.target[0]];
  const Inst& decides = p_.insts[head.end - 1];
  const tir::DsdOp& op = p_.dsd_ops[product.imm];
  llvm::Type* i32 = b_.getInt32Ty();
  BasicBlock* single = BasicBlock::Create(m_.context, "sums.single", fn_);
  auto require = [&](Value* condition) {
    BasicBlock* next = BasicBlock::Create(m_.context, "sums", fn_);
    b_.CreateCondBr(condition, next, single, m_.likely);
    b_.SetInsertPoint(next);
  };
  auto wide = [&](Value* v) { return b_.CreateZExt(v, i32); };
  auto plain = [&](const DsdParts& d) {
    Value* kind = b_.CreateAnd(d.flags(), b_.getInt16(7));
    return b_.CreateAnd(b_.CreateICmpEQ(kind, b_.getInt16(static_cast<uint16_t>(tir::DsdKind::Mem1d))),
                        b_.CreateICmpEQ(d.stride(), b_.getInt16(1)));
  };

  BurstEmitter burst(b_, floats_, op.op, m_.options.vector_bytes);
  burst.setTag(m_.tbaa_memory);
  Value* limit = peField(offsetof(WeftPe, memory_bytes), i32);
  const DsdParts sum = readDsd(p_.args[product.args_begin]);
  Value* count = wide(sum.length());
  Value* from = wide(sum.base());
  Value* to = b_.CreateAdd(from, b_.CreateMul(count, b_.getInt32(burst.info().dest_width)));
  Value* begins = b_.CreateAnd(plain(sum), b_.CreateNot(anyFlag(WEFT_PE_NO_SHORT_CUTS)));
  begins = b_.CreateAnd(begins, b_.CreateICmpULT(b_.CreateSub(count, b_.getInt32(1)), b_.getInt32(0x7ffe)));
  require(b_.CreateAnd(begins, b_.CreateICmpULE(to, limit)));
  // What a turn reads lies in private memory and is no sum of a turn before it.
  auto readable = [&](Value* at, Value* end) {
    Value* apart = b_.CreateOr(b_.CreateICmpULE(end, from), b_.CreateICmpULE(to, at));
    require(b_.CreateAnd(b_.CreateICmpULE(end, limit), apart));
  };

  llvm::IRBuilder<> entry(entry_->getTerminator());
  Value* costs = dsdCosts(entry);
  const std::vector<uint32_t> written = writtenIn({back.target[0], body});
  std::vector<Slot> homes = slots_;
  auto copy = [&](llvm::AllocaInst* source, llvm::AllocaInst* target) {
    b_.CreateStore(b_.CreateLoad(source->getAllocatedType(), source), target);
  };
  forEachHome(written, homes, slots_, [&](llvm::AllocaInst* home, llvm::AllocaInst*& second) {
    second = entry.CreateAlloca(home->getAllocatedType());
    copy(home, second);
  });
  llvm::AllocaInst* pending = pending_;
  pending_ = entry.CreateAlloca(pending->getAllocatedType());
  copy(pending, pending_);

  std::vector<BurstEmitter::Source> columns;
  std::vector<Value*> factors;
  auto turn = [&](const Inst& inst) {
    if (inst.op == Op::Load) {
      std::optional<uint32_t> constant;
      Value* at = address(inst.a, inst.imm, constant);
      readable(wide(at), b_.CreateAdd(wide(at), b_.getInt32(tir::sizeOf(inst.type))));
      llvm::LoadInst* v = b_.CreateAlignedLoad(m_.typeOf(inst.type), hostPointer(at), llvm::Align(1));
      v->setMetadata(llvm::LLVMContext::MD_tbaa, m_.tbaa_memory);
      return write(inst.dst, v);
    }
    if (inst.op != Op::DsdOp) return lowerInst(inst, 0, body);
    const DsdParts column = readDsd(p_.args[inst.args_begin + 2]);
    Value* at = wide(column.base());
    require(plain(column));
    readable(at, b_.CreateAdd(at, b_.CreateMul(count, b_.getInt32(burst.info().src1_width))));
    auto side = [&](Value* address) { return CostEmitter::Side{true, b_.getInt32(1), address}; };
    CostEmitter cost(b_, entry, costs, static_cast<uint32_t>(op.op));
    charge(cost.cycles(count, b_.getFalse(), side(from), side(at), side(from), 3));
    columns.push_back({hostPointer(column.base())});
    factors.push_back(read(p_.args[inst.args_begin + 3], burst.scalarType()));
  };
  for (unsigned k = 0; k < kTogether; ++k) {
    if (k > 0) {
      for (uint32_t i = head.begin; i + 1 < head.end; ++i) turn(p_.insts[i]);
      Value* goes = read(decides.a, Type::Bool);
      require(decides.target[0] == body ? goes : b_.CreateNot(goes));
    }
    for (uint32_t i = f_.blocks[body].begin; i + 1 < f_.blocks[body].end; ++i) turn(p_.insts[i]);
  }
  // No back edge among them calls the device.
  Value* now = b_.CreateAdd(peField(offsetof(WeftPe, now), b_.getInt64Ty()), b_.CreateLoad(b_.getInt64Ty(), pending_));
  llvm::LoadInst* deadline = peField(offsetof(WeftPe, deadline), b_.getInt64Ty());
  deadline->setVolatile(true);
  require(b_.CreateICmpULT(now, deadline));

  Value* elements = b_.CreateZExt(count, b_.getInt64Ty());
  for (unsigned k = 1; k < kTogether; ++k) burst.addProduct(columns[k], factors[k]);
  Value* home = hostPointer(sum.base());
  burst.unitLoopAhead(anyFlag(WEFT_PE_FAR), kBytesAhead, home, {home}, columns[0], factors[0], elements);

  forEachHome(written, slots_, homes, copy);
  copy(pending_, pending);
  slots_ = std::move(homes);
  pending_ = pending;
  b_.CreateBr(blocks_[back.target[0]]);
  b_.SetInsertPoint(single);
}

}  // namespace weft::jit::orc
