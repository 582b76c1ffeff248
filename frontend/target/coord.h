// Coordinates of processing elements: (column, row), origin top-left.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <compare>
#include <cstdint>

namespace weft {

/// Logical: relative to the program rectangle.
struct PeCoord {
  uint32_t x = 0;
  uint32_t y = 0;
  auto operator<=>(const PeCoord&) const = default;
};

/// Absolute position on the fabric; only the host API, logs and get_fabric_coord use it.
struct FabricCoord {
  uint32_t x = 0;
  uint32_t y = 0;
  auto operator<=>(const FabricCoord&) const = default;
};

struct Extent2 {
  uint32_t width = 0;
  uint32_t height = 0;
  [[nodiscard]] uint64_t area() const { return static_cast<uint64_t>(width) * height; }
  [[nodiscard]] bool contains(PeCoord c) const { return c.x < width && c.y < height; }
  [[nodiscard]] uint32_t index(PeCoord c) const { return c.y * width + c.x; }
  bool operator==(const Extent2&) const = default;
};

}  // namespace weft
