// Clocks and the median of the benchmarks.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <algorithm>
#include <cstddef>
#include <ctime>
#include <vector>

namespace weft::bench {

/// In seconds.
inline double clockNow(clockid_t clock) {
  timespec t{};
  clock_gettime(clock, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

/// CPU time of this process, which runs one thread while it is measured: a busy machine does not spoil it.
inline double now() { return clockNow(CLOCK_PROCESS_CPUTIME_ID); }

inline double median(std::vector<double> v) {
  std::nth_element(v.begin(), v.begin() + static_cast<ptrdiff_t>(v.size() / 2), v.end());
  return v[v.size() / 2];
}

}  // namespace weft::bench
