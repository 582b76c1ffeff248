// Host functions that compiled code calls by name, besides those of WeftDevice. Bound by session.cpp.
// SPDX-License-Identifier: Apache-2.0
#pragma once
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
constexpr uint32_t frameBytes(uint32_t end_of_locals) { return (end_of_locals + 15u) & ~15u; }

}  // namespace weft::jit::orc
