// One burst kernel per vector operation and 16-bit format: element after element, each read after the one before was
// written, so overlapping operands mean what csl-dsd says.
// SPDX-License-Identifier: Apache-2.0
#include "jit/interp/kernels.h"

#include "frontend/numeric/f16.h"
#include "frontend/numeric/f32.h"
#include "frontend/numeric/integer.h"
#include "frontend/tir/program.h"

#include <array>
#include <cstring>

namespace weft::jit {

namespace {

using namespace numeric;
using target::Fp16Format;
using tir::DsdOpcode;

constexpr int kHalfBits = 16;

// The element an operation stores, from its two sources (the only source of a one-source operation is `b`).
template <DsdOpcode Op, Fp16Format F>
uint32_t element(uint32_t a, uint32_t b, uint64_t scalar, uint32_t& carry) {
  const auto ah = static_cast<uint16_t>(a), bh = static_cast<uint16_t>(b), sh = static_cast<uint16_t>(scalar);
  const auto ss = static_cast<uint32_t>(scalar);
  if constexpr (Op == DsdOpcode::Mov16 || Op == DsdOpcode::Mov32 || Op == DsdOpcode::FMovH || Op == DsdOpcode::FMovS)
    return b;
  else if constexpr (Op == DsdOpcode::Add16)
    return (a + b) & 0xffffu;
  else if constexpr (Op == DsdOpcode::AddC16) {
    const uint32_t sum = a + b + carry;
    carry = sum >> kHalfBits;
    return sum & 0xffffu;
  } else if constexpr (Op == DsdOpcode::Sub16)
    return (a - b) & 0xffffu;
  else if constexpr (Op == DsdOpcode::And16)
    return a & b;
  else if constexpr (Op == DsdOpcode::Or16)
    return a | b;
  else if constexpr (Op == DsdOpcode::Xor16)
    return a ^ b;
  else if constexpr (Op == DsdOpcode::Sll16)
    return static_cast<uint32_t>(intShl(a, b, kHalfBits));
  else if constexpr (Op == DsdOpcode::Slr16)
    return static_cast<uint32_t>(intLShr(a, b, kHalfBits));
  else if constexpr (Op == DsdOpcode::Sar16)
    return static_cast<uint32_t>(intAShr(a, b, kHalfBits));
  else if constexpr (Op == DsdOpcode::Clz)
    return static_cast<uint32_t>(intClz(b, kHalfBits));
  else if constexpr (Op == DsdOpcode::Ctz)
    return static_cast<uint32_t>(intCtz(b, kHalfBits));
  else if constexpr (Op == DsdOpcode::PopCnt)
    return static_cast<uint32_t>(intPopCnt(b));
  else if constexpr (Op == DsdOpcode::FAddH)
    return f16Add(F, ah, bh);
  else if constexpr (Op == DsdOpcode::FSubH)
    return f16Sub(F, ah, bh);
  else if constexpr (Op == DsdOpcode::FMulH)
    return f16Mul(F, ah, bh);
  else if constexpr (Op == DsdOpcode::FMaxH)
    return f16Max(F, ah, bh);
  else if constexpr (Op == DsdOpcode::FMacH)
    return f16Fma(F, bh, sh, ah);
  else if constexpr (Op == DsdOpcode::FNegH)
    return f16Neg(bh);
  else if constexpr (Op == DsdOpcode::FAbsH)
    return f16Abs(bh);
  else if constexpr (Op == DsdOpcode::FNormH)
    return f16Norm(F, bh);
  else if constexpr (Op == DsdOpcode::FScaleH)
    return f16Scale(F, bh, static_cast<int16_t>(sh));
  else if constexpr (Op == DsdOpcode::FAddS)
    return f32Add(a, b);
  else if constexpr (Op == DsdOpcode::FSubS)
    return f32Sub(a, b);
  else if constexpr (Op == DsdOpcode::FMulS)
    return f32Mul(a, b);
  else if constexpr (Op == DsdOpcode::FMaxS)
    return f32Max(a, b);
  else if constexpr (Op == DsdOpcode::FMacS)
    return f32Fma(b, ss, a);
  else if constexpr (Op == DsdOpcode::FNegS)
    return f32Neg(b);
  else if constexpr (Op == DsdOpcode::FAbsS)
    return f32Abs(b);
  else if constexpr (Op == DsdOpcode::FNormS)
    return f32Norm(b);
  else if constexpr (Op == DsdOpcode::FScaleS)
    return f32Scale(b, static_cast<int16_t>(sh));
  else if constexpr (Op == DsdOpcode::FAddHS)
    return f32Add(a, f16ToF32(F, bh));
  else if constexpr (Op == DsdOpcode::FMacHS)
    return f32FmaHalf(F, bh, sh, a);
  else if constexpr (Op == DsdOpcode::FH2S)
    return f16ToF32(F, bh);
  else if constexpr (Op == DsdOpcode::FS2H)
    return f16FromF32(F, b);
  else if constexpr (Op == DsdOpcode::XP162FH)
    return f16FromInt(F, static_cast<int16_t>(bh));
  else if constexpr (Op == DsdOpcode::XP162FS)
    return f32FromInt(static_cast<int16_t>(bh));
  else if constexpr (Op == DsdOpcode::FH2XP16)
    return static_cast<uint32_t>(toSigned(f16ToDouble(F, bh), kHalfBits));
  else
    return static_cast<uint32_t>(toSigned(f32ToDouble(b), kHalfBits));
}

template <int Width>
uint32_t read(const uint8_t* at) {
  if constexpr (Width == 0) return 0;
  uint32_t value = 0;
  std::memcpy(&value, at, Width);
  return value;
}

template <DsdOpcode Op, Fp16Format F, int Dest, int Src0, int Src1>
void kernel(WeftBurst* burst) {
  uint8_t* dest = burst->dest;
  const uint8_t* src0 = burst->src0;
  const uint8_t* src1 = burst->src1;
  uint32_t carry = burst->carry;
  for (uint32_t k = 0; k < burst->count; ++k) {
    const uint32_t value = element<Op, F>(read<Src0>(src0), read<Src1>(src1), burst->scalar, carry);
    std::memcpy(dest, &value, Dest);
    dest += burst->dest_stride;
    if constexpr (Src0 != 0) src0 += burst->src0_stride;
    src1 += burst->src1_stride;
  }
  burst->carry = carry;
}

template <Fp16Format F>
constexpr std::array<WeftKernel, tir::kDsdOpcodeCount> makeTable() {
  std::array<WeftKernel, tir::kDsdOpcodeCount> table{
#define WEFT_DSD_OP(name, builtin, dw, s0w, s1w, sources, scalar, cls) &kernel<DsdOpcode::name, F, dw, s0w, s1w>,
#include "frontend/tir/dsd_ops.def"
#undef WEFT_DSD_OP
  };
  table[static_cast<size_t>(DsdOpcode::DFilt)] = nullptr;
  return table;
}

constexpr auto kF16Kernels = makeTable<Fp16Format::F16>();
constexpr auto kBf16Kernels = makeTable<Fp16Format::BF16>();
constexpr auto kCb16Kernels = makeTable<Fp16Format::CB16>();

}  // namespace

const WeftKernel* interpKernels(target::Fp16Format fp16) {
  switch (fp16) {
    case Fp16Format::F16: return kF16Kernels.data();
    case Fp16Format::BF16: return kBf16Kernels.data();
    case Fp16Format::CB16: return kCb16Kernels.data();
  }
  return kF16Kernels.data();
}

}  // namespace weft::jit
