// The order mapping of memcpy, element by element, with the straight copy where both sides agree.
// SPDX-License-Identifier: Apache-2.0
#include "sdk/host/memcpy_layout.h"

#include <algorithm>

namespace weft::host {

HostShape hostShape(const Transfer& t) {
  HostShape shape;
  shape.order = t.order;
  shape.elements = static_cast<uint32_t>(t.elements_per_pe);
  shape.columns = static_cast<uint32_t>(t.width);
  shape.rows = static_cast<uint32_t>(t.height);
  switch (t.spread) {
    case Spread::Each: break;
    case Spread::RowBroadcast: shape.columns = 1; break;
    case Spread::ColumnBroadcast: shape.rows = 1; break;
    case Spread::Strided:
      shape.columns = static_cast<uint32_t>(1 + (t.width - 1) / t.row_stride);
      shape.rows = static_cast<uint32_t>(1 + (t.height - 1) / t.col_stride);
      break;
  }
  return shape;
}

void toDevice(const Transfer& t, const uint32_t* host, uint32_t* device) {
  const HostShape shape = hostShape(t);
  const size_t elements = shape.elements;
  const size_t columns = t.spread == Spread::Strided ? shape.columns : static_cast<size_t>(t.width);
  const size_t rows = t.spread == Spread::Strided ? shape.rows : static_cast<size_t>(t.height);
  if (t.order == Order::RowMajor && columns == shape.columns && rows == shape.rows) {
    std::copy(host, host + shape.words(), device);
    return;
  }
  for (size_t y = 0; y < rows; ++y) {
    for (size_t x = 0; x < columns; ++x) {
      const size_t host_x = shape.columns == 1 ? 0 : x;
      const size_t host_y = shape.rows == 1 ? 0 : y;
      uint32_t* out = device + (y * columns + x) * elements;
      for (size_t e = 0; e < elements; ++e) out[e] = host[shape.index(host_x, host_y, e)];
    }
  }
}

void toHost(const Transfer& t, const uint32_t* device, uint32_t* host) {
  const HostShape shape = hostShape(t);
  if (t.order == Order::RowMajor) {
    std::copy(device, device + shape.words(), host);
    return;
  }
  for (size_t e = 0; e < shape.elements; ++e)
    for (size_t x = 0; x < shape.columns; ++x)
      for (size_t y = 0; y < shape.rows; ++y)
        host[shape.index(x, y, e)] = device[(y * shape.columns + x) * shape.elements + e];
}

}  // namespace weft::host
