// What an instruction reads. Shared by the passes of frontend/tir and by the engines.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/tir/program.h"

namespace weft::tir {

/// Calls f(Operand&) for every operand and argument that is present. `Args` is Program::args or a copy of it.
template <class Args, class InstT, class F>
void forEachOperand(Args& args, InstT& inst, F&& f) {
  if (inst.a.kind() != Operand::Kind::None) f(inst.a);
  if (inst.b.kind() != Operand::Kind::None) f(inst.b);
  if (inst.c.kind() != Operand::Kind::None) f(inst.c);
  for (uint32_t k = 0; k < inst.args_count; ++k) f(args[inst.args_begin + k]);
}

/// Number of successor blocks: target[0 .. n).
constexpr int successorCount(const Inst& inst) { return inst.op == Op::Branch ? 2 : inst.op == Op::Jump ? 1 : 0; }

/// An instruction without effect besides its result; it may be dropped when the result is not used.
constexpr bool isPure(Op op) {
  switch (op) {
    case Op::Store:
    case Op::MemCopy:
    case Op::MemZero:
    case Op::Call:
    case Op::CallIndirect:
    case Op::DsdOp:
    case Op::Device:
    case Op::Segment:
    case Op::Jump:
    case Op::Branch:
    case Op::Ret:
    case Op::Unreachable: return false;
    default: return true;
  }
}

/// Whether the task may be suspended at this instruction; `callee_blocks(imm)` answers for a Call.
template <class F>
bool maySuspend(const Inst& inst, F&& callee_blocks) {
  switch (inst.op) {
    case Op::Device:
    case Op::DsdOp:
    case Op::CallIndirect: return true;
    case Op::Call: return callee_blocks(inst.imm);
    case Op::Jump: return inst.back;
    default: return false;
  }
}

}  // namespace weft::tir
