// Integers of 1 to 64 bits as raw, zero-extended bits; everything wraps. The rules of frontend/tir/ops.def.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <bit>
#include <cstdint>

namespace weft::numeric {

constexpr uint64_t maskOf(int width) { return width >= 64 ? ~0ull : (1ull << width) - 1; }
/// Cuts to `width` bits.
constexpr uint64_t wrap(uint64_t bits, int width) { return bits & maskOf(width); }
/// Reads `width` bits as a two's complement number.
constexpr int64_t signedValue(uint64_t bits, int width) {
  const int unused = 64 - width;
  return static_cast<int64_t>(bits << unused) >> unused;
}

constexpr uint64_t intAdd(uint64_t a, uint64_t b, int width) { return wrap(a + b, width); }
constexpr uint64_t intSub(uint64_t a, uint64_t b, int width) { return wrap(a - b, width); }
constexpr uint64_t intMul(uint64_t a, uint64_t b, int width) { return wrap(a * b, width); }
constexpr uint64_t intNeg(uint64_t a, int width) { return wrap(0 - a, width); }
constexpr uint64_t intNot(uint64_t a, int width) { return wrap(~a, width); }

/// x / 0 = all ones; x % 0 = x.
constexpr uint64_t intUDiv(uint64_t a, uint64_t b, int width) { return b == 0 ? maskOf(width) : a / b; }
constexpr uint64_t intURem(uint64_t a, uint64_t b, int /*width*/) { return b == 0 ? a : a % b; }
/// Truncating. x / 0 = -1, x % 0 = x, INT_MIN / -1 = INT_MIN, INT_MIN % -1 = 0.
constexpr uint64_t intSDiv(uint64_t a, uint64_t b, int width) {
  if (b == 0) return maskOf(width);
  const int64_t divisor = signedValue(b, width);
  if (divisor == -1) return intNeg(a, width);
  return wrap(static_cast<uint64_t>(signedValue(a, width) / divisor), width);
}
constexpr uint64_t intSRem(uint64_t a, uint64_t b, int width) {
  if (b == 0) return a;
  const int64_t divisor = signedValue(b, width);
  if (divisor == -1) return 0;
  return wrap(static_cast<uint64_t>(signedValue(a, width) % divisor), width);
}

/// Amounts are unsigned; from `width` on, nothing of `a` is left but the sign fill.
constexpr uint64_t intShl(uint64_t a, uint64_t amount, int width) {
  return amount >= static_cast<uint64_t>(width) ? 0 : wrap(a << amount, width);
}
constexpr uint64_t intLShr(uint64_t a, uint64_t amount, int width) {
  return amount >= static_cast<uint64_t>(width) ? 0 : a >> amount;
}
constexpr uint64_t intAShr(uint64_t a, uint64_t amount, int width) {
  const uint64_t last = static_cast<uint64_t>(width) - 1;
  return wrap(static_cast<uint64_t>(signedValue(a, width) >> (amount > last ? last : amount)), width);
}

/// clz(0) = ctz(0) = width.
constexpr uint64_t intClz(uint64_t a, int width) { return static_cast<uint64_t>(std::countl_zero(a) - (64 - width)); }
constexpr uint64_t intCtz(uint64_t a, int width) {
  return a == 0 ? static_cast<uint64_t>(width) : static_cast<uint64_t>(std::countr_zero(a));
}
constexpr uint64_t intPopCnt(uint64_t a) { return static_cast<uint64_t>(std::popcount(a)); }

constexpr bool intSLt(uint64_t a, uint64_t b, int width) { return signedValue(a, width) < signedValue(b, width); }
constexpr bool intSLe(uint64_t a, uint64_t b, int width) { return signedValue(a, width) <= signedValue(b, width); }
constexpr uint64_t intSExt(uint64_t a, int from, int to) {
  return wrap(static_cast<uint64_t>(signedValue(a, from)), to);
}

}  // namespace weft::numeric
