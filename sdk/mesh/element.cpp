// The table behind elementFn(): moves, 16-bit integers, 32-bit floats.
// SPDX-License-Identifier: Apache-2.0
#include "sdk/mesh/element.h"

#include "frontend/numeric/f32.h"

#include <bit>

namespace weft::mesh {
namespace {

using tir::DsdOpcode;

float real(uint32_t v) { return std::bit_cast<float>(v); }
uint32_t bits(float v) { return v != v ? numeric::kF32Nan : std::bit_cast<uint32_t>(v); }

uint32_t move32(uint32_t, uint32_t b, uint64_t) { return b; }
uint32_t move16(uint32_t, uint32_t b, uint64_t) { return b & 0xffffu; }
uint32_t add16(uint32_t a, uint32_t b, uint64_t) { return (a + b) & 0xffffu; }
uint32_t sub16(uint32_t a, uint32_t b, uint64_t) { return (a - b) & 0xffffu; }
uint32_t and16(uint32_t a, uint32_t b, uint64_t) { return a & b & 0xffffu; }
uint32_t or16(uint32_t a, uint32_t b, uint64_t) { return (a | b) & 0xffffu; }
uint32_t xor16(uint32_t a, uint32_t b, uint64_t) { return (a ^ b) & 0xffffu; }
uint32_t addF32(uint32_t a, uint32_t b, uint64_t) { return bits(real(a) + real(b)); }
uint32_t subF32(uint32_t a, uint32_t b, uint64_t) { return bits(real(a) - real(b)); }
uint32_t mulF32(uint32_t a, uint32_t b, uint64_t) { return bits(real(a) * real(b)); }
uint32_t maxF32(uint32_t a, uint32_t b, uint64_t) { return numeric::f32Max(a, b); }
uint32_t macF32(uint32_t a, uint32_t b, uint64_t s) { return numeric::f32Fma(b, static_cast<uint32_t>(s), a); }
uint32_t negF32(uint32_t, uint32_t b, uint64_t) { return numeric::f32Neg(b); }
uint32_t absF32(uint32_t, uint32_t b, uint64_t) { return numeric::f32Abs(b); }

}  // namespace

ElementFn elementFn(DsdOpcode opcode) {
  switch (opcode) {
    case DsdOpcode::Mov32:
    case DsdOpcode::FMovS: return move32;
    case DsdOpcode::Mov16:
    case DsdOpcode::FMovH: return move16;
    case DsdOpcode::Add16: return add16;
    case DsdOpcode::Sub16: return sub16;
    case DsdOpcode::And16: return and16;
    case DsdOpcode::Or16: return or16;
    case DsdOpcode::Xor16: return xor16;
    case DsdOpcode::FAddS: return addF32;
    case DsdOpcode::FSubS: return subF32;
    case DsdOpcode::FMulS: return mulF32;
    case DsdOpcode::FMaxS: return maxF32;
    case DsdOpcode::FMacS: return macF32;
    case DsdOpcode::FNegS: return negF32;
    case DsdOpcode::FAbsS: return absF32;
    default: return nullptr;
  }
}

}  // namespace weft::mesh
