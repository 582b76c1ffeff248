// Line forms of sim.log: `landing`, `router` and `inst_trace`.
// SPDX-License-Identifier: Apache-2.0
#include "sdk/host/trace_lines.h"

#include "frontend/tir/tir.h"
#include "sdk/host/trace_file.h"

#include <fmt/format.h>

#include <cctype>
#include <cstdlib>
#include <utility>

namespace weft::host {

namespace {

using mesh::InstructionEvent;
using Place = InstructionEvent::Place;

constexpr const char* kOperandNames[] = {"Dest", "Src0", "Src1", "Src2"};

/// A half-precision value as logs show it: sign, 1.xxx with three hex digits, exponent.
std::string halfText(uint16_t bits) {
  const char sign = (bits & 0x8000u) != 0 ? '-' : '+';
  const unsigned mantissa = (bits & 0x3ffu) << 2;
  const int raw = (bits >> 10) & 0x1f;
  const int exponent = raw == 0 ? (mantissa == 0 ? -15 : -14) : raw - 15;
  return fmt::format("({}{}.{:03x}({}{:02}))", sign, raw == 0 ? 0 : 1, mantissa, exponent < 0 ? '-' : '+',
                     std::abs(exponent));
}

/// Ports in the order E N W S R, blank where not used. The host's port is to the west.
std::string portSlots(uint8_t mask) {
  constexpr uint8_t kOf[] = {2, 8, 1 | 32, 4, 16};
  std::string text = "ENWSR";
  for (size_t i = 0; i < 5; ++i)
    if ((mask & kOf[i]) == 0) text[i] = ' ';
  return text;
}

std::string positionText(uint8_t number, uint8_t mask) { return fmt::format("{}=/{}/", number + 1, portSlots(mask)); }

std::string placeText(const Place& p) {
  switch (p.kind) {
    case Place::Kind::None: break;
    case Place::Kind::Register: {
      constexpr const char* kFiles[] = {"DDS", "S0DS", "S1DS"};
      const auto ref = tir::DsrRef::decode(p.number);
      return fmt::format("[{}{}]", kFiles[static_cast<size_t>(ref.file)], ref.number);
    }
    case Place::Kind::Memory: return fmt::format("MEM[{:04x}]", p.value / 2);
    case Place::Kind::InQueue: return fmt::format("IN_Q[{}]", p.number);
    case Place::Kind::OutQueue: return fmt::format("OUT_Q[{}]", p.number);
    case Place::Kind::Fifo: return fmt::format("FIFO[{}]", p.number);
    case Place::Kind::Value:
      return p.width <= 2 ? fmt::format("{:04x}", p.value & 0xffffu) : fmt::format("{:08x}", p.value);
  }
  return {};
}

std::string mnemonic(const InstructionEvent& e) {
  if (e.kind == InstructionEvent::Kind::Task) return "NOP";
  std::string name = e.kind == InstructionEvent::Kind::Call ? tir::deviceName(static_cast<tir::DeviceCall>(e.what))
                                                            : tir::dsdOpInfo(static_cast<tir::DsdOpcode>(e.what)).name;
  for (char& c : name) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return name;
}

}  // namespace

TraceLines::TraceLines(const plan::FabricPlan& plan, Write write) : plan_(plan), write_(std::move(write)) {
  uint32_t next = 1;
  for (const auto& program : plan.programs) {
    first_address_.push_back(next);
    next += static_cast<uint32_t>(program->sites.size());
  }
  said_.assign(next, false);
}

void TraceLines::explainInstructions() const {
  for (const char* text : {
           "inst_trace: Weft runs its own code, not the machine's instructions. A task that begins is a NOP; vector "
           "operations and calls of the device have lines, scalar code has none",
           "inst_trace: Instr counts what a PE has begun; Pipe tells decode from execute; an address stands for a "
           "place in the source, named before its first line; flags of exceptions are not known",
           "inst_trace: an operation on memory alone has one EX line, in the cycle it ends; others have one per step",
       })
    write_(0, text);
}

void TraceLines::explainRouters() const {
  write_(0,
         "router: a switch has its first position at 1; slots between slashes are E N W S R; the host is to the west");
}

std::string TraceLines::tile(PeCoord pe) const {
  return fmt::format("P{}.{}", pe.x + plan_.offset.x, pe.y + plan_.offset.y);
}

std::string TraceLines::word(bool control, uint32_t payload) const {
  const auto data = static_cast<uint16_t>(payload);
  return fmt::format("ctrl={}, idx={:04X}, data={:04X} {}{}", control ? 1 : 0, payload >> 16, data, halfText(data),
                     plan_.arch == target::Arch::Wse3 ? ", half=0" : "");
}

void TraceLines::landing(const mesh::WaveletEvent& e, uint64_t ident) const {
  write_(e.cycle, fmt::format("{} (hwtile) landing C{} from link {}, {}, ident={:016X}, lf=0", tile(e.pe), e.color,
                              portLetter(e.port), word(e.control, e.payload), ident));
}

void TraceLines::passing(const mesh::WaveletEvent& e, uint64_t ident) const {
  write_(e.cycle, fmt::format("{} (hwtile) wavelet C{} {}, ident={:016X} landing={} departing=/{}/, lf=0", tile(e.pe),
                              e.color, word(e.control, e.payload), ident, portLetter(e.port), portSlots(e.ways)));
}

void TraceLines::initialSwitches() const {
  const auto hosted = [](uint32_t mask, int color) { return static_cast<uint8_t>((mask >> color & 1) != 0 ? 32 : 0); };
  for (uint32_t y = 0; y < plan_.extent.height; ++y) {
    for (uint32_t x = 0; x < plan_.extent.width; ++x) {
      for (int color = 0; color < target::kColorCount; ++color) {
        const plan::ColorConfig* config = plan_.colorConfig({x, y}, color);
        if (config == nullptr) continue;
        uint8_t rx = static_cast<uint8_t>(config->rx | hosted(plan_.host.h2dMask(), color));
        uint8_t tx = static_cast<uint8_t>(config->tx | hosted(plan_.host.d2hMask(), color));
        for (size_t k = 0; k < config->initial_position; ++k) {
          const plan::SwitchPosition& p = config->positions[k];
          if (!p.valid) continue;
          rx = p.rx.value_or(rx);
          tx = p.tx.value_or(tx);
        }
        for (const auto& [side, mask] : {std::pair{"input", rx}, std::pair{"output", tx}}) {
          const std::string at = positionText(config->initial_position, mask);
          write_(0,
                 fmt::format("{} (hwtile) router: C{}: {} switch: {} -> {} (init)", tile({x, y}), color, side, at, at));
        }
      }
    }
  }
}

void TraceLines::switched(const mesh::SwitchEvent& e) const {
  constexpr const char* kCauses[] = {"advance", "reset", "config"};
  const bool by_word = e.cause != mesh::SwitchEvent::Cause::Config;
  const auto side = [&](const char* name, uint8_t from, uint8_t to) {
    // A position that leaves a side alone has no line for it.
    if (from == to) return;
    write_(e.cycle, fmt::format("{} (hwtile) router: C{}: {} switch {} -> {} ({}){}", tile(e.pe), e.color, name,
                                positionText(e.from.number, from), positionText(e.to.number, to),
                                kCauses[static_cast<size_t>(e.cause)],
                                by_word ? " " + word(e.control, e.payload) : std::string()));
  };
  side("input", e.from.rx, e.to.rx);
  side("output", e.from.tx, e.to.tx);
}

uint32_t TraceLines::addressOf(const InstructionEvent& e) {
  const auto number = plan_.programAt(e.pe);
  if (!number) return 0;
  const tir::Program& program = *plan_.programs[*number];
  if (e.site >= program.sites.size()) return 0;
  const uint32_t address = first_address_[*number] + e.site;
  if (!said_[address]) {
    said_[address] = true;
    const tir::Site& s = program.sites[e.site];
    write_(e.cycle,
           fmt::format("inst_trace: {:#06x} is {}:{}:{}", address,
                       s.file < program.files.size() ? program.files[s.file] : program.name, s.line, s.column));
  }
  return address;
}

void TraceLines::instruction(const InstructionEvent& e) {
  const bool wse3 = plan_.arch == target::Arch::Wse3;
  const std::string head = fmt::format("{}: Id: {}", tile(e.pe), tileNumber(plan_, e.pe));
  if (e.kind == InstructionEvent::Kind::Idle) {
    write_(e.cycle, head + ", Msg: [EX OP] IDLE");
    return;
  }
  // Functions that the host launches run in a task of its runtime.
  const int task = e.task >= 0 ? e.task : wse3 ? 1 : 22;
  std::string text = fmt::format("{:#06x}: T{:02}{} {}", addressOf(e), task,
                                 e.thread < 0 ? std::string() : fmt::format(".UT{}", e.thread), mnemonic(e));
  for (size_t i = 0; i < e.places.size(); ++i) {
    if (e.places[i].kind != Place::Kind::None) text += fmt::format(" {}:{}", kOperandNames[i], placeText(e.places[i]));
  }
  const auto write = [&](bool executes, const std::string& rest) {
    const int pipe = executes ? (wse3 ? 6 : 4) : (wse3 ? 3 : 2);
    write_(e.cycle, fmt::format("{}, Instr: {}, Seq: {}, Pipe: {}, Msg: [{} OP] {}", head, e.number, e.step, pipe,
                                executes ? "EX" : "IS", rest));
  };
  const bool steps = e.kind == InstructionEvent::Kind::Element;
  if (!steps) write(false, text);
  if (steps || e.kind == InstructionEvent::Kind::Call)
    write(true, text + (e.lanes > 1 ? " [     ] U0,U1" : " [     ] U0"));
}

}  // namespace weft::host
