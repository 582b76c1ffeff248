// Exceptions from the exact result: every sum, product and fused sum of floats of the four formats is a pair of
// doubles, and it is inexact if that pair is not the rounded result.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/numeric/exceptions.h"

#include "frontend/numeric/f16.h"
#include "frontend/numeric/f32.h"

#include <bit>
#include <cmath>

namespace weft::numeric {

namespace {

struct Layout {
  int mantissa;
  uint32_t infinity;
  uint32_t magnitude;
};
// F16, BF16, CB16, F32.
constexpr Layout kLayouts[] = {
    {10, 0x7c00, 0x7fff}, {7, 0x7f80, 0x7fff}, {9, 0x7e00, 0x7fff}, {23, 0x7f800000, 0x7fffffff}};

// An exact number: high + low.
struct Exact {
  double high;
  double low;
};

Exact sum(double a, double b) {
  const double high = a + b, other = high - a;
  return {high, (a - (high - other)) + (b - other)};
}

/// Of a result that should be `exact`; no operand was a NaN.
unsigned judge(bool infinite_operand, Exact exact, Float r) {
  if (r.isNan()) return kInvalid;
  if (infinite_operand) return 0;
  if (r.isInfinite()) return kOverflow | kInexact;
  if (exact.low == 0 && exact.high == r.value()) return 0;
  return r.isTiny() ? kUnderflow | kInexact : kInexact;
}

}  // namespace

std::string exceptionNames(unsigned exceptions) {
  constexpr const char* kNames[] = {"PERF_CNT_0_OVERFLOW", "PERF_CNT_1_OVERFLOW", "SW_EXCEPTION", "FP_UNDERFLOW",
                                    "FP_OVERFLOW",         "FP_INEXACT",          "FP_INVALID",   "FP_DIV_BY_0"};
  std::string names;
  for (unsigned k = 0; k < 8; ++k) {
    if ((exceptions >> k & 1) == 0) continue;
    if (!names.empty()) names += " & ";
    names += kNames[k];
  }
  return names;
}

double Float::value() const {
  if (format_ == kSingle) return f32ToDouble(bits_);
  return f16ToDouble(static_cast<target::Fp16Format>(format_), static_cast<uint16_t>(bits_));
}
bool Float::isNan() const { return (bits_ & kLayouts[format_].magnitude) > kLayouts[format_].infinity; }
bool Float::isSignaling() const { return isNan() && (bits_ >> (kLayouts[format_].mantissa - 1) & 1) == 0; }
bool Float::isInfinite() const { return (bits_ & kLayouts[format_].magnitude) == kLayouts[format_].infinity; }
bool Float::isTiny() const { return (bits_ & kLayouts[format_].magnitude) >> kLayouts[format_].mantissa == 0; }

unsigned raisedByQuiet(Float a) { return a.isSignaling() ? kInvalid : 0; }
unsigned raisedByQuiet(Float a, Float b) { return raisedByQuiet(a) | raisedByQuiet(b); }
unsigned raisedByOrder(Float a, Float b) { return a.isNan() || b.isNan() ? kInvalid : 0; }

unsigned raisedByAdd(Float a, Float b, Float r) {
  if (a.isNan() || b.isNan()) return raisedByQuiet(a, b);
  return judge(a.isInfinite() || b.isInfinite(), sum(a.value(), b.value()), r);
}

unsigned raisedBySub(Float a, Float b, Float r) {
  if (a.isNan() || b.isNan()) return raisedByQuiet(a, b);
  return judge(a.isInfinite() || b.isInfinite(), sum(a.value(), -b.value()), r);
}

unsigned raisedByMul(Float a, Float b, Float r) {
  if (a.isNan() || b.isNan()) return raisedByQuiet(a, b);
  return judge(a.isInfinite() || b.isInfinite(), {a.value() * b.value(), 0}, r);
}

unsigned raisedByDiv(Float a, Float b, Float r) {
  if (a.isNan() || b.isNan()) return raisedByQuiet(a, b);
  if (r.isNan()) return kInvalid;
  if (a.isInfinite() || b.isInfinite()) return 0;
  if (b.value() == 0) return kDivByZero;
  if (r.isInfinite()) return kOverflow | kInexact;
  // The quotient times the divisor is exact in double.
  if (r.value() * b.value() == a.value()) return 0;
  return r.isTiny() ? kUnderflow | kInexact : kInexact;
}

unsigned raisedBySqrt(Float a, Float r) {
  if (a.isNan()) return raisedByQuiet(a);
  if (r.isNan()) return kInvalid;
  if (a.isInfinite()) return 0;
  return r.value() * r.value() == a.value() ? 0 : kInexact;
}

unsigned raisedByFma(Float a, Float b, Float c, Float r) {
  if (a.isNan() || b.isNan() || c.isNan()) return raisedByQuiet(a, b) | raisedByQuiet(c);
  if (r.isNan()) return kInvalid;
  if (a.isInfinite() || b.isInfinite() || c.isInfinite()) return 0;
  return judge(false, sum(a.value() * b.value(), c.value()), r);
}

unsigned raisedByScale(Float a, int16_t n, Float r) {
  if (a.isNan()) return raisedByQuiet(a);
  // Beyond these powers every format has overflowed or become zero, and a double has not.
  const int power = n < -400 ? -400 : n > 400 ? 400 : n;
  return judge(a.isInfinite(), {std::ldexp(a.value(), power), 0}, r);
}

unsigned raisedByConvert(Float a, Float r) {
  if (a.isNan()) return raisedByQuiet(a);
  return judge(a.isInfinite(), {a.value(), 0}, r);
}

unsigned raisedByToInt(Float a, int width, bool is_signed) {
  if (a.isNan() || a.isInfinite()) return kInvalid;
  const double whole = std::trunc(a.value());
  const double least = is_signed ? -std::ldexp(1.0, width - 1) : 0.0;
  const double bound = std::ldexp(1.0, is_signed ? width - 1 : width);
  if (whole < least || whole >= bound) return kInvalid;
  return whole == a.value() ? 0 : kInexact;
}

unsigned raisedByFromInt(int64_t a, Float r) {
  if (r.isInfinite()) return kOverflow | kInexact;
  return static_cast<long double>(a) == static_cast<long double>(r.value()) ? 0 : kInexact;
}

unsigned raisedByFromUint(uint64_t a, Float r) {
  if (r.isInfinite()) return kOverflow | kInexact;
  return static_cast<long double>(a) == static_cast<long double>(r.value()) ? 0 : kInexact;
}

}  // namespace weft::numeric
