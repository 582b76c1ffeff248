// The loop behind bar 2: for every color and router, the head word moves to the router its route names, if that has
// room and the link is free in this cycle.
// SPDX-License-Identifier: Apache-2.0
#include "mesh_baseline.h"

#include <cstddef>

namespace weft::bench {

PlaneStepper::PlaneStepper(uint32_t width, uint32_t height, int colors) : width_(width), height_(height) {
  const std::size_t n = static_cast<std::size_t>(width) * height;
  for (int c = 0; c < colors; ++c) {
    Plane p;
    p.payload.assign(n * 2, static_cast<uint32_t>(c));
    p.count.assign(n, 1);
    p.route.assign(n, 1);
    planes_.push_back(std::move(p));
  }
  used_.assign(n, 0);
}

uint64_t PlaneStepper::run(uint32_t cycles) {
  uint64_t moved = 0;
  const uint32_t n = width_ * height_;
  for (uint32_t t = 0; t < cycles; ++t) {
    for (uint32_t i = 0; i < n; ++i) used_[i] = 0;
    for (Plane& p : planes_) {
      // From the receiving end, so that a word moves one hop per cycle.
      for (uint32_t i = n; i-- > 0;) {
        if (p.count[i] == 0 || p.route[i] == 0 || used_[i] != 0) continue;
        const bool last = (i + 1) % width_ == 0;
        const uint32_t to = last ? i + 1 - width_ : i + 1;
        if (!last && p.count[to] >= 2) continue;
        const uint32_t word = p.payload[2 * i];
        p.payload[2 * i] = p.payload[2 * i + 1];
        --p.count[i];
        p.payload[2 * to + p.count[to]] = word + 1;
        ++p.count[to];
        used_[i] = 1;
        ++moved;
      }
    }
  }
  return moved;
}

uint64_t PlaneStepper::checksum() const {
  uint64_t s = 0;
  for (const Plane& p : planes_) {
    for (const uint32_t v : p.payload) s += v;
  }
  return s;
}

}  // namespace weft::bench
