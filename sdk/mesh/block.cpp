// Running a block: the visit of a PE in one cycle, and the state a PE gets when it first does something.
// SPDX-License-Identifier: Apache-2.0
#include "sdk/mesh/block.h"

#include "sdk/mesh/mesh_impl.h"

#include <algorithm>

namespace weft::mesh {

Block::Block(MeshImpl& mesh, uint32_t x0, uint32_t y0, uint32_t width, uint32_t height)
    : mesh_(mesh), params_(mesh.params()), x0_(x0), y0_(y0), width_(width), height_(height) {}

void Block::load() {
  openEngineView();
  const plan::FabricPlan& plan = mesh_.plan();
  pes_.resize(static_cast<size_t>(width_) * height_);
  uint32_t i = 0;
  for (uint32_t y = 0; y < height_; ++y) {
    for (uint32_t x = 0; x < width_; ++x, ++i) {
      Pe& pe = pes_[i];
      pe.x = static_cast<uint16_t>(x);
      pe.y = static_cast<uint16_t>(y);
      pe.program = plan.program_of[plan.extent.index({x0_ + x, y0_ + y})];
      const ProgramInfo* info = programOf(pe);
      if (info == nullptr) continue;
      pe.active = info->active;
      pe.blocked = info->blocked;
      pe.memory_bytes = info->program->private_bytes;
      if ((pe.active & ~pe.blocked) != 0 || !info->program->config_writes.empty()) wheel_.schedule(pe, i, 0);
    }
  }
}

namespace {

/// On a large mesh the state of a PE is out of the cache when its turn comes again: what hangs on its Core is fetched a
/// few visits ahead. Only what is in use now.
void prefetchAround(const Core* c) {
  if (c == nullptr) return;
  for (uint32_t m = c->ut_active; m != 0; m &= m - 1) {
    const char* w = reinterpret_cast<const char*>(c->ut[static_cast<size_t>(std::countr_zero(m))]);
    for (size_t line = 0; line < sizeof(Worker); line += 64) __builtin_prefetch(w + line);
  }
  for (uint32_t m = c->iq_occupied; m != 0; m &= m - 1) {
    const char* q = reinterpret_cast<const char*>(c->iq[static_cast<size_t>(std::countr_zero(m))]);
    for (size_t line = 0; line < sizeof(Queue); line += 64) __builtin_prefetch(q + line);
  }
  for (uint32_t m = c->oq_occupied; m != 0; m &= m - 1) {
    const char* q = reinterpret_cast<const char*>(c->oq[static_cast<size_t>(std::countr_zero(m))]);
    for (size_t line = 0; line < sizeof(Queue); line += 64) __builtin_prefetch(q + line);
  }
  for (uint32_t m = c->occupied[0] | c->occupied[1] | c->occupied[2] | c->occupied[3]; m != 0; m &= m - 1) {
    const char* cs = reinterpret_cast<const char*>(c->color[static_cast<size_t>(std::countr_zero(m))]);
    for (size_t line = 0; line < sizeof(ColorState); line += 64) __builtin_prefetch(cs + line);
  }
}

void prefetchLinks(const Core* c) {
  if (c == nullptr) return;
  for (int port = 0; port < 4; ++port) {
    for (uint32_t m = c->occupied[port]; m != 0; m &= m - 1) {
      const Link* in = c->color[static_cast<size_t>(std::countr_zero(m))]->in[port];
      __builtin_prefetch(in);
      __builtin_prefetch(reinterpret_cast<const char*>(in) + 64);
    }
  }
  for (uint32_t m = c->oq_occupied; m != 0; m &= m - 1) {
    const Queue* q = c->oq[static_cast<size_t>(std::countr_zero(m))];
    const ColorState* cs = c->color[q->slot[q->head].color];
    if (cs == nullptr) continue;
    for (uint32_t tx = cs->tx & 0xfu; tx != 0; tx &= tx - 1) {
      const Link* out = cs->out[std::countr_zero(tx)];
      if (out == nullptr) continue;
      __builtin_prefetch(out);
      __builtin_prefetch(reinterpret_cast<const char*>(out) + 64);
    }
  }
}

}  // namespace

void Block::runWindow(Cycles end) {
  for (;;) {
    const Cycles t = wheel_.next();
    if (t >= end) return;
    wheel_.take(t, pes_, now_list_);
    time_ = t;
    const uint64_t bit = 1ull << (t & 63);
    const size_t n = now_list_.size();
    for (size_t i = 0; i < n; ++i) {
      if (i + 24 < n) __builtin_prefetch(&pes_[now_list_[i + 24]]);
      if (i + 12 < n) {
        const char* ahead = reinterpret_cast<const char*>(pes_[now_list_[i + 12]].core);
        if (ahead != nullptr) {
          for (size_t line = 0; line < sizeof(Core); line += 64) __builtin_prefetch(ahead + line);
        }
      }
      if (i + 6 < n) prefetchAround(pes_[now_list_[i + 6]].core);
      if (i + 3 < n) prefetchLinks(pes_[now_list_[i + 3]].core);
      const uint32_t pe = now_list_[i];
      pes_[pe].pending &= ~bit;
      if (i + 1 < n || solo_until_ == 0) {
        visit(pe, t);
      } else {
        visitOn(pe, t);
      }
    }
  }
}

Cycles Block::runWindows(Cycles stop, uint32_t most) {
  const Cycles hop = params_.hop;
  Cycles end = time_;
  for (uint32_t i = 0; i < most; ++i) {
    const Cycles t = wheel_.next();
    if (t >= stop) break;
    // Mostly a hop is one cycle; a division would be a good part of a short window.
    end = hop == 1 ? t + 1 : t / hop * hop + hop;
    solo_until_ = stop;
    runWindow(end);
    solo_until_ = 0;
    if (time_ >= end) end = time_ / hop * hop + hop;
    if (host_done != 0 || stream_done || trapped || !reports.empty() || !log.empty() || !events.empty()) break;
  }
  return end;
}

/// The last visit of a cycle. While nothing else is entered before the PE's next task, the PE goes on at once: the
/// clock moves as the wheel would have moved it.
void Block::visitOn(uint32_t pe, Cycles t) {
  constexpr int kMost = 256;
  goes_on_ = pe;
  visit(pe, t);
  for (int tasks = 0; again_ != 0; ++tasks) {
    const Cycles at = again_;
    again_ = 0;
    const bool quiet = host_done == 0 && !stream_done && !trapped && reports.empty() && log.empty() && events.empty();
    if (tasks >= kMost || at >= solo_until_ || wheel_.next() <= at || !quiet) {
      goes_on_ = kNone;
      schedule(pe, at);
      return;
    }
    wheel_.moveTo(at, pes_);
    time_ = at;
    visit(pe, at);
  }
  goes_on_ = kNone;
}

/// Everything one PE does in one cycle. The order of the parts is part of the machine's definition: compute element
/// first, so that the router sees the room it made, then the router, then the host's end of its link.
void Block::visit(uint32_t pe, Cycles t) {
  Core& c = core(pe);
  if (c.callbacks != nullptr) runCallbacks(pe, c, t);
  if (c.deferred != nullptr && !c.deferred->empty()) performDeferred(pe, c, t);
  if (c.host != nullptr) hostFeed(pe, c, t);
  if (c.ut_active != 0 || (c.main_worker != nullptr && c.main_worker->active)) stepWorkers(pe, c, t);
  if (c.main.state != MainState::Trapped) mainThread(pe, c, t);
  if ((c.occupied[0] | c.occupied[1] | c.occupied[2] | c.occupied[3] | c.occupied_host | c.oq_occupied) != 0)
    route(pe, c, t);
  if (c.host_out_occupied) hostDrain(pe, c, t);
}

Core& Block::makeCore(uint32_t pe) {
  Core* c = make<Core>();
  pes_[pe].core = c;
  initializeCore(pe, *c);
  return *c;
}

void Block::initializeCore(uint32_t pe, Core& c) {
  c.prng = {0xdeadbeefu, 0xdeadbeefu, 0xdeadbeefu, 0xdeadbeefu};
  const ProgramInfo* info = programOf(pes_[pe]);
  if (info == nullptr) return;
  const tir::Program& p = *info->program;
  c.ut_blocked = p.blocked_microthreads;
  c.high_priority = p.high_priority;
  for (const tir::InputQueueInit& q : p.input_queues) {
    if (q.color != tir::kNoColor) bindInputQueue(pe, c, q.queue, q.color);
  }
  for (const tir::OutputQueueInit& q : p.output_queues) {
    if (q.color != tir::kNoColor) bindOutputQueue(pe, c, q.queue, q.color);
  }
  if (!p.dsr_inits.empty()) {
    DsrState* d = dsrs(pe, c);
    for (const tir::DsrInit& init : p.dsr_inits) {
      DsrState& s = d[init.dsr.encode()];
      uint64_t bits = 0;
      if (init.value.kind() == tir::Operand::Kind::Constant) {
        bits = p.constants[init.value.index()];
      } else if (init.value.kind() == tir::Operand::Kind::Slot) {
        const auto& plan = mesh_.plan();
        bits = plan.slot_values[plan.slots_of[plan.extent.index(coordOf(pe))] + init.value.index()];
      }
      s.value = tir::Dsd{bits};
      s.config = init.config;
      s.position = 0;
      s.loaded = true;
    }
  }
  if (!p.fifos.empty()) c.fifo = make<FifoState>(p.fifos.size());
  if (!p.rotating.empty()) {
    c.rotating = make<uint16_t>(p.rotating.size());
    for (size_t i = 0; i < p.rotating.size(); ++i) c.rotating[i] = p.rotating[i].init;
  }
  for (const tir::ConfigWrite& w : p.config_writes) writeRegister(pe, w.word_address, w.value, 0);
}

DsrState* Block::dsrs(uint32_t pe, Core& c) {
  (void)pe;
  if (c.dsr == nullptr) c.dsr = make<DsrState>(3 * target::kDsrPerFile);
  return c.dsr;
}

uint64_t Block::stateBytes() const {
  uint64_t n = pes_.capacity() * sizeof(Pe) + arena_bytes_ + wheel_.bytes() + now_list_.capacity() * sizeof(uint32_t);
  for (const auto& list : free_frames_) n += list.size() * sizeof(void*);
  return n;
}

void Block::drain(const std::vector<Message>& inbox) {
  for (const Message& m : inbox) {
    Core& c = core(m.pe);
    if (m.credit) {
      // A place became free at the neighbour behind our port.
      ColorState& cs = colorState(m.pe, c, m.color);
      Link* link = cs.out[static_cast<int>(target::opposite(static_cast<target::Port>(m.port)))];
      Slot& s = link->slot[m.slot];
      s.full = false;
      s.at = m.at;
      if (link->waiting) {
        link->waiting = false;
        schedule(m.pe, m.at);
      }
      continue;
    }
    Link* link = inLink(m.pe, c, m.color, m.port);
    Slot& s = link->slot[link->tail];
    link->tail = (link->tail + 1) & link->mask;
    s = Slot{m.at, m.payload, m.flags, m.color, true};
    c.occupied[m.port] |= 1u << m.color;
    schedule(m.pe, m.at);
  }
}

void Block::traceWavelet(Cycles t, uint32_t pe, int color, int port, uint32_t payload, bool control) {
  const PeCoord at = coordOf(pe);
  if (mesh_.options().trace_hash) {
    uint64_t h = t * 0x9e3779b97f4a7c15ull;
    h ^= (static_cast<uint64_t>(at.y) << 40 | static_cast<uint64_t>(at.x) << 16 | static_cast<uint64_t>(color) << 8 |
          static_cast<uint64_t>(port) << 1 | (control ? 1 : 0)) *
         0xc2b2ae3d27d4eb4full;
    h ^= payload * 0x165667b19e3779f9ull;
    h ^= h >> 31;
    h *= 0xff51afd7ed558ccdull;
    h ^= h >> 33;
    trace_hash += h;
  }
  if (mesh_.listening())
    events.push_back({t, at, static_cast<uint8_t>(color), static_cast<uint8_t>(port), control, payload});
}

}  // namespace weft::mesh
