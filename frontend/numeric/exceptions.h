// Which IEEE 754 exceptions a float operation raises: the rules of the exception mask (<tile_config/exceptions>), once
// for all four formats. Used by the interpreter and the mesh for PEs that have unmasked one.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/target/target.h"

#include <cstdint>
#include <string>

namespace weft::numeric {

/// Exceptions as bits of the mask register; sets of them are unions.
inline constexpr unsigned kPerfCounter0 = 1u << 0;
inline constexpr unsigned kPerfCounter1 = 1u << 1;
inline constexpr unsigned kSoftware = 1u << 2;
inline constexpr unsigned kUnderflow = 1u << 3;
inline constexpr unsigned kOverflow = 1u << 4;
inline constexpr unsigned kInexact = 1u << 5;
inline constexpr unsigned kInvalid = 1u << 6;
inline constexpr unsigned kDivByZero = 1u << 7;
inline constexpr unsigned kFloatExceptions = kUnderflow | kOverflow | kInexact | kInvalid | kDivByZero;
inline constexpr unsigned kAllExceptions = 0xff;

/// The names a program uses, joined with " & ".
std::string exceptionNames(unsigned exceptions);

/// A float with its format.
class Float {
 public:
  static Float half(target::Fp16Format format, uint64_t bits) { return {static_cast<uint8_t>(format), bits}; }
  static Float single(uint64_t bits) { return {kSingle, bits}; }
  [[nodiscard]] double value() const;
  [[nodiscard]] bool isNan() const;
  [[nodiscard]] bool isSignaling() const;
  [[nodiscard]] bool isInfinite() const;
  /// Below the smallest normal number: subnormal or zero.
  [[nodiscard]] bool isTiny() const;

 private:
  static constexpr uint8_t kSingle = 3;
  Float(uint8_t format, uint64_t bits) : format_(format), bits_(static_cast<uint32_t>(bits)) {}
  uint8_t format_;
  uint32_t bits_;
};

// `r` is the result, rounded to its format. Quiet NaNs raise nothing, signaling ones INVALID. Underflow: the result is
// tiny and not exact (default handling of IEEE 754, tininess seen in the result). Overflow and underflow are inexact.
unsigned raisedByAdd(Float a, Float b, Float r);
unsigned raisedBySub(Float a, Float b, Float r);
unsigned raisedByMul(Float a, Float b, Float r);
unsigned raisedByDiv(Float a, Float b, Float r);
unsigned raisedBySqrt(Float a, Float r);
/// r = a * b + c.
unsigned raisedByFma(Float a, Float b, Float c, Float r);
/// r = a * 2^n.
unsigned raisedByScale(Float a, int16_t n, Float r);
/// Another float format.
unsigned raisedByConvert(Float a, Float r);
/// Toward zero. A NaN and what does not fit are INVALID; a fraction that is lost is INEXACT.
unsigned raisedByToInt(Float a, int width, bool is_signed);
unsigned raisedByFromInt(int64_t a, Float r);
unsigned raisedByFromUint(uint64_t a, Float r);
/// Equal and not equal, maximum, rounding to a whole number, significand: signaling NaNs only.
unsigned raisedByQuiet(Float a);
unsigned raisedByQuiet(Float a, Float b);
/// Less, less or equal: any NaN.
unsigned raisedByOrder(Float a, Float b);

}  // namespace weft::numeric
