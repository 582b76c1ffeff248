// Switch positions and the commands of control wavelets.
// SPDX-License-Identifier: Apache-2.0
#include "sdk/mesh/mesh_impl.h"

namespace weft::mesh {
namespace {

enum Command : uint32_t { kNop = 0, kAdvance = 1, kReset = 2, kTeardown = 3 };

struct SlotBits {
  uint8_t op;      // lowest bit of the 2-bit opcode
  uint8_t ignore;  // bit that keeps the word from the compute element
};
constexpr SlotBits kSlots[8] = {{22, 24}, {25, 27}, {28, 0}, {1, 3}, {4, 6}, {7, 9}, {10, 12}, {13, 15}};

/// The command list moved up by one; a NOP that ignores the compute element enters at the end.
uint32_t popped(uint32_t payload) {
  uint32_t out = payload & (0x3fu << 16 | 3u << 30);
  for (int k = 0; k < 7; ++k) {
    const SlotBits from = kSlots[k + 1], to = kSlots[k];
    out |= ((payload >> from.op) & 3u) << to.op;
    out |= ((payload >> from.ignore) & 1u) << to.ignore;
  }
  return out | 1u << kSlots[7].ignore;
}

}  // namespace

/// Position k changes the sides it mentions; the other side keeps what the positions before it set.
void Block::recomputeRoute(ColorState& cs) {
  cs.rx = cs.base_rx;
  cs.tx = cs.base_tx;
  for (int k = 1; k <= cs.current; ++k) {
    const PositionState& p = cs.position[static_cast<size_t>(k)];
    if (!p.valid) continue;
    if (p.has_rx) cs.rx = p.rx;
    if (p.has_tx) cs.tx = p.tx;
  }
  const unsigned links = cs.tx & 0xfu;
  cs.sole = std::has_single_bit(links) ? cs.out[std::countr_zero(links)] : nullptr;
}

/// To the next valid position; from the last one back to 0 in ring mode. Says whether the position changed.
bool Block::advanceSwitch(ColorState& cs) {
  for (uint8_t k = static_cast<uint8_t>(cs.current + 1); k < 4; ++k) {
    if (!cs.position[k].valid) continue;
    cs.current = k;
    recomputeRoute(cs);
    return true;
  }
  if (!cs.ring || cs.current == 0) return false;
  cs.current = 0;
  recomputeRoute(cs);
  return true;
}

void Block::advanceBehind(uint32_t pe, ColorState& cs, uint8_t flags, uint32_t payload, Cycles t) {
  const SwitchEvent::Position from{cs.current, cs.rx, cs.tx};
  if (!advanceSwitch(cs)) return;
  schedule(pe, t + 1);
  noteSwitch(pe, cs, from, SwitchEvent::Cause::Advance, (flags & Slot::kControl) != 0, payload, t);
}

void Block::enterTeardown(uint32_t pe, Core& core, ColorState& cs, Cycles t) {
  cs.teardown = true;
  core.teardown_pending |= 1u << cs.color;
  pes_[pe].active |= 1ull << target::kTeardownTaskId;
  schedule(pe, t + 1);
}

uint32_t Block::executeControl(uint32_t pe, Core& core, ColorState& cs, uint32_t payload, Cycles t) {
  const SwitchEvent::Position from{cs.current, cs.rx, cs.tx};
  const uint32_t command = (payload >> kSlots[0].op) & 3u;
  bool changed = false;
  switch (command) {
    case kNop: break;
    case kAdvance: changed = advanceSwitch(cs); break;
    case kReset:
      changed = cs.current != 0;
      cs.current = 0;
      recomputeRoute(cs);
      break;
    case kTeardown: enterTeardown(pe, core, cs, t); break;
  }
  if (changed) {
    schedule(pe, t + 1);
    noteSwitch(pe, cs, from, command == kReset ? SwitchEvent::Cause::Reset : SwitchEvent::Cause::Advance, true, payload,
               t);
  }
  switch (cs.pop) {
    case plan::PopMode::NoPop: return payload;
    case plan::PopMode::AlwaysPop: return popped(payload);
    case plan::PopMode::PopOnAdvance: return changed ? popped(payload) : payload;
    case plan::PopMode::PopOnAdvanceNop: return changed || command == kNop ? popped(payload) : payload;
  }
  return payload;
}

}  // namespace weft::mesh
