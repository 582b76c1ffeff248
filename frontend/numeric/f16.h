// The three 16-bit float formats: raw bits in, raw bits out, each operation rounded once to nearest even.
// Used by the comptime evaluator, the interpreter and, as the oracle, by tests of the LLVM engine.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/target/target.h"

#include <cstdint>

namespace weft::numeric {

using target::Fp16Format;

/// The quiet NaN every operation on the format yields: F16 0x7e00, BF16 0x7fc0, CB16 0x7f00.
uint16_t f16Nan(Fp16Format format);
bool f16IsNan(Fp16Format format, uint16_t bits);

/// Exact: every value of the three formats is a double. NaN becomes the canonical double NaN.
double f16ToDouble(Fp16Format format, uint16_t bits);
/// Rounds once to nearest even; overflow gives infinity, NaN the canonical NaN.
uint16_t f16FromDouble(Fp16Format format, double value);

/// F32 bits, canonical NaN 0x7fc00000. f16ToF32 is exact but for CB16's range, which f32 contains as well.
uint32_t f16ToF32(Fp16Format format, uint16_t bits);
uint16_t f16FromF32(Fp16Format format, uint32_t bits);

uint16_t f16Add(Fp16Format format, uint16_t a, uint16_t b);
uint16_t f16Sub(Fp16Format format, uint16_t a, uint16_t b);
uint16_t f16Mul(Fp16Format format, uint16_t a, uint16_t b);
uint16_t f16Div(Fp16Format format, uint16_t a, uint16_t b);
uint16_t f16Sqrt(Fp16Format format, uint16_t a);
/// a * b + c, rounded once.
uint16_t f16Fma(Fp16Format format, uint16_t a, uint16_t b, uint16_t c);
uint16_t f16Floor(Fp16Format format, uint16_t a);
uint16_t f16Ceil(Fp16Format format, uint16_t a);
/// maxNum: a NaN loses against a number, two give the canonical NaN; max(+0, -0) = +0.
uint16_t f16Max(Fp16Format format, uint16_t a, uint16_t b);
/// a * 2^n, rounded once.
uint16_t f16Scale(Fp16Format format, uint16_t a, int16_t n);
/// The significand in [1, 2) with the sign of `a`; zero, infinity and NaN come back unchanged.
uint16_t f16Norm(Fp16Format format, uint16_t a);
/// Bit operations: NaNs keep their bits.
constexpr uint16_t f16Neg(uint16_t a) { return a ^ 0x8000u; }
constexpr uint16_t f16Abs(uint16_t a) { return a & 0x7fffu; }

/// Ordered comparisons: false with a NaN, but f16Ne is true with one.
bool f16Eq(Fp16Format format, uint16_t a, uint16_t b);
bool f16Ne(Fp16Format format, uint16_t a, uint16_t b);
bool f16Lt(Fp16Format format, uint16_t a, uint16_t b);
bool f16Le(Fp16Format format, uint16_t a, uint16_t b);

/// Integers of up to 64 bits, rounded once.
uint16_t f16FromInt(Fp16Format format, int64_t value);
uint16_t f16FromUint(Fp16Format format, uint64_t value);

}  // namespace weft::numeric
