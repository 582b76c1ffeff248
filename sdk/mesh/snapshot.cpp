// A PE's state as text, for the REPL, csdb and reports.
// SPDX-License-Identifier: Apache-2.0
#include "sdk/mesh/mesh_impl.h"

namespace weft::mesh {
namespace {

std::string portList(uint8_t mask) {
  std::string s;
  for (int p = 0; p < 6; ++p) {
    if (((mask >> p) & 1) == 0) continue;
    if (!s.empty()) s += ',';
    s += p == kHostPort ? std::string_view("HOST") : target::portName(static_cast<target::Port>(p));
  }
  return s.empty() ? "-" : s;
}

}  // namespace

std::string Block::mainText(uint32_t pe) const {
  const Core* c = pes_[pe].core;
  const ProgramInfo* info = programOf(pes_[pe]);
  if (info == nullptr) return "no program";
  if (c == nullptr) return "idle";
  const MainThread& m = c->main;
  const std::string fn = m.function < info->program->functions.size() ? info->program->functions[m.function].name : "?";
  switch (m.state) {
    case MainState::Idle: return "idle";
    case MainState::Request: return fmt::format("running `{}` ({})", fn, siteText(pe, m.site));
    case MainState::Waiting: {
      const Worker& w = *c->main_worker;
      return fmt::format("waiting in @{} ({}), {} of {} elements done", tir::dsdOpInfo(w.opcode).name,
                         siteText(pe, w.site), w.done, w.length);
    }
    case MainState::Trapped: return fmt::format("trapped in `{}` ({})", fn, siteText(pe, m.site));
  }
  return {};
}

PeSnapshot Block::snapshot(uint32_t pe) {
  const Pe& p = pes_[pe];
  PeSnapshot s;
  s.at = coordOf(pe);
  s.main_thread = mainText(pe);
  const ProgramInfo* info = programOf(p);
  if (info != nullptr) {
    s.program = info->program->name;
    for (const tir::TaskBinding& t : info->program->tasks) {
      const uint64_t bit = 1ull << (t.id & 63);
      s.tasks.push_back(
          {t.id, info->program->function(t.function).name, (p.active & bit) != 0, (p.blocked & bit) != 0});
    }
  }
  Core* c = p.core;
  for (int color = 0; color < target::kColorCount; ++color) {
    const RouteView v = mesh_.routeView(s.at, color);
    if (!v.configured) continue;
    std::string text = fmt::format("color {}: rx {} tx {}", color, portList(v.rx), portList(v.tx));
    if (c != nullptr && c->color[static_cast<size_t>(color)] != nullptr) {
      const ColorState& cs = *c->color[static_cast<size_t>(color)];
      if (cs.current != 0) text += fmt::format(", switch position {}", cs.current);
      for (int port = 0; port < 4; ++port) {
        if (cs.in[port] == nullptr) continue;
        int n = 0;
        for (int k = 0; k <= cs.in[port]->mask; ++k) n += cs.in[port]->slot[k].full ? 1 : 0;
        if (n != 0) text += fmt::format(", {} waiting from {}", n, target::portName(static_cast<target::Port>(port)));
      }
    }
    if (v.teardown) text += ", in teardown";
    s.routes.push_back(std::move(text));
  }
  if (c == nullptr) return s;
  const auto queueText = [](const char* kind, const Queue& q) {
    return fmt::format("{} {} (color {}): {}/{} words{}", kind, q.id,
                       q.color == tir::kNoColor ? std::string("-") : fmt::format("{}", q.color), q.count, q.depth,
                       q.user == Queue::kFree ? "" : ", in use");
  };
  for (const Queue* q : c->iq) {
    if (q != nullptr) s.queues.push_back(queueText("iq", *q));
  }
  for (const ColorState* cs : c->color) {
    if (cs != nullptr && cs->queue != nullptr && cs->queue->implicit)
      s.queues.push_back(queueText("implicit", *cs->queue));
  }
  for (const Queue* q : c->oq) {
    if (q != nullptr) s.queues.push_back(queueText("oq", *q));
  }
  for (int i = 0; i < 8; ++i) {
    if (((c->ut_active >> i) & 1) == 0) continue;
    const Worker& w = *c->ut[static_cast<size_t>(i)];
    s.threads.push_back(fmt::format("ut {}: @{} ({}), {} of {} elements done{}", i, tir::dsdOpInfo(w.opcode).name,
                                    siteText(pe, w.site), w.done,
                                    w.unbounded ? std::string("endless") : fmt::format("{}", w.length),
                                    ((c->ut_blocked >> i) & 1) != 0 ? ", blocked" : ""));
  }
  return s;
}

}  // namespace weft::mesh
