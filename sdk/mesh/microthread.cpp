// Element-wise running operations: microthreads, and the main thread in a synchronous fabric or FIFO operation. One
// issue slot per cycle and PE; the highest priority that can proceed gets it, equals take turns.
// SPDX-License-Identifier: Apache-2.0
#include "sdk/mesh/mesh_impl.h"
#include "sdk/mesh/rings.h"

#include <algorithm>
#include <cstring>

namespace weft::mesh {

bool Block::stepWorkers(uint32_t pe, Core& core, Cycles t) {
  uint32_t mask = core.ut_active & ~core.ut_blocked & 0xffu;
  if (core.main_active) mask |= 1u << Queue::kMain;
  if (mask == 0) return false;
  const auto workerOf = [&](int i) { return i == Queue::kMain ? core.main_worker : core.ut[static_cast<size_t>(i)]; };
  bool issued = false;
  Cycles later = kNever;
  const auto attempt = [&](int i) {
    Worker& w = *workerOf(i);
    if (w.next > t) {
      later = std::min(later, w.next);
      return false;
    }
    if (stepNext(pe, core, w, t) != Step::Issued) return false;
    core.ut_last = static_cast<uint8_t>(i);
    if (i != Queue::kMain) ++core.slots_taken;
    return true;
  };
  if ((mask & (mask - 1)) == 0) {
    issued = attempt(std::countr_zero(mask));
  } else {
    uint32_t of_rank[4] = {};
    for (uint32_t m = mask; m != 0; m &= m - 1) of_rank[workerOf(std::countr_zero(m))->priority & 3] |= m & -m;
    const uint32_t behind = ~0u << (core.ut_last + 1);
    for (const uint32_t rank : of_rank) {
      // Those behind the last one first.
      for (uint32_t m = rank & behind; m != 0 && !issued; m &= m - 1) issued = attempt(std::countr_zero(m));
      for (uint32_t m = rank & ~behind; m != 0 && !issued; m &= m - 1) issued = attempt(std::countr_zero(m));
    }
  }
  if (issued) {
    // Whoever is left, and whoever waits for what this element did, looks again.
    if (core.ut_active != 0 || core.main_active) schedule(pe, t + 1);
  } else if (later != kNever) {
    schedule(pe, later);
  }
  return issued;
}

bool Block::fifoReadable(Core& core, const Worker& worker, const Operand& operand, uint32_t bytes) const {
  (void)worker;
  return core.fifo[operand.fifo].count >= bytes;
}

/// Whether the next element of a source is there. `control_end`: a control wavelet ends the operation.
bool Block::sourceReady(Core& core, Worker& w, Operand& o, Cycles t, bool* control_end) {
  if (o.kind == Operand::Kind::InQueue) {
    Queue& q = *o.queue;
    if (q.count == 0 || q.front().at > t) return false;
    if (q.front().control() && w.on_control != tir::OnControl::None) *control_end = true;
    return true;
  }
  if (o.kind == Operand::Kind::Fifo) return fifoReadable(core, w, o, o.width);
  return true;
}

uint64_t Block::readElement(uint32_t pe, Core& core, Worker& w, Operand& o, int part) {
  switch (o.kind) {
    case Operand::Kind::Memory: {
      const Pe& p = pes_[pe];
      uint64_t v;
      if (p.memory != nullptr && static_cast<uint32_t>(o.address) + o.width <= p.memory_bytes) {
        if (o.width == 4) {
          uint32_t word;
          std::memcpy(&word, p.memory + o.address, 4);
          v = word;
        } else {
          uint16_t word;
          std::memcpy(&word, p.memory + o.address, 2);
          v = word;
        }
      } else {
        v = loadAny(pe, o.address, o.width, w.site);
      }
      if (o.shape == nullptr && o.wrap_count == 0) {
        o.address = static_cast<uint16_t>(o.address + o.step);
      } else {
        advance(o);
      }
      return v;
    }
    case Operand::Kind::InQueue: {
      const Slot& s = o.queue->front();
      uint32_t payload = s.payload;
      if (o.dsd.has(tir::Dsd::kControlTransform)) payload = (payload & 0x3fffffffu) | (s.control() ? 0x80000000u : 0u);
      return o.width == 4 ? payload : (payload >> (16 * part)) & 0xffffu;
    }
    case Operand::Kind::Fifo: {
      FifoState& f = core.fifo[o.fifo];
      const tir::Fifo& def = programOf(pes_[pe])->program->fifos[o.fifo];
      const uint32_t size = static_cast<uint32_t>(def.capacity) * def.element_bytes;
      uint64_t v = 0;
      for (uint32_t i = 0; i < o.width; ++i)
        v |= loadAny(pe, (def.buffer + (f.head + i) % size) & 0xffff, 1, w.site) << (8 * i);
      f.head = (f.head + o.width) % size;
      f.count -= o.width;
      if (f.read_length > 0) --f.read_length;
      if (f.push_waits != 0 && size - f.count >= f.push_waits) {
        f.push_waits = 0;
        if (def.activate_pop >= 0) complete(pe, core, def.activate_pop, -1, time_);
      }
      return v;
    }
    case Operand::Kind::Scalar: return o.scalar;
    case Operand::Kind::Accumulator: return w.accumulator;
    case Operand::Kind::None:
    case Operand::Kind::OutQueue: break;
  }
  return 0;
}

void Block::advance(Operand& o) {
  if (o.wrap_count != 0) {
    if (++o.wrap_position >= o.wrap_count) o.wrap_position = 0;
    o.address = static_cast<uint16_t>(o.wrap_base + o.wrap_position * o.width);
    return;
  }
  if (o.shape == nullptr) {
    o.address = static_cast<uint16_t>(o.address + o.step);
    return;
  }
  // The innermost dimension that has steps left moves; those inside it start again.
  for (int d = 0; d < o.shape->rank; ++d) {
    if (++o.counter[d] < o.shape->extent[d] || d == o.shape->rank - 1) {
      o.address = static_cast<uint16_t>(o.address + o.shape->stride[d] * o.width);
      return;
    }
    o.counter[d] = 0;
  }
}

Block::Step Block::stepWorker(uint32_t pe, Core& core, Worker& w, Cycles t) {
  // DFilt: drops data until enough control wavelets were seen.
  if (w.opcode == tir::DsdOpcode::DFilt) {
    Queue& q = *w.src1.queue;
    if (q.count == 0 || q.front().at > t) return Step::Waiting;
    const bool control = q.front().control();
    const uint32_t dropped[3] = {0, 0, q.front().payload};
    popInput(core, q);
    queueDrained(pe, core, q, t);
    if (listens_) noteElement(pe, w, 1, dropped, t);
    w.next = t + 1;
    if (control && ++w.done >= w.length && !w.unbounded) finishWorker(pe, core, w, t);
    return Step::Issued;
  }
  const uint32_t group = w.simd && (w.unbounded || w.length - w.done >= 2) ? 2 : 1;
  bool control_end = false;
  const bool ready0 = sourceReady(core, w, w.src0, t, &control_end);
  const bool ready1 = sourceReady(core, w, w.src1, t, &control_end);
  if (control_end) {
    // The wavelet stays at the head: an open channel starts its control task, a blocked one keeps it for the next
    // operation.
    w.terminated = true;
    finishWorker(pe, core, w, t);
    schedule(pe, t + 1);
    return Step::Issued;
  }
  const tir::Program& program = *programOf(pes_[pe])->program;
  const auto fifoStop = [&](const Operand& o, tir::FifoAction action, bool empty) {
    FifoState& f = core.fifo[o.fifo];
    (empty ? f.pop_waits : f.push_waits) = static_cast<uint16_t>(o.width * group);
    const uint16_t left = static_cast<uint16_t>(w.length - w.done);
    const bool suspends =
        action == tir::FifoAction::Suspend || (action == tir::FifoAction::TestOrSuspend && !w.is_main);
    w.discard = !suspends;
    switch (action) {
      case tir::FifoAction::TestOrSuspend:
        if (!w.is_main) return Step::Waiting;
        (empty ? f.read_length : f.write_length) = left;
        w.terminated = true;
        break;
      case tir::FifoAction::Suspend: return Step::Waiting;
      case tir::FifoAction::Terminate: break;
      case tir::FifoAction::Fault:
        trap({pe, t, w.site}, diag::Code::E0713, empty ? "pop from an empty FIFO" : "push to a full FIFO");
        return Step::Waiting;
    }
    finishWorker(pe, core, w, t);
    return Step::Issued;
  };
  for (Operand* o : {&w.src0, &w.src1}) {
    if (o->kind == Operand::Kind::Fifo && core.fifo[o->fifo].count < static_cast<uint32_t>(o->width) * group)
      return fifoStop(*o, program.fifos[o->fifo].on_empty, true);
  }
  if (!ready0 || !ready1) return Step::Waiting;
  if (w.dest.kind == Operand::Kind::OutQueue && !hasRoom(pe, *w.dest.queue, t)) return Step::Waiting;
  if (w.pairs && w.simd && w.done % 4 == 0 && (w.unbounded || w.length - w.done > 2)) {
    // Two wavelets or none; the second one follows in the next cycle.
    for (const Operand* o : {&w.src0, &w.src1}) {
      if (o->kind != Operand::Kind::InQueue) continue;
      const Queue& q = *o->queue;
      if (q.count < 2 || q.second().at > t) return Step::Waiting;
    }
    if (w.dest.kind == Operand::Kind::OutQueue && w.dest.queue->count + 2 > w.dest.queue->capacity)
      return Step::Waiting;
  }
  if (w.dest.kind == Operand::Kind::Fifo) {
    const tir::Fifo& def = program.fifos[w.dest.fifo];
    const uint32_t size = static_cast<uint32_t>(def.capacity) * def.element_bytes;
    if (size - core.fifo[w.dest.fifo].count < static_cast<uint32_t>(w.dest.width) * group)
      return fifoStop(w.dest, def.on_full, false);
  }

  uint32_t out_payload = 0;
  uint32_t heard[3] = {};
  for (uint32_t part = 0; part < group; ++part) {
    uint64_t value = 0;
    uint64_t a = 0;
    if (w.src0.kind != Operand::Kind::None) a = readElement(pe, core, w, w.src0, static_cast<int>(part));
    const uint64_t b = readElement(pe, core, w, w.src1, static_cast<int>(part));
    switch (w.opcode) {
      case tir::DsdOpcode::Mov16:
      case tir::DsdOpcode::Mov32:
      case tir::DsdOpcode::FMovH:
      case tir::DsdOpcode::FMovS: value = b; break;
      default:
        value = kernelElement(w, a, b);
        if (core.main.unmasked != 0 && elementStops(pe, w, core.main.unmasked, a, b, value, t)) return Step::Waiting;
        break;
    }
    if (listens_) [[unlikely]] {
      heard[0] |= static_cast<uint32_t>(value << (16 * part));
      heard[1] |= static_cast<uint32_t>(a << (16 * part));
      heard[2] |= static_cast<uint32_t>(b << (16 * part));
    }
    if (w.accumulate || w.single) w.accumulator = value;
    switch (w.dest.kind) {
      case Operand::Kind::Memory:
        storeAny(pe, w.dest.address, w.dest.width, value, w.site);
        advance(w.dest);
        break;
      case Operand::Kind::OutQueue:
        if (w.dest.width == 4) {
          out_payload = static_cast<uint32_t>(value);
        } else {
          out_payload |= static_cast<uint32_t>(value & 0xffff) << (16 * part);
        }
        break;
      case Operand::Kind::Fifo: {
        FifoState& f = core.fifo[w.dest.fifo];
        const tir::Fifo& def = program.fifos[w.dest.fifo];
        const uint32_t size = static_cast<uint32_t>(def.capacity) * def.element_bytes;
        for (uint32_t i = 0; i < w.dest.width; ++i)
          storeAny(pe, (def.buffer + (f.head + f.count + i) % size) & 0xffff, 1, (value >> (8 * i)) & 0xff, w.site);
        f.count += w.dest.width;
        if (f.write_length > 0) --f.write_length;
        if (f.pop_waits != 0 && f.count >= f.pop_waits) {
          f.pop_waits = 0;
          if (def.activate_push >= 0) complete(pe, core, def.activate_push, -1, t);
        }
        break;
      }
      case Operand::Kind::None:
      case Operand::Kind::Accumulator:
      case Operand::Kind::Scalar:
      case Operand::Kind::InQueue: break;
    }
  }
  for (Operand* o : {&w.src0, &w.src1}) {
    if (o->kind != Operand::Kind::InQueue) continue;
    popInput(core, *o->queue);
    if (o->queue->count == 0) queueDrained(pe, core, *o->queue, t);
  }
  if (listens_) [[unlikely]]
    noteElement(pe, w, group, heard, t);
  w.done += group;
  stats.dsd_elements += group;
  const bool finished = !w.unbounded && w.done >= w.length;
  if (w.dest.kind == Operand::Kind::OutQueue) {
    uint8_t flags = w.dest.dsd.has(tir::Dsd::kControl) ? Slot::kControl : 0;
    if (w.dest.dsd.has(tir::Dsd::kIndexOffset))
      out_payload = (out_payload & 0xffffu) | static_cast<uint32_t>(w.index) << 16;
    if (w.dest.dsd.has(tir::Dsd::kControlTransform) && (out_payload >> 31) != 0) {
      flags = Slot::kControl;
      out_payload = (out_payload & 0x3fffffffu) ^ (static_cast<uint32_t>(core.control_transform_mask & 0x3f) << 16);
    }
    if (finished && w.dest.dsd.has(tir::Dsd::kAdvanceSwitch)) flags |= Slot::kAdvanceAfter;
    pushOutput(pe, core, *w.dest.queue, out_payload, flags, w.dest.dsd.color(), t + 1 + params_.ramp_out);
  }
  w.next = t + w.interval;
  if (finished) finishWorker(pe, core, w, t);
  return Step::Issued;
}

/// Decides whether stepSimple() may run the operation, and fills in what it needs.
void Block::makeSimple(Worker& w) const {
  w.simple = false;
  // Elements are noted by stepWorker().
  if (listens_) return;
  if (w.opcode == tir::DsdOpcode::DFilt) return;
  if (w.src0.kind == Operand::Kind::InQueue && w.src1.kind == Operand::Kind::InQueue) return;
  w.in = w.out = nullptr;
  w.shape = 0;
  const Operand* operands[3] = {&w.src0, &w.src1, &w.dest};
  for (size_t i = 0; i < 3; ++i) {
    const Operand& o = *operands[i];
    switch (o.kind) {
      case Operand::Kind::Memory:
        if (o.shape != nullptr || o.wrap_count != 0) return;
        break;
      case Operand::Kind::InQueue:
        if (i == 2 || o.dsd.has(tir::Dsd::kControlTransform)) return;
        w.in = o.queue;
        break;
      case Operand::Kind::OutQueue:
        if (i != 2 || o.dsd.has(tir::Dsd::kControlTransform)) return;
        w.out = o.queue;
        break;
      case Operand::Kind::None:
      case Operand::Kind::Accumulator: break;
      case Operand::Kind::Scalar:
        if (i == 2) return;
        break;
      case Operand::Kind::Fifo: return;
    }
    w.kind[i] = o.kind;
    w.address[i] = o.address;
    w.step[i] = static_cast<uint16_t>(o.step);
    if (o.width == 4) w.shape |= static_cast<uint8_t>(1u << i);
  }
  if (w.accumulate || w.single) w.shape |= 8;
  if (w.dest.dsd.has(tir::Dsd::kIndexOffset)) w.shape |= 16;
  if (w.dest.dsd.has(tir::Dsd::kAdvanceSwitch)) w.shape |= 32;
  w.out_color = w.dest.dsd.color();
  w.out_flags = w.dest.dsd.has(tir::Dsd::kControl) ? Slot::kControl : 0;
  w.simple = true;
}

void Block::syncCursors(Worker& w) {
  if (!w.simple) return;
  w.src0.address = w.address[0];
  w.src1.address = w.address[1];
  w.dest.address = w.address[2];
}

/// Finds Core::lone anew.
void Block::findLone(Core& core) {
  core.lone = nullptr;
  if (core.main_active) {
    if (core.ut_active == 0) core.lone = core.main_worker;
  } else if (std::has_single_bit(core.ut_active)) {
    core.lone = core.ut[static_cast<size_t>(std::countr_zero(core.ut_active))];
  }
}

void Block::finishWorker(uint32_t pe, Core& core, Worker& w, Cycles t) {
  w.active = false;
  syncCursors(w);
  for (Operand* o : {&w.dest, &w.src0, &w.src1}) {
    if (o->fabric() && o->queue->user == w.number) o->queue->user = Queue::kFree;
    if (o->kind == Operand::Kind::InQueue && !o->queue->implicit)
      core.iq_owned &= static_cast<uint8_t>(~(1u << o->queue->id));
    saveAddresses(core, *o);
  }
  if (w.accumulate && !w.discard && (w.done > 0 || w.src0.kind == Operand::Kind::Accumulator))
    storeAny(pe, w.dest.address, w.dest.width, w.accumulator, w.site);
  const bool zero_first = w.dest.dsd.has(tir::Dsd::kZeroFirst), zero_second = w.dest.dsd.has(tir::Dsd::kZeroSecond);
  if (w.dest.kind == Operand::Kind::OutQueue && (zero_first || zero_second)) {
    Operand o = zero_first ? w.src0 : w.src1;
    if (o.kind == Operand::Kind::Memory) {
      o.address = o.start;
      std::fill(std::begin(o.counter), std::end(o.counter), uint16_t{0});
      for (uint32_t i = 0; i < w.done; ++i) {
        storeAny(pe, o.address, o.width, 0, w.site);
        advance(o);
      }
    }
  }
  int activate = w.activate, unblock = w.unblock;
  if (w.terminated && !w.is_main) {
    if (w.on_control == tir::OnControl::Activate) activate = w.on_control_id, unblock = -1;
    if (w.on_control == tir::OnControl::Unblock) unblock = w.on_control_id, activate = -1;
  }
  if (activate >= 0 || unblock >= 0) complete(pe, core, activate, unblock, t);
  if (w.is_main) {
    // The task goes on in the next cycle.
    core.main.state = MainState::Request;
    core.main.request = RequestKind::None;
    core.main.now = t + 1;
    core.main.args[0] = w.single ? w.accumulator : (w.terminated ? 0 : 1);
    core.main.slots_seen = core.slots_taken;
    core.main_active = false;
    settleMain(core);
    schedule(pe, t + 1);
  } else {
    core.ut_active &= static_cast<uint8_t>(~(1u << w.number));
    if (listens_ && core.main.state == MainState::Idle) noteIdle(pe, core, t + 1);
  }
  findLone(core);
}

void Block::complete(uint32_t pe, Core& core, int activate, int unblock, Cycles t) {
  if (core.callbacks == nullptr) {
    callback_pool_.push_back(std::make_unique<std::vector<Callback>>());
    core.callbacks = callback_pool_.back().get();
  }
  const Cycles at = t + params_.completion_callback;
  core.has_callbacks = true;
  core.callbacks->push_back({at, static_cast<int16_t>(activate), static_cast<int16_t>(unblock)});
  schedule(pe, at);
}

void Block::runCallbacks(uint32_t pe, Core& core, Cycles t) {
  auto& list = *core.callbacks;
  if (list.empty()) return;
  size_t kept = 0;
  for (const Callback& c : list) {
    if (c.at > t) {
      list[kept++] = c;
      continue;
    }
    if (c.activate >= 0) pes_[pe].active |= 1ull << (c.activate & 63);
    if (c.unblock >= 0) pes_[pe].blocked &= ~(1ull << (c.unblock & 63));
  }
  list.resize(kept);
  core.has_callbacks = kept != 0;
}

}  // namespace weft::mesh
