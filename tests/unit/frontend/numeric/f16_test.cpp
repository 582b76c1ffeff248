// The 16-bit formats against the host's _Float16 and against rounding in 113-bit arithmetic.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/numeric/f16.h"

#include "frontend/numeric/f32.h"

#include <catch2/catch_test_macros.hpp>

#include <bit>
#include <cmath>
#include <functional>
#include <random>

using namespace weft::numeric;

namespace {

__extension__ typedef __float128 Quad;

struct Spec {
  Fp16Format format;
  uint16_t infinity;
  double beyond;  // what infinity stands for when rounding: the next power of two
};
constexpr Spec kSpecs[] = {
    {Fp16Format::F16, 0x7c00, 0x1p16}, {Fp16Format::BF16, 0x7f80, 0x1p128}, {Fp16Format::CB16, 0x7e00, 0x1p21}};

// The format's value nearest to `exact`, ties to even; found among the neighbours of a first guess.
uint16_t nearest(const Spec& spec, Quad exact) {
  const bool negative = std::signbit(static_cast<double>(exact));
  const Quad magnitude = negative ? -exact : exact;
  auto valueOf = [&](int bits) {
    return bits >= spec.infinity ? static_cast<Quad>(spec.beyond)
                                 : static_cast<Quad>(f16ToDouble(spec.format, static_cast<uint16_t>(bits)));
  };
  int low = 0, high = spec.infinity;
  while (high - low > 1) {
    const int middle = (low + high) / 2;
    (valueOf(middle) <= magnitude ? low : high) = middle;
  }
  const Quad below = magnitude - valueOf(low), above = valueOf(high) - magnitude;
  int best = below < above || (below == above && low % 2 == 0) ? low : high;
  if (magnitude >= static_cast<Quad>(spec.beyond)) best = spec.infinity;
  return static_cast<uint16_t>(best | (negative ? 0x8000 : 0));
}

bool isFinite(const Spec& spec, uint16_t v) { return (v & 0x7fff) < spec.infinity; }

// Bits with every exponent about equally likely, and edges more often.
uint16_t sample(std::mt19937& random, const Spec& spec) {
  switch (random() % 8) {
    case 0: return static_cast<uint16_t>((random() & 0x8000) | (random() % 4));
    case 1: return static_cast<uint16_t>((random() & 0x8000) | (spec.infinity - 2 + random() % 4));
    default: return static_cast<uint16_t>(random());
  }
}

}  // namespace

TEST_CASE("f16 converts like the host's _Float16, all values") {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto h = static_cast<uint16_t>(bits);
    const auto host = static_cast<double>(std::bit_cast<_Float16>(h));
    if (std::isnan(host)) {
      REQUIRE(f16IsNan(Fp16Format::F16, h));
      REQUIRE(f16FromDouble(Fp16Format::F16, host) == 0x7e00);
      REQUIRE(f16ToF32(Fp16Format::F16, h) == kF32Nan);
      continue;
    }
    REQUIRE(std::bit_cast<uint64_t>(f16ToDouble(Fp16Format::F16, h)) == std::bit_cast<uint64_t>(host));
    REQUIRE(f16FromDouble(Fp16Format::F16, host) == h);
    REQUIRE(f16FromF32(Fp16Format::F16, f16ToF32(Fp16Format::F16, h)) == h);
  }
}

TEST_CASE("every value of every format is its own rounding") {
  for (const Spec& spec : kSpecs) {
    for (uint32_t bits = 0; bits < 0x10000; ++bits) {
      const auto h = static_cast<uint16_t>(bits);
      const uint16_t want = f16IsNan(spec.format, h) ? f16Nan(spec.format) : h;
      REQUIRE(f16FromDouble(spec.format, f16ToDouble(spec.format, h)) == want);
      REQUIRE(f16FromF32(spec.format, f16ToF32(spec.format, h)) == want);
    }
  }
}

TEST_CASE("published constants") {
  CHECK(f16FromDouble(Fp16Format::BF16, 6.0) == 0x40c0);
  CHECK(f16FromDouble(Fp16Format::CB16, 6.0) == 0x5900);
  CHECK(f16FromDouble(Fp16Format::F16, 65519.0) == 0x7bff);
  CHECK(f16FromDouble(Fp16Format::F16, 65520.0) == 0x7c00);
  CHECK(f16FromDouble(Fp16Format::F16, 0x1p-25) == 0);
  CHECK(f16FromDouble(Fp16Format::F16, std::nextafter(0x1p-25, 1.0)) == 1);
}

TEST_CASE("rounding of doubles is to nearest even") {
  std::mt19937 random(11);
  std::mt19937_64 random64(12);
  for (const Spec& spec : kSpecs) {
    for (int k = 0; k < 20000; ++k) {
      const uint16_t h = sample(random, spec);
      if (!isFinite(spec, h)) continue;
      // Near a value, a midpoint, or neither.
      const uint16_t next = static_cast<uint16_t>(h + 1);
      double v = f16ToDouble(spec.format, h);
      if (isFinite(spec, next) && k % 3 != 0) v = (v + f16ToDouble(spec.format, next)) / 2;
      if (k % 2 == 0) v = std::nextafter(v, k % 4 == 0 ? 1e300 : -1e300);
      REQUIRE(f16FromDouble(spec.format, v) == nearest(spec, static_cast<Quad>(v)));
    }
    for (int k = 0; k < 5000; ++k) {
      const auto i = static_cast<int64_t>(random64() >> (random64() % 64));
      REQUIRE(f16FromInt(spec.format, i) == nearest(spec, static_cast<Quad>(i)));
      REQUIRE(f16FromUint(spec.format, static_cast<uint64_t>(i)) ==
              nearest(spec, static_cast<Quad>(static_cast<uint64_t>(i))));
    }
  }
}

TEST_CASE("add, subtract, multiply and divide round once") {
  std::mt19937 random(13);
  for (const Spec& spec : kSpecs) {
    for (int k = 0; k < 30000; ++k) {
      const uint16_t a = sample(random, spec), b = sample(random, spec);
      if (!isFinite(spec, a) || !isFinite(spec, b)) continue;
      const Quad x = static_cast<Quad>(f16ToDouble(spec.format, a)), y = static_cast<Quad>(f16ToDouble(spec.format, b));
      // Sums that 113 bits cannot hold round to one operand anyway, which they do here as well.
      auto sameUnlessZero = [](uint16_t got, uint16_t want) {
        return (want & 0x7fff) == 0 ? (got & 0x7fff) == 0 : got == want;
      };
      REQUIRE(sameUnlessZero(f16Add(spec.format, a, b), nearest(spec, x + y)));
      REQUIRE(sameUnlessZero(f16Sub(spec.format, a, b), nearest(spec, x - y)));
      REQUIRE(sameUnlessZero(f16Mul(spec.format, a, b), nearest(spec, x * y)));
      if (y != 0) REQUIRE(sameUnlessZero(f16Div(spec.format, a, b), nearest(spec, x / y)));
    }
  }
}

TEST_CASE("f16 agrees with the host on sampled pairs, signs of zero included") {
  std::mt19937 random(14);
  for (int k = 0; k < 60000; ++k) {
    const uint16_t a = sample(random, kSpecs[0]), b = sample(random, kSpecs[0]);
    const auto x = static_cast<float>(std::bit_cast<_Float16>(a)), y = static_cast<float>(std::bit_cast<_Float16>(b));
    auto host = [](float v) {
      return std::isnan(v) ? uint16_t{0x7e00} : std::bit_cast<uint16_t>(static_cast<_Float16>(v));
    };
    REQUIRE(f16Add(Fp16Format::F16, a, b) == host(x + y));
    REQUIRE(f16Sub(Fp16Format::F16, a, b) == host(x - y));
    REQUIRE(f16Mul(Fp16Format::F16, a, b) == host(x * y));
    REQUIRE(f16Div(Fp16Format::F16, a, b) == host(x / y));
    REQUIRE(f16Lt(Fp16Format::F16, a, b) == (x < y));
    REQUIRE(f16Le(Fp16Format::F16, a, b) == (x <= y));
    REQUIRE(f16Eq(Fp16Format::F16, a, b) == (x == y));
    REQUIRE(f16Ne(Fp16Format::F16, a, b) == (x != y));
  }
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto x = static_cast<float>(std::bit_cast<_Float16>(static_cast<uint16_t>(bits)));
    auto host = [](float v) {
      return std::isnan(v) ? uint16_t{0x7e00} : std::bit_cast<uint16_t>(static_cast<_Float16>(v));
    };
    const auto a = static_cast<uint16_t>(bits);
    REQUIRE(f16Sqrt(Fp16Format::F16, a) == host(std::sqrt(x)));
    REQUIRE(f16Floor(Fp16Format::F16, a) == host(std::floor(x)));
    REQUIRE(f16Ceil(Fp16Format::F16, a) == host(std::ceil(x)));
  }
}

TEST_CASE("the fused operation rounds once, next to midpoints too") {
  std::mt19937 random(15);
  for (const Spec& spec : kSpecs) {
    int checked = 0;
    for (int k = 0; k < 60000; ++k) {
      uint16_t a = sample(random, spec), b = sample(random, spec), c = sample(random, spec);
      // Half of the cases: a product of middle size and an addend that only tips the balance.
      if (k % 2 == 0) {
        const auto one = static_cast<uint16_t>(f16FromDouble(spec.format, 1.0));
        a = static_cast<uint16_t>((a & 0x81ff) | (one & 0x7e00));
        b = static_cast<uint16_t>((b & 0x81ff) | (one & 0x7e00));
        c = static_cast<uint16_t>((c & 0x81ff) | ((random() % 8) << 9));
      }
      if (!isFinite(spec, a) || !isFinite(spec, b) || !isFinite(spec, c)) continue;
      const Quad p = static_cast<Quad>(f16ToDouble(spec.format, a)) * static_cast<Quad>(f16ToDouble(spec.format, b));
      const Quad z = static_cast<Quad>(f16ToDouble(spec.format, c));
      const Quad sum = p + z;
      // Only where 113 bits hold the sum exactly.
      if (sum - p != z || sum - z != p || sum == 0) continue;
      const uint16_t want = nearest(spec, sum);
      if ((want & 0x7fff) == 0) continue;
      ++checked;
      REQUIRE(f16Fma(spec.format, a, b, c) == want);
    }
    CHECK(checked > 20000);
  }
}

TEST_CASE("each operation yields the one NaN") {
  for (const Spec& spec : kSpecs) {
    const auto nan = static_cast<uint16_t>(0xffff), inf = spec.infinity, minus = static_cast<uint16_t>(inf | 0x8000);
    const uint16_t want = f16Nan(spec.format), one = f16FromDouble(spec.format, 1);
    CHECK(f16Add(spec.format, nan, one) == want);
    CHECK(f16Sub(spec.format, inf, inf) == want);
    CHECK(f16Mul(spec.format, inf, 0) == want);
    CHECK(f16Div(spec.format, 0, 0x8000) == want);
    CHECK(f16Div(spec.format, one, 0x8000) == minus);
    CHECK(f16Sqrt(spec.format, f16Neg(one)) == want);
    CHECK(f16Fma(spec.format, inf, one, minus) == want);
    CHECK(f16Floor(spec.format, nan) == want);
    CHECK(f16FromF32(spec.format, 0xffffffff) == want);
    CHECK(f16Max(spec.format, nan, nan) == want);
    CHECK(f16Max(spec.format, nan, one) == one);
    CHECK(f16Max(spec.format, minus, nan) == minus);
    CHECK(f16Max(spec.format, 0x8000, 0) == 0);
    CHECK(f16Max(spec.format, one, f16Neg(one)) == one);
    CHECK(f16Neg(nan) == 0x7fff);
    CHECK_FALSE(f16Eq(spec.format, nan, nan));
    CHECK(f16Ne(spec.format, nan, nan));
  }
}

TEST_CASE("scaling and normalising move the exponent only") {
  for (const Spec& spec : kSpecs) {
    const uint16_t three = f16FromDouble(spec.format, 3), half = f16FromDouble(spec.format, 1.5);
    CHECK(f16Norm(spec.format, three) == half);
    CHECK(f16Norm(spec.format, f16Neg(three)) == f16Neg(half));
    CHECK(f16Norm(spec.format, 1) == f16FromDouble(spec.format, 1));
    CHECK(f16Norm(spec.format, 0x8000) == 0x8000);
    CHECK(f16Norm(spec.format, spec.infinity) == spec.infinity);
    CHECK(f16Scale(spec.format, half, 1) == three);
    CHECK(f16Scale(spec.format, half, 32767) == spec.infinity);
    CHECK(f16Scale(spec.format, f16Neg(half), -32768) == 0x8000);
    CHECK(f16Scale(spec.format, 3, -1) == 2);
  }
}
