// The C++ loops that benchmarks compare with. Compiled with -O3 -march=native.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>

namespace weft::bench {

/// y += A x, A column-major with `rows` rows.
void gemvColumns(const float* a, const float* x, float* y, int rows, int columns);
/// y[i] += A[i] . x, A row-major, walked column by column as a strided vector operation does.
void gemvStrided(const float* a, const float* x, float* y, int rows, int columns);

}  // namespace weft::bench
