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

/// What weft_orc_dsd must know of a vector operation with plain operands, as one number.
struct PlainOp {
  uint32_t bits = 0;
  static PlainOp of(const tir::DsdOp& op) {
    return {static_cast<uint32_t>(op.op) | static_cast<uint32_t>(op.dest.kind) << 8 |
            static_cast<uint32_t>(op.src0.kind) << 12 | static_cast<uint32_t>(op.src1.kind) << 16};
  }
  [[nodiscard]] tir::DsdOpcode op() const { return static_cast<tir::DsdOpcode>(bits & 0xffu); }
  /// 0 dest, 1 src0, 2 src1.
  [[nodiscard]] tir::DsdOperand::Kind kind(int side) const {
    return static_cast<tir::DsdOperand::Kind>(bits >> (8 + 4 * side) & 15u);
  }
};

}  // namespace weft::jit::orc
