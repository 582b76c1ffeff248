// The express way: a PE with one plain operation (or none) and words that do not meet in its router is stepped by one
// function on one compact record. It does what visit() would do, wake for wake; whatever it does not know makes the PE
// leave before anything of that cycle has happened.
// SPDX-License-Identifier: Apache-2.0
#include "sdk/mesh/express.h"

#include "sdk/mesh/mesh_impl.h"

#include <algorithm>
#include <cstring>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace weft::mesh {
namespace {

/// Visits until the next try of a PE that was found unfit, and of one that had to leave soon.
constexpr uint8_t kUnfit = 40, kThrown = 127;
/// Fewer elements are not worth the move.
constexpr uint32_t kWorthwhile = 16;
/// A link that had a word so many cycles ago is likely to have more.
constexpr Cycles kRecent = 64;
constexpr Cycles kEpoch = Cycles{1} << 30;

Slot* slots(Link* link) { return reinterpret_cast<Slot*>(link + 1); }

/// How many steps from `address` stay within [0, end], at most `most`.
uint32_t stepsWithin(uint32_t address, uint16_t step, uint32_t end, uint32_t most) {
  if (address > end) return 0;
  const auto by = static_cast<int16_t>(step);
  if (by == 0) return most;
  const uint32_t room = by > 0 ? (end - address) / static_cast<uint32_t>(by) : address / static_cast<uint32_t>(-by);
  return std::min(most, room + 1);
}

}  // namespace

void Block::ExpressMemory::operator()(uint8_t* p) const { ::operator delete(p, std::align_val_t{64}); }

void Block::makeExpress() {
  int places = target::kImplicitQueueDepth + static_cast<int>(params_.ramp_in);
  for (int q = 0; q < 8; ++q) {
    places = std::max(places, target::inputQueueDepth(params_.arch, q) + static_cast<int>(params_.ramp_in));
    places = std::max(places, target::outputQueueDepth(params_.arch, q) + static_cast<int>(params_.ramp_out));
  }
  express_places_ = std::bit_ceil(static_cast<uint32_t>(places));
  express_stride_ = sizeof(Express) + 2 * express_places_ * sizeof(ExpressWord);
  // A record lies where its PE does, so that visits in order walk through memory in order; pages nobody uses cost
  // nothing.
  const size_t bytes = pes_.size() * express_stride_;
  constexpr size_t kHuge = 2u << 20;
  express_.reset(static_cast<uint8_t*>(::operator new(bytes, std::align_val_t{64})));
#if defined(__linux__)
  if (bytes >= kHuge && bytes <= 16 * kHuge) {
    const auto page = (reinterpret_cast<uintptr_t>(express_.get()) + 4095) & ~uintptr_t{4095};
    madvise(reinterpret_cast<void*>(page), bytes - 4096, MADV_HUGEPAGE);
  }
#endif
  express_home_.resize(pes_.size());
}

/// Whether the words of `cs` that come in through `port` move without anything but room.
bool Block::expressWay(const ColorState& cs, int port) const {
  return ((cs.rx >> port) & 1) != 0 && !cs.teardown && cs.tx != 0 && cs.plain() && cs.messages == nullptr &&
         ((cs.tx & 0xfu) == 0 || cs.sole != nullptr);
}

bool Block::tryExpress(uint32_t pe, Core& c, Cycles t) {
  const Pe& p = pes_[pe];
  if (c.has_callbacks || c.has_extras || c.long_way || c.occupied_host != 0 || c.host_out_occupied) return false;
  if (((c.ut_active != 0 || c.main_active) && c.lone == nullptr) || t - epoch_ > kEpoch) return false;
  const bool ready =
      (p.active & ~p.blocked) != 0 || (c.iq_occupied & ~c.iq_owned) != 0 || (p.flags & Pe::kSystemPending) != 0;
  if (c.main_idle && ready) return false;
  const auto relative = [&](Cycles at) { return at <= epoch_ ? 0u : static_cast<uint32_t>(at - epoch_); };
  Express e;
  ExpressHome home;
  home.since = t;
  const uint32_t own = c.lone != nullptr && c.lone->simple && c.lone->in != nullptr && c.lone->in->implicit
                           ? 1u << c.lone->in->color
                           : 0u;
  const bool queued = (c.implicit_occupied & ~own) != 0;
  if (c.main_idle && queued) return false;
  unsigned delays = 0;
  if (!c.main_idle && c.main_at != kNever) {
    e.main_at = c.main_at - epoch_ > 2 * kEpoch ? Express::kFar : relative(c.main_at);
    home.ends = c.main.request == RequestKind::TaskEnd && !ready && !queued;
    if (c.main_at <= t && !home.ends) return false;
    if (c.main.request != RequestKind::None) delays = Express::kDelays;
  }
  e.wake = c.wake;
  e.memory = p.memory;

  if (const Worker* w = c.lone; w != nullptr) {
    if (!w->simple || w->simd || ((static_cast<uint32_t>(c.ut_blocked) >> w->number) & 1) != 0 || w->out_flags != 0 ||
        (w->shape & (16 | 32)) != 0 || w->interval >= 16 || w->next > t + 16 || (w->scalar >> 32) != 0 ||
        (w->accumulator >> 32) != 0)
      return false;
    home.worker = c.lone;
    home.in = w->in;
    home.out = w->out;
    uint32_t left = w->unbounded ? ~0u : w->length - w->done - 1;
    unsigned flags = Express::kWorker;
    for (size_t i = 0; i < 3; ++i) {
      if (w->kind[i] == Operand::Kind::Memory) e.cursor[i] = {w->address[i], w->step[i]};
      const bool wide = ((w->shape >> i) & 1) != 0;
      const uint64_t scalar = i == 0 ? w->src0.scalar : w->src1.scalar;
      switch (w->kind[i]) {
        case Operand::Kind::Memory: {
          const uint32_t bytes = i < 2 || wide ? 4 : 2;
          if (p.memory == nullptr || p.memory_bytes < bytes) return false;
          left = std::min(left, stepsWithin(w->address[i], w->step[i], p.memory_bytes - bytes, left));
          flags |= i == 0 ? Express::kMemory0 : i == 1 ? Express::kMemory1 : Express::kStores;
          break;
        }
        case Operand::Kind::InQueue: flags |= Express::kTakes | (i == 0 ? Express::kQueue0 : Express::kQueue1); break;
        case Operand::Kind::OutQueue: flags |= Express::kSends; break;
        case Operand::Kind::Scalar:
          if ((scalar >> 32) != 0) return false;
          e.cursor[i] = std::bit_cast<Express::Cursor>(static_cast<uint32_t>(scalar));
          break;
        case Operand::Kind::Accumulator:
          if (i < 2) flags |= i == 0 ? Express::kAccumulator0 : Express::kAccumulator1;
          break;
        case Operand::Kind::None:
        case Operand::Kind::Fifo: break;
      }
      if (wide) flags |= i == 0 ? Express::kWide0 : i == 1 ? Express::kWide1 : Express::kWideStore;
    }
    if ((w->shape & 8) != 0) flags |= Express::kKeeps;
    if (left < (express_after_ > 1 ? kWorthwhile : 1)) return false;
    e.flags = static_cast<uint16_t>(flags);
    e.element = w->element;
    e.scalar = static_cast<uint32_t>(w->scalar);
    e.accumulator = static_cast<uint32_t>(w->accumulator);
    e.next = relative(w->next);
    e.interval = w->interval;
    e.left = home.left = left;
    if (w->number == Queue::kMain && e.main_at != Express::kFar) return false;
  }
  e.flags = static_cast<uint16_t>(e.flags | delays);
  // `left` counts down, slots count up; both wrap.
  e.seen = e.left + (c.slots_taken - c.main.slots_seen);

  // The queues: words of one color, none of them a command.
  const auto take = [&](const Queue& q, ExpressWord* to, uint8_t* color) {
    if (q.flush_pending || q.count > express_places_ || q.capacity > express_places_) return false;
    for (unsigned i = 0; i < q.count; ++i) {
      const Slot& s = q.slot[(q.head + i) & q.mask];
      if (s.flags != 0 || (i != 0 && s.color != *color)) return false;
      *color = s.color;
      to[i] = {s.payload, relative(s.at)};
    }
    return true;
  };
  if (express_ == nullptr) makeExpress();
  Express& record = expressOf(pe);
  ExpressWord* words = record.words();
  home.in_color = home.out_color = tir::kNoColor;
  if (home.in != nullptr) {
    if (!take(*home.in, words, &home.in_color)) return false;
    e.in_count = home.in_count = home.in->count;
    e.in_capacity = home.in->capacity;
  }
  if (c.oq_occupied != 0) {
    if (!std::has_single_bit(c.oq_occupied)) return false;
    Queue* q = c.oq[static_cast<size_t>(std::countr_zero(c.oq_occupied))];
    if (home.out != nullptr && q != home.out) return false;
    home.out = q;
  }
  unsigned ports = 0;
  if (home.out != nullptr) {
    // Its ring remembers words that have left.
    if (home.out->credit != 0) return false;
    if (!take(*home.out, words + express_places_, &home.out_color)) return false;
    e.out_count = home.out->count;
    e.out_capacity = home.out->capacity;
    if ((e.flags & Express::kSends) != 0) {
      if (e.out_count != 0 && home.out_color != home.worker->out_color) return false;
      home.out_color = home.worker->out_color;
    }
    ColorState* cs = home.out_color < target::kColorCount ? c.color[home.out_color] : nullptr;
    if (cs == nullptr || !expressWay(*cs, kRampPort) || (cs->tx & kRampBit) != 0) return false;
    home.way[2] = cs;
    e.send = cs->sole;
    ports |= cs->tx;
  }

  // The links: those with words, and those that had some a little while ago.
  const uint32_t waiting = c.occupied[0] | c.occupied[1] | c.occupied[2] | c.occupied[3];
  size_t ways = 0;
  for (ColorState* cs : c.color) {
    if (cs == nullptr) continue;
    const bool recent = cs->last_served != 0 && cs->last_served + kRecent >= t;
    if (((waiting >> cs->color) & 1) == 0 && !recent) continue;
    for (int port = 0; port < 4; ++port) {
      Link* link = cs->in[port];
      if (link == nullptr) continue;
      const bool occupied = ((c.occupied[port] >> cs->color) & 1) != 0;
      if (!occupied && (!recent || ((cs->rx >> port) & 1) == 0 || cs->last_port != port)) continue;
      if (ways == 2 || !expressWay(*cs, port) || (cs->tx & ports) != 0) return false;
      for (unsigned i = 0; i <= link->mask; ++i) {
        if (slots(link)[i].full && slots(link)[i].flags != 0) return false;
      }
      if ((cs->tx & kRampBit) != 0) {
        if (home.in == nullptr || cs->queue != home.in) return false;
        if (e.in_count != 0 && home.in_color != cs->color) return false;
        home.in_color = cs->color;
        e.ramp[ways] = true;
      }
      ports |= cs->tx;
      e.in[ways] = link;
      e.out[ways] = (cs->tx & 0xfu) != 0 ? cs->sole : nullptr;
      home.way[ways++] = cs;
    }
  }
  if (ways == 0 && (e.flags & Express::kWorker) == 0) return false;
  for (size_t k = 0; k < ways; ++k) e.in[k]->express = true;
  record = e;
  express_home_[pe] = home;
  express_of_[pe] = kExpressed;
  ++express_count_;
  ++disturbed_;
  return true;
}

void Block::leaveExpress(uint32_t pe, Cycles t) {
  Core& c = *pes_[pe].core;
  Express& e = expressOf(pe);
  const ExpressHome& home = express_home_[pe];
  express_of_[pe] = t < home.since + kWorthwhile && express_after_ > 1 ? kThrown : express_after_;
  --express_count_;
  ++disturbed_;
  c.wake = e.wake;
  const uint32_t issued = home.left - e.left;
  const auto give = [&](Queue& q, const ExpressWord* from, unsigned head, unsigned count, uint8_t color) {
    q.head = 0;
    q.count = static_cast<uint8_t>(count);
    for (unsigned i = 0; i < count; ++i) {
      const ExpressWord& word = from[(head + i) & (express_places_ - 1)];
      q.slot[i].fill(epoch_ + word.at, word.payload, 0, color);
    }
  };
  if (Queue* q = home.in; q != nullptr) {
    q->received += ((e.flags & Express::kTakes) != 0 ? issued : 0u) + e.in_count - home.in_count;
    give(*q, e.words(), e.in_head, e.in_count, home.in_color);
    const uint32_t has = e.in_count != 0 ? 1 : 0;
    if (q->implicit) {
      c.implicit_occupied = (c.implicit_occupied & ~(1u << q->color)) | has << q->color;
    } else {
      c.iq_occupied = static_cast<uint8_t>((c.iq_occupied & ~(1u << q->id)) | has << q->id);
    }
  }
  if (Queue* q = home.out; q != nullptr) {
    give(*q, e.words() + express_places_, e.out_head, e.out_count, home.out_color);
    const uint32_t has = e.out_count != 0 ? 1 : 0;
    c.oq_occupied = static_cast<uint8_t>((c.oq_occupied & ~(1u << q->id)) | has << q->id);
  }
  if (Worker* w = home.worker; w != nullptr && issued != 0) {
    w->done += issued;
    w->next = epoch_ + e.next;
    w->accumulator = (e.flags & Express::kKeeps) != 0 ? e.accumulator : w->accumulator;
    for (size_t i = 0; i < 3; ++i) {
      if (w->kind[i] == Operand::Kind::Memory) w->address[i] = e.cursor[i].address;
    }
    c.ut_last = w->number;
    if (w->number != Queue::kMain) c.slots_taken += issued;
    stats.dsd_elements += issued;
  }
  if (c.main.state == MainState::Request && e.main_at != Express::kFar) {
    c.main.now = epoch_ + e.main_at;
    c.main.slots_seen = c.slots_taken - (e.seen - e.left);
    settleMain(c);
  }
  for (size_t k = 0; k < 3; ++k) {
    ColorState* cs = home.way[k];
    if (cs == nullptr) continue;
    if (e.served[k] != 0) {
      cs->last_served = epoch_ + e.served[k] - 1;
      cs->last_port = k == 2 ? uint8_t{kRampPort} : e.in[k]->port;
    }
    if (k == 2) continue;
    Link& link = *e.in[k];
    link.express = false;
    const uint32_t has = link.slot[link.head].full ? 1 : 0;
    c.occupied[link.port] = (c.occupied[link.port] & ~(1u << link.color)) | has << link.color;
  }
}

void Block::settle() {
  if (express_count_ == 0) return;
  for (uint32_t pe = 0; pe < express_of_.size(); ++pe) {
    if (!expressed(pe)) continue;
    leaveExpress(pe, 0);
    express_of_[pe] = express_after_;
  }
}

/// The cycle before which, from now on, no record has to be left and no word goes to a PE that is not in express state;
/// as long as nobody disturbs them.
Cycles Block::expressUntil(Cycles from) const {
  uint64_t steps = ~0u;
  uint32_t main_at = Express::kFar;
  for (uint32_t pe = 0; pe < express_of_.size(); ++pe) {
    if (!expressed(pe)) continue;
    const Express& e = expressOf(pe);
    if ((e.flags & Express::kWorker) != 0) steps = std::min<uint64_t>(steps, e.left);
    if (!express_home_[pe].ends) main_at = std::min(main_at, e.main_at);
    if (e.send != nullptr && !e.send->express) return 0;
    for (size_t k = 0; k < 2 && e.in[k] != nullptr; ++k) {
      if (e.out[k] != nullptr && !e.out[k]->express) return 0;
      for (unsigned i = 0; i <= e.in[k]->mask; ++i) {
        const Slot& s = slots(e.in[k])[i];
        if (s.full && s.flags != 0) return 0;
      }
    }
  }
  return std::min(from + steps, epoch_ + main_at);
}

/// A word came in through a link that no express record covers.
void Block::arriveOutside(uint32_t pe, const Link& link) {
  pes_[pe].core->occupied[link.port] |= 1u << link.color;
  if (expressed(pe)) leaveExpress(pe, time_);
}

/// The main thread's turn has come in cycle t. If its task ends there, and no other is ready, it does as endTask();
/// false: the general way has to go on with it.
bool Block::endExpressMain(uint32_t pe, Express& e, Cycles t) {
  if (!express_home_[pe].ends) return false;
  Core& c = *pes_[pe].core;
  if (listens_) noteIdle(pe, c, t);
  c.main.rest(t + params_.task_exit);
  settleMain(c);
  e.main_at = Express::kFar;
  return true;
}

/// What all steps of a cycle have in common.
struct Block::Beat {
  Cycles t;
  uint32_t now;     // from the epoch
  uint64_t self;    // bits in Express::wake: this cycle,
  uint64_t next;    // the next one,
  uint64_t landed;  // when a word that now leaves the router can be seen in the input queue,
  uint64_t sent;    // and one that is sent now in the output queue.
  uint32_t ramp_in;
  uint32_t ramp_out;
  uint32_t hop;
  unsigned mask;      // places of a record's queues - 1
  Wheel::Row behind;  // of the next cycle
};

/// What visit() does in cycle t. False: the general way has to do it; nothing has changed.
[[gnu::always_inline]] inline bool Block::stepExpress(uint32_t pe, Express& e, const Beat& beat) {
  const Cycles t = beat.t;
  const uint32_t now = beat.now;
  uint64_t wake = e.wake & ~beat.self;
  const auto want = [&](uint32_t ahead) { wake |= std::rotl(beat.self, static_cast<int>(ahead)); };
  const unsigned mask = beat.mask, flags = e.flags;
  ExpressWord* const in_words = e.words();
  ExpressWord* const out_words = in_words + mask + 1;

  Slot* first = nullptr;
  Slot* second = nullptr;
  if (Link* link = e.in[0]; link != nullptr) {
    Slot& s = slots(link)[link->head];
    if (s.full && s.at <= t) {
      if (s.flags != 0) [[unlikely]]
        return false;
      first = &s;
    }
    if (link = e.in[1]; link != nullptr) {
      Slot& s2 = slots(link)[link->head];
      if (s2.full && s2.at <= t) {
        if (s2.flags != 0) [[unlikely]]
          return false;
        second = &s2;
      }
    }
  }

  const bool takes = (flags & Express::kTakes) != 0, sends = (flags & Express::kSends) != 0;
  bool issues = false;
  if ((flags & Express::kWorker) != 0) {
    issues = e.next <= now && (!takes || (e.in_count != 0 && in_words[e.in_head].at <= now)) &&
             (!sends || e.out_count < e.out_capacity);
    if (issues && e.left == 0) [[unlikely]]
      return false;
  }
  if (now >= e.main_at) {
    // Behind the worker; later by the slots that it took.
    const uint32_t taken = (flags & Express::kDelays) != 0 ? e.seen - e.left + (issues ? 1u : 0u) : 0u;
    const uint32_t at = e.main_at + taken;
    if (at > now) {
      if (at - now >= 64) return false;
      e.seen -= taken;
      e.main_at = at;
      want(at - now);
    } else {
      if (!endExpressMain(pe, e, t)) return false;
      want(params_.task_exit);
    }
  }
  if ((flags & Express::kWorker) != 0) {
    if (!issues) {
      if (e.next > now) want(e.next - now);
    } else {
      uint32_t word = 0;
      if (takes) {
        word = in_words[e.in_head].payload;
        e.in_head = static_cast<uint8_t>((e.in_head + 1u) & mask);
        --e.in_count;
      }
      const auto source = [&](size_t i, unsigned from_memory, unsigned from_queue, unsigned accumulates, unsigned wide)
                              __attribute__((always_inline)) -> uint32_t {
        uint32_t v;
        if ((flags & from_memory) != 0) {
          Express::Cursor& at = e.cursor[i];
          std::memcpy(&v, e.memory + at.address, 4);
          at.address = static_cast<uint16_t>(at.address + at.step);
        } else if ((flags & from_queue) != 0) {
          v = word;
        } else {
          return (flags & accumulates) != 0 ? e.accumulator : std::bit_cast<uint32_t>(e.cursor[i]);
        }
        return (flags & wide) != 0 ? v : v & 0xffffu;
      };
      const uint32_t a = source(0, Express::kMemory0, Express::kQueue0, Express::kAccumulator0, Express::kWide0);
      const uint32_t b = source(1, Express::kMemory1, Express::kQueue1, Express::kAccumulator1, Express::kWide1);
      uint32_t value;
      if (e.element != nullptr) [[likely]] {
        value = e.element(a, b, e.scalar);
      } else {
        value = static_cast<uint32_t>(kernelElement(*express_home_[pe].worker, a, b));
      }
      if ((flags & Express::kKeeps) != 0) e.accumulator = value;
      if ((flags & Express::kStores) != 0) {
        Express::Cursor& at = e.cursor[2];
        uint8_t* to = e.memory + at.address;
        if ((flags & Express::kWideStore) != 0) {
          std::memcpy(to, &value, 4);
        } else {
          std::memcpy(to, &value, 2);
        }
        at.address = static_cast<uint16_t>(at.address + at.step);
      }
      if (sends) {
        if ((flags & Express::kWideStore) == 0) value &= 0xffffu;
        out_words[(e.out_head + e.out_count++) & mask] = {value, now + 1 + beat.ramp_out};
        wake |= beat.sent;
      }
      e.next = now + e.interval;
      --e.left;
      wake |= beat.next;
    }
  }

  const Cycles ready = t + beat.hop;
  const auto pass = [&](Link* out, uint32_t payload) __attribute__((always_inline)) {
    ++stats.wavelet_hops;
    Slot& place = slots(out)[out->tail];
    out->tail = (out->tail + 1) & out->mask;
    place.fill(ready, payload, 0, out->color);
    if (!out->express) [[unlikely]] {
      if (out->remote_receiver != 0) {
        outbox[out->remote_receiver - 1].push_back({ready, out->receiver, payload, out->port, out->color, 0, false, 0});
        return;
      }
      arriveOutside(out->receiver, *out);
    }
    if (beat.hop == 1) {
      beat.behind.mark(out->receiver);
    } else {
      wheel_.schedule(out->receiver, ready);
    }
  };
  const auto roomIn = [&](Link* out) __attribute__((always_inline)) {
    const Slot& place = slots(out)[out->tail];
    if (place.full) {
      out->waiting = true;
      return false;
    }
    if (place.at > t) {
      want(static_cast<uint32_t>(place.at - t));
      return false;
    }
    return true;
  };
  const auto enter = [&](size_t k, Slot* s) __attribute__((always_inline)) {
    const bool ramp = e.ramp[k];
    if (ramp && e.in_count >= e.in_capacity) return;
    Link* const out = e.out[k];
    if (out != nullptr && !roomIn(out)) return;
    Link& link = *e.in[k];
    const uint32_t payload = s->payload;
    const uint8_t index = link.head;
    s->full = false;
    s->at = ready;
    link.head = (index + 1) & link.mask;
    const Slot& behind = slots(&link)[link.head];
    if (behind.full && behind.at <= t + 1) wake |= beat.next;
    if (link.remote_sender != 0 || link.waiting) [[unlikely]] {
      if (link.remote_sender != 0) {
        outbox[link.remote_sender - 1].push_back({ready, link.sender, 0, link.port, link.color, 0, true, index});
      } else {
        link.waiting = false;
        wheel_.schedule(link.sender, ready);
      }
    }
    if (tracing_) [[unlikely]]
      traceWavelet(t, pe, link.color, link.port, payload, false, express_home_[pe].way[k]->tx);
    e.served[k] = now + 1;
    if (out != nullptr) pass(out, payload);
    if (ramp) {
      in_words[(e.in_head + e.in_count++) & mask] = {payload, now + beat.ramp_in};
      wake |= beat.landed;
    }
  };
  if (first != nullptr) enter(0, first);
  if (second != nullptr) enter(1, second);
  if (e.out_count != 0 && out_words[e.out_head].at <= now && roomIn(e.send)) {
    const uint32_t payload = out_words[e.out_head].payload;
    e.out_head = static_cast<uint8_t>((e.out_head + 1u) & mask);
    --e.out_count;
    if ((e.out_count != 0 && out_words[e.out_head].at <= now + 1) || (flags & Express::kWorker) != 0) wake |= beat.next;
    if (tracing_) [[unlikely]]
      traceWavelet(t, pe, e.send->color, kRampPort, payload, false, express_home_[pe].way[2]->tx);
    e.served[2] = now + 1;
    pass(e.send, payload);
  }

  e.wake = wake;
  if ((wake & beat.next) != 0) [[likely]] {
    beat.behind.mark(pe);
    return true;
  }
  if (wake == 0) return true;
  const Cycles next = t + static_cast<unsigned>(std::countr_zero(std::rotr(wake, static_cast<int>(t & 63))));
  if (next - wheel_.now() < Wheel::kNear) [[likely]] {
    wheel_.schedule(pe, next);
  } else if (Core& c = *pes_[pe].core; c.entered != next) {
    c.entered = next;
    wheel_.schedule(pe, next);
  }
  return true;
}

/// On a large mesh the state of a PE is out of the cache when its turn comes again: it is fetched a few visits ahead.
[[gnu::always_inline]] inline void Block::fetchAhead(const uint32_t* list, size_t left) {
  constexpr size_t kRecord = 20, kRest = 8;
  if (left > kRecord) {
    const uint32_t pe = list[kRecord];
    if (expressed(pe)) {
      const uint8_t* e = express_.get() + pe * express_stride_;
      // On WSE-2 that is all of it.
      for (size_t line = 0; line < 256; line += 64) __builtin_prefetch(e + line, 1);
      for (size_t line = 256; line < express_stride_; line += 64) __builtin_prefetch(e + line, 1);
    } else if (const Core* c = pes_[pe].core) {
      __builtin_prefetch(c);
      __builtin_prefetch(&c->oq);
      __builtin_prefetch(&c->color);
    }
  }
  if (left > kRest) {
    const uint32_t pe = list[kRest];
    if (expressed(pe)) {
      const Express& e = expressOf(pe);
      __builtin_prefetch(e.in[0], 1);
      __builtin_prefetch(e.memory + e.cursor[0].address);
    } else if (const Core* c = pes_[pe].core; c != nullptr && c->lone != nullptr) {
      __builtin_prefetch(c->lone);
    }
  }
  if (left > 2 && !expressed(list[2])) {
    const Pe& p = pes_[list[2]];
    if (p.core != nullptr && p.core->lone != nullptr) {
      const Worker& w = *p.core->lone;
      __builtin_prefetch(w.in);
      __builtin_prefetch(w.out);
      __builtin_prefetch(p.memory + w.address[0]);
    }
  }
}

/// Visits the PEs entered for cycle t whose index is in [first, last). False: there are none.
bool Block::runCycle(Cycles t, uint32_t first, uint32_t last) {
  if (t - epoch_ > kEpoch) [[unlikely]] {
    settle();
    epoch_ = t;
  }
  const std::span<const uint32_t> entered = wheel_.take(t, first, last);
  time_ = t;
  const size_t n = entered.size();
  const uint32_t* const list = entered.data();
  const uint64_t self = std::rotl(uint64_t{1}, static_cast<int>(t & 63));
  const auto ahead = [self](uint32_t cycles) { return std::rotl(self, static_cast<int>(cycles)); };
  const Beat beat{.t = t,
                  .now = static_cast<uint32_t>(t - epoch_),
                  .self = self,
                  .next = ahead(1),
                  .landed = ahead(params_.ramp_in),
                  .sent = ahead(1 + params_.ramp_out),
                  .ramp_in = params_.ramp_in,
                  .ramp_out = params_.ramp_out,
                  .hop = params_.hop,
                  .mask = express_places_ - 1,
                  .behind = wheel_.row(t + 1)};
  for (size_t i = 0; i < n; ++i) {
    const uint32_t pe = list[i];
    fetchAhead(list + i, n - i);
    if (expressed(pe)) {
      if (stepExpress(pe, expressOf(pe), beat)) continue;
      leaveExpress(pe, t);
    }
    ++disturbed_;
    if (i + 1 < n || solo_until_ == 0) {
      visit(pe, t);
    } else {
      visitOn(pe, t);
    }
    if (express_after_ == 0) continue;
    if (express_of_[pe] != 0) {
      --express_of_[pe];
    } else if (!tryExpress(pe, *pes_[pe].core, time_)) {
      express_of_[pe] = std::max(kUnfit, express_after_);
    }
  }
  self_ = kNone;
  return n != 0;
}

}  // namespace weft::mesh
