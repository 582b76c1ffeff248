// One cycle of a router: which waiting words move, and where to.
//
// Arbitration: colors take turns, least recently served first, then by number. A word leaves on all ports of its route
// in one cycle or not at all. Inputs that merge on one color take turns by port. The compute element injects one word
// per cycle. None of this depends on the order in which PEs are visited within a cycle: words and credits both take a
// hop.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/target/registers.h"
#include "sdk/mesh/mesh_impl.h"
#include "sdk/mesh/rings.h"

#include <algorithm>

namespace weft::mesh {
namespace {

constexpr int kDx[] = {-1, 1, 0, 0};
constexpr int kDy[] = {0, 0, 1, -1};

int facing(int port) { return static_cast<int>(target::opposite(static_cast<target::Port>(port))); }

}  // namespace

Link* Block::outLink(uint32_t pe, Core& core, ColorState& cs, int port) {
  Link*& link = cs.out[port];
  if (link != nullptr) return link;
  const PeCoord at = coordOf(pe);
  const int64_t nx = static_cast<int64_t>(at.x) + kDx[port], ny = static_cast<int64_t>(at.y) + kDy[port];
  const Extent2 extent = mesh_.plan().extent;
  const bool off = nx < 0 || ny < 0 || nx >= extent.width || ny >= extent.height;
  const int64_t lx = nx - x0_, ly = ny - y0_;
  const bool inside = !off && lx >= 0 && ly >= 0 && lx < width_ && ly < height_;
  if (inside) {
    const auto other = static_cast<uint32_t>(ly * width_ + lx);
    link = inLink(other, this->core(other), cs.color, facing(port));
    link->sender = pe;
    cs.plain_tx |= static_cast<uint8_t>(1u << port);
    if ((cs.tx & 0xfu) == 1u << port) cs.sole = link;
    return link;
  }
  link = makeLink(core);
  link->port = static_cast<uint8_t>(facing(port));
  link->color = cs.color;
  link->sender = pe;
  if (off) {
    link->drop = true;
  } else {
    cs.plain_tx |= static_cast<uint8_t>(1u << port);
    if ((cs.tx & 0xfu) == 1u << port) cs.sole = link;
    link->remote_receiver = static_cast<uint8_t>(1 + port);
    link->receiver = mesh_.neighbour(*this, port)->indexOf({static_cast<uint32_t>(nx), static_cast<uint32_t>(ny)});
  }
  return link;
}

Link* Block::inLink(uint32_t pe, Core& core, int color, int port) {
  ColorState& cs = colorState(pe, core, color);
  Link*& link = cs.in[port];
  if (link != nullptr) return link;
  link = makeLink(core);
  link->port = static_cast<uint8_t>(port);
  link->color = static_cast<uint8_t>(color);
  link->receiver = pe;
  const PeCoord at = coordOf(pe);
  const int64_t lx = static_cast<int64_t>(at.x) + kDx[port] - x0_, ly = static_cast<int64_t>(at.y) + kDy[port] - y0_;
  if (lx >= 0 && ly >= 0 && lx < width_ && ly < height_) {
    link->sender = static_cast<uint32_t>(ly * width_ + lx);
  } else if (const Block* other = mesh_.neighbour(*this, port)) {
    link->remote_sender = static_cast<uint8_t>(1 + port);
    link->sender = other->indexOf({static_cast<uint32_t>(static_cast<int64_t>(at.x) + kDx[port]),
                                   static_cast<uint32_t>(static_cast<int64_t>(at.y) + kDy[port])});
  }
  return link;
}

namespace {

/// A word at the head of some buffer of the router that its route would accept.
struct Candidate {
  Slot* slot;
  ColorState* cs;
  ColorState* second;  // one-sided color swap: received by both colors
  Link* link;
  Queue* queue;
  uint8_t port;
  uint8_t tx;
};

/// Where the message goes whose word waits at `port`: first along the row, then along the column. 0: that way is held
/// by another message.
uint8_t wayOfMessage(const MessageRoutes& m, PeCoord at, int port, uint32_t word) {
  if (m.way[static_cast<size_t>(port)] != 0) return m.way[static_cast<size_t>(port)];
  const int dx = target::messageColumn(word) - static_cast<int>(at.x);
  const int dy = target::messageRow(word) - static_cast<int>(at.y);
  target::Port out = target::Port::Ramp;
  if (dx != 0) {
    out = dx < 0 ? target::Port::West : target::Port::East;
  } else if (dy != 0) {
    out = dy < 0 ? target::Port::North : target::Port::South;
  }
  const auto mask = static_cast<uint8_t>(1u << static_cast<unsigned>(out));
  return (m.held & mask) == 0 ? mask : uint8_t{0};
}

}  // namespace

void Block::route(uint32_t pe, Core& core, Cycles t) {
  Candidate found[40];
  int count = 0;
  const auto add = [&](Slot& s, int wire, int port, Link* link, Queue* queue) {
    ColorState* cs = core.color[static_cast<size_t>(wire)];
    ColorState* second = nullptr;
    if (core.any_swap) {
      ColorState& partner = colorState(pe, core, wire ^ 1);
      const auto swaps = [port](const ColorState& c) {
        if (port <= 1) return c.swap_x;
        if (port <= 3) return c.swap_y;
        return port == kRampPort && c.swap_x && c.swap_y;
      };
      const bool to_partner = swaps(partner), to_self = !swaps(*cs);
      if (to_partner && to_self) {
        second = &partner;
      } else if (to_partner) {
        cs = &partner;
      } else if (!to_self) {
        return;
      }
    }
    const uint8_t bit = static_cast<uint8_t>(1u << port);
    uint8_t tx = cs->tx;
    if (cs->messages != nullptr) {
      if (port > kRampPort) return;
      tx = wayOfMessage(*cs->messages, coordOf(pe), port, s.payload);
      if (tx == 0) return;
    } else if ((cs->rx & bit) == 0 || cs->teardown || cs->tx == 0)
      return;
    if (second != nullptr && ((second->rx & bit) == 0 || second->teardown || second->tx == 0)) return;
    if (count < 40) found[count++] = Candidate{&s, cs, second, link, queue, static_cast<uint8_t>(port), tx};
  };
  for (int port = 0; port < 4; ++port) {
    for (uint32_t m = core.occupied[port]; m != 0; m &= m - 1) {
      const int wire = std::countr_zero(m);
      Link* link = core.color[static_cast<size_t>(wire)]->in[port];
      Slot& s = link->slot[link->head];
      if (s.at <= t) add(s, wire, port, link, nullptr);
    }
  }
  for (uint32_t m = core.occupied_host; m != 0; m &= m - 1) {
    const int wire = std::countr_zero(m);
    Link* link = core.color[static_cast<size_t>(wire)]->host_in;
    Slot& s = link->slot[link->head];
    if (s.at <= t) add(s, wire, kHostPort, link, nullptr);
  }
  for (uint32_t m = core.oq_occupied; m != 0; m &= m - 1) {
    Queue* q = core.oq[static_cast<size_t>(std::countr_zero(m))];
    Slot& s = q->front();
    if (s.at > t) continue;
    colorState(pe, core, s.color);
    add(s, s.color, kRampPort, nullptr, q);
  }
  if (count == 0) return;
  if (count > 1) {
    const uint64_t seed = mesh_.options().schedule_seed;
    const PeCoord at = coordOf(pe);
    const auto key = [&](const Candidate& c) -> uint64_t {
      if (seed != 0)
        return (seed + t * 31 + (static_cast<uint64_t>(at.y) << 40) + (static_cast<uint64_t>(at.x) << 20) +
                c.cs->color * 977u + c.port) *
                   0x9e3779b97f4a7c15ull >>
               20;
      return c.cs->last_served;
    };
    const auto turn = [](const Candidate& c) { return (c.port + 11 - c.cs->last_port) % 6; };
    std::sort(found, found + count, [&](const Candidate& a, const Candidate& b) {
      const uint64_t ka = key(a), kb = key(b);
      if (ka != kb) return ka < kb;
      if (a.cs != b.cs) return a.cs->color < b.cs->color;
      if (a.port != b.port) return turn(a) < turn(b);
      return a.queue != nullptr && b.queue != nullptr && a.queue->id < b.queue->id;
    });
    for (int i = 0; i + 1 < count; ++i) {
      ColorState* cs = found[i].cs;
      if (cs == found[i + 1].cs && found[i].port != found[i + 1].port && !cs->warned_merge && cs->messages == nullptr) {
        cs->warned_merge = true;
        warn({pe, t, kNone}, diag::Code::W0703,
             fmt::format(
                 "color {} has traffic from {} and {} at once; the order of its words is not defined", cs->color,
                 found[i].port == kHostPort ? "the host" : target::portName(static_cast<target::Port>(found[i].port)),
                 found[i + 1].port == kHostPort ? "the host"
                                                : target::portName(static_cast<target::Port>(found[i + 1].port))));
      }
    }
  }

  uint8_t taken = 0;
  bool ramp_used = false;
  bool lost = false;
  for (int i = 0; i < count; ++i) {
    Candidate& c = found[i];
    const Slot word = *c.slot;
    if (c.port == kRampPort && ramp_used) {
      lost = true;
      continue;
    }
    // Words of messages are data, whatever their bits.
    MessageRoutes* messages = c.cs->messages;
    const bool command = word.control() && messages == nullptr;
    const bool ignored = command && ((word.payload >> 24) & 1) != 0;
    bool ok = true;
    uint8_t need_all = 0;
    for (ColorState* cs = c.cs; cs != nullptr; cs = cs == c.cs ? c.second : nullptr) {
      uint8_t need = cs == c.cs ? c.tx : cs->tx;
      if ((need & kRampBit) != 0 && (ignored || (cs->filter != nullptr && !filterPasses(*cs->filter, word))))
        need &= static_cast<uint8_t>(~kRampBit);
      // A word that two colors receive may use a port for each of them at once.
      if ((need & taken) != 0) {
        lost = true;
        ok = false;
        break;
      }
      if ((need & kRampBit) != 0) {
        const Queue* q = landingQueue(pe, core, *cs);
        if (q == nullptr || q->full()) {
          ok = false;
          break;
        }
      }
      for (uint8_t m = need & 0xfu; m != 0 && ok; m &= static_cast<uint8_t>(m - 1)) {
        const int port = std::countr_zero(m);
        Link* link = outLink(pe, core, *cs, port);
        if (link->drop) continue;
        const Slot& place = link->slot[link->tail];
        if (place.full) {
          link->waiting = true;
          ok = false;
        } else if (place.at > t) {
          schedule(pe, place.at);
          ok = false;
        }
      }
      if (ok && (need & kHostBit) != 0) {
        if (cs->host_out == nullptr) {
          cs->host_out = makeLink(core);
          cs->host_out->color = cs->color;
          cs->host_out->sender = cs->host_out->receiver = pe;
        }
        const Slot& place = cs->host_out->slot[cs->host_out->tail];
        if (place.full) {
          cs->host_out->waiting = true;
          ok = false;
        } else if (place.at > t) {
          schedule(pe, place.at);
          ok = false;
        }
      }
      if (!ok) break;
      need_all |= need;
    }
    if (!ok) continue;

    // It moves.
    taken |= need_all;
    if (c.port == kRampPort) ramp_used = true;
    if (messages != nullptr) {
      messages->held |= c.tx;
      messages->way[c.port] = c.tx;
      if (word.control()) {
        messages->held &= static_cast<uint8_t>(~c.tx);
        messages->way[c.port] = 0;
        lost = true;  // others may have waited for this way
      }
    }
    if (c.link != nullptr) {
      popLink(pe, core, *c.link, c.port, t);
    } else {
      leaveOutput(pe, core, *c.queue, t);
    }
    if (tracing_) traceWavelet(t, pe, c.cs->color, c.port, word.payload, word.control(), need_all);
    for (ColorState* cs = c.cs; cs != nullptr; cs = cs == c.cs ? c.second : nullptr) {
      cs->last_served = t;
      cs->last_port = c.port;
      const uint8_t tx = cs == c.cs ? c.tx : cs->tx;
      uint32_t onward = word.payload;
      if (command) onward = executeControl(pe, core, *cs, word.payload, t);
      const uint8_t flags = word.flags & Slot::kControl;
      for (uint8_t m = tx & 0xfu; m != 0; m &= static_cast<uint8_t>(m - 1)) {
        const int port = std::countr_zero(m);
        Link* link = cs->out[port];
        if (link->drop) {
          ++stats.dropped_off_edge;
          if (((cs->warned_drop >> port) & 1) == 0) {
            if (cs->warned_drop == 0)
              warn({pe, t, kNone}, diag::Code::W0702,
                   fmt::format("wavelets of color {} leave the program rectangle to the {} and are dropped", cs->color,
                               target::portName(static_cast<target::Port>(port))));
            cs->warned_drop |= static_cast<uint8_t>(1u << port);
          }
          continue;
        }
        ++stats.wavelet_hops;
        const Cycles ready = t + params_.hop;
        Slot& place = link->slot[link->tail];
        link->tail = (link->tail + 1) & link->mask;
        place.fill(ready, onward, flags, cs->color);
        if (link->remote_receiver != 0) {
          outbox[link->remote_receiver - 1].push_back(
              {ready, link->receiver, onward, link->port, cs->color, flags, false, 0});
        } else {
          if (!link->express) arriveOutside(link->receiver, *link);
          schedule(link->receiver, ready);
        }
      }
      if ((tx & kHostBit) != 0) {
        Link* link = cs->host_out;
        Slot& place = link->slot[link->tail];
        link->tail = (link->tail + 1) & link->mask;
        place.fill(t + 1, onward, flags, cs->color);
        core.host_out_occupied = true;
        schedule(pe, t + 1);
      }
      if ((tx & kRampBit) != 0 && !ignored) {
        const bool passes = cs->filter == nullptr || filterPasses(*cs->filter, word);
        if (cs->filter != nullptr) filterCount(*cs->filter, word);
        if (passes) {
          Queue& q = *cs->queue;
          q.push().fill(t + params_.ramp_in, word.payload, flags, cs->color);
          if (q.implicit) {
            core.implicit_occupied |= 1u << q.color;
          } else {
            core.iq_occupied |= static_cast<uint8_t>(1u << q.id);
          }
          ++q.received;
          schedule(pe, t + params_.ramp_in);
        }
      }
      if ((word.flags & Slot::kAdvanceAfter) != 0) advanceBehind(pe, *cs, word.flags, word.payload, t);
    }
  }
  if (lost) schedule(pe, t + 1);
}

/// As if the compute element had sent the word, through the last output queue; waits until there is room.
void Block::injectWord(uint32_t pe, int color, uint32_t payload, bool control, Cycles t) {
  Core& c = core(pe);
  Queue* q = outputQueue(pe, c, target::outputQueueCount(params_.arch) - 1);
  const Cycles now = std::max({t, time_, wheel_.now()});
  if (q->full()) {
    Deferred later;
    later.at = now + 1;
    later.is_word = true;
    later.payload = payload;
    later.color = static_cast<uint8_t>(color);
    later.control = control;
    defer(pe, c, later);
    return;
  }
  colorState(pe, c, color);
  pushOutput(pe, c, *q, payload, control ? Slot::kControl : 0, static_cast<uint8_t>(color), now + 1);
}

}  // namespace weft::mesh
