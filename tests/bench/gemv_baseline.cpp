// Plain loops, left to the compiler.
// SPDX-License-Identifier: Apache-2.0
#include "gemv_baseline.h"

namespace weft::bench {

void gemvColumns(const float* __restrict a, const float* __restrict x, float* __restrict y, int rows, int columns) {
  for (int j = 0; j < columns; ++j)
    for (int i = 0; i < rows; ++i) y[i] += a[j * rows + i] * x[j];
}

void gemvStrided(const float* __restrict a, const float* __restrict x, float* __restrict y, int rows, int columns) {
  for (int j = 0; j < columns; ++j)
    for (int i = 0; i < rows; ++i) y[i] += a[i * columns + j] * x[j];
}

}  // namespace weft::bench
