// How a word leaves the buffer it waits in: shared by the short and the long way through a router.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "sdk/mesh/block.h"

namespace weft::mesh {

[[gnu::always_inline]] inline void Block::popLink(uint32_t pe, Core& core, Link& link, int port, Cycles t) {
  const uint8_t index = link.head;
  Slot& s = link.slot[index];
  const Cycles free_at = t + params_.hop;
  s.full = false;
  s.at = free_at;
  link.head = (index + 1) & link.mask;
  const Slot& next = link.slot[link.head];
  if (!next.full) {
    if (port == kHostPort) {
      core.occupied_host &= ~(1u << link.color);
    } else {
      core.occupied[port] &= ~(1u << link.color);
    }
  } else if (next.at <= t + 1) {
    schedule(pe, t + 1);
  }
  if (link.remote_sender != 0) {
    outbox[link.remote_sender - 1].push_back({free_at, link.sender, 0, link.port, link.color, 0, true, index});
  } else if (link.waiting) {
    link.waiting = false;
    schedule(link.sender, free_at);
  }
}

[[gnu::always_inline]] inline bool Block::hasRoom(uint32_t pe, const Queue& q, Cycles t) {
  if (q.full()) return false;
  if (q.credit == 0) [[likely]]
    return true;
  const Cycles free = q.freeAt();
  if (free > t) schedule(pe, free);
  return free <= t;
}

[[gnu::always_inline]] inline void Block::leaveOutput(uint32_t pe, Core& core, Queue& q, Cycles t) {
  q.pop();
  if (q.count == 0) {
    core.oq_occupied &= static_cast<uint8_t>(~(1u << q.id));
    if (q.flush_pending) queueDrained(pe, core, q, t);
  } else if (q.front().at <= t + 1) {
    schedule(pe, t + 1);
  }
  if (core.ut_active != 0 || core.main_active ||
      (core.has_extras && core.deferred != nullptr && !core.deferred->empty()))
    schedule(pe, t + 1);
}

}  // namespace weft::mesh
