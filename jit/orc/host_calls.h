// Host functions that compiled code calls by name, besides those of WeftDevice. Bound by session.cpp.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/tir/program.h"
#include "jit/device_abi.h"

namespace weft::jit::orc {

struct HostCall {
  const char* name;
  void* address;
};

/// All of them, ended by a null name.
const HostCall* hostCalls();

/// Bytes of the frame header, and the size of a frame with `payload` bytes of locals.
inline constexpr uint32_t kFrameHeader = sizeof(WeftFrame);
/// Where a local of type `t` goes in a frame filled up to `end`.
constexpr uint32_t localOffset(uint32_t end, tir::Type t) {
  const uint32_t size = tir::sizeOf(t);
  return size == 0 ? end : (end + size - 1) / size * size;
}
constexpr uint32_t frameBytes(uint32_t end_of_locals) { return (end_of_locals + 15u) & ~15u; }

}  // namespace weft::jit::orc
