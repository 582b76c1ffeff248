// Where each element of a host array goes: the order mapping of memcpy. Pure arithmetic; used by the runtime.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "weft/runtime.h"

#include <cstddef>
#include <cstdint>

namespace weft::host {

/// The host array of one transfer: `columns` x `rows` x `elements` words, in the given order.
/// For a broadcast or strided transfer this is smaller than the region it reaches.
struct HostShape {
  uint32_t columns = 1;
  uint32_t rows = 1;
  uint32_t elements = 1;
  Order order = Order::RowMajor;
  [[nodiscard]] size_t words() const { return static_cast<size_t>(columns) * rows * elements; }
  /// Flat index of element `e` for column x, row y.
  [[nodiscard]] size_t index(size_t x, size_t y, size_t e) const {
    return order == Order::RowMajor ? (y * columns + x) * elements + e : y + x * rows + e * rows * columns;
  }
};

HostShape hostShape(const Transfer& transfer);

/// Host order to PE-major order (PEs row by row, x fastest, then elements), repeated where the transfer broadcasts.
/// `device` has region columns x rows x elements words.
void toDevice(const Transfer& transfer, const uint32_t* host, uint32_t* device);
/// The reverse, for one copy per PE.
void toHost(const Transfer& transfer, const uint32_t* device, uint32_t* host);

}  // namespace weft::host
