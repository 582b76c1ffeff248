// Configuration registers: the router's and queues' state as 16-bit words.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/target/registers.h"

#include "sdk/mesh/mesh_impl.h"

namespace weft::mesh {
namespace {

using target::kColorCount;

constexpr uint16_t kRouteMask = 0x1f;

uint8_t popCode(plan::PopMode m) { return static_cast<uint8_t>(m); }

/// Direction code of the switch register to a port mask: 0 W, 1 E, 2 S, 3 N, 4 RAMP.
uint8_t maskOfCode(unsigned code) { return static_cast<uint8_t>(1u << code); }
unsigned codeOfMask(uint8_t mask) { return static_cast<unsigned>(std::countr_zero(static_cast<unsigned>(mask))); }

int colorOf(uint16_t address, uint16_t base) {
  return address >= base && address < base + kColorCount ? address - base : -1;
}

uint16_t colorWord(const ColorState& cs) {
  return static_cast<uint16_t>((cs.base_tx & kRouteMask) | (cs.base_rx & kRouteMask) << 5 | (cs.swap_y ? 1 << 10 : 0) |
                               (cs.swap_x ? 1 << 11 : 0) | popCode(cs.pop) << 12 | (cs.teardown ? 1 << 14 : 0));
}

uint16_t switchWord(const ColorState& cs) {
  unsigned v = 0;
  for (unsigned k = 1; k <= 3; ++k) {
    const PositionState& p = cs.position[k];
    unsigned code = 5, select = p.has_rx ? 1 : 0;
    if (p.valid && p.has_rx) {
      code = codeOfMask(p.rx);
    } else if (p.valid && p.has_tx) {
      code = codeOfMask(p.tx);
    }
    v |= (code & 7) << (4 * (k - 1)) | select << (4 * (k - 1) + 3);
  }
  return static_cast<uint16_t>(v | (cs.ring ? 1u << 12 : 0u) | static_cast<unsigned>(cs.current) << 13);
}

uint16_t positionWord(const PositionState& p) {
  return static_cast<uint16_t>(p.valid ? (p.tx & kRouteMask) | (p.rx & kRouteMask) << 5 : 0);
}

}  // namespace

bool Block::readRegister(uint32_t pe, uint16_t address, uint16_t* value, uint32_t site) {
  Core& c = core(pe);
  const target::Arch arch = params_.arch;
  if (const int color = colorOf(address, target::colorConfigAddress(arch, 0)); color >= 0) {
    *value = colorWord(colorState(pe, c, color));
    return true;
  }
  if (const int color = colorOf(address, target::switchConfigAddress(arch, 0)); color >= 0) {
    *value = switchWord(colorState(pe, c, color));
    return true;
  }
  if (arch == target::Arch::Wse3 && address >= target::switchRxTxAddress(0, 0) &&
      address < target::switchRxTxAddress(kColorCount, 0)) {
    const int color = (address - target::switchRxTxAddress(0, 0)) / 4,
              k = (address - target::switchRxTxAddress(0, 0)) % 4;
    *value = positionWord(colorState(pe, c, color).position[static_cast<size_t>(k)]);
    return true;
  }
  if (address >= target::filterAddress(0, 0) && address < target::filterAddress(kColorCount, 0)) {
    const int color = (address - target::filterAddress(0, 0)) / 8, word = (address - target::filterAddress(0, 0)) % 8;
    *value = 0;
    if (const FilterState* f = colorState(pe, c, color).own_filter; f != nullptr) {
      const uint16_t words[8] = {
          static_cast<uint16_t>(f->counter),
          static_cast<uint16_t>(f->limit1),
          f->config.max_counter,
          f->config.limit2.value_or(0),
          f->config.min_index,
          f->config.max_index,
          static_cast<uint16_t>((f->open ? 0 : 1) | (f->counter > f->config.max_counter ? 2 : 0)),
          static_cast<uint16_t>(f->config.kind)};
      *value = words[word];
    }
    return true;
  }
  if (const int color = colorOf(address, target::messageModeAddress(0));
      color >= 0 && params_.arch == target::Arch::Wse3) {
    *value = colorState(pe, c, color).messages != nullptr ? 1 : 0;
    return true;
  }
  unsigned v = 0;
  switch (address) {
    case target::kInputQueueEmpty:
    case target::kInputQueueFull:
    case target::kInputQueueFlushed:
      for (unsigned i = 0; i < 8; ++i) {
        const Queue* q = c.iq[i];
        const bool yes = address == target::kInputQueueEmpty
                             ? q == nullptr || q->count == 0 || q->slot[q->head].at > time_
                         : address == target::kInputQueueFull ? q != nullptr && q->count >= q->depth
                                                              : q != nullptr && q->flushed;
        v |= yes ? 1u << i : 0u;
      }
      *value = static_cast<uint16_t>(v);
      return true;
    case target::kOutputQueueEmpty:
    case target::kOutputQueueFull:
    case target::kOutputQueueFlushed:
      for (unsigned i = 0; i < 8; ++i) {
        const Queue* q = c.oq[i];
        const bool yes = address == target::kOutputQueueEmpty  ? q == nullptr || q->count == 0
                         : address == target::kOutputQueueFull ? q != nullptr && q->full()
                                                               : q != nullptr && q->flushed;
        v |= yes ? 1u << i : 0u;
      }
      *value = static_cast<uint16_t>(v);
      return true;
    case target::kControlTransformMask: *value = c.control_transform_mask; return true;
    case target::kCounterControl: *value = c.tsc_enabled ? 7 : 0; return true;
    case target::kTimeStamp:
    case target::kTimeStamp + 1:
    case target::kTimeStamp + 2: {
      const Cycles now = running_ == pe ? wpe_.now : time_;
      const Cycles count = c.tsc_enabled ? now - c.tsc_base : c.tsc_stopped;
      *value = static_cast<uint16_t>(count >> (16 * (address - target::kTimeStamp)));
      return true;
    }
    default: break;
  }
  if (address >= target::inputQueueConfigAddress(0) && address < target::inputQueueConfigAddress(8)) {
    const Queue* q = c.iq[address - target::inputQueueConfigAddress(0)];
    *value = q == nullptr || q->color == tir::kNoColor ? 0x1f : q->color;
    return true;
  }
  if (address >= target::outputQueueConfigAddress(0) && address < target::outputQueueConfigAddress(8)) {
    const Queue* q = c.oq[address - target::outputQueueConfigAddress(0)];
    *value = static_cast<uint16_t>((q == nullptr || q->color == tir::kNoColor ? 0x1f : q->color) << 4);
    return true;
  }
  if (!target::isConfigWord(address)) return false;
  noteWithoutModel({pe, running_ == pe ? wpe_.now : time_, site}, address);
  *value = address == target::kExceptionMask ? 0xffff : 0;
  if (c.registers == nullptr) return true;
  for (const auto& [a, kept] : *c.registers) {
    if (a == address) *value = kept;
  }
  return true;
}

namespace {

std::string textOf(tir::Dsd d) {
  const auto color = d.color() == tir::kNoColor ? std::string("-") : fmt::format("{}", d.color());
  const auto queue = d.queue() == tir::kNoQueue ? std::string("-") : fmt::format("{}", d.queue());
  switch (d.kind()) {
    case tir::DsdKind::None: return "no descriptor";
    case tir::DsdKind::Mem1d:
      return fmt::format("mem1d, address {:#06x}, {} elements, stride {}", d.base(), d.length(), d.stride());
    case tir::DsdKind::Mem4d: return fmt::format("mem4d, address {:#06x}, shape {}", d.base(), d.shape());
    case tir::DsdKind::Circbuf: return fmt::format("circular buffer, address {:#06x}, {} places", d.base(), d.shape());
    case tir::DsdKind::FabIn: return fmt::format("fabin, queue {}, color {}, {} elements", queue, color, d.length());
    case tir::DsdKind::FabOut: return fmt::format("fabout, queue {}, color {}, {} elements", queue, color, d.length());
    case tir::DsdKind::Fifo: return fmt::format("FIFO {}", d.queue());
  }
  return {};
}

}  // namespace

std::vector<RegisterState> Block::registersOf(uint32_t pe) {
  std::vector<RegisterState> list;
  const Pe& p = pes_[pe];
  const PeCoord at = coordOf(pe);
  Core* const c = p.core;
  const target::Arch arch = params_.arch;
  const auto word = [&](uint16_t address, uint16_t value, std::string meaning) {
    list.push_back({fmt::format("{:04x}", address), fmt::format("{:04x}", value), std::move(meaning)});
  };
  const auto read = [&](uint16_t address, std::string meaning) {
    uint16_t value = 0;
    readRegister(pe, address, &value, kNone);
    word(address, value, std::move(meaning));
  };
  if (programOf(p) != nullptr) {
    list.push_back({"task.active", fmt::format("{:016x}", p.active), "bit per task id"});
    list.push_back({"task.blocked", fmt::format("{:016x}", p.blocked), "bit per task id"});
  }
  for (int color = 0; color < kColorCount; ++color) {
    ColorState fresh;
    const ColorState* cs = c != nullptr ? c->color[static_cast<size_t>(color)] : nullptr;
    if (cs == nullptr) {
      configureColor(at, color, &fresh);
      cs = &fresh;
    }
    if (cs->config == nullptr && (cs->rx | cs->tx) == 0) continue;
    word(target::colorConfigAddress(arch, color), colorWord(*cs), fmt::format("color {}: routes", color));
    word(target::switchConfigAddress(arch, color), switchWord(*cs), fmt::format("color {}: switch", color));
    for (int k = 1; k <= 3 && arch == target::Arch::Wse3; ++k) {
      if (const PositionState& position = cs->position[static_cast<size_t>(k)]; position.valid)
        word(target::switchRxTxAddress(color, k), positionWord(position),
             fmt::format("color {}: position {}", color, k));
    }
    if (cs->own_filter == nullptr) continue;
    constexpr const char* kWords[] = {"counter", "limit 1", "largest counter", "limit 2",
                                      "minimum", "maximum", "flags",           "kind"};
    for (int k = 0; k < 8; ++k)
      read(target::filterAddress(color, k), fmt::format("color {}: filter, {}", color, kWords[k]));
  }
  if (c == nullptr) return list;
  for (int i = 0; i < 8; ++i) {
    if (c->iq[static_cast<size_t>(i)] != nullptr)
      read(target::inputQueueConfigAddress(i), fmt::format("input queue {}: color", i));
  }
  for (int i = 0; i < 8; ++i) {
    if (c->oq[static_cast<size_t>(i)] != nullptr)
      read(target::outputQueueConfigAddress(i), fmt::format("output queue {}: color", i));
  }
  read(target::kInputQueueEmpty, "input queues: empty");
  read(target::kInputQueueFull, "input queues: full");
  read(target::kInputQueueFlushed, "input queues: flushed");
  read(target::kOutputQueueEmpty, "output queues: empty");
  read(target::kOutputQueueFull, "output queues: full");
  read(target::kOutputQueueFlushed, "output queues: flushed");
  read(target::kControlTransformMask, "control transform: mask");
  for (uint16_t k = 0; k < 3; ++k)
    read(static_cast<uint16_t>(target::kTimeStamp + k), fmt::format("time stamp: word {}", k));
  read(target::kCounterControl, "time stamp: control");
  if (c->registers != nullptr) {
    for (const auto& [address, value] : *c->registers) word(address, value, "kept, without effect");
  }
  list.push_back({"ut.active", fmt::format("{:02x}", c->ut_active), "bit per microthread"});
  list.push_back({"ut.blocked", fmt::format("{:02x}", c->ut_blocked), "bit per microthread"});
  for (size_t i = 0; i < c->prng.size(); ++i) {
    if (c->prng[i] != 0)
      list.push_back({fmt::format("prng{}", i), fmt::format("{:08x}", c->prng[i]),
                      c->prng_active == i ? "random numbers, in use" : "random numbers"});
  }
  constexpr const char* kFiles[] = {"DDS", "S0DS", "S1DS"};
  for (uint16_t i = 0; i < 3 * target::kDsrPerFile && c->dsr != nullptr; ++i) {
    const DsrState& d = c->dsr[i];
    if (!d.loaded) continue;
    const auto ref = tir::DsrRef::decode(i);
    std::string meaning = textOf(d.value);
    if (d.position != 0) meaning += fmt::format(", at place {}", d.position);
    list.push_back({fmt::format("{}{}", kFiles[static_cast<size_t>(ref.file)], ref.number),
                    fmt::format("{:016x}", d.value.bits), std::move(meaning)});
  }
  const ProgramInfo* info = programOf(p);
  for (size_t i = 0; info != nullptr && c->fifo != nullptr && i < info->program->fifos.size(); ++i) {
    const FifoState& f = c->fifo[i];
    list.push_back({fmt::format("fifo{}", i), fmt::format("{:04x}", f.head),
                    fmt::format("first byte; {} bytes in use, lengths: read {}, write {}", f.count, f.read_length,
                                f.write_length)});
  }
  return list;
}

/// Words that change nothing the emulator has keep what is written; those that no document names are reported.
void Block::noteWithoutModel(const Where& where, uint16_t address) {
  if (address == target::kExceptionMask || target::isPlainWord(params_.arch, address)) return;
  warn(where, diag::Code::W0706,
       fmt::format("the emulator knows no configuration register {:#06x}: it keeps the word and does nothing else",
                   address),
       1ull << 41 | address);
}

bool Block::writeRegister(uint32_t pe, uint16_t address, uint16_t value, Cycles t, uint32_t site) {
  Core& c = core(pe);
  const target::Arch arch = params_.arch;
  const Cycles now = std::max({t, time_, wheel_.now()});
  if (const int color = colorOf(address, target::colorConfigAddress(arch, 0)); color >= 0) {
    ColorState& cs = colorState(pe, c, color);
    const SwitchEvent::Position from{cs.current, cs.rx, cs.tx};
    // The host's virtual port is not in the register.
    cs.base_tx = static_cast<uint8_t>((cs.base_tx & kHostBit) | (value & kRouteMask));
    cs.base_rx = static_cast<uint8_t>((cs.base_rx & kHostBit) | (value >> 5 & kRouteMask));
    cs.swap_y = (value >> 10 & 1) != 0;
    cs.swap_x = (value >> 11 & 1) != 0;
    c.any_swap = c.any_swap || cs.swap_x || cs.swap_y;
    c.long_way = c.long_way || c.any_swap;
    cs.pop = static_cast<plan::PopMode>(value >> 12 & 3);
    // The bit says what is: a program that changes other bits of what it read leaves teardown alone.
    cs.teardown = (value >> 14 & 1) != 0;
    recomputeRoute(cs);
    noteSwitch(pe, cs, from, SwitchEvent::Cause::Config, false, 0, now);
    schedule(pe, now + 1);
    return true;
  }
  if (const int color = colorOf(address, target::switchConfigAddress(arch, 0)); color >= 0) {
    ColorState& cs = colorState(pe, c, color);
    const SwitchEvent::Position from{cs.current, cs.rx, cs.tx};
    for (unsigned k = 1; k <= 3; ++k) {
      const unsigned code = value >> (4 * (k - 1)) & 7;
      PositionState& p = cs.position[k];
      const bool rx = (value >> (4 * (k - 1) + 3) & 1) != 0;
      // The select bit of an invalid position stays: programs make a position valid again by its direction alone.
      if (code >= 5) {
        p = PositionState{false, rx, !rx, 0, 0};
        continue;
      }
      // A position that sets more than this register can say keeps its ports while it stays valid here.
      const uint8_t mask = maskOfCode(code);
      if (p.valid && ((rx && p.has_rx && codeOfMask(p.rx) == code) || (!rx && p.has_tx && codeOfMask(p.tx) == code)))
        continue;
      p = PositionState{true, rx, !rx, rx ? mask : uint8_t{0}, rx ? uint8_t{0} : mask};
    }
    cs.ring = (value >> 12 & 1) != 0;
    cs.current = static_cast<uint8_t>(value >> 13 & 3);
    recomputeRoute(cs);
    noteSwitch(pe, cs, from, SwitchEvent::Cause::Config, false, 0, now);
    schedule(pe, now + 1);
    return true;
  }
  if (arch == target::Arch::Wse3 && address >= target::switchRxTxAddress(0, 0) &&
      address < target::switchRxTxAddress(kColorCount, 0)) {
    const int color = (address - target::switchRxTxAddress(0, 0)) / 4,
              k = (address - target::switchRxTxAddress(0, 0)) % 4;
    if (k == 0) return true;
    ColorState& cs = colorState(pe, c, color);
    const SwitchEvent::Position from{cs.current, cs.rx, cs.tx};
    const uint8_t tx = value & kRouteMask, rx = value >> 5 & kRouteMask;
    cs.position[static_cast<size_t>(k)] = PositionState{(tx | rx) != 0, rx != 0, tx != 0, rx, tx};
    recomputeRoute(cs);
    noteSwitch(pe, cs, from, SwitchEvent::Cause::Config, false, 0, now);
    schedule(pe, now + 1);
    return true;
  }
  if (address >= target::filterAddress(0, 0) && address < target::filterAddress(kColorCount, 0)) {
    const int color = (address - target::filterAddress(0, 0)) / 8, word = (address - target::filterAddress(0, 0)) % 8;
    if (FilterState* f = colorState(pe, c, color).own_filter; f != nullptr) {
      switch (word) {
        case 0: f->counter = value; break;
        case 1: f->limit1 = value; break;
        case 2: f->config.max_counter = value; break;
        case 3: f->config.limit2 = value; break;
        case 4: f->config.min_index = value; break;
        case 5: f->config.max_index = value; break;
        case 6: f->open = (value & 1) == 0; break;
        default: break;
      }
    }
    return true;
  }
  switch (address) {
    case target::kControlTransformMask: c.control_transform_mask = value & 0x3f; return true;
    case target::kCounterControl:
      if (c.tsc_enabled != (value != 0)) {
        if (value != 0) {
          c.tsc_base = t - c.tsc_stopped;
        } else {
          c.tsc_stopped = t - c.tsc_base;
        }
      }
      c.tsc_enabled = value != 0;
      return true;
    case target::kTimeStamp:
    case target::kTimeStamp + 1:
    case target::kTimeStamp + 2:
      c.tsc_base = t;
      c.tsc_stopped = 0;
      return true;
    default: break;
  }
  if (const int color = colorOf(address, target::messageModeAddress(0)); color >= 0 && arch == target::Arch::Wse3) {
    ColorState& cs = colorState(pe, c, color);
    if ((value & 1) == 0) {
      cs.messages = nullptr;
    } else if (cs.messages == nullptr) {
      cs.messages = make<MessageRoutes>();
      c.long_way = true;
    }
    schedule(pe, now + 1);
    return true;
  }
  if (address >= target::inputQueueConfigAddress(0) && address < target::inputQueueConfigAddress(8)) {
    if ((value & 0x1f) < kColorCount) {
      bindInputQueue(pe, c, address - target::inputQueueConfigAddress(0), value & 0x1f);
      ColorState& cs = colorState(pe, c, value & 0x1f);
      cs.filter = (value >> 5 & 1) != 0 ? cs.own_filter : nullptr;
      cs.plain_tx = static_cast<uint8_t>((cs.plain_tx & ~kRampBit) | (cs.filter == nullptr ? kRampBit : 0));
      schedule(pe, now + 1);
    }
    return true;
  }
  if (address >= target::outputQueueConfigAddress(0) && address < target::outputQueueConfigAddress(8)) {
    if ((value >> 4 & 0x1f) < kColorCount)
      bindOutputQueue(pe, c, address - target::outputQueueConfigAddress(0), value >> 4 & 0x1f);
    return true;
  }
  if (!target::isConfigWord(address)) return false;
  noteWithoutModel({pe, t, site}, address);
  if (address == target::kExceptionMask) maskExceptions(pe, c, value, {pe, t, site});
  if (c.registers == nullptr) {
    register_pool_.push_back(std::make_unique<std::vector<std::pair<uint16_t, uint16_t>>>());
    c.registers = register_pool_.back().get();
  }
  for (auto& [a, kept] : *c.registers) {
    if (a != address) continue;
    kept = value;
    return true;
  }
  c.registers->emplace_back(address, value);
  return true;
}

void Block::defer(uint32_t pe, Core& c, const Deferred& what) {
  if (c.deferred == nullptr) {
    deferred_pool_.push_back(std::make_unique<std::vector<Deferred>>());
    c.deferred = deferred_pool_.back().get();
  }
  c.has_extras = true;
  c.deferred->push_back(what);
  // A word waits for the queue, not for a cycle: the router wakes it.
  if (!what.is_word) schedule(pe, what.at);
}

void Block::performDeferred(uint32_t pe, Core& c, Cycles t) {
  std::vector<Deferred> due;
  std::erase_if(*c.deferred, [&](const Deferred& d) {
    if (d.at > t) return false;
    due.push_back(d);
    return true;
  });
  for (const Deferred& d : due) {
    if (d.is_word) {
      injectWord(pe, d.color, d.payload, d.control, t);
    } else if (!writeRegister(pe, d.address, d.value, t, d.site)) {
      trap({pe, t, d.site}, diag::Code::E0705,
           fmt::format("write to unknown configuration register {:#06x}", d.address));
    }
  }
  c.has_extras = c.host != nullptr || !c.deferred->empty();
}

const Deferred* Block::deferredRegister(const Core& c, uint16_t address) const {
  if (c.deferred == nullptr) return nullptr;
  for (auto it = c.deferred->rbegin(); it != c.deferred->rend(); ++it) {
    if (!it->is_word && it->address == address) return &*it;
  }
  return nullptr;
}

}  // namespace weft::mesh
