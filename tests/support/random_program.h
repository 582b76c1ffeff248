// Random, valid, terminating TIR programs for comparing engines. The same seed gives the same program everywhere.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/tir/tir.h"

#include <cstdint>

namespace weft::testing {

/// Function 0 is the one to run: it takes an i16, an i32 and an f32 and returns an i32. `size` bounds the statements.
tir::Program randomProgram(uint64_t seed, target::Fp16Format fp16, int size = 40);

}  // namespace weft::testing
