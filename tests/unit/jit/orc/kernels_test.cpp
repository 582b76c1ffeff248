// Burst kernels of the JIT against those of the interpreter: same bits on random data, strides and overlaps.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/tir/tir.h"
#include "jit/engine.h"

#include <catch2/catch_test_macros.hpp>

#include <cstring>
#include <random>
#include <vector>

using namespace weft;
using tir::DsdOpcode;

namespace {

constexpr size_t kBytes = 16384;

// Values that matter: NaNs with payloads, infinities, subnormals, zeros of both signs, and anything.
void fill(std::vector<uint8_t>& bytes, std::mt19937& random) {
  constexpr uint32_t special[] = {0x7fc00000, 0xffc12345, 0x7f800001, 0x7f800000, 0xff800000, 0x00000000, 0x80000000,
                                  0x00000001, 0x807fffff, 0x3f800000, 0x7e007e00, 0xfc017c01, 0x7c00fc00, 0x00018001,
                                  0x03ff83ff, 0x3c003c00, 0x7bfffbff, 0x7f007f80, 0x477fefff, 0x33000001};
  for (size_t at = 0; at + 4 <= bytes.size(); at += 4) {
    const uint32_t r = random();
    uint32_t v = random();
    if (r % 4 == 0) v = special[(r >> 8) % std::size(special)];
    // Near one: sums and products that round.
    if (r % 4 == 1) v = 0x3f000000u + (v >> 8);
    if (r % 4 == 2) v = (0x38003800u + (v & 0x0fff0fffu)) ^ (v & 0x80008000u);
    std::memcpy(&bytes[at], &v, 4);
  }
}

struct Case {
  size_t dest, src0, src1;
  int64_t dest_stride, stride0, stride1;
  uint32_t count;
  uint64_t scalar;
  uint32_t carry;
};

WeftBurst burstOf(const Case& c, std::vector<uint8_t>& memory) {
  WeftBurst b{};
  b.dest = memory.data() + c.dest;
  b.src0 = memory.data() + c.src0;
  b.src1 = memory.data() + c.src1;
  b.dest_stride = c.dest_stride;
  b.src0_stride = c.stride0;
  b.src1_stride = c.stride1;
  b.scalar = c.scalar;
  b.count = c.count;
  b.carry = c.carry;
  return b;
}

void compareKernels(const std::string& cpu, target::Fp16Format fp16, int rounds) {
  diag::Sink sink;
  jit::EngineOptions options;
  options.cpu = cpu;
  auto orc = jit::makeOrc(options, sink);
  REQUIRE(orc);
  auto interp = jit::makeInterpreter();
  const WeftKernel* ours = (*orc)->kernels(fp16);
  const WeftKernel* oracle = interp->kernels(fp16);
  std::mt19937 random(7);
  for (int k = 0; k < tir::kDsdOpcodeCount; ++k) {
    const auto op = static_cast<DsdOpcode>(k);
    if (op == DsdOpcode::DFilt) continue;
    const tir::DsdOpInfo& info = tir::dsdOpInfo(op);
    INFO(info.name);
    size_t wrong = 0;
    for (int round = 0; round < rounds && wrong == 0; ++round) {
      std::vector<uint8_t> expected(kBytes), actual;
      fill(expected, random);
      actual = expected;
      Case c{};
      c.count = random() % 100;
      // Near each other as often as apart, so that they overlap in every way.
      c.dest = 8000 + random() % 200 * 2;
      c.src0 = random() % 3 == 0 ? c.dest : random() % 2 == 0 ? c.dest + random() % 160 - 80 : 4000 + random() % 8;
      c.src1 = random() % 4 == 0 ? c.dest : random() % 2 == 0 ? c.dest + random() % 160 - 80 : 12000 + random() % 8;
      auto stride = [&](unsigned width) -> int64_t {
        const uint32_t r = random() % 8;
        if (r < 5) return width;
        if (r == 5) return 0;
        return static_cast<int64_t>(width) * (static_cast<int64_t>(random() % 5) - 2);
      };
      c.dest_stride = stride(info.dest_width);
      c.stride0 = stride(info.src0_width);
      c.stride1 = stride(info.src1_width);
      if (random() % 8 == 0) {
        c.src0 = c.dest;
        c.dest_stride = c.stride0 = 0;
      }
      std::vector<uint8_t> word(4);
      fill(word, random);
      std::memcpy(&c.scalar, word.data(), tir::sizeOf(tir::dsdScalarType(op, 2)));
      if (op == DsdOpcode::FScaleH || op == DsdOpcode::FScaleS) c.scalar = static_cast<uint16_t>(random() % 80 - 40);
      c.carry = random() & 1;
      WeftBurst a = burstOf(c, expected);
      WeftBurst b = burstOf(c, actual);
      oracle[k](&a);
      ours[k](&b);
      if (expected != actual || (op == DsdOpcode::AddC16 && a.carry != b.carry)) {
        ++wrong;
        size_t at = 0;
        while (at + 1 < kBytes && expected[at] == actual[at]) ++at;
        UNSCOPED_INFO("round " << round << " first difference at " << at << " dest " << c.dest << " src0 " << c.src0
                               << " src1 " << c.src1 << " strides " << c.dest_stride << ' ' << c.stride0 << ' '
                               << c.stride1 << " count " << c.count << " scalar " << std::hex << c.scalar);
      }
    }
    CHECK(wrong == 0);
  }
}

}  // namespace

TEST_CASE("kernels give the interpreter's bits on IEEE half") { compareKernels("", target::Fp16Format::F16, 400); }
TEST_CASE("kernels give the interpreter's bits on bfloat16") { compareKernels("", target::Fp16Format::BF16, 100); }
TEST_CASE("kernels give the interpreter's bits on cb16") { compareKernels("", target::Fp16Format::CB16, 100); }
TEST_CASE("kernels give the same bits without AVX-512") { compareKernels("-avx512f", target::Fp16Format::F16, 200); }
TEST_CASE("kernels give the same bits without half-precision instructions") {
  compareKernels("-avx512fp16", target::Fp16Format::F16, 200);
}
