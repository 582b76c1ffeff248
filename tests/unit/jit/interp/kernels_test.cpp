// Burst kernels: order of elements, strides, and the rules that are easy to get wrong.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/numeric/f16.h"
#include "frontend/tir/program.h"
#include "jit/engine.h"

#include <catch2/catch_test_macros.hpp>

#include <bit>
#include <vector>

using namespace weft;
using target::Fp16Format;
using tir::DsdOpcode;

namespace {

template <class D, class A, class B>
uint32_t burst(DsdOpcode op, std::vector<D>& dest, const A* src0, const B* src1, uint32_t count, int64_t dest_step = 1,
               int64_t step0 = 1, int64_t step1 = 1, uint64_t scalar = 0, Fp16Format format = Fp16Format::F16) {
  auto engine = jit::makeInterpreter();
  WeftBurst b{};
  b.dest = reinterpret_cast<uint8_t*>(dest.data());
  b.src0 = reinterpret_cast<const uint8_t*>(src0);
  b.src1 = reinterpret_cast<const uint8_t*>(src1);
  b.dest_stride = dest_step * static_cast<int64_t>(sizeof(D));
  b.src0_stride = step0 * static_cast<int64_t>(sizeof(A));
  b.src1_stride = step1 * static_cast<int64_t>(sizeof(B));
  b.scalar = scalar;
  b.count = count;
  engine->kernels(format)[static_cast<size_t>(op)](&b);
  return b.carry;
}
uint64_t bits(float v) { return std::bit_cast<uint32_t>(v); }

}  // namespace

TEST_CASE("every operation but dfilt has a kernel in every format") {
  auto engine = jit::makeInterpreter();
  for (Fp16Format format : {Fp16Format::F16, Fp16Format::BF16, Fp16Format::CB16})
    for (int k = 0; k < tir::kDsdOpcodeCount; ++k)
      CHECK((engine->kernels(format)[k] == nullptr) == (static_cast<DsdOpcode>(k) == DsdOpcode::DFilt));
}

TEST_CASE("a zero-stride destination accumulates from left to right") {
  std::vector<float> acc{0};
  const std::vector<float> x{1e8f, 1.0f, -1e8f, 1.0f};
  burst(DsdOpcode::FAddS, acc, acc.data(), x.data(), 4, 0, 0, 1);
  CHECK(acc[0] == 1.0f);
}

TEST_CASE("an overlapping destination is read back by later elements") {
  std::vector<uint16_t> a{1, 0, 0, 0, 0};
  // a[k+1] = a[k] + a[k]
  std::vector<uint16_t> one(4, 1);
  auto engine = jit::makeInterpreter();
  WeftBurst b{};
  b.dest = reinterpret_cast<uint8_t*>(&a[1]);
  b.src0 = reinterpret_cast<const uint8_t*>(&a[0]);
  b.src1 = reinterpret_cast<const uint8_t*>(&a[0]);
  b.dest_stride = b.src0_stride = b.src1_stride = 2;
  b.count = 4;
  engine->kernels(Fp16Format::F16)[static_cast<size_t>(DsdOpcode::Add16)](&b);
  CHECK(a == std::vector<uint16_t>{1, 2, 4, 8, 16});
}

TEST_CASE("the carry runs from element to element and out") {
  std::vector<uint16_t> sum(3);
  const std::vector<uint16_t> a{0xffff, 0xffff, 0xffff}, b{1, 0, 0};
  CHECK(burst(DsdOpcode::AddC16, sum, a.data(), b.data(), 3) == 1);
  CHECK(sum == std::vector<uint16_t>{0, 0, 0});
}

TEST_CASE("fmac multiplies the second source and rounds once") {
  std::vector<float> dest(2);
  const std::vector<float> first{10, 20}, second{1, 2};
  burst(DsdOpcode::FMacS, dest, first.data(), second.data(), 2, 1, 1, 1, bits(3.0f));
  CHECK(dest == std::vector<float>{13, 26});
  // 1 + 2^-12 squared needs 25 bits: a rounded product would lose the tail against -1.
  std::vector<float> tail(1);
  const float x = 1.0f + 0x1p-12f, minus = -1.0f;
  burst(DsdOpcode::FMacS, tail, &minus, &x, 1, 1, 1, 1, bits(x));
  CHECK(tail[0] == 0x1p-11f + 0x1p-24f);
}

TEST_CASE("negative and zero strides address as given") {
  std::vector<uint16_t> out(3);
  const std::vector<uint16_t> in{1, 2, 3};
  burst(DsdOpcode::Mov16, out, static_cast<const uint16_t*>(nullptr), &in[2], 3, 1, 0, -1);
  CHECK(out == std::vector<uint16_t>{3, 2, 1});
  burst(DsdOpcode::Mov16, out, static_cast<const uint16_t*>(nullptr), &in[1], 3, 1, 0, 0);
  CHECK(out == std::vector<uint16_t>{2, 2, 2});
}

TEST_CASE("shifts use the whole count and the first source is shifted") {
  std::vector<uint16_t> out(3);
  const std::vector<uint16_t> x{0x8001, 0x8001, 0x8001}, n{1, 16, 0x100};
  burst(DsdOpcode::Sll16, out, x.data(), n.data(), 3);
  CHECK(out == std::vector<uint16_t>{2, 0, 0});
  burst(DsdOpcode::Sar16, out, x.data(), n.data(), 3);
  CHECK(out == std::vector<uint16_t>{0xc000, 0xffff, 0xffff});
  burst(DsdOpcode::Slr16, out, x.data(), n.data(), 3);
  CHECK(out == std::vector<uint16_t>{0x4000, 0, 0});
}

TEST_CASE("conversions between widths and integers") {
  const std::vector<float> in{-2.7f, 1e9f, 0x1p-30f};
  std::vector<int16_t> integers(3);
  burst(DsdOpcode::FS2XP16, integers, static_cast<const float*>(nullptr), in.data(), 3);
  CHECK(integers == std::vector<int16_t>{-2, 32767, 0});
  std::vector<uint16_t> halves(3);
  burst(DsdOpcode::FS2H, halves, static_cast<const float*>(nullptr), in.data(), 3, 1, 0, 1, 0, Fp16Format::BF16);
  for (int k = 0; k < 3; ++k)
    CHECK(halves[static_cast<size_t>(k)] ==
          numeric::f16FromDouble(Fp16Format::BF16, static_cast<double>(in[static_cast<size_t>(k)])));
  std::vector<float> back(2);
  const std::vector<int16_t> whole{-3, 32767};
  burst(DsdOpcode::XP162FS, back, static_cast<const float*>(nullptr), whole.data(), 2);
  CHECK(back == std::vector<float>{-3, 32767});
  std::vector<float> mixed(1);
  const float acc = 0.5f;
  const uint16_t two = 0x4000;
  burst(DsdOpcode::FMacHS, mixed, &acc, &two, 1, 1, 1, 1, 0x4200);
  CHECK(mixed[0] == 6.5f);
}
