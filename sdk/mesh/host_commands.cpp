// The host's side of the link: the queue of commands, when they start, what they cost, when they are complete.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/base/check.h"
#include "sdk/mesh/mesh_impl.h"

#include <algorithm>

namespace weft::mesh {

CommandId MeshImpl::submit(Command command) {
  command.id = next_command_++;
  // A command that follows at once starts where the one before ended, whether the host waited for it or not.
  command.start = time_ <= last_completion_ + params_.hop ? last_completion_ : time_;
  commands_.push_back(std::move(command));
  return commands_.back().id;
}

CommandId MeshImpl::copyIn(const std::string& symbol, Region region, uint32_t elements_per_pe, int element_bytes,
                           std::vector<uint32_t> data) {
  Command c;
  c.kind = CommandKind::CopyIn;
  c.name = symbol;
  c.region = region;
  c.elements = elements_per_pe;
  c.element_bytes = element_bytes;
  c.data = std::move(data);
  return submit(std::move(c));
}

CommandId MeshImpl::copyOut(const std::string& symbol, Region region, uint32_t elements_per_pe, int element_bytes,
                            uint32_t* data) {
  Command c;
  c.kind = CommandKind::CopyOut;
  c.name = symbol;
  c.region = region;
  c.elements = elements_per_pe;
  c.element_bytes = element_bytes;
  c.out = data;
  return submit(std::move(c));
}

CommandId MeshImpl::streamIn(int color, Region region, uint32_t elements_per_pe, std::vector<uint32_t> data) {
  Command c;
  c.kind = CommandKind::StreamIn;
  c.color = color;
  c.region = region;
  c.elements = elements_per_pe;
  c.data = std::move(data);
  return submit(std::move(c));
}

CommandId MeshImpl::streamOut(int color, Region region, uint32_t elements_per_pe, uint32_t* data) {
  Command c;
  c.kind = CommandKind::StreamOut;
  c.color = color;
  c.region = region;
  c.elements = elements_per_pe;
  c.out = data;
  return submit(std::move(c));
}

CommandId MeshImpl::launch(const std::string& function, std::vector<uint32_t> args) {
  Command c;
  c.kind = CommandKind::Launch;
  c.name = function;
  c.region = {0, 0, plan_->extent.width, plan_->extent.height};
  c.data = std::move(args);
  return submit(std::move(c));
}

std::string MeshImpl::commandText(const Command& c) const {
  switch (c.kind) {
    case CommandKind::CopyIn: return fmt::format("copy to `{}`", c.name);
    case CommandKind::CopyOut: return fmt::format("copy from `{}`", c.name);
    case CommandKind::StreamIn: return fmt::format("stream to color {}", c.color);
    case CommandKind::StreamOut: return fmt::format("stream from color {}", c.color);
    case CommandKind::Launch: return fmt::format("launch of `{}`", c.name);
  }
  return {};
}

void MeshImpl::startCommand(Command& c, Cycles at) {
  settle();
  c.started = true;
  c.start = at;
  Cycles base = at + params_.command_start;
  c.symbol.assign(programs_.size(), kNone);
  const bool by_name = c.kind != CommandKind::StreamIn && c.kind != CommandKind::StreamOut;
  if (by_name) {
    for (size_t p = 0; p < programs_.size(); ++p) {
      const auto& symbols = programs_[p].program->host_symbols;
      for (uint32_t s = 0; s < symbols.size(); ++s) {
        if (symbols[s].name == c.name && symbols[s].is_function == (c.kind == CommandKind::Launch)) c.symbol[p] = s;
      }
    }
  }
  if (c.kind == CommandKind::Launch) base += static_cast<Cycles>(c.data.size()) * params_.launch_word;
  c.base = base;
  c.last = base;
  for (uint32_t y = c.region.y; y < c.region.y + c.region.height; y += c.region.step_y) {
    for (uint32_t x = c.region.x; x < c.region.x + c.region.width; x += c.region.step_x) {
      const PeCoord at_pe{x, y};
      if (!plan_->extent.contains(at_pe)) continue;
      Block& block = blockAt(at_pe);
      const uint32_t pe = block.indexOf(at_pe);
      Pe& state = block.pes()[pe];
      const Cycles arrives = c.arrival(at_pe, params_.hop);
      const size_t offset = c.region.index(at_pe) * c.elements;
      if (by_name) {
        if (state.program == plan::kNoProgram || c.symbol[state.program] == kNone) continue;
        state.flags |= Pe::kSystemPending;
      } else {
        Core& core = block.core(pe);
        if (core.host == nullptr) core.host = block.make<HostStream>();
        core.has_extras = true;
        block.colorState(pe, core, c.color);
        HostStream& h = *core.host;
        if (c.elements == 0) continue;
        if (c.kind == CommandKind::StreamIn) {
          h.data = c.data.data() + offset;
          h.next = 0;
          h.count = c.elements;
          h.color = static_cast<uint8_t>(c.color);
          h.base = arrives;
          h.column = (x - c.region.x) / c.region.step_x;
        } else {
          h.out = c.out + offset;
          h.out_next = 0;
          h.out_count = c.elements;
          h.out_color = static_cast<uint8_t>(c.color);
          h.out_base = arrives;
        }
      }
      ++c.expected;
      block.catchUp(time_);
      block.schedule(pe, std::max(arrives, block.wheel_.now()));
    }
  }
}

Cycles MeshImpl::hostStep(Cycles now) {
  while (!commands_.empty()) {
    Command& c = commands_.front();
    if (!c.started) startCommand(c, std::max(last_completion_, c.start));
    if (c.complete == kNever && c.done >= c.expected) {
      const Cycles base = c.start + params_.command_start;
      const uint64_t words = static_cast<uint64_t>(c.elements) * c.region.columns() * c.region.rows();
      switch (c.kind) {
        case CommandKind::CopyIn: c.complete = c.last + words * 1000 / params_.h2d_rate; break;
        case CommandKind::CopyOut:
          c.complete = c.last + std::min<Cycles>(words * params_.d2h_single,
                                                 params_.d2h_limit + words * 1000 / params_.d2h_rate);
          break;
        case CommandKind::StreamIn:
        case CommandKind::Launch: c.complete = c.last; break;
        case CommandKind::StreamOut: c.complete = std::max(c.last, base + words * 1000 / params_.d2h_rate); break;
      }
    }
    if (c.complete > now) return c.complete;
    completed_ = c.id;
    last_completion_ = c.complete;
    commands_.pop_front();
  }
  return kNever;
}

}  // namespace weft::mesh
