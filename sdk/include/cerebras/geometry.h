// Points and rectangles of the host interface.
// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace cerebras {

template <class T>
struct Point {
  T x{}, y{};
  friend bool operator==(const Point&, const Point&) = default;
};

/// From `lo` to the exclusive corner `hi`.
template <class T>
struct AbstractRectangle {
  Point<T> lo, hi;
  [[nodiscard]] T width() const { return hi.x - lo.x; }
  [[nodiscard]] T height() const { return hi.y - lo.y; }
  friend bool operator==(const AbstractRectangle&, const AbstractRectangle&) = default;
};

using IntVector = Point<int>;
using IntRectangle = AbstractRectangle<int>;

}  // namespace cerebras
