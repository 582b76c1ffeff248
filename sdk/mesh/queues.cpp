// Input and output queues with their ramp pipes, the state of a color at a router, and who a queue belongs to.
// SPDX-License-Identifier: Apache-2.0
#include "sdk/mesh/mesh_impl.h"

namespace weft::mesh {

void Block::configureColor(PeCoord at, int color, ColorState* cs) const {
  cs->color = static_cast<uint8_t>(color);
  const plan::FabricPlan& plan = mesh_.plan();
  if (const plan::ColorConfig* config = plan.colorConfig(at, color)) {
    cs->config = config;
    cs->base_rx = config->rx;
    cs->base_tx = config->tx;
    for (size_t k = 0; k < 3; ++k) {
      const plan::SwitchPosition& from = config->positions[k];
      PositionState& to = cs->position[k + 1];
      to.valid = from.valid;
      to.has_rx = from.rx.has_value();
      to.has_tx = from.tx.has_value();
      to.rx = from.rx.value_or(0);
      to.tx = from.tx.value_or(0);
    }
    cs->current = config->initial_position;
    cs->ring = config->ring;
    cs->pop = config->pop;
    cs->teardown = config->teardown;
    cs->swap_x = config->swap_x;
    cs->swap_y = config->swap_y;
  }
  if (((plan.host.h2dMask() >> color) & 1) != 0) {
    cs->base_rx |= kHostBit;
    cs->base_tx |= kRampBit;
  }
  if (((plan.host.d2hMask() >> color) & 1) != 0) {
    cs->base_rx |= kRampBit;
    cs->base_tx |= kHostBit;
  }
  recomputeRoute(*cs);
}

ColorState& Block::colorState(uint32_t pe, Core& core, int color) {
  ColorState*& cs = core.color[static_cast<size_t>(color)];
  if (cs != nullptr) return *cs;
  cs = new (carve(core, sizeof(ColorState), 64)) ColorState();
  const plan::FabricPlan& plan = mesh_.plan();
  const PeCoord at = coordOf(pe);
  configureColor(at, color, cs);
  core.any_swap = core.any_swap || cs->swap_x || cs->swap_y;
  core.long_way = core.long_way || core.any_swap;
  if (cs->config != nullptr && cs->config->filter.kind != plan::FilterKind::None) {
    cs->filter = cs->own_filter = make<FilterState>();
    cs->plain_tx = 0;
    cs->filter->config = cs->config->filter;
    cs->filter->counter = cs->config->filter.init_counter;
    cs->filter->limit1 = cs->config->filter.limit1;
  }
  // The partner's swap bit decides about our wire.
  if (plan.arch == target::Arch::Wse2 && core.color[static_cast<size_t>(color ^ 1)] == nullptr) {
    const plan::ColorConfig* partner = plan.colorConfig(at, color ^ 1);
    if (partner != nullptr && (partner->swap_x || partner->swap_y)) colorState(pe, core, color ^ 1);
  }
  return *cs;
}

Queue* Block::inputQueue(uint32_t pe, Core& core, int id) {
  (void)pe;
  Queue*& q = core.iq[static_cast<size_t>(id)];
  if (q == nullptr) {
    q = makeQueue(core, target::inputQueueDepth(params_.arch, id), params_.ramp_in);
    q->id = static_cast<uint8_t>(id);
  }
  return q;
}

Queue* Block::outputQueue(uint32_t pe, Core& core, int id) {
  (void)pe;
  Queue*& q = core.oq[static_cast<size_t>(id)];
  if (q == nullptr) {
    q = makeQueue(core, target::outputQueueDepth(params_.arch, id), params_.ramp_out);
    q->id = static_cast<uint8_t>(id);
    q->output = true;
    // From the compute element to the router and back, and a cycle in which it moves on.
    if (q->depth < 1 + params_.ramp_out + params_.ramp_credit) q->credit = static_cast<uint8_t>(params_.ramp_credit);
  }
  return q;
}

void Block::bindInputQueue(uint32_t pe, Core& core, int id, int color) {
  Queue* q = inputQueue(pe, core, id);
  if (q->color != tir::kNoColor && q->color != color) {
    ColorState& old = colorState(pe, core, q->color);
    if (old.queue == q) old.queue = nullptr;
  }
  q->color = static_cast<uint8_t>(color);
  ColorState& cs = colorState(pe, core, color);
  // WSE-2: words of the color that came before it had this queue stay in front.
  if (cs.queue != nullptr && cs.queue->implicit) {
    q->received += cs.queue->received;
    if (q->count + cs.queue->count > q->mask + 1u) {
      auto* more = new (carve(core, Queue::kPlaces * sizeof(Slot), alignof(Slot))) Slot[Queue::kPlaces];
      for (unsigned i = 0; i < q->count; ++i) more[i] = q->slot[(q->head + i) & q->mask];
      q->slot = more;
      q->head = 0;
      q->mask = Queue::kPlaces - 1;
    }
    while (cs.queue->count != 0 && q->count < Queue::kPlaces) {
      q->push() = cs.queue->front();
      popInput(core, *cs.queue);
      core.iq_occupied |= static_cast<uint8_t>(1u << id);
    }
  }
  cs.queue = q;
}

void Block::bindOutputQueue(uint32_t pe, Core& core, int id, int color) {
  outputQueue(pe, core, id)->color = static_cast<uint8_t>(color);
}

Queue* Block::implicitQueue(Core& core, ColorState& cs) {
  if (cs.queue == nullptr) {
    Queue* q = makeQueue(core, target::kImplicitQueueDepth, params_.ramp_in);
    q->implicit = true;
    q->color = cs.color;
    cs.queue = q;
  }
  return cs.queue;
}

/// Where a word of the color lands: the queue bound to it; on WSE-2 else a queue of the color's own; on WSE-3 nowhere.
Queue* Block::landingQueue(uint32_t pe, Core& core, ColorState& cs) {
  (void)pe;
  if (cs.queue != nullptr) return cs.queue;
  return params_.arch == target::Arch::Wse2 ? implicitQueue(core, cs) : nullptr;
}

void Block::popInput(Core& core, Queue& q) {
  q.pop();
  if (q.count != 0) return;
  if (q.implicit) {
    core.implicit_occupied &= ~(1u << q.color);
  } else {
    core.iq_occupied &= static_cast<uint8_t>(~(1u << q.id));
  }
}

void Block::pushOutput(uint32_t pe, Core& core, Queue& q, uint32_t payload, uint8_t flags, uint8_t color,
                       Cycles ready) {
  q.push().fill(ready, payload, flags, color);
  core.oq_occupied |= static_cast<uint8_t>(1u << q.id);
  schedule(pe, ready);
}

/// A queue has just become empty: a flush that waited for it raises task 29.
void Block::queueDrained(uint32_t pe, Core& core, Queue& q, Cycles t) {
  if (!q.flush_pending) return;
  q.flush_pending = false;
  q.flushed = true;
  core.flush_pending |= 1u << (q.id + (q.output ? 8 : 0));
  pes_[pe].active |= 1ull << target::kTeardownTaskId;
  schedule(pe, t + 1);
}

bool Block::dataChannelBlocked(const Pe& pe, const Queue& q) const {
  const int channel = params_.arch == target::Arch::Wse2 ? q.color : q.id;
  return ((pe.blocked >> channel) & 1) != 0;
}

}  // namespace weft::mesh
