// Why the machine stopped: PEs that wait, grouped by program, line and reason, each with the cause found by
// following the routes to the PE that should have sent, or to the place where the words are stuck.
// SPDX-License-Identifier: Apache-2.0
#include "sdk/mesh/mesh_impl.h"

#include <algorithm>
#include <map>
#include <set>

namespace weft::mesh {
namespace {

constexpr int kDx[] = {-1, 1, 0, 0};
constexpr int kDy[] = {0, 0, 1, -1};

std::string_view portText(int port) {
  return port == kHostPort ? std::string_view("HOST") : target::portName(static_cast<target::Port>(port));
}

std::string peText(PeCoord at) { return fmt::format("PE ({}, {})", at.x, at.y); }

bool linkHasWords(const Link* link) { return link != nullptr && link->slot[link->head].full; }

}  // namespace

const Core* MeshImpl::coreAt(PeCoord at) const {
  const Block& b = blockAt(at);
  return b.pes()[b.indexOf(at)].core;
}

RouteView MeshImpl::routeView(PeCoord at, int color) const {
  const Core* c = coreAt(at);
  if (c != nullptr && c->color[static_cast<size_t>(color)] != nullptr) {
    const ColorState& cs = *c->color[static_cast<size_t>(color)];
    return {cs.config != nullptr || (cs.rx | cs.tx) != 0, cs.rx, cs.tx, cs.teardown};
  }
  RouteView v;
  if (const plan::ColorConfig* config = plan_->colorConfig(at, color)) {
    v.configured = true;
    v.rx = config->rx;
    v.tx = config->tx;
    v.teardown = config->teardown;
    for (int k = 0; k < config->initial_position; ++k) {
      const plan::SwitchPosition& p = config->positions[static_cast<size_t>(k)];
      if (p.valid && p.rx) v.rx = *p.rx;
      if (p.valid && p.tx) v.tx = *p.tx;
    }
  }
  if (((plan_->host.h2dMask() >> color) & 1) != 0) {
    v.configured = true;
    v.rx |= kHostBit;
    v.tx |= kRampBit;
  }
  if (((plan_->host.d2hMask() >> color) & 1) != 0) {
    v.configured = true;
    v.rx |= kRampBit;
    v.tx |= kHostBit;
  }
  return v;
}

std::string MeshImpl::whyNothingComes(PeCoord at, int color, std::optional<PeCoord>* sender, bool to_host) const {
  std::set<uint32_t> seen;
  PeCoord pe = at;
  // The color may be known under its partner's number on the way; swaps are rare enough to follow the plain one.
  for (;;) {
    if (!seen.insert(plan_->extent.index(pe)).second)
      return fmt::format("the route of color {} runs in a circle", color);
    const RouteView v = routeView(pe, color);
    if (!v.configured) return fmt::format("{} has no route for color {}", peText(pe), color);
    if (v.teardown) return fmt::format("color {} is in teardown at {}", color, peText(pe));
    if (pe == at && (v.tx & (to_host ? kHostBit : kRampBit)) == 0) {
      return fmt::format("the route of color {} at {} does not lead to {}", color, peText(pe),
                         to_host ? "the host" : "its RAMP");
    }
    const Core* c = coreAt(pe);
    // Words that stand before a closed port.
    for (int port = 0; port < 4 && c != nullptr; ++port) {
      const ColorState* cs = c->color[static_cast<size_t>(color)];
      if (cs != nullptr && linkHasWords(cs->in[port]) && ((v.rx >> port) & 1) == 0) {
        return fmt::format("words of color {} wait at {} before port {}, which its route does not receive from", color,
                           peText(pe), portText(port));
      }
    }
    if (v.rx == 0) return fmt::format("the route of color {} at {} receives from no port", color, peText(pe));
    if ((v.rx & kHostBit) != 0)
      return fmt::format("the host has streamed no more words on color {} to {}", color, peText(pe));
    if ((v.rx & kRampBit) != 0) {
      *sender = pe;
      const Block& b = blockAt(pe);
      const uint32_t index = b.indexOf(pe);
      std::string state = b.mainText(index);
      bool sends = false;
      if (c != nullptr) {
        for (int i = 0; i < 8; ++i) {
          if (((c->ut_active >> i) & 1) == 0) continue;
          const Worker& w = *c->ut[static_cast<size_t>(i)];
          if (w.writes_fabric && w.dest.dsd.color() == color) {
            sends = true;
            state = fmt::format("its @{} at {} has sent {} of {} words and waits itself", tir::dsdOpInfo(w.opcode).name,
                                b.siteText(index, w.site), w.done, w.length);
          }
        }
        if (c->main.state == MainState::Waiting && c->main_worker->writes_fabric &&
            c->main_worker->dest.dsd.color() == color)
          sends = true;
      }
      if (sends) return fmt::format("{} should send them: {}", peText(pe), state);
      if (b.programOf(b.pes()[index]) == nullptr)
        return fmt::format("{} should send them but has no program", peText(pe));
      return fmt::format("{} should send them but has no send on color {} in progress; it is {}", peText(pe), color,
                         state);
    }
    const int port = std::countr_zero(static_cast<unsigned>(v.rx));
    const int64_t x = static_cast<int64_t>(pe.x) + kDx[port], y = static_cast<int64_t>(pe.y) + kDy[port];
    if (x < 0 || y < 0 || x >= plan_->extent.width || y >= plan_->extent.height) {
      return fmt::format("{} receives color {} from the {}, which is outside the program rectangle", peText(pe), color,
                         portText(port));
    }
    const PeCoord next{static_cast<uint32_t>(x), static_cast<uint32_t>(y)};
    const RouteView n = routeView(next, color);
    const int back = static_cast<int>(target::opposite(static_cast<target::Port>(port)));
    if (!n.configured)
      return fmt::format("{} receives color {} from {}, which has no route for it", peText(pe), color, peText(next));
    if (((n.tx >> back) & 1) == 0) {
      return fmt::format("{} receives color {} from {}, whose route does not send to the {}", peText(pe), color,
                         peText(next), portText(back));
    }
    pe = next;
  }
}

std::string MeshImpl::whyStuck(PeCoord at, int color, int from) const {
  std::set<uint32_t> seen;
  PeCoord pe = at;
  for (;;) {
    if (!seen.insert(plan_->extent.index(pe)).second)
      return fmt::format("the route of color {} runs in a circle", color);
    const RouteView v = routeView(pe, color);
    if (!v.configured) return fmt::format("{} has no route for color {}", peText(pe), color);
    if (v.teardown) return fmt::format("color {} is in teardown at {}", color, peText(pe));
    if (((v.rx >> from) & 1) == 0) {
      return fmt::format("the route of color {} at {} does not receive from {}", color, peText(pe), portText(from));
    }
    if (v.tx == 0) return fmt::format("the route of color {} at {} leads nowhere", color, peText(pe));
    const Core* c = coreAt(pe);
    const ColorState* cs = c != nullptr ? c->color[static_cast<size_t>(color)] : nullptr;
    if ((v.tx & kRampBit) != 0) {
      if (cs == nullptr || cs->queue == nullptr) {
        if (plan_->arch == target::Arch::Wse3)
          return fmt::format("no input queue is bound to color {} at {}", color, peText(pe));
      } else if (cs->queue->full()) {
        const Queue& q = *cs->queue;
        const Block& b = blockAt(pe);
        const Pe& state = b.pes()[b.indexOf(pe)];
        std::string why;
        if (q.user != Queue::kFree) {
          why = "the operation that reads it waits itself";
        } else {
          const int channel = plan_->arch == target::Arch::Wse2 ? q.color : q.id;
          const ProgramInfo* info = b.programOf(state);
          if (info == nullptr || ((info->data_mask >> channel) & 1) == 0) {
            why = "no operation and no task reads it";
          } else if (((state.blocked >> channel) & 1) != 0) {
            why = fmt::format("data task {} is blocked", channel);
          } else {
            why = "the main thread is " + b.mainText(b.indexOf(pe));
          }
        }
        return q.implicit ? fmt::format("the queue of color {} at {} is full: {}", color, peText(pe), why)
                          : fmt::format("input queue {} of color {} at {} is full: {}", q.id, color, peText(pe), why);
      }
    }
    if ((v.tx & kHostBit) != 0)
      return fmt::format("the host does not take the words of color {} at {}", color, peText(pe));
    bool moved = false;
    for (int port = 0; port < 4 && !moved; ++port) {
      if (((v.tx >> port) & 1) == 0) continue;
      const int64_t x = static_cast<int64_t>(pe.x) + kDx[port], y = static_cast<int64_t>(pe.y) + kDy[port];
      if (x < 0 || y < 0 || x >= plan_->extent.width || y >= plan_->extent.height) continue;
      const PeCoord next{static_cast<uint32_t>(x), static_cast<uint32_t>(y)};
      const int back = static_cast<int>(target::opposite(static_cast<target::Port>(port)));
      const Core* nc = coreAt(next);
      const ColorState* ncs = nc != nullptr ? nc->color[static_cast<size_t>(color)] : nullptr;
      if (ncs == nullptr || !linkHasWords(ncs->in[back])) continue;
      pe = next;
      from = back;
      moved = true;
    }
    if (!moved) return fmt::format("the words of color {} stop at {}", color, peText(pe));
  }
}

void Block::collectStuck(std::vector<Stuck>& out) {
  const Command* command = mesh_.current();
  for (uint32_t i = 0; i < pes_.size(); ++i) {
    const Pe& p = pes_[i];
    Core* c = p.core;
    if (c == nullptr) continue;
    const PeCoord at = coordOf(i);
    const ProgramInfo* info = programOf(p);
    const auto worker = [&](const Worker& w, bool main) {
      Stuck s;
      s.at = at;
      const std::string what = fmt::format(
          "waits in @{} at {}{}", w.single || w.opcode == tir::DsdOpcode::DFilt ? "map" : tir::dsdOpInfo(w.opcode).name,
          siteText(i, w.site), main ? "" : fmt::format(" (microthread {})", w.number));
      const std::string left = w.unbounded ? std::string("more") : fmt::format("{} of {}", w.length - w.done, w.length);
      for (const Operand* o : {&w.src0, &w.src1}) {
        if (o->kind != Operand::Kind::InQueue || o->queue->count != 0) continue;
        const Queue& q = *o->queue;
        const uint32_t per = w.simd ? 2 : 1;
        const uint32_t missing = w.unbounded ? 0 : (w.length - w.done + per - 1) / per;
        s.message = what + fmt::format(", color {}, {}: {} wavelets missing", q.color,
                                       q.implicit ? std::string("its own queue") : fmt::format("input queue {}", q.id),
                                       w.unbounded ? std::string("more") : fmt::format("{}", missing));
        std::optional<PeCoord> sender;
        s.cause = mesh_.whyNothingComes(at, q.color, &sender);
        // Two PEs that wait for each other.
        if (sender.has_value()) {
          const Core* other = mesh_.coreAt(*sender);
          if (other != nullptr && other->main.state == MainState::Waiting && other->main_worker->reads_fabric) {
            for (const Operand* back : {&other->main_worker->src0, &other->main_worker->src1}) {
              if (back->kind != Operand::Kind::InQueue) continue;
              std::optional<PeCoord> second;
              mesh_.whyNothingComes(*sender, back->queue->color, &second);
              if (second.has_value() && *second == at) s.cause += "; the two wait for each other in a circle";
            }
          }
        }
        s.key = fmt::format("{} {} in {} {}", p.program, w.site, q.color, q.id);
        out.push_back(s);
        return;
      }
      if (w.dest.kind == Operand::Kind::OutQueue && w.dest.queue->full()) {
        const int color = w.dest.queue->front().color;
        s.message =
            what + fmt::format(", color {}, output queue {}: {} words cannot leave", color, w.dest.queue->id, left);
        s.cause = mesh_.whyStuck(at, color);
        s.key = fmt::format("{} {} out {} {}", p.program, w.site, color, w.dest.queue->id);
        out.push_back(s);
        return;
      }
      s.message = what + fmt::format(", {} elements to go", left);
      s.cause =
          ((c->ut_blocked >> w.number) & 1) != 0 && !main ? "the microthread is blocked" : "its FIFO does not move";
      s.key = fmt::format("{} {} fifo", p.program, w.site);
      out.push_back(s);
    };
    if (c->main.state == MainState::Waiting) worker(*c->main_worker, true);
    for (int u = 0; u < 8; ++u) {
      if (((c->ut_active >> u) & 1) == 0) continue;
      const Worker& w = *c->ut[static_cast<size_t>(u)];
      // A microthread that could receive for ever is not what the host waits for.
      if (!w.unbounded) worker(w, false);
    }
    const auto queue = [&](const Queue& q) {
      if (q.count == 0 || q.user != Queue::kFree || info == nullptr) return;
      const int channel = params_.arch == target::Arch::Wse2 ? q.color : q.id;
      const bool bound = ((info->data_mask >> channel) & 1) != 0;
      const bool blocked = ((p.blocked >> channel) & 1) != 0;
      if (!bound || !blocked) {
        if (bound || c->main.state != MainState::Idle) return;
      }
      Stuck s;
      s.at = at;
      s.primary = false;
      s.message = fmt::format("{} words of color {} wait in {}", q.count, q.color,
                              q.implicit ? std::string("its own queue") : fmt::format("input queue {}", q.id));
      s.cause = bound ? fmt::format("data task `{}` is blocked",
                                    info->program->functions[info->task_fn[static_cast<size_t>(channel)]].name)
                      : std::string("no operation and no task reads it");
      s.key = fmt::format("{} queue {} {} {}", p.program, q.color, q.id, bound);
      out.push_back(s);
    };
    for (const Queue* q : c->iq) {
      if (q != nullptr) queue(*q);
    }
    for (const ColorState* cs : c->color) {
      if (cs != nullptr && cs->queue != nullptr && cs->queue->implicit) queue(*cs->queue);
    }
    for (int color = 0; color < target::kColorCount; ++color) {
      const ColorState* cs = c->color[static_cast<size_t>(color)];
      if (cs == nullptr) continue;
      for (int port = 0; port < 4; ++port) {
        if (!linkHasWords(cs->in[port]) || ((cs->rx >> port) & 1) != 0) continue;
        Stuck s;
        s.at = at;
        s.primary = false;
        s.message = fmt::format("words of color {} wait before port {}", color, portText(port));
        s.cause = cs->rx == 0 ? std::string("the PE has no route for the color")
                              : std::string("its route does not receive from there");
        s.key = fmt::format("{} closed {} {}", p.program, color, port);
        out.push_back(s);
      }
    }
    for (const Queue* q : c->oq) {
      if (q == nullptr || q->count == 0 || q->user != Queue::kFree) continue;
      Stuck s;
      s.at = at;
      s.primary = false;
      const int color = q->slot[q->head].color;
      s.message = fmt::format("{} words of color {} wait in output queue {}", q->count, color, q->id);
      s.cause = mesh_.whyStuck(at, color);
      s.key = fmt::format("{} oq {} {}", p.program, color, q->id);
      out.push_back(s);
    }
    if (command != nullptr && info != nullptr) {
      Stuck s;
      s.at = at;
      if ((p.flags & Pe::kSystemPending) != 0) {
        s.message = fmt::format("has not begun the {}", mesh_.commandText(*command));
        s.cause = "its main thread is " + mainText(i);
        s.primary = false;
        s.key = fmt::format("{} pending", p.program);
        out.push_back(s);
      } else if ((p.flags & Pe::kAwaitUnblock) != 0) {
        const uint32_t symbol = command->symbol[p.program];
        const std::string where =
            symbol == kNone
                ? std::string()
                : " (" +
                      siteText(i, info->program->function(info->program->host_symbols[symbol].function).site.index()) +
                      ")";
        s.message = fmt::format("`{}`{} has not unblocked the command stream", command->name, where);
        s.cause = c->main.state == MainState::Idle ? "nothing is running that could still call `unblock_cmd_stream`"
                                                   : "its main thread is " + mainText(i);
        s.primary = c->main.state == MainState::Idle && c->ut_active == 0;
        s.key = fmt::format("{} unblock {}", p.program, s.primary);
        out.push_back(s);
      }
      if (c->host != nullptr && c->host->next < c->host->count && command->kind == CommandKind::StreamIn) {
        s.message = fmt::format("the host still has {} of {} words for color {}", c->host->count - c->host->next,
                                c->host->count, c->host->color);
        s.cause = mesh_.whyStuck(at, c->host->color, kHostPort);
        s.primary = true;
        s.key = fmt::format("{} h2d", p.program);
        out.push_back(s);
      }
      if (c->host != nullptr && c->host->out_next < c->host->out_count && command->kind == CommandKind::StreamOut) {
        s.message = fmt::format("the host waits for {} of {} words on color {}", c->host->out_count - c->host->out_next,
                                c->host->out_count, c->host->out_color);
        s.cause = "the PE sends no more; its main thread is " + mainText(i);
        s.primary = true;
        s.key = fmt::format("{} d2h", p.program);
        out.push_back(s);
      }
    }
  }
}

void MeshImpl::reportHang(std::optional<CommandId> awaited) {
  settle();
  std::vector<Block::Stuck> stuck;
  for (const auto& b : blocks_) b->collectStuck(stuck);
  collectStreams(stuck);
  std::stable_sort(stuck.begin(), stuck.end(), [](const Block::Stuck& a, const Block::Stuck& b) {
    return std::tie(b.primary, a.at.y, a.at.x) < std::tie(a.primary, b.at.y, b.at.x);
  });
  struct Group {
    const Block::Stuck* first;
    std::vector<PeCoord> members;
  };
  std::vector<Group> groups;
  std::map<std::string, size_t> by_key;
  for (const Block::Stuck& s : stuck) {
    const auto [it, inserted] = by_key.emplace(s.key, groups.size());
    if (inserted) groups.push_back({&s, {}});
    groups[it->second].members.push_back(s.at);
  }
  std::string waits;
  if (awaited.has_value() && !commands_.empty()) {
    waits = "; the host waits for the " + commandText(commands_.front());
    for (const Command& c : commands_) {
      if (c.id == *awaited && c.id != commands_.front().id) waits += ", before its " + commandText(c);
    }
  }
  if (commands_.empty() && !open_transfers_.empty()) {
    waits = fmt::format("; the host waits for {} transfer{} of streams", open_transfers_.size(),
                        open_transfers_.size() == 1 ? "" : "s");
  }
  auto d = sink_.error(diag::Code::E0701, {}, "nothing can move any more at cycle {}{}", time_, waits);
  constexpr size_t kGroups = 12;
  for (size_t i = 0; i < groups.size() && i < kGroups; ++i) {
    const Group& g = groups[i];
    std::string who = peText(g.members[0]);
    if (g.members.size() > 1) {
      who += fmt::format(" and {} more", g.members.size() - 1);
      if (g.members.size() <= 4) {
        who = "PEs";
        for (size_t k = 0; k < g.members.size(); ++k)
          who += fmt::format("{} ({}, {})", k == 0 ? "" : ",", g.members[k].x, g.members[k].y);
      }
    }
    d.trace(diag::TraceFrame{fmt::format("{}: {}: {}", who, g.first->message, g.first->cause), {}});
  }
  if (groups.size() > kGroups)
    d.note(fmt::format("{} more groups of waiting PEs are not shown", groups.size() - kGroups));
  if (groups.empty()) d.note("no PE waits for anything; nothing was started that could complete the command");
  d.emit();
}

}  // namespace weft::mesh
