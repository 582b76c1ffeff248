// Burst kernels of the interpreter. Private to jit/interp.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/target/target.h"
#include "jit/device_abi.h"

namespace weft::jit {

/// By tir::DsdOpcode; null for dfilt, which computes nothing. Lives forever.
const WeftKernel* interpKernels(target::Fp16Format fp16);

}  // namespace weft::jit
