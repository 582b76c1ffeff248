// Issue of a vector operation: operands, length, microthread, checks; then either the memory path or a worker.
// SPDX-License-Identifier: Apache-2.0
#include "sdk/mesh/mesh_impl.h"

#include <algorithm>

namespace weft::mesh {

using tir::DsdKind;

/// Fills a cursor from a descriptor. The index offset is added by the caller.
void Block::place(uint32_t pe, Core& core, tir::Dsd dsd, Operand* out) {
  (void)core;
  out->dsd = dsd;
  switch (dsd.kind()) {
    case DsdKind::Mem1d:
      out->kind = Operand::Kind::Memory;
      out->address = dsd.base();
      out->stride = dsd.stride();
      out->step = dsd.stride() * out->width;
      break;
    case DsdKind::Mem4d:
      // A program may have written over the variable that holds the descriptor.
      if (dsd.shape() >= programOf(pes_[pe])->program->shapes.size()) break;
      out->kind = Operand::Kind::Memory;
      out->address = dsd.base();
      out->shape = &programOf(pes_[pe])->program->shapes[dsd.shape()];
      out->stride = out->shape->stride[0];
      out->step = out->shape->stride[0] * out->width;
      break;
    case DsdKind::Circbuf:
      if (dsd.shape() == 0) break;
      out->kind = Operand::Kind::Memory;
      out->wrap_base = dsd.base();
      out->wrap_count = dsd.shape();
      out->address = static_cast<uint16_t>(dsd.base() + out->wrap_position * out->width);
      out->stride = 1;
      out->step = out->width;
      break;
    case DsdKind::FabIn:
    case DsdKind::FabOut:
      if (dsd.color() != tir::kNoColor && dsd.color() >= target::kColorCount) break;
      out->kind = dsd.kind() == DsdKind::FabIn ? Operand::Kind::InQueue : Operand::Kind::OutQueue;
      break;
    case DsdKind::Fifo:
      if (dsd.queue() >= programOf(pes_[pe])->program->fifos.size()) break;
      out->kind = Operand::Kind::Fifo;
      out->fifo = dsd.queue();
      break;
    case DsdKind::None: break;
  }
  out->start = out->address;
}

/// Fills in a fresh operand.
bool Block::resolve(uint32_t pe, Core& core, const tir::DsdOperand& spec, const uint64_t*& args, int width,
                    Operand* out, tir::DsrConfig* config, uint32_t site, Cycles t, bool is_dest) {
  out->width = static_cast<uint8_t>(width);
  const tir::Program& program = *programOf(pes_[pe])->program;
  switch (spec.kind) {
    case tir::DsdOperand::Kind::None: return true;
    case tir::DsdOperand::Kind::Dsd: place(pe, core, tir::Dsd{*args++}, out); break;
    case tir::DsdOperand::Kind::Dsr: {
      const DsrState& d = dsrs(pe, core)[spec.dsr.encode()];
      if (!d.loaded) {
        trap({pe, t, site}, diag::Code::E0707,
             fmt::format("descriptor register {} is used before it is loaded", spec.dsr.number));
        return false;
      }
      out->wrap_position = d.position;
      place(pe, core, d.value, out);
      if (d.config < program.dsr_configs.size()) {
        *config = program.dsr_configs[d.config];
        if (config->save_address && out->kind == Operand::Kind::Memory)
          out->save_dsr = static_cast<uint8_t>(spec.dsr.encode());
      }
      break;
    }
    case tir::DsdOperand::Kind::Fifo:
      out->kind = Operand::Kind::Fifo;
      out->fifo = spec.fifo;
      return true;
    case tir::DsdOperand::Kind::Scalar:
      out->kind = Operand::Kind::Scalar;
      out->scalar = *args++;
      return true;
    case tir::DsdOperand::Kind::Pointer:
      out->kind = Operand::Kind::Accumulator;
      out->address = out->start = static_cast<uint16_t>(*args++);
      return true;
  }
  if (out->kind == Operand::Kind::None || (is_dest && out->kind == Operand::Kind::InQueue) ||
      (!is_dest && out->kind == Operand::Kind::OutQueue)) {
    trap({pe, t, site}, diag::Code::E0707,
         out->kind == Operand::Kind::None ? std::string("operand is not a descriptor")
         : is_dest                        ? std::string("an input descriptor cannot be a destination")
                                          : std::string("an output descriptor cannot be a source"));
    return false;
  }
  return true;
}

namespace {

/// The raw length field; `none` is set if the operand is no descriptor.
uint32_t lengthOf(const Operand& o, const Core& core, bool dest) {
  switch (o.kind) {
    case Operand::Kind::Memory:
      if (o.shape != nullptr) {
        uint32_t n = 1;
        for (int d = 0; d < o.shape->rank; ++d) n *= o.shape->extent[d];
        return n;
      }
      return o.dsd.length();
    case Operand::Kind::InQueue:
    case Operand::Kind::OutQueue: return o.dsd.length();
    case Operand::Kind::Fifo: return dest ? core.fifo[o.fifo].write_length : core.fifo[o.fifo].read_length;
    case Operand::Kind::None:
    case Operand::Kind::Scalar:
    case Operand::Kind::Accumulator: break;
  }
  return 0;
}

bool described(const Operand& o) { return o.kind == Operand::Kind::Memory || o.fabric(); }

int rankOf(tir::DsdPriority p) {
  switch (p) {
    case tir::DsdPriority::High: return 0;
    case tir::DsdPriority::Medium: return 1;
    case tir::DsdPriority::Low:
    case tir::DsdPriority::Default: break;
  }
  return 3;
}

}  // namespace

uint32_t Block::operationLength(const Operand& dest, const Operand& src0, const Operand& src1, const Core& core) const {
  if (const uint32_t n = lengthOf(src0, core, false)) return n;
  if (const uint32_t n = lengthOf(src1, core, false)) return n;
  if (const uint32_t n = lengthOf(dest, core, true)) return n;
  return described(dest) || described(src0) || described(src1) ? 0 : 1;
}

/// Finds the queue of a fabric operand and checks that it is free and carries the right color.
bool Block::bindFabric(uint32_t pe, Core& core, Operand& o, uint32_t site, Cycles t) {
  const bool wse2 = params_.arch == target::Arch::Wse2;
  const bool input = o.kind == Operand::Kind::InQueue;
  uint8_t color = o.dsd.color();
  int id = o.dsd.queue();
  const Where where{pe, t, site};
  if (input) {
    if (id == tir::kNoQueue) {
      if (color == tir::kNoColor) {
        trap(where, diag::Code::E0712, "the input descriptor names neither a queue nor a color");
        return false;
      }
      o.queue = landingQueue(pe, core, colorState(pe, core, color));
      if (o.queue == nullptr) {
        trap(where, diag::Code::E0712, fmt::format("no input queue is bound to color {}", color));
        return false;
      }
    } else {
      o.queue = inputQueue(pe, core, id & 7);
      if (o.queue->color == tir::kNoColor) {
        if (color == tir::kNoColor) {
          trap(where, diag::Code::E0712, fmt::format("input queue {} is not bound to a color", id));
          return false;
        }
        bindInputQueue(pe, core, id & 7, color);
      } else if (wse2 && color != tir::kNoColor && color != o.queue->color && o.queue->user == Queue::kFree) {
        // Words of the other color stay with their queue.
        if (o.queue->count == 0) {
          bindInputQueue(pe, core, id & 7, color);
        } else {
          o.queue = landingQueue(pe, core, colorState(pe, core, color));
        }
      }
    }
  } else {
    if (id == tir::kNoQueue) id = target::outputQueueCount(params_.arch) - 1;
    o.queue = outputQueue(pe, core, id & 7);
    if (wse2) {
      if (color == tir::kNoColor) color = o.queue->color;
    } else {
      if (o.queue->color == tir::kNoColor && color != tir::kNoColor) o.queue->color = color;
      if (color != tir::kNoColor && color != o.queue->color) {
        trap(where, diag::Code::E0704,
             fmt::format("the descriptor names color {}, output queue {} is bound to color {}", color, id,
                         o.queue->color));
        return false;
      }
      color = o.queue->color;
    }
    if (color == tir::kNoColor) {
      trap(where, diag::Code::E0712, fmt::format("output queue {} is not bound to a color", id));
      return false;
    }
    o.dsd = o.dsd.withColor(color);
  }
  if (o.queue->user != Queue::kFree) {
    const Worker* other =
        o.queue->user == Queue::kMain ? core.main_worker : core.ut[static_cast<size_t>(o.queue->user)];
    trap(where, diag::Code::E0703,
         fmt::format("{} queue {} is in use by the operation at {}", input ? "input" : "output", o.queue->id,
                     other != nullptr ? siteText(pe, other->site) : std::string("?")));
    return false;
  }
  return true;
}

void Block::saveAddresses(Core& core, const Operand& o) {
  if (o.save_dsr == 0xff || core.dsr == nullptr) return;
  DsrState& d = core.dsr[o.save_dsr];
  if (o.wrap_count != 0) {
    d.position = o.wrap_position;
    return;
  }
  uint16_t address = o.address;
  if (o.dsd.has(tir::Dsd::kIndexOffset)) address = static_cast<uint16_t>(address - (o.start - o.dsd.base()));
  d.value = d.value.withBase(address);
}

bool Block::startWorker(uint32_t pe, Core& core, Worker& w, int number, uint32_t site, Cycles t) {
  for (Operand* o : {&w.dest, &w.src0, &w.src1}) {
    if (o->fabric() && !bindFabric(pe, core, *o, site, t)) return false;
    // The same queue twice in one operation is found by the second check.
    if (o->fabric()) o->queue->user = static_cast<int8_t>(number);
    if (o->kind == Operand::Kind::InQueue && !o->queue->implicit)
      core.iq_owned |= static_cast<uint8_t>(1u << o->queue->id);
  }
  w.number = static_cast<uint8_t>(number);
  w.is_main = number == Queue::kMain;
  w.is_async = !w.is_main;
  w.active = true;
  w.site = site;
  w.started = t;
  w.reads_fabric = w.src0.kind == Operand::Kind::InQueue || w.src1.kind == Operand::Kind::InQueue;
  w.writes_fabric = w.dest.kind == Operand::Kind::OutQueue;
  w.element = elementFn(w.opcode);
  w.simple = false;
  if (core.main.unmasked == 0) [[likely]]
    makeSimple(w);
  Worker*& place = w.is_main ? core.main_worker : core.ut[static_cast<size_t>(number)];
  if (place == nullptr) place = new (carve(core, sizeof(Worker), 64)) Worker();
  *place = w;
  if (!w.is_main) core.ut_active |= static_cast<uint8_t>(1u << number);
  core.main_active = core.main_active || w.is_main;
  findLone(core);
  schedule(pe, std::max(w.next, time_));
  return true;
}

/// Issues at cycle t. `at_time`: simulated time has reached t; otherwise the task runs ahead and nothing else is active
/// on the PE. Returns a WeftStatus with wpe_ or the main thread updated, or -1: come back when it is time.
int32_t Block::issueDsd(uint32_t pe, Core& core, uint32_t op_index, uint32_t site, const uint64_t* args, Cycles t,
                        bool at_time) {
  const tir::Program& program = *programOf(pes_[pe])->program;
  const tir::DsdOp& op = program.dsd_ops[op_index];
  const tir::DsdOpInfo& info = tir::dsdOpInfo(op.op);
  Worker w;
  tir::DsrConfig config[3];
  const uint64_t* next = args;
  if (!resolve(pe, core, op.dest, next, info.dest_width, &w.dest, &config[0], site, t, true) ||
      !resolve(pe, core, op.src0, next, info.src0_width, &w.src0, &config[1], site, t, false) ||
      !resolve(pe, core, op.src1, next, info.src1_width, &w.src1, &config[2], site, t, false))
    return WEFT_TRAP;
  w.opcode = op.op;
  w.kernel = mesh_.kernels() != nullptr ? mesh_.kernels()[static_cast<size_t>(op.op)] : nullptr;
  if (info.has_scalar) w.scalar = *next++;
  if (op.has_index) w.index = static_cast<uint16_t>(*next++);
  if (op.has_activate) w.activate = static_cast<int16_t>(*next++);
  if (op.has_unblock) w.unblock = static_cast<int16_t>(*next++);
  Cycles load_cycles = 0;
  bool async = op.async;
  bool fabric = false, fifo = false, all_simd = true, registered = false;
  w.on_control = op.on_control;
  w.on_control_id = op.hasControlId() ? static_cast<int16_t>(*next++) : op.on_control_id;
  int ut = -1;
  Operand* operands[3] = {&w.dest, &w.src0, &w.src1};
  const tir::DsdOperand* specs[3] = {&op.dest, &op.src0, &op.src1};
  tir::DsdPriority priority = op.priority;
  for (int i = 0; i < 3; ++i) {
    Operand& o = *operands[i];
    if (specs[i]->kind == tir::DsdOperand::Kind::Dsd)
      load_cycles += o.fabric() ? params_.fabric_load : params_.dsd.dsr_load;
    if (specs[i]->kind == tir::DsdOperand::Kind::Dsr) {
      const tir::DsrConfig& c = config[i];
      async = async || c.async;
      if (c.ut_id >= 0 && ut < 0) ut = c.ut_id;
      if (o.fabric()) {
        // What ends an asynchronous register's operation lies in the register; the same words on the operation are
        // documentation, others have no effect.
        if (c.async && !registered) w.activate = w.unblock = -1;
        registered = registered || c.async;
        if (w.activate < 0) w.activate = c.activate;
        if (w.unblock < 0) w.unblock = c.unblock;
        if (w.on_control == tir::OnControl::None) {
          w.on_control = c.on_control;
          w.on_control_id = c.on_control_id;
        }
      }
    }
    if (o.kind == Operand::Kind::Memory && o.dsd.has(tir::Dsd::kIndexOffset)) {
      o.address = static_cast<uint16_t>(o.address + 2 * w.index);
      o.start = o.address;
    }
    if (o.fabric()) {
      fabric = true;
      all_simd = all_simd && o.width == 2 && o.dsd.simd() != tir::SimdMode::Off;
      if (priority == tir::DsdPriority::Default) priority = o.dsd.priority();
      w.pairs = w.pairs || o.dsd.simd() == tir::SimdMode::Simd64;
    }
    if (o.kind == Operand::Kind::Fifo) {
      fifo = true;
      if (priority == tir::DsdPriority::Default) priority = program.fifos[o.fifo].priority;
    }
  }
  // WSE-2: an operation that only receives runs on the microthread of its input queue and has the queue's priority.
  if (priority == tir::DsdPriority::Default && !w.dest.fabric()) {
    const Operand& from = w.src0.fabric() ? w.src0 : w.src1;
    if (from.fabric()) priority = programOf(pes_[pe])->queue_priority[from.dsd.queue() & 7u];
  }
  w.length = operationLength(w.dest, w.src0, w.src1, core);
  w.simd = fabric && all_simd;
  // (p, v, S): the accumulator starts at v and is stored at the end.
  if (w.dest.kind == Operand::Kind::Accumulator) {
    if (w.src0.kind == Operand::Kind::Scalar && info.sources == 2) {
      w.accumulate = true;
      w.accumulator = w.src0.scalar;
      w.src0.kind = Operand::Kind::Accumulator;
    } else if (fifo) {
      // Stored at the end, and not at all if the FIFO ends it early.
      w.accumulate = true;
    } else {
      w.dest.kind = Operand::Kind::Memory;
      w.dest.step = 0;
      w.dest.stride = 0;
    }
  }
  const WeftDsdCosts& costs = params_.dsd;
  if (!fabric && !fifo) {
    if (listens_) [[unlikely]]
      noteIssue(pe, core, w, &op, Queue::kMain, site, t);
    if (!runMemory(pe, w, site, t)) return WEFT_TRAP;
    const Cycles end = t + load_cycles + memoryCost(w);
    stats.dsd_elements += w.length;
    if (listens_) [[unlikely]]
      noteMemoryEnd(w.length, end);
    for (Operand* o : operands) saveAddresses(core, *o);
    // A register said so, but there is nothing to wait for.
    if (async && (w.activate >= 0 || w.unblock >= 0)) complete(pe, core, w.activate, w.unblock, t);
    wpe_.now = end;
    wpe_.result = 1;
    return WEFT_DONE;
  }
  w.unbounded = tir::isUnbounded(static_cast<uint16_t>(w.length));
  const WeftDsdRate& rate = costs.op[static_cast<size_t>(op.op)];
  const uint32_t per =
      w.src0.kind == Operand::Kind::Memory && w.src1.kind == Operand::Kind::Memory ? rate.two_source : rate.one_source;
  w.interval = static_cast<uint8_t>(std::clamp((per * (w.simd ? 2u : 1u) + 15u) / 16u, 1u, 200u));
  w.priority = static_cast<uint8_t>(rankOf(priority));

  if (!async) {
    if (!at_time) return -1;
    w.priority = core.main_priority;
    const Cycles start = t + load_cycles + rate.fixed;
    if (w.length == 0) {
      if (listens_) noteIssue(pe, core, w, &op, Queue::kMain, site, t);
      if (w.src0.kind == Operand::Kind::Accumulator) storeAny(pe, w.dest.address, w.dest.width, w.accumulator, site);
      wpe_.now = start;
      wpe_.result = 1;
      return WEFT_DONE;
    }
    w.next = start;
    if (!startWorker(pe, core, w, Queue::kMain, site, t)) return WEFT_TRAP;
    if (listens_) noteIssue(pe, core, w, &op, Queue::kMain, site, t);
    core.main.state = MainState::Waiting;
    core.main.site = site;
    return WEFT_BLOCKED;
  }

  // Which microthread.
  const Operand* first_in = w.src0.kind == Operand::Kind::InQueue   ? &w.src0
                            : w.src1.kind == Operand::Kind::InQueue ? &w.src1
                                                                    : nullptr;
  const auto queueNumber = [&](const Operand& o) {
    if (o.dsd.queue() != tir::kNoQueue) return static_cast<int>(o.dsd.queue());
    return o.kind == Operand::Kind::OutQueue ? target::outputQueueCount(params_.arch) - 1 : 7;
  };
  if (params_.arch == target::Arch::Wse2) ut = -1;
  if (ut < 0 && params_.arch == target::Arch::Wse3) ut = op.ut_id;
  if (ut < 0)
    ut = w.dest.kind == Operand::Kind::OutQueue ? queueNumber(w.dest)
         : first_in != nullptr                  ? queueNumber(*first_in)
                                                : 0;
  ut &= 7;
  if (((core.ut_active >> ut) & 1) != 0) {
    trap({pe, t, site}, diag::Code::E0702,
         fmt::format("microthread {} still runs the operation at {}", ut,
                     siteText(pe, core.ut[static_cast<size_t>(ut)]->site)));
    return WEFT_TRAP;
  }
  const Cycles end = t + load_cycles + params_.async_issue;
  w.next = t + load_cycles + params_.async_start;
  if (w.length == 0) {
    if (w.activate >= 0 || w.unblock >= 0) complete(pe, core, w.activate, w.unblock, t);
  } else if (!startWorker(pe, core, w, ut, site, t)) {
    return WEFT_TRAP;
  }
  if (listens_) noteIssue(pe, core, w, &op, ut, site, t);
  wpe_.now = end;
  wpe_.result = 1;
  if (running_ == pe) {
    wpe_.flags |= WEFT_PE_SHARED;
    wpe_.deadline = std::min(wpe_.deadline, wpe_.now + params_.sync_quantum);
  }
  return WEFT_DONE;
}

/// @map's element moves.
int32_t Block::fabricElement(uint32_t pe, Core& core, bool read, uint64_t dsd, uint32_t width, uint32_t value,
                             uint32_t site, Cycles t) {
  Worker w;
  w.opcode = width == 4 ? tir::DsdOpcode::Mov32 : tir::DsdOpcode::Mov16;
  w.single = read;
  w.length = 1;
  w.priority = core.main_priority;
  Operand& fabric = read ? w.src1 : w.dest;
  fabric.width = static_cast<uint8_t>(width);
  place(pe, core, tir::Dsd{dsd}, &fabric);
  if (!fabric.fabric() || (fabric.kind == Operand::Kind::InQueue) != read) {
    trap({pe, t, site}, diag::Code::E0707, "operand is not a fabric descriptor of the right direction");
    return WEFT_TRAP;
  }
  if (!read) {
    w.src1.kind = Operand::Kind::Scalar;
    w.src1.scalar = value;
    w.src1.width = static_cast<uint8_t>(width);
  }
  w.next = t;
  if (!startWorker(pe, core, w, Queue::kMain, site, t)) return WEFT_TRAP;
  if (listens_) noteIssue(pe, core, w, nullptr, Queue::kMain, site, t);
  core.main.state = MainState::Waiting;
  core.main.site = site;
  // The workers' turn of this cycle is over.
  core.main_worker->next = std::max(t, time_ + 1);
  schedule(pe, core.main_worker->next);
  return WEFT_BLOCKED;
}

}  // namespace weft::mesh
