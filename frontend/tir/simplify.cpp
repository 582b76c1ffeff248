// Cheap, deterministic simplification of one function: control flow, copies, dead results. Every pass is linear.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/tir/simplify.h"

#include "frontend/base/check.h"
#include "frontend/tir/liveness.h"
#include "frontend/tir/tir.h"
#include "frontend/tir/visit.h"

#include <algorithm>
#include <span>
#include <utility>

namespace weft::tir {

namespace {

// More rounds than any real function needs; a bound keeps compile time linear.
constexpr int kMaxRounds = 16;

void becomeJump(Inst& inst, uint32_t target) {
  inst.op = Op::Jump;
  inst.type = Type::Void;
  inst.a = {};
  inst.target[0] = target;
  inst.target[1] = 0;
}

// ---- control flow ----

// Follows blocks that hold nothing but a jump. An endless empty loop stays.
uint32_t threaded(const WorkFunction& fn, uint32_t target) {
  uint32_t slow = target;
  for (uint32_t steps = 0;; ++steps) {
    const auto& block = fn.blocks[target];
    if (block.size() != 1 || block[0].op != Op::Jump || block[0].target[0] == target) return target;
    target = block[0].target[0];
    // Brent: the marker moves rarely, so meeting it again means a cycle of empty blocks.
    if (target == slow) return std::min(target, slow);
    if ((steps & (steps + 1)) == 0) slow = target;
  }
}

bool threadJumps(WorkFunction& fn) {
  bool changed = false;
  for (auto& block : fn.blocks) {
    Inst& last = block.back();
    for (int k = 0; k < successorCount(last); ++k) {
      // A block of one jump to itself must not be redirected elsewhere in its own cycle.
      const uint32_t to = threaded(fn, last.target[k]);
      if (to == last.target[k]) continue;
      last.target[k] = to;
      changed = true;
    }
    if (last.op == Op::Branch && last.target[0] == last.target[1]) {
      becomeJump(last, last.target[0]);
      changed = true;
    }
  }
  return changed;
}

bool mergeBlocks(WorkFunction& fn) {
  std::vector<uint32_t> predecessors(fn.blocks.size(), 0);
  predecessors[0] = 1;
  for (const auto& block : fn.blocks)
    for (int k = 0; k < successorCount(block.back()); ++k) ++predecessors[block.back().target[k]];
  bool changed = false;
  for (uint32_t b = 0; b < fn.blocks.size(); ++b) {
    while (!fn.blocks[b].empty() && fn.blocks[b].back().op == Op::Jump) {
      const uint32_t next = fn.blocks[b].back().target[0];
      if (next == b || next == 0 || predecessors[next] != 1) break;
      fn.blocks[b].pop_back();
      auto moved = std::move(fn.blocks[next]);
      fn.blocks[next].clear();
      fn.blocks[b].insert(fn.blocks[b].end(), moved.begin(), moved.end());
      changed = true;
    }
  }
  return changed;
}

// ---- data flow ----

struct Counts {
  std::vector<uint32_t> defs;
  std::vector<uint32_t> uses;
};

Counts countLocals(const WorkFunction& fn) {
  Counts n{std::vector<uint32_t>(fn.local_types.size(), 0), std::vector<uint32_t>(fn.local_types.size(), 0)};
  for (const auto& block : fn.blocks) {
    for (const Inst& inst : block) {
      if (inst.dst != kNoLocal) ++n.defs[inst.dst];
      forEachOperand(fn.args, inst, [&](Operand o) {
        if (o.kind() == Operand::Kind::Local) ++n.uses[o.index()];
      });
    }
  }
  return n;
}

// A local whose only definition copies a constant, a slot or a never-written parameter is that value everywhere.
bool propagateGlobally(WorkFunction& fn) {
  const Counts n = countLocals(fn);
  std::vector<Operand> value(fn.local_types.size());
  bool any = false;
  for (const auto& block : fn.blocks) {
    for (const Inst& inst : block) {
      if (inst.op != Op::Copy || inst.dst < fn.param_count || n.defs[inst.dst] != 1) continue;
      const bool lasting =
          inst.a.kind() != Operand::Kind::Local || (inst.a.index() < fn.param_count && n.defs[inst.a.index()] == 0);
      if (!lasting || n.uses[inst.dst] == 0) continue;
      value[inst.dst] = inst.a;
      any = true;
    }
  }
  if (!any) return false;
  for (auto& block : fn.blocks)
    for (Inst& inst : block)
      forEachOperand(fn.args, inst, [&](Operand& o) {
        if (o.kind() == Operand::Kind::Local && value[o.index()].kind() != Operand::Kind::None) o = value[o.index()];
      });
  return true;
}

// Inside a block, reads of a copy become reads of its source while both still hold the same value.
bool propagateLocally(WorkFunction& fn) {
  struct Copied {
    Operand source;
    uint32_t version = 0;
    uint32_t block = kNoLocal;
  };
  std::vector<Copied> copied(fn.local_types.size());
  std::vector<uint32_t> version(fn.local_types.size(), 0);
  bool changed = false;
  for (uint32_t b = 0; b < fn.blocks.size(); ++b) {
    for (Inst& inst : fn.blocks[b]) {
      forEachOperand(fn.args, inst, [&](Operand& o) {
        if (o.kind() != Operand::Kind::Local) return;
        const Copied& c = copied[o.index()];
        if (c.block != b) return;
        if (c.source.kind() == Operand::Kind::Local && version[c.source.index()] != c.version) return;
        o = c.source;
        changed = true;
      });
      if (inst.dst == kNoLocal) continue;
      ++version[inst.dst];
      Copied& c = copied[inst.dst];
      c.block = kNoLocal;
      const bool itself = inst.a == Operand::local(inst.dst);
      if (inst.op == Op::Copy && !itself)
        c = {inst.a, inst.a.kind() == Operand::Kind::Local ? version[inst.a.index()] : 0, b};
    }
  }
  return changed;
}

// `t = op ...; v = copy t` with no other use of t becomes `v = op ...`.
bool fuseCopies(WorkFunction& fn) {
  const Counts n = countLocals(fn);
  struct Last {
    uint32_t block = kNoLocal;
    uint32_t at = 0;
  };
  std::vector<Last> written(fn.local_types.size()), touched(fn.local_types.size());
  bool changed = false;
  for (uint32_t b = 0; b < fn.blocks.size(); ++b) {
    auto& block = fn.blocks[b];
    for (uint32_t at = 0; at < block.size(); ++at) {
      Inst& inst = block[at];
      if (inst.op == Op::Copy && inst.a.kind() == Operand::Kind::Local) {
        const uint32_t t = inst.a.index(), v = inst.dst;
        if (t == v) {
          inst.op = Op::Segment;
          inst.dst = kNoLocal;
          changed = true;
          continue;
        }
        const bool temporary = t >= fn.param_count && n.defs[t] == 1 && n.uses[t] == 1 && written[t].block == b;
        // v may be read by the defining instruction itself, but not between it and the copy.
        const bool free = temporary && !(touched[v].block == b && touched[v].at > written[t].at) &&
                          !(written[v].block == b && written[v].at > written[t].at);
        if (free) {
          block[written[t].at].dst = v;
          written[v] = written[t];
          written[t] = {};
          // Dropped below.
          inst.op = Op::Segment;
          inst.dst = kNoLocal;
          inst.a = {};
          changed = true;
          continue;
        }
      }
      forEachOperand(fn.args, inst, [&](Operand o) {
        if (o.kind() == Operand::Kind::Local) touched[o.index()] = {b, at};
      });
      if (inst.dst != kNoLocal) written[inst.dst] = {b, at};
    }
    std::erase_if(block, [](const Inst& inst) { return inst.op == Op::Segment; });
  }
  return changed;
}

// Drops results nobody reads, and what was computed only for them.
bool removeDead(WorkFunction& fn) {
  Counts n = countLocals(fn);
  std::vector<std::vector<std::pair<uint32_t, uint32_t>>> defs(fn.local_types.size());
  std::vector<uint32_t> dead;
  for (uint32_t b = 0; b < fn.blocks.size(); ++b)
    for (uint32_t at = 0; at < fn.blocks[b].size(); ++at)
      if (fn.blocks[b][at].dst != kNoLocal) defs[fn.blocks[b][at].dst].push_back({b, at});
  for (uint32_t k = 0; k < n.uses.size(); ++k)
    if (n.uses[k] == 0 && n.defs[k] > 0) dead.push_back(k);
  bool changed = false;
  while (!dead.empty()) {
    const uint32_t local = dead.back();
    dead.pop_back();
    for (const auto& [b, at] : defs[local]) {
      Inst& inst = fn.blocks[b][at];
      inst.dst = kNoLocal;
      changed = true;
      if (!isPure(inst.op)) continue;
      forEachOperand(fn.args, inst, [&](Operand o) {
        if (o.kind() == Operand::Kind::Local && --n.uses[o.index()] == 0) dead.push_back(o.index());
      });
      inst.op = Op::Segment;
    }
    defs[local].clear();
  }
  if (changed)
    for (auto& block : fn.blocks) std::erase_if(block, [](const Inst& inst) { return inst.op == Op::Segment; });
  return changed;
}

// Drops values that are overwritten before anybody reads them.
bool removeOverwritten(WorkFunction& fn) {
  std::vector<std::span<const Inst>> blocks(fn.blocks.begin(), fn.blocks.end());
  const Liveness liveness(blocks, fn.args, fn.local_types.size());
  bool changed = false;
  for (auto& block : fn.blocks) {
    LocalSet live(fn.local_types.size());
    for (int k = 0; k < successorCount(block.back()); ++k) live.addAll(liveness.liveIn(block.back().target[k]));
    for (size_t at = block.size(); at-- > 0;) {
      Inst& inst = block[at];
      if (inst.dst != kNoLocal && !live.has(inst.dst)) {
        inst.dst = kNoLocal;
        changed = true;
        if (isPure(inst.op)) {
          inst.op = Op::Segment;
          continue;
        }
      }
      if (inst.dst != kNoLocal) live.remove(inst.dst);
      forEachOperand(fn.args, inst, [&](Operand o) {
        if (o.kind() == Operand::Kind::Local) live.add(o.index());
      });
    }
    std::erase_if(block, [](const Inst& inst) { return inst.op == Op::Segment; });
  }
  return changed;
}

// Depth first from the entry without recursion: `enter(block)`, `edge(from, k, state of the target)`, `leave(block)`.
enum class State : uint8_t { New, Open, Closed };
template <class Edge, class Leave>
std::vector<State> walk(const WorkFunction& fn, Edge&& edge, Leave&& leave) {
  std::vector<State> state(fn.blocks.size(), State::New);
  struct Visit {
    uint32_t block;
    int next;
  };
  std::vector<Visit> visits{{0, 0}};
  state[0] = State::Open;
  while (!visits.empty()) {
    const uint32_t b = visits.back().block;
    const Inst& last = fn.blocks[b].back();
    const int n = successorCount(last);
    if (visits.back().next == n) {
      state[b] = State::Closed;
      leave(b);
      visits.pop_back();
      continue;
    }
    // The last successor first: the first one then follows its block in reverse postorder.
    const int k = n - 1 - visits.back().next++;
    const uint32_t to = last.target[k];
    edge(b, k, state[to]);
    if (state[to] == State::New) {
      state[to] = State::Open;
      visits.push_back({to, 0});
    }
  }
  return state;
}

}  // namespace

void orderBlocks(WorkFunction& fn) {
  std::vector<uint32_t> order;
  walk(fn, [](uint32_t, int, State) {}, [&](uint32_t b) { order.push_back(b); });
  std::reverse(order.begin(), order.end());
  std::vector<uint32_t> number(fn.blocks.size(), 0);
  std::vector<std::vector<Inst>> blocks;
  blocks.reserve(order.size());
  for (uint32_t b : order) {
    number[b] = static_cast<uint32_t>(blocks.size());
    blocks.push_back(std::move(fn.blocks[b]));
  }
  for (auto& block : blocks)
    for (int k = 0; k < successorCount(block.back()); ++k) block.back().target[k] = number[block.back().target[k]];
  fn.blocks = std::move(blocks);
}

void decideConstantBranches(const Program& p, WorkFunction& fn) {
  for (auto& block : fn.blocks) {
    Inst& last = block.back();
    if (last.op != Op::Branch || last.a.kind() != Operand::Kind::Constant) continue;
    becomeJump(last, last.target[p.constants[last.a.index()] != 0 ? 0 : 1]);
  }
}

void simplify(WorkFunction& fn) {
  for (int round = 0; round < kMaxRounds; ++round) {
    bool changed = threadJumps(fn);
    orderBlocks(fn);
    if (mergeBlocks(fn)) {
      changed = true;
      orderBlocks(fn);
    }
    // Fused first: a variable then keeps the value that was computed for it, not a nameless temporary.
    changed |= fuseCopies(fn);
    changed |= propagateGlobally(fn);
    changed |= propagateLocally(fn);
    changed |= removeDead(fn);
    changed |= removeOverwritten(fn);
    if (!changed) break;
  }
}

bool markBackEdges(WorkFunction& fn) {
  std::vector<std::pair<uint32_t, int>> edges;
  walk(
      fn,
      [&](uint32_t from, int k, State to) {
        if (to == State::Open) edges.emplace_back(from, k);
      },
      [](uint32_t) {});
  for (const auto& [from, k] : edges) {
    Inst& last = fn.blocks[from].back();
    if (last.op == Op::Jump) {
      last.back = true;
      continue;
    }
    Inst jump;
    jump.op = Op::Jump;
    jump.back = true;
    jump.target[0] = last.target[k];
    jump.site = last.site;
    last.target[k] = static_cast<uint32_t>(fn.blocks.size());
    fn.blocks.push_back({jump});
  }
  if (!edges.empty()) orderBlocks(fn);
  return !edges.empty();
}

}  // namespace weft::tir
