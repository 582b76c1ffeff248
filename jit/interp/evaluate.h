// Pure operations of TIR on raw bits. Private to jit/interp.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/tir/program.h"

#include <cstdint>

namespace weft::jit {

/// Width in bits; Bool is 1.
constexpr int bitsOf(tir::Type type) { return type == tir::Type::Bool ? 1 : static_cast<int>(tir::sizeOf(type) * 8); }

/// The result of a pure instruction other than Load and FrameAddr; operands and result are zero-extended bits.
uint64_t evaluate(const tir::Program& program, const tir::Inst& inst, uint64_t a, uint64_t b, uint64_t c);

/// The exceptions (numeric/exceptions.h) of a pure instruction whose result is `r`; operands and result as in
/// evaluate().
unsigned raised(const tir::Program& program, const tir::Inst& inst, uint64_t a, uint64_t b, uint64_t c, uint64_t r);

}  // namespace weft::jit
