// 32-bit floats on the host's IEEE arithmetic (SSE2; contraction is off for the whole project).
// SPDX-License-Identifier: Apache-2.0
#include "frontend/numeric/f32.h"

#include "frontend/numeric/f16.h"

#include <bit>
#include <cmath>

namespace weft::numeric {

namespace {

float value(uint32_t bits) { return std::bit_cast<float>(bits); }
uint32_t canonical(float v) { return std::isnan(v) ? kF32Nan : std::bit_cast<uint32_t>(v); }

}  // namespace

double f32ToDouble(uint32_t bits) { return static_cast<double>(value(bits)); }
uint32_t f32FromDouble(double v) { return canonical(static_cast<float>(v)); }

uint32_t f32Add(uint32_t a, uint32_t b) { return canonical(value(a) + value(b)); }
uint32_t f32Sub(uint32_t a, uint32_t b) { return canonical(value(a) - value(b)); }
uint32_t f32Mul(uint32_t a, uint32_t b) { return canonical(value(a) * value(b)); }

uint32_t f32Div(uint32_t a, uint32_t b) {
  if ((b & 0x7fffffffu) == 0) {
    if (f32IsNan(a) || (a & 0x7fffffffu) == 0) return kF32Nan;
    return ((a ^ b) & 0x80000000u) | 0x7f800000u;
  }
  return canonical(value(a) / value(b));
}

uint32_t f32Sqrt(uint32_t a) { return canonical(std::sqrt(value(a))); }
uint32_t f32Fma(uint32_t a, uint32_t b, uint32_t c) { return canonical(std::fma(value(a), value(b), value(c))); }

uint32_t f32FmaHalf(target::Fp16Format format, uint16_t a, uint16_t b, uint32_t acc) {
  return f32Fma(f16ToF32(format, a), f16ToF32(format, b), acc);
}

uint32_t f32Floor(uint32_t a) { return canonical(std::floor(value(a))); }
uint32_t f32Ceil(uint32_t a) { return canonical(std::ceil(value(a))); }

uint32_t f32Max(uint32_t a, uint32_t b) {
  if (f32IsNan(a)) return f32IsNan(b) ? kF32Nan : b;
  if (f32IsNan(b)) return a;
  // Signed magnitudes order like the values, and -0 below +0.
  auto key = [](uint32_t v) {
    return (v & 0x80000000u) != 0 ? -1 - static_cast<int64_t>(v & 0x7fffffffu) : static_cast<int64_t>(v);
  };
  return key(a) >= key(b) ? a : b;
}

uint32_t f32Scale(uint32_t a, int16_t n) {
  const int power = n < -400 ? -400 : n > 400 ? 400 : n;
  return f32FromDouble(std::ldexp(f32ToDouble(a), power));
}

uint32_t f32Norm(uint32_t a) {
  const uint32_t magnitude = a & 0x7fffffffu;
  if (f32IsNan(a)) return kF32Nan;
  if (magnitude == 0 || magnitude == 0x7f800000u) return a;
  int exponent = 0;
  return f32FromDouble(std::frexp(f32ToDouble(a), &exponent) * 2);
}

bool f32Eq(uint32_t a, uint32_t b) { return value(a) == value(b); }
bool f32Ne(uint32_t a, uint32_t b) { return value(a) != value(b); }
bool f32Lt(uint32_t a, uint32_t b) { return value(a) < value(b); }
bool f32Le(uint32_t a, uint32_t b) { return value(a) <= value(b); }

uint32_t f32FromInt(int64_t v) { return std::bit_cast<uint32_t>(static_cast<float>(v)); }
uint32_t f32FromUint(uint64_t v) { return std::bit_cast<uint32_t>(static_cast<float>(v)); }

uint64_t toSigned(double v, int width) {
  if (std::isnan(v)) return 0;
  const uint64_t mask = width >= 64 ? ~0ull : (1ull << width) - 1;
  const uint64_t least = 1ull << (width - 1);
  const double bound = std::ldexp(1.0, width - 1);
  if (v >= bound) return least - 1;
  if (v <= -bound) return least;
  return static_cast<uint64_t>(static_cast<int64_t>(v)) & mask;
}

uint64_t toUnsigned(double v, int width) {
  if (!(v > 0)) return 0;
  const uint64_t mask = width >= 64 ? ~0ull : (1ull << width) - 1;
  if (v >= std::ldexp(1.0, width)) return mask;
  return static_cast<uint64_t>(v);
}

}  // namespace weft::numeric
