// Integer rules of ops.def, exhaustively at eight bits.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/numeric/integer.h"

#include <catch2/catch_test_macros.hpp>

using namespace weft::numeric;

TEST_CASE("eight-bit arithmetic, all pairs") {
  for (int a = 0; a < 256; ++a) {
    for (int b = 0; b < 256; ++b) {
      const auto ua = static_cast<uint64_t>(a), ub = static_cast<uint64_t>(b);
      const int sa = a < 128 ? a : a - 256, sb = b < 128 ? b : b - 256;
      REQUIRE(intAdd(ua, ub, 8) == static_cast<uint64_t>((a + b) % 256));
      REQUIRE(intSub(ua, ub, 8) == static_cast<uint64_t>((a - b + 256) % 256));
      REQUIRE(intMul(ua, ub, 8) == static_cast<uint64_t>(a * b % 256));
      REQUIRE(intSLt(ua, ub, 8) == (sa < sb));
      REQUIRE(intSLe(ua, ub, 8) == (sa <= sb));
      if (b == 0) {
        REQUIRE(intUDiv(ua, ub, 8) == 255);
        REQUIRE(intSDiv(ua, ub, 8) == 255);
        REQUIRE(intURem(ua, ub, 8) == ua);
        REQUIRE(intSRem(ua, ub, 8) == ua);
      } else {
        REQUIRE(intUDiv(ua, ub, 8) == ua / ub);
        REQUIRE(intURem(ua, ub, 8) == ua % ub);
        REQUIRE(intSDiv(ua, ub, 8) == static_cast<uint8_t>(sa / sb));
        REQUIRE(intSRem(ua, ub, 8) == static_cast<uint8_t>(sa % sb));
      }
      REQUIRE(intShl(ua, ub, 8) == (b >= 8 ? 0 : static_cast<uint8_t>(a << b)));
      REQUIRE(intLShr(ua, ub, 8) == (b >= 8 ? 0 : static_cast<uint8_t>(a >> b)));
      REQUIRE(intAShr(ua, ub, 8) == static_cast<uint8_t>(sa >> (b >= 8 ? 7 : b)));
    }
  }
}

TEST_CASE("wide integers have the same edges") {
  constexpr uint64_t kLeast = 0x8000000000000000ull;
  CHECK(intSDiv(kLeast, ~0ull, 64) == kLeast);
  CHECK(intSRem(kLeast, ~0ull, 64) == 0);
  CHECK(intSDiv(7, 0, 64) == ~0ull);
  CHECK(intShl(1, 64, 64) == 0);
  CHECK(intAShr(kLeast, 1000, 64) == ~0ull);
  CHECK(intClz(0, 16) == 16);
  CHECK(intClz(1, 16) == 15);
  CHECK(intClz(0, 64) == 64);
  CHECK(intCtz(0, 32) == 32);
  CHECK(intCtz(8, 32) == 3);
  CHECK(intPopCnt(0xff) == 8);
  CHECK(intSExt(0x80, 8, 32) == 0xffffff80u);
  CHECK(signedValue(0xffff, 16) == -1);
}
