// Address of one element of a memory descriptor. Shared by both engines and the mesh.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/tir/dsd.h"

#include <span>

namespace weft::tir {

/// Byte offset from the base of element `n` of a Mem4d shape, for elements of `width` bytes, modulo 2^16. Dimension k
/// steps by stride[k] after all dimensions inside it have been walked to their last position.
constexpr uint16_t shapeOffset(const Mem4dShape& shape, uint32_t n, uint32_t width) {
  uint32_t offset = 0;
  uint32_t steps = n;
  for (int k = 0; k < shape.rank; ++k) {
    const uint32_t extent = shape.extent[k] == 0 ? 1 : shape.extent[k];
    const uint32_t outer = k + 1 < shape.rank ? steps / extent : 0;
    offset += (steps - outer) * static_cast<uint32_t>(static_cast<int32_t>(shape.stride[k]));
    steps = outer;
  }
  return static_cast<uint16_t>(offset * width);
}

/// Byte address of element `n` of a memory descriptor. Anything but a memory descriptor, or an unknown shape, gives its
/// base.
constexpr uint16_t elementAddress(Dsd dsd, std::span<const Mem4dShape> shapes, uint32_t n, uint32_t width) {
  uint32_t offset = 0;
  switch (dsd.kind()) {
    case DsdKind::Mem1d: offset = n * static_cast<uint32_t>(static_cast<int32_t>(dsd.stride())) * width; break;
    case DsdKind::Mem4d:
      if (dsd.shape() < shapes.size()) offset = shapeOffset(shapes[dsd.shape()], n, width);
      break;
    case DsdKind::Circbuf: {
      const uint32_t wraparound = dsd.shape();
      offset = (wraparound == 0 ? n : n % wraparound) * width;
      break;
    }
    case DsdKind::None:
    case DsdKind::FabIn:
    case DsdKind::FabOut:
    case DsdKind::Fifo: break;
  }
  return static_cast<uint16_t>(dsd.base() + offset);
}

}  // namespace weft::tir
