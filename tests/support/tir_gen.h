// Random well-typed TIR programs that end: every operation, calls, recursion, vector operations, places to suspend.
// For tests that compare engines, passes and text forms.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/tir/tir.h"

#include <cstddef>
#include <cstdint>
#include <span>

namespace weft::testing {

struct GeneratedProgram {
  /// As built: frames placed, not final.
  tir::Program built;
  /// The same after finalize().
  tir::Program final;
  /// The function to run, and its arguments.
  tir::FunctionId entry;
  std::vector<uint64_t> args;
};

/// The bytes are the first random choices; a generator seeded by them makes the rest.
GeneratedProgram generateProgram(std::span<const uint8_t> bytes);

}  // namespace weft::testing
