// The 16-bit formats by way of double: sums, products, quotients and roots of them have so few significant bits that
// rounding to double first cannot change the second rounding; the fused operation rounds to odd in between.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/numeric/f16.h"

#include <bit>
#include <cmath>
#include <limits>

namespace weft::numeric {

namespace {

struct Format {
  int mantissa;
  int bias;
  uint16_t infinity;
  uint16_t nan;
};

constexpr Format kFormats[] = {
    {10, 15, 0x7c00, 0x7e00},  // F16
    {7, 127, 0x7f80, 0x7fc0},  // BF16
    {9, 42, 0x7e00, 0x7f00},   // CB16
};
constexpr const Format& formatOf(Fp16Format format) { return kFormats[static_cast<size_t>(format)]; }

constexpr uint64_t kDoubleNan = 0x7ff8000000000000ull;

double toDouble(const Format& f, uint16_t bits) {
  const uint16_t magnitude = bits & 0x7fffu;
  const uint64_t sign = static_cast<uint64_t>(bits & 0x8000u) << 48;
  if (magnitude > f.infinity) return std::bit_cast<double>(kDoubleNan);
  if (magnitude == f.infinity) return std::bit_cast<double>(sign | 0x7ff0000000000000ull);
  const int exponent = magnitude >> f.mantissa;
  const uint64_t mantissa = magnitude & ((1u << f.mantissa) - 1u);
  if (exponent == 0) {
    const double unit = std::bit_cast<double>(static_cast<uint64_t>(1023 + 1 - f.bias - f.mantissa) << 52);
    const double value = static_cast<double>(mantissa) * unit;
    return sign != 0 ? -value : value;
  }
  return std::bit_cast<double>(sign | static_cast<uint64_t>(exponent - f.bias + 1023) << 52 |
                               mantissa << (52 - f.mantissa));
}

uint16_t fromDouble(const Format& f, double value) {
  const auto bits = std::bit_cast<uint64_t>(value);
  const auto sign = static_cast<uint16_t>(bits >> 48 & 0x8000u);
  const uint64_t magnitude = bits & 0x7fffffffffffffffull;
  if (magnitude > 0x7ff0000000000000ull) return f.nan;
  if (magnitude == 0x7ff0000000000000ull) return sign | f.infinity;
  const int exponent = static_cast<int>(magnitude >> 52) - 1023;
  // Far below the smallest subnormal of every format.
  if (exponent < -200) return sign;
  if (exponent > 128) return sign | f.infinity;
  const uint64_t significand = (magnitude & 0xfffffffffffffull) | (1ull << 52);
  const int least = 1 - f.bias;
  int shift = 52 - f.mantissa;
  if (exponent < least) shift += least - exponent;
  if (shift > 54) return sign;
  uint64_t quotient = significand >> shift;
  const uint64_t rest = significand & ((1ull << shift) - 1);
  const uint64_t half = 1ull << (shift - 1);
  if (rest > half || (rest == half && (quotient & 1) != 0)) ++quotient;
  // A carry out of the mantissa moves into the exponent by itself.
  if (exponent >= least) quotient += static_cast<uint64_t>(exponent - least) << f.mantissa;
  if (quotient >= f.infinity) return sign | f.infinity;
  return static_cast<uint16_t>(sign | quotient);
}

// a + b rounded to odd: the sticky bit survives in the lowest place.
double addToOdd(double a, double b) {
  const double sum = a + b;
  if (!std::isfinite(sum)) return sum;
  const double other = sum - a;
  const double error = (a - (sum - other)) + (b - other);
  if (error == 0) return sum;
  auto bits = std::bit_cast<uint64_t>(sum);
  if ((bits & 1) != 0) return sum;
  // Toward the true value; the last place becomes odd.
  const bool away = (error > 0) == (sum > 0);
  bits = away ? bits + 1 : bits - 1;
  return std::bit_cast<double>(bits);
}

}  // namespace

uint16_t f16Nan(Fp16Format format) { return formatOf(format).nan; }
bool f16IsNan(Fp16Format format, uint16_t bits) { return (bits & 0x7fffu) > formatOf(format).infinity; }
double f16ToDouble(Fp16Format format, uint16_t bits) { return toDouble(formatOf(format), bits); }
uint16_t f16FromDouble(Fp16Format format, double value) { return fromDouble(formatOf(format), value); }

uint32_t f16ToF32(Fp16Format format, uint16_t bits) {
  if (f16IsNan(format, bits)) return 0x7fc00000u;
  return std::bit_cast<uint32_t>(static_cast<float>(f16ToDouble(format, bits)));
}

uint16_t f16FromF32(Fp16Format format, uint32_t bits) {
  return f16FromDouble(format, static_cast<double>(std::bit_cast<float>(bits)));
}

uint16_t f16Add(Fp16Format format, uint16_t a, uint16_t b) {
  const Format& f = formatOf(format);
  return fromDouble(f, toDouble(f, a) + toDouble(f, b));
}

uint16_t f16Sub(Fp16Format format, uint16_t a, uint16_t b) {
  const Format& f = formatOf(format);
  return fromDouble(f, toDouble(f, a) - toDouble(f, b));
}

uint16_t f16Mul(Fp16Format format, uint16_t a, uint16_t b) {
  const Format& f = formatOf(format);
  return fromDouble(f, toDouble(f, a) * toDouble(f, b));
}

uint16_t f16Div(Fp16Format format, uint16_t a, uint16_t b) {
  const Format& f = formatOf(format);
  const double divisor = toDouble(f, b);
  if (divisor == 0) {
    if (f16IsNan(format, a) || (a & 0x7fffu) == 0) return f.nan;
    return static_cast<uint16_t>(((a ^ b) & 0x8000u) | f.infinity);
  }
  return fromDouble(f, toDouble(f, a) / divisor);
}

uint16_t f16Sqrt(Fp16Format format, uint16_t a) {
  const Format& f = formatOf(format);
  return fromDouble(f, std::sqrt(toDouble(f, a)));
}

uint16_t f16Fma(Fp16Format format, uint16_t a, uint16_t b, uint16_t c) {
  const Format& f = formatOf(format);
  return fromDouble(f, addToOdd(toDouble(f, a) * toDouble(f, b), toDouble(f, c)));
}

uint16_t f16Floor(Fp16Format format, uint16_t a) {
  const Format& f = formatOf(format);
  return fromDouble(f, std::floor(toDouble(f, a)));
}

uint16_t f16Ceil(Fp16Format format, uint16_t a) {
  const Format& f = formatOf(format);
  return fromDouble(f, std::ceil(toDouble(f, a)));
}

uint16_t f16Max(Fp16Format format, uint16_t a, uint16_t b) {
  if (f16IsNan(format, a)) return f16IsNan(format, b) ? formatOf(format).nan : b;
  if (f16IsNan(format, b)) return a;
  // Signed magnitudes order like the values, and -0 below +0.
  auto key = [](uint16_t v) { return (v & 0x8000u) != 0 ? -1 - static_cast<int>(v & 0x7fffu) : static_cast<int>(v); };
  return key(a) >= key(b) ? a : b;
}

uint16_t f16Scale(Fp16Format format, uint16_t a, int16_t n) {
  const Format& f = formatOf(format);
  const int power = n < -400 ? -400 : n > 400 ? 400 : n;
  return fromDouble(f, std::ldexp(toDouble(f, a), power));
}

uint16_t f16Norm(Fp16Format format, uint16_t a) {
  const Format& f = formatOf(format);
  const uint16_t magnitude = a & 0x7fffu;
  if (magnitude > f.infinity) return f.nan;
  if (magnitude == 0 || magnitude == f.infinity) return a;
  int exponent = 0;
  return fromDouble(f, std::frexp(toDouble(f, a), &exponent) * 2);
}

bool f16Eq(Fp16Format format, uint16_t a, uint16_t b) { return f16ToDouble(format, a) == f16ToDouble(format, b); }
bool f16Ne(Fp16Format format, uint16_t a, uint16_t b) { return !f16Eq(format, a, b); }
bool f16Lt(Fp16Format format, uint16_t a, uint16_t b) { return f16ToDouble(format, a) < f16ToDouble(format, b); }
bool f16Le(Fp16Format format, uint16_t a, uint16_t b) { return f16ToDouble(format, a) <= f16ToDouble(format, b); }

uint16_t f16FromUint(Fp16Format format, uint64_t value) {
  // Above 53 bits: keep a sticky bit, far below the last place of every format.
  if (value >> 53 != 0)
    return f16FromDouble(format, static_cast<double>(value >> 11 | ((value & 0x7ffu) != 0 ? 1u : 0u)) * 2048.0);
  return f16FromDouble(format, static_cast<double>(value));
}

uint16_t f16FromInt(Fp16Format format, int64_t value) {
  if (value >= 0) return f16FromUint(format, static_cast<uint64_t>(value));
  return f16Neg(f16FromUint(format, 0 - static_cast<uint64_t>(value)));
}

}  // namespace weft::numeric
