// Routes against each other and against the programs: what leaves the fabric, what nobody takes or feeds, and fabric
// operations that no route serves.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/layout/layout_runner.h"
#include "frontend/target/host_link.h"

#include <algorithm>

namespace weft::layout {

using diag::Code;
using target::PortMask;

namespace {

// Ports a route may use in any switch position.
PortMask anyRx(const plan::ColorConfig& c) {
  PortMask rx = c.rx;
  for (const plan::SwitchPosition& p : c.positions) rx = static_cast<PortMask>(rx | (p.rx ? *p.rx : 0));
  return rx;
}
PortMask anyTx(const plan::ColorConfig& c) {
  PortMask tx = c.tx;
  for (const plan::SwitchPosition& p : c.positions) tx = static_cast<PortMask>(tx | (p.tx ? *p.tx : 0));
  return tx;
}

constexpr target::Port kSides[] = {target::Port::West, target::Port::East, target::Port::South, target::Port::North};

}  // namespace

// A route may leave the rectangle, not the fabric.
bool LayoutRunner::checkRoutes() {
  const Extent2 e = plan_->extent;
  const FabricCoord o = plan_->offset;
  const bool west = o.x == 0;
  const bool north = o.y == 0;
  const bool east = o.x + e.width >= plan_->fabric.width;
  const bool south = o.y + e.height >= plan_->fabric.height;
  if (!west && !north && !east && !south) return true;
  for (size_t color = 0; color < plan_->config_of.size(); ++color) {
    const auto& plane = plan_->config_of[color];
    if (plane.empty()) continue;
    for (uint32_t y = 0; y < e.height; ++y) {
      for (uint32_t x = 0; x < e.width; ++x) {
        PortMask edge = 0;
        if (west && x == 0) edge |= target::maskOf(target::Port::West);
        if (east && x + 1 == e.width) edge |= target::maskOf(target::Port::East);
        if (north && y == 0) edge |= target::maskOf(target::Port::North);
        if (south && y + 1 == e.height) edge |= target::maskOf(target::Port::South);
        if (edge == 0) continue;
        const uint32_t index = plane[e.index({x, y})];
        const PortMask tx = anyTx(plan_->color_configs[index]);
        if ((tx & edge) == 0) continue;
        int port = 0;
        while ((tx & edge & (1u << port)) == 0) ++port;
        context_.sink
            .error(Code::E0505, config_spans_[index], "color {} on PE ({}, {}) is sent {}, off the fabric", color, x, y,
                   target::portName(static_cast<target::Port>(port)))
            .note(fmt::format("the fabric is {} by {}, the program begins at ({}, {})", plan_->fabric.width,
                              plan_->fabric.height, o.x, o.y))
            .emit();
        return false;
      }
    }
  }
  return true;
}

namespace {

/// One warning for all PEs with the same mistake: where it was first seen, and how often.
struct Finding {
  source::Span span;
  PeCoord first;
  size_t count = 0;
  target::Port port{};
};

void note(std::vector<Finding>& list, source::Span span, PeCoord at, target::Port port) {
  for (Finding& f : list) {
    if (f.span != span || f.port != port) continue;
    ++f.count;
    return;
  }
  list.push_back({span, at, 1, port});
}

std::string others(const Finding& f) {
  return f.count == 1 ? "" : fmt::format(" and {} more PE{}", f.count - 1, f.count == 2 ? "" : "s");
}

}  // namespace

void LayoutRunner::checkNeighbours() {
  for (const Leaf& leaf : program_leaves_)
    if (leaf.changes_routes) return;
  const Extent2 e = plan_->extent;
  for (size_t color = 0; color < plan_->config_of.size(); ++color) {
    const auto& plane = plan_->config_of[color];
    if (plane.empty() || (servedByHost() >> color & 1) != 0) continue;
    // Swapped colors arrive on their partner, colors in teardown are routed later.
    bool skip = false;
    for (const size_t c : {color, color ^ 1}) {
      for (const uint32_t i : plan_->config_of[c]) {
        const plan::ColorConfig& config = plan_->color_configs[i];
        skip = skip || config.swap_x || config.swap_y || config.teardown;
      }
    }
    if (skip) continue;
    std::vector<Finding> untaken, unfed;
    // Layouts that give every PE a route and use some of them are common: only a color none of whose routes meet is
    // surely a mistake. The hang report names the place where words of the others stay.
    bool joined = false;
    for (uint32_t y = 0; y < e.height; ++y) {
      for (uint32_t x = 0; x < e.width; ++x) {
        const uint32_t index = plane[e.index({x, y})];
        if (index == 0) continue;
        const PortMask rx = anyRx(plan_->color_configs[index]);
        const PortMask tx = anyTx(plan_->color_configs[index]);
        // Switches decide while the program runs; only a route without any is sure to send there.
        const auto& positions = plan_->color_configs[index].positions;
        const bool fixed = std::none_of(positions.begin(), positions.end(), [](const auto& p) { return p.valid; });
        bool fed = rx == 0 || (rx & target::maskOf(target::Port::Ramp)) != 0;
        for (const target::Port side : kSides) {
          const PortMask bit = target::maskOf(side);
          if (((rx | tx) & bit) == 0) continue;
          const int64_t nx = int64_t{x} + (side == target::Port::East) - (side == target::Port::West);
          const int64_t ny = int64_t{y} + (side == target::Port::South) - (side == target::Port::North);
          if (nx < 0 || ny < 0 || nx >= e.width || ny >= e.height) {
            // The host's side of the fabric may send.
            fed = fed || (rx & bit) != 0;
            continue;
          }
          const PeCoord there{static_cast<uint32_t>(nx), static_cast<uint32_t>(ny)};
          const plan::ColorConfig& other = plan_->color_configs[plane[e.index(there)]];
          const PortMask facing = target::maskOf(target::opposite(side));
          const bool taken = (anyRx(other) & facing) != 0;
          joined = joined || ((tx & bit) != 0 && taken);
          if (fixed && (tx & bit) != 0 && !taken) note(untaken, config_spans_[index], {x, y}, side);
          fed = fed || ((rx & bit) != 0 && (anyTx(other) & facing) != 0);
        }
        if (!fed) note(unfed, config_spans_[index], {x, y}, target::Port::Ramp);
      }
    }
    if (joined) continue;
    for (const Finding& f : untaken) {
      context_.sink
          .warning(Code::W0502, f.span, "color {} is sent {} by PE ({}, {}){}, but the router there does not take it",
                   color, target::portName(f.port), f.first.x, f.first.y, others(f))
          .note(fmt::format("a wavelet would wait in this router for ever: `.rx` of the neighbour lacks {}",
                            target::portName(target::opposite(f.port))))
          .help("give the neighbour a route of this color, or end the route here")
          .emit();
    }
    for (const Finding& f : unfed) {
      context_.sink
          .warning(Code::W0503, f.span, "no router sends color {} to PE ({}, {}){}", color, f.first.x, f.first.y,
                   others(f))
          .note("none of the neighbours named in `.rx` has this PE in its `.tx`")
          .help("turn the route around, or give the neighbour one that leads here")
          .emit();
    }
  }
}

uint32_t LayoutRunner::servedByHost() const {
  return plan_->host.h2dMask() | plan_->host.d2hMask() | target::host_link::kColors;
}

// An operation whose color has no way between router and CE on any PE that runs it. If some PEs have one, the others
// may never come to it: which tasks run there is decided while the program runs.
void LayoutRunner::checkFabricUses() {
  struct Line {
    Finding found;
    const sema::FabricUse* use = nullptr;
    bool served = false;
  };
  std::vector<Line> lines;
  for (size_t l = 0; l < program_leaves_.size(); ++l) {
    const Leaf& leaf = program_leaves_[l];
    for (const sema::FabricUse& use : leaf.uses) {
      auto it = std::find_if(lines.begin(), lines.end(), [&](const Line& x) { return x.use->span == use.span; });
      if (it == lines.end()) it = lines.insert(it, {{use.span, {}, 0, target::Port::Ramp}, &use, false});
      if (it->served) continue;
      it->served = leaf.failed || leaf.changes_routes || (servedByHost() >> use.color & 1) != 0;
      const auto& plane = plan_->config_of[use.color];
      for (size_t i = 0; i < tiles_.size() && !it->served; ++i) {
        if (leaf_of_[i] != l) continue;
        const plan::ColorConfig& c = plan_->color_configs[plane.empty() ? 0 : plane[i]];
        const PortMask ports = use.is_input ? anyTx(c) : anyRx(c);
        it->served = c.teardown || c.swap_x || c.swap_y || (ports & target::maskOf(target::Port::Ramp)) != 0;
        if (it->found.count++ == 0)
          it->found.first = {static_cast<uint32_t>(i % extent_->width), static_cast<uint32_t>(i / extent_->width)};
      }
    }
  }
  for (const Line& line : lines) {
    const sema::FabricUse& use = *line.use;
    if (line.served || line.found.count == 0) continue;
    context_.sink
        .warning(Code::W0504, use.span, "color {} {} here, but no route of it {} RAMP", use.color,
                 use.is_input ? "is received" : "is sent", use.is_input ? "leads to" : "begins at")
        .note(fmt::format("on PE ({}, {}){}: {}", line.found.first.x, line.found.first.y, others(line.found),
                          use.blocks ? "the operation blocks its task, which can only end in a deadlock"
                                     : "the operation never completes"))
        .help(fmt::format("add RAMP to `{}` of the color's route there", use.is_input ? ".tx" : ".rx"))
        .emit();
  }
}

}  // namespace weft::layout
