// Crash reports for broken invariants.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/base/check.h"

#include <cstdio>
#include <cstdlib>
#include <vector>

namespace weft {
namespace {
std::vector<std::string>& doingStack() {
  static thread_local std::vector<std::string> stack;
  return stack;
}
}  // namespace

void checkFailed(const char* condition, const char* file, int line, const std::string& doing) {
  std::fprintf(stderr, "weft: internal error: %s\n  at %s:%d: check `%s` failed\n", doing.c_str(), file, line,
               condition);
  for (auto it = doingStack().rbegin(); it != doingStack().rend(); ++it)
    std::fprintf(stderr, "  while %s\n", it->c_str());
  std::fprintf(stderr, "  this is a bug in weft, not in your program; please report it with the input\n");
  std::fflush(nullptr);
  std::_Exit(70);
}

Doing::Doing(std::string what) { doingStack().push_back(std::move(what)); }
Doing::~Doing() { doingStack().pop_back(); }

}  // namespace weft
