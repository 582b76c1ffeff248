// 32-bit floats: raw bits in, raw bits out, one rounding to nearest even, one canonical quiet NaN.
// Used by the comptime evaluator, the interpreter and, as the oracle, by tests of the LLVM engine.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/target/target.h"

#include <cstdint>

namespace weft::numeric {

inline constexpr uint32_t kF32Nan = 0x7fc00000u;
constexpr bool f32IsNan(uint32_t bits) { return (bits & 0x7fffffffu) > 0x7f800000u; }

double f32ToDouble(uint32_t bits);
/// Rounds once; NaN gives the canonical NaN.
uint32_t f32FromDouble(double value);

uint32_t f32Add(uint32_t a, uint32_t b);
uint32_t f32Sub(uint32_t a, uint32_t b);
uint32_t f32Mul(uint32_t a, uint32_t b);
uint32_t f32Div(uint32_t a, uint32_t b);
uint32_t f32Sqrt(uint32_t a);
/// a * b + c, rounded once.
uint32_t f32Fma(uint32_t a, uint32_t b, uint32_t c);
/// acc + a * b with 16-bit a and b: exact product, one rounding (the vector operation fmachs).
uint32_t f32FmaHalf(target::Fp16Format format, uint16_t a, uint16_t b, uint32_t acc);
uint32_t f32Floor(uint32_t a);
uint32_t f32Ceil(uint32_t a);
/// maxNum: a NaN loses against a number, two give the canonical NaN; max(+0, -0) = +0.
uint32_t f32Max(uint32_t a, uint32_t b);
/// a * 2^n, rounded once.
uint32_t f32Scale(uint32_t a, int16_t n);
/// The significand in [1, 2) with the sign of `a`; zero and infinity come back unchanged.
uint32_t f32Norm(uint32_t a);
/// Bit operations: NaNs keep their bits.
constexpr uint32_t f32Neg(uint32_t a) { return a ^ 0x80000000u; }
constexpr uint32_t f32Abs(uint32_t a) { return a & 0x7fffffffu; }

/// Ordered comparisons: false with a NaN, but f32Ne is true with one.
bool f32Eq(uint32_t a, uint32_t b);
bool f32Ne(uint32_t a, uint32_t b);
bool f32Lt(uint32_t a, uint32_t b);
bool f32Le(uint32_t a, uint32_t b);

uint32_t f32FromInt(int64_t value);
uint32_t f32FromUint(uint64_t value);

/// Toward zero, saturating at the ends of a `width`-bit integer (1..64); NaN gives 0. Result: raw bits, zero-extended.
uint64_t toSigned(double value, int width);
uint64_t toUnsigned(double value, int width);

}  // namespace weft::numeric
