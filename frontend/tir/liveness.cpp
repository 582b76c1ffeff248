// Backward liveness over the blocks of one function, and the table of points where it may be suspended.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/tir/liveness.h"

#include "frontend/tir/tir.h"
#include "frontend/tir/visit.h"

#include <algorithm>
#include <bit>

namespace weft::tir {

namespace {

void stepBackward(LocalSet& live, const Inst& inst, const std::vector<Operand>& args) {
  if (inst.dst != kNoLocal) live.remove(inst.dst);
  forEachOperand(args, inst, [&](Operand o) {
    if (o.kind() == Operand::Kind::Local) live.add(o.index());
  });
}

constexpr uint32_t kFrameHeaderBytes = 16;
constexpr uint32_t kFrameAlign = 16;

SuspendPoint layOut(const Function& f, uint32_t inst, std::vector<uint32_t> live) {
  SuspendPoint point;
  point.inst = inst;
  point.live = std::move(live);
  uint32_t at = kFrameHeaderBytes;
  for (uint32_t local : point.live) {
    const uint32_t size = sizeOf(f.locals[local].type);
    at = (at + size - 1) / size * size;
    point.offsets.push_back(at);
    at += size;
  }
  point.frame_bytes = (at + kFrameAlign - 1) / kFrameAlign * kFrameAlign;
  return point;
}

}  // namespace

std::vector<uint32_t> LocalSet::list() const {
  std::vector<uint32_t> out;
  for (size_t k = 0; k < words_.size(); ++k)
    for (uint64_t w = words_[k]; w != 0; w &= w - 1)
      out.push_back(static_cast<uint32_t>(k * 64 + static_cast<size_t>(std::countr_zero(w))));
  return out;
}

Liveness::Liveness(std::span<const std::span<const Inst>> blocks, const std::vector<Operand>& args, size_t locals) {
  // Only locals that some block reads before writing take part in the iteration: the others never cross a block's edge.
  std::vector<uint32_t> dense(locals, kNoLocal), sparse, written(locals, kNoLocal);
  for (uint32_t b = 0; b < blocks.size(); ++b) {
    for (const Inst& inst : blocks[b]) {
      forEachOperand(args, inst, [&](Operand o) {
        if (o.kind() != Operand::Kind::Local || written[o.index()] == b || dense[o.index()] != kNoLocal) return;
        dense[o.index()] = static_cast<uint32_t>(sparse.size());
        sparse.push_back(o.index());
      });
      if (inst.dst != kNoLocal) written[inst.dst] = b;
    }
  }

  // Per block: read before written, and written.
  std::vector<LocalSet> in(blocks.size(), LocalSet(sparse.size()));
  std::vector<LocalSet> defs(blocks.size(), LocalSet(sparse.size()));
  std::vector<std::vector<uint32_t>> predecessors(blocks.size());
  for (uint32_t b = 0; b < blocks.size(); ++b) {
    for (const Inst& inst : blocks[b]) {
      forEachOperand(args, inst, [&](Operand o) {
        if (o.kind() != Operand::Kind::Local) return;
        const uint32_t d = dense[o.index()];
        if (d != kNoLocal && !defs[b].has(d)) in[b].add(d);
      });
      if (inst.dst != kNoLocal && dense[inst.dst] != kNoLocal) defs[b].add(dense[inst.dst]);
    }
    if (blocks[b].empty()) continue;
    const Inst& last = blocks[b].back();
    for (int k = 0; k < successorCount(last); ++k) predecessors[last.target[k]].push_back(b);
  }

  std::vector<uint32_t> work;
  std::vector<bool> queued(blocks.size(), true);
  for (uint32_t b = 0; b < blocks.size(); ++b) work.push_back(b);
  while (!work.empty()) {
    const uint32_t b = work.back();
    work.pop_back();
    queued[b] = false;
    for (uint32_t from : predecessors[b]) {
      bool grew = false;
      for (uint32_t d : in[b].list()) {
        if (defs[from].has(d) || in[from].has(d)) continue;
        in[from].add(d);
        grew = true;
      }
      if (grew && !queued[from]) {
        queued[from] = true;
        work.push_back(from);
      }
    }
  }

  live_in_.reserve(blocks.size());
  for (const LocalSet& set : in) {
    live_in_.emplace_back(locals);
    for (uint32_t d : set.list()) live_in_.back().add(sparse[d]);
  }
}

std::vector<SuspendPoint> suspendPoints(const Program& program, FunctionId fn) {
  const Function& f = program.function(fn);
  std::vector<SuspendPoint> points;
  if (!f.may_block) return points;
  auto callee_blocks = [&](uint32_t callee) { return program.functions[callee].may_block; };
  std::vector<std::span<const Inst>> blocks;
  for (const Block& b : f.blocks) blocks.emplace_back(program.insts.data() + b.begin, b.end - b.begin);
  const Liveness liveness(blocks, program.args, f.locals.size());
  for (const Block& b : f.blocks) {
    const size_t first = points.size();
    LocalSet live(f.locals.size());
    const Inst& last = program.insts[b.end - 1];
    for (int k = 0; k < successorCount(last); ++k) live.addAll(liveness.liveIn(last.target[k]));
    for (uint32_t at = b.end; at-- > b.begin;) {
      const Inst& inst = program.insts[at];
      if (maySuspend(inst, callee_blocks)) {
        // The result arrives by pe.result when the task goes on.
        if (inst.dst != kNoLocal) live.remove(inst.dst);
        points.push_back(layOut(f, at, live.list()));
      }
      stepBackward(live, inst, program.args);
    }
    std::reverse(points.begin() + static_cast<ptrdiff_t>(first), points.end());
  }
  return points;
}

}  // namespace weft::tir
