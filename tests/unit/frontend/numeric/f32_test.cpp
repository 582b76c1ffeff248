// 32-bit floats and conversions to integers at their edges.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/numeric/f32.h"

#include "frontend/numeric/f16.h"

#include <catch2/catch_test_macros.hpp>

#include <bit>
#include <cmath>
#include <random>

using namespace weft::numeric;

namespace {

__extension__ typedef __float128 Quad;
uint32_t bits(float v) { return std::bit_cast<uint32_t>(v); }
constexpr uint32_t kInf = 0x7f800000u;

}  // namespace

TEST_CASE("each operation yields the one NaN of f32") {
  const uint32_t nan = 0xffc12345u;
  CHECK(f32Add(nan, bits(1)) == kF32Nan);
  CHECK(f32Add(bits(1), nan) == kF32Nan);
  CHECK(f32Sub(kInf, kInf) == kF32Nan);
  CHECK(f32Mul(kInf, 0) == kF32Nan);
  CHECK(f32Div(0, 0x80000000u) == kF32Nan);
  CHECK(f32Div(bits(-2), 0) == (kInf | 0x80000000u));
  CHECK(f32Sqrt(bits(-1)) == kF32Nan);
  CHECK(f32Fma(kInf, 0, bits(1)) == kF32Nan);
  CHECK(f32Floor(nan) == kF32Nan);
  CHECK(f32FromDouble(std::nan("")) == kF32Nan);
  CHECK(f32Max(nan, bits(-3)) == bits(-3));
  CHECK(f32Max(nan, nan) == kF32Nan);
  CHECK(f32Max(0x80000000u, 0) == 0);
  CHECK(f32Max(0, 0x80000000u) == 0);
  CHECK(f32Norm(nan) == kF32Nan);
  CHECK(f32Neg(nan) == 0x7fc12345u);
  CHECK(f32Abs(nan) == 0x7fc12345u);
}

TEST_CASE("the fused operation of f32 and its half-width form round once") {
  std::mt19937 random(3);
  for (int k = 0; k < 20000; ++k) {
    const float a = std::ldexp(static_cast<float>(random() % 0x1000000), -20),
                b = std::ldexp(static_cast<float>(random() % 0x1000000), -22);
    const float c = std::ldexp(static_cast<float>(random() % 0x1000000), -static_cast<int>(random() % 40));
    const Quad exact = static_cast<Quad>(a) * static_cast<Quad>(b) + static_cast<Quad>(c);
    REQUIRE(f32Fma(bits(a), bits(b), bits(c)) == bits(static_cast<float>(exact)));
    const auto ha = static_cast<uint16_t>(random() % 0x7c00), hb = static_cast<uint16_t>(random() % 0x7c00);
    const Quad product =
        static_cast<Quad>(f16ToDouble(Fp16Format::F16, ha)) * static_cast<Quad>(f16ToDouble(Fp16Format::F16, hb));
    REQUIRE(f32FmaHalf(Fp16Format::F16, ha, hb, bits(c)) == bits(static_cast<float>(product + static_cast<Quad>(c))));
  }
}

TEST_CASE("floats become integers toward zero and saturate") {
  CHECK(toSigned(-1.9, 16) == 0xffff);
  CHECK(toSigned(32767.9, 16) == 0x7fff);
  CHECK(toSigned(1e30, 16) == 0x7fff);
  CHECK(toSigned(-1e30, 16) == 0x8000);
  CHECK(toSigned(-128.5, 8) == 0x80);
  CHECK(toSigned(std::nan(""), 32) == 0);
  CHECK(toSigned(-std::numeric_limits<double>::infinity(), 64) == 0x8000000000000000ull);
  CHECK(toSigned(9.3e18, 64) == 0x7fffffffffffffffull);
  CHECK(toUnsigned(-0.5, 16) == 0);
  CHECK(toUnsigned(-7, 16) == 0);
  CHECK(toUnsigned(65535.99, 16) == 65535);
  CHECK(toUnsigned(65536, 16) == 65535);
  CHECK(toUnsigned(0x1p63, 64) == 0x8000000000000000ull);
  CHECK(toUnsigned(0x1p64, 64) == ~0ull);
  CHECK(toUnsigned(std::nan(""), 8) == 0);
}

TEST_CASE("integers become f32 with one rounding") {
  CHECK(f32FromInt(16777217) == bits(16777216.0f));
  CHECK(f32FromInt(16777219) == bits(16777220.0f));
  CHECK(f32FromInt(-16777217) == bits(-16777216.0f));
  // A double in between would lose the last bit and tie the wrong way.
  CHECK(f32FromUint(0x8000008000000001ull) == bits(9223373136366403584.0f));
  CHECK(f32FromUint(~0ull) == bits(0x1p64f));
}

TEST_CASE("f32 scaling rounds once and saturates") {
  CHECK(f32Scale(bits(1.5f), 3) == bits(12.0f));
  CHECK(f32Scale(bits(1.0f), 200) == kInf);
  CHECK(f32Scale(bits(-1.0f), 32767) == (kInf | 0x80000000u));
  CHECK(f32Scale(bits(1.0f), -149) == 1);
  CHECK(f32Scale(bits(1.0f), -150) == 0);
  CHECK(f32Scale(bits(1.5f), -150) == 1);
  CHECK(f32Norm(bits(-20.0f)) == bits(-1.25f));
  CHECK(f32Norm(1) == bits(1.0f));
}
