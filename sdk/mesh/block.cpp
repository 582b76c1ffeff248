// Running a block: the visit of a PE in one cycle, and the state a PE gets when it first does something.
// SPDX-License-Identifier: Apache-2.0
#include "sdk/mesh/block.h"

#include "sdk/mesh/mesh_impl.h"

#include <algorithm>

namespace weft::mesh {

namespace {

/// Of a core's own cache (its second level), what a block may count on.
constexpr uint64_t kCacheBytes = 1000u << 10;

}  // namespace

Block::Block(MeshImpl& mesh, uint32_t x0, uint32_t y0, uint32_t width, uint32_t height)
    : mesh_(mesh), params_(mesh.params()), x0_(x0), y0_(y0), width_(width), height_(height) {}

void Block::load() {
  openEngineView();
  const plan::FabricPlan& plan = mesh_.plan();
  pes_.resize(static_cast<size_t>(width_) * height_);
  wheel_.resize(pes_.size());
  express_after_ = static_cast<uint8_t>(std::clamp(mesh_.options().express_after, 0, 100));
  express_of_.assign(pes_.size(), express_after_);
  chooseLookahead();
  near_bytes_ = kCacheBytes * pes_.size() / plan.extent.area();
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
      if ((pe.active & ~pe.blocked) != 0 || !info->program->config_writes.empty()) wheel_.schedule(i, 0);
    }
  }
}

void Block::runWindow(Cycles end) {
  tracing_ = mesh_.options().trace_hash || mesh_.listening();
  for (;;) {
    const Cycles t = wheel_.next();
    if (t >= end) return;
    wheel_.moveTo(t);
    runCycle(t, 0, static_cast<uint32_t>(pes_.size()));
  }
}

Cycles Block::runWindows(Cycles stop, uint32_t most) {
  const Cycles hop = params_.hop;
  Cycles end = time_;
  // A window that has begun runs to its end.
  const Cycles last = stop > kNever - hop ? stop : (stop + hop - 1) / hop * hop;
  for (uint32_t i = 0; i < most; ++i) {
    const Cycles t = wheel_.next();
    if (t >= stop) break;
    // Mostly a hop is one cycle; a division would be a good part of a short window.
    const Cycles begin = hop == 1 ? t : t / hop * hop;
    end = begin + hop;
    if (lookahead_ > hop && express_count_ >= dense_ && t >= closed_at_ && !mesh_.listening()) {
      // The wheel has maps of these cycles already.
      const Cycles until = std::min({begin + lookahead_, last, (t / Wheel::kComplete + 1) * Wheel::kComplete});
      wheel_.moveTo(t);
      if (until > end && closed(t, until)) {
        closed_wait_ = 0;
        end = runSkewed(t, until);
        continue;
      }
      // Looking costs about a visit per PE.
      if (until > end) {
        closed_wait_ = std::min(2 * closed_wait_ + 8, 256u);
        closed_at_ = t + closed_wait_;
      }
    }
    solo_until_ = stop;
    runWindow(end);
    solo_until_ = 0;
    if (time_ >= end) end = time_ / hop * hop + hop;
    if (happened()) break;
  }
  return end;
}

/// Whether nothing but express steps can happen in the cycles [start, end), which the wheel has maps of.
bool Block::closed(Cycles start, Cycles end) {
  for (Cycles t = start; t < end; ++t) {
    for (const uint32_t pe : wheel_.take(t, 0, static_cast<uint32_t>(pes_.size()), false)) {
      if (!expressed(pe)) return false;
    }
  }
  if (closed_count_ != disturbed_) {
    closed_until_ = expressUntil(start);
    closed_count_ = disturbed_;
  }
  return closed_until_ >= end;
}

/// Runs the cycles [start, end) of all rows, row by row rather than cycle by cycle, so that a row's state is still in
/// the cache when its next cycle comes. What a PE does in cycle t depends on the rows beside its own up to cycle t - 1
/// only: so a row may be a cycle ahead of the row below it, and rows are run in bands that move up by a row a cycle.
/// Express steps alone happen in these cycles: nothing that anybody could hear of. Returns the end of the window.
Cycles Block::runSkewed(Cycles start, Cycles end) {
  tracing_ = mesh_.options().trace_hash;
  const Cycles hop = params_.hop;
  const int64_t rows = height_, cycles = static_cast<int64_t>(end - start);
  Cycles latest = start;
  for (int64_t top = 0; top - cycles + 1 < rows; top += band_rows_) {
    for (Cycles t = start; t < end; ++t) {
      const int64_t shift = static_cast<int64_t>(t - start);
      const int64_t first = std::max<int64_t>(top - shift, 0), behind = std::min(top - shift + band_rows_, rows);
      if (first >= behind) continue;
      if (runCycle(t, static_cast<uint32_t>(first) * width_, static_cast<uint32_t>(behind) * width_))
        latest = std::max(latest, t);
    }
  }
  time_ = latest;
  stats.ahead_cycles += latest - start;
  return latest / hop * hop + hop;
}

/// Bands pay where the PEs together do not fit in a core's cache; the rows of a band, with those it moves over, should.
void Block::chooseLookahead() {
  constexpr uint64_t kPeBytes = 400;
  const uint32_t hop = params_.hop;
  lookahead_ = static_cast<uint32_t>(mesh_.options().lookahead);
  band_rows_ = 2;
  dense_ = 1;
  if (lookahead_ == 0) {
    const bool fits = uint64_t{width_} * height_ * kPeBytes <= kCacheBytes;
    const auto rows = static_cast<uint32_t>(kCacheBytes / (width_ * kPeBytes));
    dense_ = 256;
    lookahead_ = fits ? 1 : Wheel::kComplete;
    band_rows_ = std::clamp(rows - std::min(rows, lookahead_), 2u, 4u);
  }
  // The host's side of streams looks at single cycles.
  if (!mesh_.plan().streams.empty()) lookahead_ = 1;
  lookahead_ = std::min<uint32_t>(lookahead_, Wheel::kComplete) / hop * hop;
}

Core& Block::makeCore(uint32_t pe) {
  constexpr size_t kSlab = 768;
  const size_t bytes = (sizeof(Core) + 63) & ~size_t{63};
  arena_bytes_ += bytes + kSlab;
  auto* raw = static_cast<uint8_t*>(arena_.allocate(bytes + kSlab, 64));
  Core* c = new (raw) Core();
  c->slab = raw + bytes;
  c->slab_left = kSlab;
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
  for (const tir::ConfigWrite& w : p.config_writes) writeRegister(pe, w.word_address, w.value, 0, kNone);
}

void* Block::carve(Core& core, size_t bytes, size_t align) {
  constexpr size_t kMore = 512;
  const auto skip = static_cast<uint32_t>(-reinterpret_cast<uintptr_t>(core.slab) & (align - 1));
  if (core.slab_left < bytes + skip) {
    const size_t size = std::max(bytes, kMore);
    arena_bytes_ += size;
    core.slab = static_cast<uint8_t*>(arena_.allocate(size, 64));
    core.slab_left = static_cast<uint32_t>(size);
  } else {
    core.slab += skip;
    core.slab_left -= skip;
  }
  uint8_t* at = core.slab;
  core.slab += bytes;
  core.slab_left -= static_cast<uint32_t>(bytes);
  return at;
}

Link* Block::makeLink(Core& core) {
  static_assert(sizeof(Link) % alignof(Slot) == 0);
  auto* raw = static_cast<uint8_t*>(carve(core, sizeof(Link) + params_.link_depth * sizeof(Slot), 64));
  Link* link = new (raw) Link();
  link->slot = new (raw + sizeof(Link)) Slot[params_.link_depth];
  link->mask = static_cast<uint8_t>(params_.link_depth - 1);
  return link;
}

Queue* Block::makeQueue(Core& core, int depth, uint32_t pipe) {
  static_assert(sizeof(Queue) % alignof(Slot) == 0);
  const size_t capacity = static_cast<size_t>(depth) + pipe, places = std::bit_ceil(capacity);
  auto* raw = static_cast<uint8_t*>(carve(core, sizeof(Queue) + places * sizeof(Slot), 32));
  Queue* q = new (raw) Queue();
  q->slot = new (raw + sizeof(Queue)) Slot[places];
  q->mask = static_cast<uint8_t>(places - 1);
  q->depth = static_cast<uint8_t>(depth);
  q->capacity = static_cast<uint8_t>(capacity);
  return q;
}

DsrState* Block::dsrs(uint32_t pe, Core& c) {
  (void)pe;
  if (c.dsr == nullptr) c.dsr = make<DsrState>(3 * target::kDsrPerFile);
  return c.dsr;
}

uint64_t Block::stateBytes() const {
  uint64_t n = pes_.capacity() * sizeof(Pe) + arena_bytes_ + wheel_.bytes() + express_of_.capacity() +
               express_home_.capacity() * (sizeof(ExpressHome) + express_stride_);
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
    s.fill(m.at, m.payload, m.flags, m.color);
    if (!link->express) arriveOutside(m.pe, *link);
    schedule(m.pe, m.at);
  }
}

void Block::hashEvent(Cycles t, uint32_t pe, int color, int port, uint32_t payload, bool control) {
  const PeCoord at = coordOf(pe);
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

}  // namespace weft::mesh
