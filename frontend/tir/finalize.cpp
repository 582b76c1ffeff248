// Makes a built program final: simplified, ordered, with back edges and segments marked and tables compacted. What
// comes out is what costs are counted on, so this runs once, before either engine, and depends on nothing but the
// program.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/base/check.h"
#include "frontend/tir/liveness.h"
#include "frontend/tir/simplify.h"
#include "frontend/tir/tir.h"
#include "frontend/tir/visit.h"

#include <map>
#include <tuple>
#include <unordered_map>
#include <utility>

namespace weft::tir {

namespace {

class Finalizer {
 public:
  explicit Finalizer(Program& program) : p_(program) {}

  void run() {
    for (DsrInit& d : p_.dsr_inits) d.value = renumbered(d.value);
    for (Function& f : p_.functions) {
      if (f.blocks.empty()) continue;
      WorkFunction work = open(f);
      decideConstantBranches(p_, work);
      orderBlocks(work);
      freshEntry(work);
      initializeLocals(work);
      simplify(work);
      markBackEdges(work);
      close(f, work);
    }
    p_.insts = std::move(insts_);
    p_.args = std::move(args_);
    p_.constants = std::move(constants_);
    p_.dsd_ops = std::move(dsd_ops_);
    p_.segment_count = segments_;
    markBlocking();
    numberSites();
  }

 private:
  Program& p_;
  std::vector<Inst> insts_;
  std::vector<Operand> args_;
  std::vector<uint64_t> constants_;
  std::unordered_map<uint64_t, uint32_t> constant_numbers_;
  std::vector<DsdOp> dsd_ops_;
  uint32_t segments_ = 0;

  // Constants in the order of their first use.
  uint32_t numberOf(uint64_t bits) {
    const auto [it, added] = constant_numbers_.try_emplace(bits, static_cast<uint32_t>(constants_.size()));
    if (added) constants_.push_back(bits);
    return it->second;
  }
  Operand renumbered(Operand o) {
    if (o.kind() != Operand::Kind::Constant) return o;
    return Operand::constant(numberOf(p_.constants[o.index()]));
  }

  WorkFunction open(const Function& f) {
    WorkFunction work;
    work.param_count = f.param_count;
    for (const Local& l : f.locals) work.local_types.push_back(l.type);
    for (const Block& b : f.blocks) {
      auto& block = work.blocks.emplace_back();
      block.reserve(b.end - b.begin);
      for (uint32_t at = b.begin; at < b.end; ++at) {
        Inst inst = p_.insts[at];
        if (inst.op == Op::Segment) continue;
        inst.back = false;
        const uint32_t begin = inst.args_begin;
        inst.args_begin = static_cast<uint32_t>(work.args.size());
        for (uint32_t k = 0; k < inst.args_count; ++k) work.args.push_back(p_.args[begin + k]);
        block.push_back(inst);
      }
    }
    return work;
  }

  // Nobody jumps to the entry block: engines put their set-up there.
  static void freshEntry(WorkFunction& work) {
    bool entered = false;
    for (const auto& block : work.blocks)
      for (int k = 0; k < successorCount(block.back()); ++k) entered = entered || block.back().target[k] == 0;
    if (!entered) return;
    Inst jump;
    jump.op = Op::Jump;
    jump.site = work.blocks[0].front().site;
    jump.target[0] = static_cast<uint32_t>(work.blocks.size());
    work.blocks.push_back(std::move(work.blocks[0]));
    work.blocks[0] = {jump};
    for (auto& block : work.blocks)
      if (&block != &work.blocks[0])
        for (int k = 0; k < successorCount(block.back()); ++k)
          if (block.back().target[k] == 0) block.back().target[k] = jump.target[0];
    orderBlocks(work);
  }

  // A local that may be read before it is written starts as zero, explicitly, so that engines need not care.
  void initializeLocals(WorkFunction& work) {
    std::vector<std::span<const Inst>> blocks(work.blocks.begin(), work.blocks.end());
    const Liveness liveness(blocks, work.args, work.local_types.size());
    std::vector<Inst> zeros;
    for (uint32_t local : liveness.liveIn(0).list()) {
      if (local < work.param_count) continue;
      Inst copy;
      copy.op = Op::Copy;
      copy.type = work.local_types[local];
      copy.dst = local;
      copy.a = zero();
      copy.site = work.blocks[0].front().site;
      zeros.push_back(copy);
    }
    work.blocks[0].insert(work.blocks[0].begin(), zeros.begin(), zeros.end());
  }

  Operand zero() {
    for (; known_ < p_.constants.size(); ++known_)
      if (p_.constants[known_] == 0) return Operand::constant(static_cast<uint32_t>(known_));
    p_.constants.push_back(0);
    return Operand::constant(static_cast<uint32_t>(known_));
  }
  size_t known_ = 0;

  void segment(SiteId site) {
    Inst marker;
    marker.op = Op::Segment;
    marker.imm = segments_++;
    marker.site = site;
    insts_.push_back(marker);
  }

  void close(Function& f, WorkFunction& work) {
    // Locals keep their order; those without any use are dropped.
    std::vector<bool> used(f.locals.size(), false);
    for (uint32_t k = 0; k < f.param_count; ++k) used[k] = true;
    for (auto& block : work.blocks) {
      for (Inst& inst : block) {
        if (inst.dst != kNoLocal) used[inst.dst] = true;
        forEachOperand(work.args, inst, [&](Operand o) {
          if (o.kind() == Operand::Kind::Local) used[o.index()] = true;
        });
      }
    }
    std::vector<uint32_t> number(f.locals.size(), kNoLocal);
    std::vector<Local> locals;
    for (uint32_t k = 0; k < f.locals.size(); ++k) {
      if (!used[k]) continue;
      number[k] = static_cast<uint32_t>(locals.size());
      locals.push_back(std::move(f.locals[k]));
    }
    f.locals = std::move(locals);

    f.blocks.clear();
    for (auto& block : work.blocks) {
      const auto begin = static_cast<uint32_t>(insts_.size());
      segment(block.front().site);
      for (Inst& inst : block) {
        if (inst.dst != kNoLocal) inst.dst = number[inst.dst];
        forEachOperand(work.args, inst, [&](Operand& o) {
          o = o.kind() == Operand::Kind::Local ? Operand::local(number[o.index()]) : renumbered(o);
        });
        const uint32_t old = inst.args_begin;
        inst.args_begin = inst.args_count == 0 ? 0 : static_cast<uint32_t>(args_.size());
        for (uint32_t k = 0; k < inst.args_count; ++k) args_.push_back(work.args[old + k]);
        if (inst.op == Op::DsdOp) {
          dsd_ops_.push_back(p_.dsd_ops[inst.imm]);
          inst.imm = static_cast<uint32_t>(dsd_ops_.size() - 1);
        }
        insts_.push_back(inst);
        if (inst.op == Op::Call || inst.op == Op::CallIndirect || inst.op == Op::DsdOp || inst.op == Op::Device)
          segment(inst.site);
      }
      f.blocks.push_back({begin, static_cast<uint32_t>(insts_.size())});
    }
  }

  // By first use, so that the numbers, which are part of the code, do not change when lines move.
  void numberSites() {
    std::map<std::tuple<uint32_t, uint32_t, uint32_t>, uint32_t> numbers;
    std::vector<Site> sites;
    auto renumber = [&](SiteId& id) {
      if (!id.valid()) return;
      const Site& s = p_.sites[id.index()];
      const auto [it, added] = numbers.try_emplace({s.file, s.line, s.column}, static_cast<uint32_t>(sites.size()));
      if (added) sites.push_back(s);
      id = SiteId(it->second);
    };
    for (Inst& inst : p_.insts) renumber(inst.site);
    for (Function& f : p_.functions) renumber(f.site);
    for (Symbol& s : p_.symbols) renumber(s.site);
    for (TaskBinding& t : p_.tasks) renumber(t.site);
    for (InputQueueInit& q : p_.input_queues) renumber(q.site);
    for (OutputQueueInit& q : p_.output_queues) renumber(q.site);
    for (Fifo& f : p_.fifos) renumber(f.site);
    p_.sites = std::move(sites);
  }

  void markBlocking() {
    std::vector<std::vector<uint32_t>> callers(p_.functions.size());
    std::vector<uint32_t> work;
    for (uint32_t k = 0; k < p_.functions.size(); ++k) {
      Function& f = p_.functions[k];
      f.may_block = false;
      for (const Block& b : f.blocks) {
        for (uint32_t at = b.begin; at < b.end; ++at) {
          const Inst& inst = p_.insts[at];
          if (inst.op == Op::Call) callers[inst.imm].push_back(k);
          f.may_block = f.may_block || maySuspend(inst, [](uint32_t) { return false; });
        }
      }
      if (f.may_block) work.push_back(k);
    }
    while (!work.empty()) {
      const uint32_t k = work.back();
      work.pop_back();
      for (uint32_t caller : callers[k]) {
        if (p_.functions[caller].may_block) continue;
        p_.functions[caller].may_block = true;
        work.push_back(caller);
      }
    }
  }
};

}  // namespace

void finalize(Program& program) {
  // Once and for all: a final program has segments.
  if (program.segment_count == 0) Finalizer(program).run();
}

}  // namespace weft::tir
