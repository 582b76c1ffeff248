// Writes well-typed CSL programs from bytes: equal bytes, equal program. Used by the fuzzers that compare engines.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

namespace weft::testing {

/// The PE program: one task that computes on global arrays of every number type, with branches, loops, calls,
/// conversions and vector operations. It always ends, and traps only where a vector operation itself may.
std::string generatePeProgram(const uint8_t* data, size_t size);

/// A layout of one PE that runs `pe.csl`.
std::string onePeLayout();

}  // namespace weft::testing
