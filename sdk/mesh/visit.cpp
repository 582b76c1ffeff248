// The visit of a PE in one cycle, with the short ways that most visits take: one worker whose operands are plain, and a
// router whose words do not meet. Everything else is called: stepWorkers(), pickTask(), route().
// SPDX-License-Identifier: Apache-2.0
#include "sdk/mesh/mesh_impl.h"
#include "sdk/mesh/rings.h"

#include <cstring>

namespace weft::mesh {

[[gnu::noinline]] uint64_t Block::kernelElement(Worker& w, uint64_t a, uint64_t b) {
  uint64_t value = 0;
  WeftBurst burst{};
  burst.dest = reinterpret_cast<uint8_t*>(&value);
  burst.src0 = reinterpret_cast<const uint8_t*>(&a);
  burst.src1 = reinterpret_cast<const uint8_t*>(&b);
  burst.scalar = w.scalar;
  burst.count = 1;
  burst.carry = w.carry;
  w.kernel(&burst);
  w.carry = burst.carry;
  return value;
}

/// What stepWorker() does, for the operations most streams are made of. `simd`: two 16-bit elements a word.
template <bool simd>
[[gnu::always_inline]] inline Block::Step Block::stepSimple(uint32_t pe, Core& core, Worker& w, Cycles t) {
  const uint32_t left = w.unbounded ? ~0u : w.length - w.done;
  const uint32_t group = simd && left >= 2 ? 2 : 1;
  uint32_t word = 0;
  Queue* const in = w.in;
  Queue* const out = w.out;
  if (in != nullptr) {
    if (in->count == 0) return Step::Waiting;
    const Slot& s = in->front();
    if (s.at > t) return Step::Waiting;
    if (s.control() && w.on_control != tir::OnControl::None) [[unlikely]] {
      syncCursors(w);
      return stepWorker(pe, core, w, t);
    }
    word = s.payload;
  }
  if (out != nullptr && !hasRoom(pe, *out, t)) return Step::Waiting;
  if (simd && w.pairs && w.done % 4 == 0 && left > 2) {
    // Two wavelets or none; the second one follows in the next cycle.
    if (in != nullptr && (in->count < 2 || in->second().at > t)) return Step::Waiting;
    if (out != nullptr && out->count + 2 > out->capacity) return Step::Waiting;
  }

  const uint8_t shape = w.shape;
  const auto read = [&](size_t i) __attribute__((always_inline)) -> uint64_t {
    const bool wide = ((shape >> i) & 1) != 0;
    const Operand::Kind kind = w.kind[i];
    if (kind == Operand::Kind::Memory) {
      const Pe& p = pes_[pe];
      const uint32_t at = w.address[i];
      w.address[i] = static_cast<uint16_t>(at + w.step[i]);
      if (p.memory == nullptr || at + 4 > p.memory_bytes) [[unlikely]]
        return loadAny(pe, at, wide ? 4 : 2, w.site);
      uint32_t v;
      std::memcpy(&v, p.memory + at, 4);
      return wide ? v : v & 0xffffu;
    }
    if (kind == Operand::Kind::InQueue) return wide ? word : word & 0xffffu;
    if (kind == Operand::Kind::Scalar) return i == 0 ? w.src0.scalar : w.src1.scalar;
    return kind == Operand::Kind::Accumulator ? w.accumulator : 0;
  };
  uint32_t payload = 0;
  for (uint32_t part = 0; part < group; ++part) {
    const uint64_t a = read(0);
    const uint64_t b = read(1);
    uint64_t value = 0;
    if (w.element != nullptr) [[likely]] {
      value = w.element(static_cast<uint32_t>(a), static_cast<uint32_t>(b), w.scalar);
    } else {
      value = kernelElement(w, a, b);
    }
    if ((shape & 8) != 0) w.accumulator = value;
    if (w.kind[2] == Operand::Kind::Memory) {
      storeAny(pe, w.address[2], (shape & 4) != 0 ? 4 : 2, value, w.site);
      w.address[2] = static_cast<uint16_t>(w.address[2] + w.step[2]);
    }
    payload |= static_cast<uint32_t>((shape & 4) != 0 ? value : value & 0xffffu) << (16 * part);
    if (simd) word >>= 16;
  }
  if (in != nullptr) {
    in->pop();
    if (in->count == 0) {
      if (in->implicit) {
        core.implicit_occupied &= ~(1u << in->color);
      } else {
        core.iq_occupied &= static_cast<uint8_t>(~(1u << in->id));
      }
      if (in->flush_pending) queueDrained(pe, core, *in, t);
    }
  }
  w.done += group;
  stats.dsd_elements += group;
  const bool finished = left <= group;
  if (out != nullptr) {
    uint8_t flags = w.out_flags;
    if ((shape & 16) != 0) payload = (payload & 0xffffu) | static_cast<uint32_t>(w.index) << 16;
    if (finished && (shape & 32) != 0) flags |= Slot::kAdvanceAfter;
    const Cycles ready = t + 1 + params_.ramp_out;
    out->push().fill(ready, payload, flags, w.out_color);
    core.oq_occupied |= static_cast<uint8_t>(1u << out->id);
    schedule(pe, ready);
  }
  w.next = t + w.interval;
  if (finished) [[unlikely]]
    finishWorker(pe, core, w, t);
  return Step::Issued;
}

/// One step of a worker that is not alone.
Block::Step Block::stepNext(uint32_t pe, Core& core, Worker& w, Cycles t) {
  if (!w.simple) return stepWorker(pe, core, w, t);
  return w.simd ? stepSimple<true>(pe, core, w, t) : stepSimple<false>(pe, core, w, t);
}

/// stepWorkers() with one worker.
[[gnu::always_inline]] inline void Block::stepLone(uint32_t pe, Core& core, Cycles t) {
  Worker& w = *core.lone;
  if (((static_cast<uint32_t>(core.ut_blocked) >> w.number) & 1) != 0) return;
  if (w.next > t) {
    schedule(pe, w.next);
    return;
  }
  const bool plain = w.simple && !w.simd;
  if ((plain ? stepSimple<false>(pe, core, w, t) : stepNext(pe, core, w, t)) != Step::Issued) return;
  core.ut_last = w.number;
  if (w.number != Queue::kMain) ++core.slots_taken;
  if (core.ut_active != 0 || core.main_active) schedule(pe, t + 1);
}

[[gnu::always_inline]] inline void Block::moveFast(uint32_t pe, Core& core, ColorState& cs, const Slot& word,
                                                   Link* link, Queue* queue, int port, Cycles t) {
  const uint32_t tx = cs.tx;
  Queue* to = nullptr;
  if ((tx & kRampBit) != 0) {
    to = cs.queue != nullptr ? cs.queue : landingQueue(pe, core, cs);
    if (to == nullptr || to->full()) return;
  }
  Link* const sole = cs.sole;
  for (uint32_t m = tx & 0xfu; m != 0; m &= m - 1) {
    Link* out = sole != nullptr ? sole : cs.out[std::countr_zero(m)];
    const Slot& place = out->slot[out->tail];
    if (place.full) {
      out->waiting = true;
      return;
    }
    if (place.at > t) {
      schedule(pe, place.at);
      return;
    }
  }
  const uint32_t payload = word.payload;
  const uint8_t flags = word.flags;
  if (link != nullptr) {
    popLink(pe, core, *link, port, t);
  } else {
    leaveOutput(pe, core, *queue, t);
  }
  if (tracing_) [[unlikely]]
    traceWavelet(t, pe, cs.color, port, payload, false, cs.tx);
  cs.last_served = t;
  cs.last_port = static_cast<uint8_t>(port);
  const Cycles ready = t + params_.hop;
  for (uint32_t m = tx & 0xfu; m != 0; m &= m - 1) {
    Link* out = sole != nullptr ? sole : cs.out[std::countr_zero(m)];
    ++stats.wavelet_hops;
    Slot& place = out->slot[out->tail];
    out->tail = (out->tail + 1) & out->mask;
    place.fill(ready, payload, 0, cs.color);
    if (out->remote_receiver != 0) [[unlikely]] {
      outbox[out->remote_receiver - 1].push_back({ready, out->receiver, payload, out->port, cs.color, 0, false, 0});
    } else {
      if (!out->express) arriveOutside(out->receiver, *out);
      wheel_.schedule(out->receiver, ready);
    }
  }
  if (to != nullptr) {
    const Cycles seen = t + params_.ramp_in;
    to->push().fill(seen, payload, 0, cs.color);
    if (to->implicit) {
      core.implicit_occupied |= 1u << to->color;
    } else {
      core.iq_occupied |= static_cast<uint8_t>(1u << to->id);
    }
    ++to->received;
    schedule(pe, seen);
  }
  if ((flags & Slot::kAdvanceAfter) != 0) [[unlikely]]
    advanceBehind(pe, cs, flags, payload, t);
}

/// Words that want different ports do not meet: they move as they are found. Where they might meet, where a control
/// word, a filter, a swap or the host comes in, and where there are many, route() takes over before anything has moved.
[[gnu::always_inline]] inline void Block::routeFast(uint32_t pe, Core& core, Cycles t) {
  uint32_t busy = core.occupied[0] | core.occupied[1] | core.occupied[2] | core.occupied[3];
  if ((busy | core.occupied_host | core.oq_occupied) == 0) return;
  if (core.long_way || core.occupied_host != 0) [[unlikely]] {
    route(pe, core, t);
    return;
  }
  constexpr int kMost = 4;
  ColorState* states[kMost];
  const Slot* words[kMost];
  Link* links[kMost];
  Queue* queue = nullptr;
  int ports[kMost];
  int count = 0;
  uint32_t claimed = 0;
  if (busy != 0) {
    for (int port = 0; port < 4; ++port) {
      for (uint32_t m = core.occupied[port]; m != 0; m &= m - 1) {
        ColorState* cs = core.color[static_cast<size_t>(std::countr_zero(m))];
        Link* link = cs->in[port];
        const Slot& s = link->slot[link->head];
        if (s.at > t || ((cs->rx >> port) & 1) == 0 || cs->teardown || cs->tx == 0) continue;
        if ((cs->tx & claimed) != 0 || s.control() || !cs->plain() || count == kMost - 1) [[unlikely]] {
          route(pe, core, t);
          return;
        }
        claimed |= cs->tx;
        states[count] = cs;
        words[count] = &s;
        links[count] = link;
        ports[count++] = port;
      }
    }
  }
  for (uint32_t m = core.oq_occupied; m != 0; m &= m - 1) {
    Queue* q = core.oq[static_cast<size_t>(std::countr_zero(m))];
    const Slot& s = q->front();
    if (s.at > t) continue;
    ColorState* cs = core.color[s.color];
    if (cs == nullptr) [[unlikely]] {
      route(pe, core, t);
      return;
    }
    if ((cs->rx & kRampBit) == 0 || cs->teardown || cs->tx == 0) continue;
    if (queue != nullptr || (cs->tx & claimed) != 0 || s.control() || !cs->plain()) [[unlikely]] {
      route(pe, core, t);
      return;
    }
    claimed |= cs->tx;
    queue = q;
    states[count] = cs;
    words[count] = &s;
    links[count] = nullptr;
    ports[count++] = kRampPort;
  }
  for (int i = 0; i < count; ++i) moveFast(pe, core, *states[i], *words[i], links[i], queue, ports[i], t);
}

/// The end of a visit: the router, the host's end of its link, and the wakes that were asked for; the wheel is told the
/// next of them.
[[gnu::always_inline]] inline void Block::endVisit(uint32_t pe, Core& c, Cycles t) {
  routeFast(pe, c, t);
  if (c.host_out_occupied) [[unlikely]]
    hostDrain(pe, c, t);
  c.wake = self_wake_;
  if (self_wake_ == 0) return;
  const Cycles next = t + static_cast<unsigned>(std::countr_zero(std::rotr(self_wake_, static_cast<int>(t & 63))));
  if (next - wheel_.now() < Wheel::kNear) {
    wheel_.schedule(pe, next);
  } else if (c.entered != next) {
    c.entered = next;
    wheel_.schedule(pe, next);
  }
}

void Block::finishVisit(uint32_t pe, Core& c, Cycles t) { endVisit(pe, c, t); }

/// Everything one PE does in one cycle. The order of the parts is part of the machine's definition: compute element
/// first, so that the router sees the room it made, then the router, then the host's end of its link.
void Block::visit(uint32_t pe, Cycles t) {
  Pe& p = pes_[pe];
  Core& c = p.core != nullptr ? *p.core : makeCore(pe);
  self_ = pe;
  self_wake_ = c.wake & ~(1ull << (t & 63));
  if (c.has_callbacks) [[unlikely]]
    runCallbacks(pe, c, t);
  if (c.has_extras) [[unlikely]] {
    if (c.deferred != nullptr && !c.deferred->empty()) performDeferred(pe, c, t);
    if (c.host != nullptr) hostFeed(pe, c, t);
  }
  if (c.lone != nullptr) {
    stepLone(pe, c, t);
  } else if (c.ut_active != 0 || c.main_active) {
    stepWorkers(pe, c, t);
  }
  if (t >= c.main_at) {
    // Most visits find nothing to start.
    if (!c.main_idle) {
      mainThread(pe, c, t);
      settleMain(c);
    } else if ((p.active & ~p.blocked) != 0 || (c.iq_occupied & ~c.iq_owned) != 0 || c.implicit_occupied != 0 ||
               (p.flags & Pe::kSystemPending) != 0) {
      pickTask(pe, c, t);
      settleMain(c);
    }
  }
  endVisit(pe, c, t);
}

}  // namespace weft::mesh
