// WEFT_CHECK guards our own invariants. No input may ever trigger it.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <fmt/format.h>

#include <string>

namespace weft {

/// Prints a crash report ("what was being done", condition, file, line) and exits with status 70.
[[noreturn]] void checkFailed(const char* condition, const char* file, int line, const std::string& doing);

/// Says what the current thread is doing, for crash reports: `Doing d{"lowering fn gemv, pe.csl:51"};`
class Doing {
 public:
  explicit Doing(std::string what);
  ~Doing();
  Doing(const Doing&) = delete;
  Doing& operator=(const Doing&) = delete;
};

}  // namespace weft

#define WEFT_CHECK(cond, ...)                                                              \
  do {                                                                                     \
    if (!(cond)) ::weft::checkFailed(#cond, __FILE__, __LINE__, fmt::format(__VA_ARGS__)); \
  } while (0)
