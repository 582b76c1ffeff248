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

}  // namespace weft::jit::orc
