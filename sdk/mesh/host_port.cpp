// The PE's end of the host link: the virtual sixth port for streams, and the system tasks of copies and launches.
// SPDX-License-Identifier: Apache-2.0
#include "sdk/mesh/mesh_impl.h"

#include <algorithm>

namespace weft::mesh {

bool Block::giveHostWord(uint32_t pe, Core& c, int color, uint32_t word, Cycles t) {
  ColorState& cs = colorState(pe, c, color);
  if (cs.host_in == nullptr) {
    cs.host_in = makeLink(c);
    cs.host_in->port = kHostPort;
    cs.host_in->color = static_cast<uint8_t>(color);
    cs.host_in->sender = cs.host_in->receiver = pe;
  }
  Link& link = *cs.host_in;
  Slot& place = link.slot[link.tail];
  if (place.full) {
    link.waiting = true;
    return false;
  }
  if (place.at > t) {
    schedule(pe, place.at);
    return false;
  }
  place.fill(t + 1, word, 0, static_cast<uint8_t>(color));
  link.tail = (link.tail + 1) & link.mask;
  c.occupied_host |= 1u << color;
  schedule(pe, t + 1);
  return true;
}

/// Puts the next word of a stream into the port's buffer when it has arrived and there is room.
void Block::hostFeed(uint32_t pe, Core& c, Cycles t) {
  HostStream& h = *c.host;
  if (h.streams != nullptr) feedStreams(pe, c, t);
  if (h.next >= h.count) return;
  const Command* command = mesh_.current();
  const uint32_t columns = command != nullptr ? command->region.columns() : 1;
  const auto arrival = [&](uint32_t word) {
    return h.base + (static_cast<Cycles>(word) * columns + h.column) * 1000 / params_.h2d_rate;
  };
  const Cycles due = arrival(h.next);
  if (due > t) {
    schedule(pe, due);
    return;
  }
  if (!giveHostWord(pe, c, h.color, h.data[h.next], t)) return;
  if (++h.next == h.count) {
    ++host_done;
    host_done_cycle = std::max(host_done_cycle, t);
  } else {
    schedule(pe, std::max(t + 1, arrival(h.next)));
  }
}

Slot* Block::hostWord(uint32_t pe, Core& c, int color, Cycles t) {
  ColorState& cs = colorState(pe, c, color);
  if (cs.host_out == nullptr) return nullptr;
  Slot& s = cs.host_out->slot[cs.host_out->head];
  if (!s.full) return nullptr;
  if (s.at <= t) return &s;
  schedule(pe, s.at);
  return nullptr;
}

void Block::takeHostWord(uint32_t pe, Core& c, int color, Cycles t) {
  Link& link = *colorState(pe, c, color).host_out;
  Slot& s = link.slot[link.head];
  s.full = false;
  s.at = t + params_.hop;
  link.head = (link.head + 1) & link.mask;
  if (link.waiting) {
    link.waiting = false;
    schedule(pe, t + params_.hop);
  }
}

/// Takes one word per cycle for a stream out.
void Block::hostDrain(uint32_t pe, Core& c, Cycles t) {
  if (c.host == nullptr) return;
  HostStream& h = *c.host;
  if (h.streams != nullptr) drainStreams(pe, c, t);
  if (h.out_next >= h.out_count || t < h.out_base) return;
  const Slot* word = hostWord(pe, c, h.out_color, t);
  if (word == nullptr) return;
  h.out[h.out_next++] = word->payload;
  takeHostWord(pe, c, h.out_color, t);
  if (h.out_next == h.out_count) {
    ++host_done;
    host_done_cycle = std::max(host_done_cycle, t);
  } else {
    schedule(pe, t + 1);
  }
}

/// A copy or a launch on this PE. The main thread is free at t.
void Block::startSystemTask(uint32_t pe, Core& c, Cycles t) {
  Pe& p = pes_[pe];
  p.flags &= static_cast<uint8_t>(~Pe::kSystemPending);
  const Command& command = *mesh_.current();
  const tir::Program& program = *programOf(p)->program;
  const tir::HostSymbol& symbol = program.host_symbols[command.symbol[p.program]];
  if (command.kind == CommandKind::Launch) {
    p.flags |= Pe::kAwaitUnblock;
    const tir::Function& fn = program.function(symbol.function);
    std::vector<uint64_t> args(fn.param_count, 0);
    for (size_t i = 0; i < args.size() && i < command.data.size(); ++i) {
      const uint32_t size = tir::sizeOf(fn.locals[i].type);
      args[i] = size >= 4 ? command.data[i] : command.data[i] & ((1u << (8 * size)) - 1);
    }
    startTask(pe, c, symbol.function.index(), -1, args, t, true);
    return;
  }
  const PeCoord at = coordOf(pe);
  const size_t offset = command.region.index(at) * command.elements;
  uint32_t address = symbol.address;
  if (symbol.is_pointer) address = peekByte(pe, address) | static_cast<uint32_t>(peekByte(pe, address + 1)) << 8;
  const auto width = static_cast<uint32_t>(command.element_bytes);
  const uint32_t bytes = command.elements * width;
  if (command.kind == CommandKind::CopyIn) {
    const uint32_t* from = command.data.data() + offset;
    if (width == 4) {
      pokeBytes(pe, address, reinterpret_cast<const uint8_t*>(from), bytes);
    } else {
      for (uint32_t i = 0; i < command.elements; ++i) {
        const uint8_t word[2] = {static_cast<uint8_t>(from[i]), static_cast<uint8_t>(from[i] >> 8)};
        pokeBytes(pe, (address + 2 * i) & 0xffff, word, 2);
      }
    }
  } else {
    uint32_t* to = command.out + offset;
    for (uint32_t i = 0; i < command.elements; ++i) {
      uint32_t v = 0;
      for (uint32_t b = 0; b < width; ++b) v |= static_cast<uint32_t>(peekByte(pe, address + i * width + b)) << (8 * b);
      to[i] = v;
    }
  }
  const Cycles end = t + params_.task_activate + (bytes + params_.write_bytes - 1) / params_.write_bytes;
  c.main.task_start = t;
  ++host_done;
  host_done_cycle = std::max(host_done_cycle, end);
  endTask(pe, c, end);
}

void Block::unblockCommandStream(uint32_t pe, Cycles t) {
  Pe& p = pes_[pe];
  if ((p.flags & Pe::kAwaitUnblock) == 0) {
    if ((p.flags & Pe::kWarnedUnblock) == 0 && mesh_.plan().host.memcpy) {
      p.flags |= Pe::kWarnedUnblock;
      warn({pe, t, kNone}, diag::Code::W0704, "the command stream is unblocked, but no command is running on this PE");
    }
    return;
  }
  p.flags &= static_cast<uint8_t>(~Pe::kAwaitUnblock);
  ++host_done;
  host_done_cycle = std::max(host_done_cycle, t);
}

}  // namespace weft::mesh
