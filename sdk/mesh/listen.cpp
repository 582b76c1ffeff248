// What listeners hear of: wavelets, instructions, switches, log lines. Blocks note them, the mesh passes them on behind
// the barrier in one order for any number of threads.
// SPDX-License-Identifier: Apache-2.0
#include "sdk/mesh/mesh_impl.h"

#include <algorithm>
#include <tuple>

namespace weft::mesh {
namespace {

using Place = InstructionEvent::Place;

/// Task of the main thread, as events name it.
int16_t taskOf(const MainThread& m) { return m.system ? int16_t{-1} : static_cast<int16_t>(m.task & 63); }

Place valueOf(uint64_t bits, uint32_t width) {
  return {Place::Kind::Value, 0, static_cast<uint8_t>(width), static_cast<uint32_t>(bits)};
}

/// Where the elements of an operand are. `spec`: as the program says it, or nullptr.
Place placeOf(const Operand& o, const tir::DsdOperand* spec) {
  if (spec != nullptr && spec->kind == tir::DsdOperand::Kind::Dsr)
    return {Place::Kind::Register, static_cast<uint8_t>(spec->dsr.encode()), o.width, 0};
  switch (o.kind) {
    case Operand::Kind::None: break;
    case Operand::Kind::Memory:
    case Operand::Kind::Accumulator: return {Place::Kind::Memory, 0, o.width, o.start};
    case Operand::Kind::InQueue:
      return {Place::Kind::InQueue, o.queue != nullptr ? o.queue->id : o.dsd.queue(), o.width, 0};
    case Operand::Kind::OutQueue:
      return {Place::Kind::OutQueue, o.queue != nullptr ? o.queue->id : o.dsd.queue(), o.width, 0};
    case Operand::Kind::Fifo: return {Place::Kind::Fifo, o.fifo, o.width, 0};
    case Operand::Kind::Scalar: return valueOf(o.scalar, o.width);
  }
  return {};
}

/// Calls that a compute element does with instructions of its own; the others are the emulator's.
bool shown(tir::DeviceCall call) {
  using Call = tir::DeviceCall;
  switch (call) {
    case Call::CoordX:
    case Call::CoordY:
    case Call::FabricCoordX:
    case Call::FabricCoordY:
    case Call::AssertFailed:
    case Call::PrintText:
    case Call::PrintValue:
    case Call::PerfRead:
    // Elements of @map: operations.
    case Call::FabricRead:
    case Call::FabricWrite: return false;
    default: return true;
  }
}

}  // namespace

void Block::listenToInstructions(bool on) {
  listens_ = on;
  heard_.assign(on ? pes_.size() : 0, Heard{});
  openEngineView();
}

void Block::traceWavelet(Cycles t, uint32_t pe, int color, int port, uint32_t payload, bool control, uint8_t ways) {
  if (mesh_.options().trace_hash) hashEvent(t, pe, color, port, payload, control);
  if (!mesh_.listening()) return;
  events.push_back({t, coordOf(pe), static_cast<uint8_t>(color), static_cast<uint8_t>(port), control, payload, ways});
}

void Block::traceTask(Cycles t, uint32_t pe, Core& core, uint32_t function) {
  const MainThread& m = core.main;
  if (mesh_.options().trace_hash) hashEvent(t, pe, 0xff, m.task & 0xff, function, m.system);
  if (!listens_) return;
  InstructionEvent e;
  e.cycle = t;
  e.pe = coordOf(pe);
  e.kind = InstructionEvent::Kind::Task;
  e.task = taskOf(m);
  e.number = ++heard_[pe].count;
  e.site = programOf(pes_[pe])->program->functions[function].site.value;
  instructions.push_back(e);
}

void Block::noteCall(uint32_t pe, Core& core, uint32_t call, uint32_t site, const uint64_t* args, Cycles t) {
  const auto kind = static_cast<tir::DeviceCall>(call);
  if (!shown(kind)) return;
  InstructionEvent e;
  e.cycle = t;
  e.pe = coordOf(pe);
  e.kind = InstructionEvent::Kind::Call;
  e.what = static_cast<uint8_t>(call);
  e.task = taskOf(core.main);
  e.number = ++heard_[pe].count;
  e.site = site;
  const size_t count = std::min<size_t>(tir::deviceArgs(kind).size(), 3);
  for (size_t i = 0; i < count; ++i) e.places[i + 1] = valueOf(args[i], args[i] > 0xffff ? 4 : 2);
  switch (kind) {
    case tir::DeviceCall::LoadDsr:
    case tir::DeviceCall::GetDsr:
    case tir::DeviceCall::SetDsrBase:
    case tir::DeviceCall::SetDsrLength:
      e.places[0] = {Place::Kind::Register, static_cast<uint8_t>(args[0] % 48), 4, 0};
      // The third argument of a load is a number of ours.
      e.places = {e.places[0], e.places[2], {}, {}};
      break;
    default: break;
  }
  instructions.push_back(e);
}

void Block::noteIssue(uint32_t pe, Core& core, const Worker& w, const tir::DsdOp* op, int thread, uint32_t site,
                      Cycles t) {
  Heard& heard = heard_[pe];
  InstructionEvent e;
  e.cycle = t;
  e.pe = coordOf(pe);
  e.kind = InstructionEvent::Kind::Issue;
  e.what = static_cast<uint8_t>(w.opcode);
  e.thread = thread == Queue::kMain ? int8_t{-1} : static_cast<int8_t>(thread);
  e.task = taskOf(core.main);
  e.number = ++heard.count;
  e.site = site;
  e.places[0] = placeOf(w.dest, op != nullptr ? &op->dest : nullptr);
  e.places[1] = placeOf(w.src0, op != nullptr ? &op->src0 : nullptr);
  e.places[2] = placeOf(w.src1, op != nullptr ? &op->src1 : nullptr);
  if (tir::dsdOpInfo(w.opcode).has_scalar) e.places[3] = valueOf(w.scalar, tir::dsdOpInfo(w.opcode).src1_width);
  heard.running[thread] = {e.number, e.task};
  instructions.push_back(e);
}

void Block::noteMemoryEnd(uint32_t length, Cycles end) {
  if (length == 0) return;
  InstructionEvent e = instructions.back();
  e.cycle = end;
  e.kind = InstructionEvent::Kind::Element;
  e.step = length - 1;
  instructions.push_back(e);
}

void Block::noteElement(uint32_t pe, const Worker& w, uint32_t lanes, const uint32_t (&values)[3], Cycles t) {
  const Begun& begun = heard_[pe].running[w.number];
  InstructionEvent e;
  e.cycle = t;
  e.pe = coordOf(pe);
  e.kind = InstructionEvent::Kind::Element;
  e.what = static_cast<uint8_t>(w.opcode);
  e.lanes = static_cast<uint8_t>(lanes);
  e.thread = w.is_main ? int8_t{-1} : static_cast<int8_t>(w.number);
  e.task = begun.task;
  e.number = begun.number;
  e.step = w.done;
  e.site = w.site;
  const Operand* operands[3] = {&w.dest, &w.src0, &w.src1};
  for (size_t i = 0; i < 3; ++i) {
    if (operands[i]->kind != Operand::Kind::None) e.places[i] = valueOf(values[i], operands[i]->width * lanes);
  }
  if (tir::dsdOpInfo(w.opcode).has_scalar) e.places[3] = valueOf(w.scalar, tir::dsdOpInfo(w.opcode).src1_width);
  instructions.push_back(e);
}

/// A task ends, or a microthread has; unless something else goes on.
void Block::noteIdle(uint32_t pe, Core& core, Cycles t) {
  const Pe& p = pes_[pe];
  if (core.ut_active != 0 || (p.active & ~p.blocked) != 0) return;
  if ((core.iq_occupied & ~core.iq_owned) != 0 || core.implicit_occupied != 0) return;
  InstructionEvent e;
  e.cycle = t;
  e.pe = coordOf(pe);
  instructions.push_back(e);
}

void Block::noteSwitch(uint32_t pe, const ColorState& cs, const SwitchEvent::Position& from, SwitchEvent::Cause cause,
                       bool control, uint32_t payload, Cycles t) {
  const SwitchEvent::Position to{cs.current, cs.rx, cs.tx};
  if (switches_ && to != from) switches.push_back({t, coordOf(pe), cs.color, cause, control, payload, from, to});
}

namespace {

enum class Kind : uint8_t { Instruction, Wavelet, Switch, Line };

struct Entry {
  Cycles cycle;
  PeCoord at;
  Kind kind;
  uint16_t order;  // of wavelets: port and color
  uint32_t index;
};

template <class Event>
void takeFrom(std::vector<Event>& all, std::vector<Event>& some) {
  std::move(some.begin(), some.end(), std::back_inserter(all));
  some.clear();
}

}  // namespace

void MeshImpl::tell(Cycles window_end) {
  std::vector<InstructionEvent> instructions = std::move(held_);
  std::vector<WaveletEvent> wavelets;
  std::vector<SwitchEvent> switches;
  std::vector<LogLine> lines;
  held_.clear();
  for (const auto& b : blocks_) {
    if (!b->instructions.empty()) takeFrom(instructions, b->instructions);
    if (!b->events.empty()) takeFrom(wavelets, b->events);
    if (!b->switches.empty()) takeFrom(switches, b->switches);
    if (!b->log.empty()) takeFrom(lines, b->log);
  }
  if (instructions.empty() && wavelets.empty() && switches.empty() && lines.empty()) return;
  std::vector<Entry> order;
  order.reserve(instructions.size() + wavelets.size() + switches.size() + lines.size());
  for (uint32_t i = 0; i < instructions.size(); ++i) {
    const InstructionEvent& e = instructions[i];
    if (e.cycle < window_end) {
      order.push_back({e.cycle, e.pe, Kind::Instruction, 0, i});
    } else {
      held_.push_back(e);
    }
  }
  for (uint32_t i = 0; i < wavelets.size(); ++i) {
    const WaveletEvent& e = wavelets[i];
    order.push_back({e.cycle, e.pe, Kind::Wavelet, static_cast<uint16_t>(e.port << 8 | e.color), i});
  }
  for (uint32_t i = 0; i < switches.size(); ++i)
    order.push_back({switches[i].cycle, switches[i].pe, Kind::Switch, 0, i});
  for (uint32_t i = 0; i < lines.size(); ++i) order.push_back({lines[i].cycle, lines[i].at, Kind::Line, 0, i});
  std::stable_sort(order.begin(), order.end(), [](const Entry& a, const Entry& b) {
    return std::tie(a.cycle, a.at.y, a.at.x, a.kind, a.order) < std::tie(b.cycle, b.at.y, b.at.x, b.kind, b.order);
  });
  // A copy: a listener may take itself away.
  const auto wavelet_listener = wavelet_listener_;
  for (const Entry& e : order) {
    switch (e.kind) {
      case Kind::Instruction:
        if (instruction_listener_) instruction_listener_(instructions[e.index]);
        break;
      case Kind::Wavelet:
        if (wavelet_listener) wavelet_listener(wavelets[e.index]);
        break;
      case Kind::Switch:
        if (switch_listener_) switch_listener_(switches[e.index]);
        break;
      case Kind::Line:
        if (log_listener_) log_listener_(e.cycle, e.at, lines[e.index].text);
        break;
    }
  }
}

void MeshImpl::setWaveletListener(std::function<void(const WaveletEvent&)> listener) {
  wavelet_listener_ = std::move(listener);
}

void MeshImpl::setLogListener(std::function<void(Cycles, PeCoord, const std::string&)> listener) {
  log_listener_ = std::move(listener);
}

void MeshImpl::setInstructionListener(std::function<void(const InstructionEvent&)> listener) {
  settle();
  instruction_listener_ = std::move(listener);
  for (const auto& b : blocks_) b->listenToInstructions(static_cast<bool>(instruction_listener_));
  if (!instruction_listener_) held_.clear();
}

void MeshImpl::setSwitchListener(std::function<void(const SwitchEvent&)> listener) {
  switch_listener_ = std::move(listener);
  for (const auto& b : blocks_) b->switches_ = static_cast<bool>(switch_listener_);
}

}  // namespace weft::mesh
