// A bare scalar stepper of routers: what moving words costs when nothing else is modelled.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <vector>

namespace weft::bench {

/// One plane per color: payload, valid bit and route of every router. Words run east along rows; every router moves one
/// word per cycle once the rows are full.
class PlaneStepper {
 public:
  PlaneStepper(uint32_t width, uint32_t height, int colors);
  /// Steps all routers `cycles` times; returns the number of words moved.
  uint64_t run(uint32_t cycles);
  [[nodiscard]] uint64_t checksum() const;

 private:
  struct Plane {
    std::vector<uint32_t> payload;
    std::vector<uint8_t> count;
    std::vector<uint8_t> route;
  };
  uint32_t width_, height_;
  std::vector<Plane> planes_;
  std::vector<uint8_t> used_;
};

}  // namespace weft::bench
