// What compiled code leaves to the host: frames, 16-bit formats that are not IEEE half, block copies out of line.
// SPDX-License-Identifier: Apache-2.0
#include "jit/orc/host_calls.h"

#include "frontend/numeric/f16.h"
#include "frontend/numeric/f32.h"
#include "frontend/tir/dsd_element.h"
#include "frontend/tir/tir.h"
#include "jit/dsd_cost.h"
#include "jit/orc/float_emit.h"

#include <cstring>
#include <vector>

namespace weft::jit::orc {

namespace {

WeftFrame* newFrame(WeftPe* pe, uint32_t bytes, uint32_t function, uint32_t point) {
  WeftFrame* frame = pe->device->frame_alloc(pe, bytes);
  frame->next = nullptr;
  frame->function = function;
  frame->point = point;
  return frame;
}

WeftFrame* pushFrame(WeftPe* pe, uint32_t bytes, uint32_t function, uint32_t point) {
  WeftFrame* frame = newFrame(pe, bytes, function, point);
  frame->next = *pe->cursor;
  *pe->cursor = frame;
  pe->cursor = &frame->next;
  return frame;
}

void popFrame(WeftPe* pe, WeftFrame* frame, uint32_t bytes) { pe->device->frame_free(pe, frame, bytes); }

uint64_t softCall(uint32_t code, uint64_t a, uint64_t b, uint64_t c) {
  using namespace numeric;
  const auto op = static_cast<SoftOp>(code & 0xffu);
  const auto f = static_cast<Fp16Format>(code >> 8);
  const auto x = static_cast<uint16_t>(a);
  const auto y = static_cast<uint16_t>(b);
  switch (op) {
    case SoftOp::Add: return f16Add(f, x, y);
    case SoftOp::Sub: return f16Sub(f, x, y);
    case SoftOp::Mul: return f16Mul(f, x, y);
    case SoftOp::Div: return f16Div(f, x, y);
    case SoftOp::Sqrt: return f16Sqrt(f, x);
    case SoftOp::Floor: return f16Floor(f, x);
    case SoftOp::Ceil: return f16Ceil(f, x);
    case SoftOp::Fma: return f16Fma(f, x, y, static_cast<uint16_t>(c));
    case SoftOp::Max: return f16Max(f, x, y);
    case SoftOp::Scale: return f16Scale(f, x, static_cast<int16_t>(b));
    case SoftOp::Norm: return f16Norm(f, x);
    case SoftOp::Eq: return f16Eq(f, x, y) ? 1 : 0;
    case SoftOp::Ne: return f16Ne(f, x, y) ? 1 : 0;
    case SoftOp::Lt: return f16Lt(f, x, y) ? 1 : 0;
    case SoftOp::Le: return f16Le(f, x, y) ? 1 : 0;
    case SoftOp::FromInt: return f16FromInt(f, static_cast<int64_t>(a));
    case SoftOp::FromUint: return f16FromUint(f, a);
    case SoftOp::ToF32: return f16ToF32(f, x);
    case SoftOp::FromF32: return f16FromF32(f, static_cast<uint32_t>(a));
    case SoftOp::ScaleS: return f32Scale(static_cast<uint32_t>(a), static_cast<int16_t>(b));
    case SoftOp::NormS: return f32Norm(static_cast<uint32_t>(a));
  }
  return 0;
}

// One byte at any address of the PE.
uint8_t loadByte(WeftPe* pe, uint32_t address, uint32_t site) {
  if (address < pe->memory_bytes) return pe->memory[address];
  return static_cast<uint8_t>(pe->device->load_slow(pe, address, 1, site));
}

void storeByte(WeftPe* pe, uint32_t address, uint8_t value, uint32_t site) {
  if (address < pe->memory_bytes) {
    pe->memory[address] = value;
  } else {
    pe->device->store_slow(pe, address, 1, value, site);
  }
}

void memCopy(WeftPe* pe, uint32_t dest, uint32_t src, uint32_t bytes, uint32_t site) {
  if (dest + bytes <= pe->memory_bytes && src + bytes <= pe->memory_bytes) {
    std::memmove(pe->memory + dest, pe->memory + src, bytes);
    return;
  }
  std::vector<uint8_t> copy(bytes);
  for (uint32_t k = 0; k < bytes; ++k) copy[k] = loadByte(pe, (src + k) & 0xffffu, site);
  for (uint32_t k = 0; k < bytes; ++k) storeByte(pe, (dest + k) & 0xffffu, copy[k], site);
}

void memZero(WeftPe* pe, uint32_t dest, uint32_t bytes, uint32_t site) {
  if (dest + bytes <= pe->memory_bytes) {
    std::memset(pe->memory + dest, 0, bytes);
    return;
  }
  for (uint32_t k = 0; k < bytes; ++k) storeByte(pe, (dest + k) & 0xffffu, 0, site);
}

// Byte address of element `index` of any memory descriptor (lower_dsd.cpp does Mem1d inline).
uint32_t element(const tir::Mem4dShape* shapes, uint32_t shape_count, uint64_t bits, uint32_t index, uint32_t width) {
  return tir::elementAddress(tir::Dsd{bits}, {shapes, shape_count}, index, width);
}

// A vector operation on private memory, as lower_dsd.cpp inlines it: the same conditions, price and effect.
int32_t dsdPlain(WeftPe* pe, uint32_t bits, uint32_t number, uint32_t site, const uint64_t* args) {
  using Kind = tir::DsdOperand::Kind;
  const PlainOp plain{bits};
  const auto op = plain.op();
  const tir::DsdOpInfo& info = tir::dsdOpInfo(op);
  struct Side {
    Kind kind;
    int64_t width;
    tir::Dsd dsd;
    uint64_t raw;
  };
  Side sides[3] = {{plain.kind(0), info.dest_width, {}, 0},
                   {plain.kind(1), info.src0_width, {}, 0},
                   {plain.kind(2), info.src1_width, {}, 0}};
  Side& dest = sides[0];
  Side& src0 = sides[1];
  Side& src1 = sides[2];
  const uint64_t* next = args;
  bool ok = (pe->flags & WEFT_PE_NO_SHORT_CUTS) == 0;
  uint32_t loads = 0;
  for (Side& s : sides) {
    if (s.kind == Kind::None) continue;
    s.raw = *next++;
    if (s.kind != Kind::Dsd) continue;
    s.dsd.bits = s.raw;
    ok = ok && s.dsd.kind() == tir::DsdKind::Mem1d;
    ++loads;
  }
  int64_t count = loads == 0 ? 1 : 0;
  for (const Side* s : {&src0, &src1, &dest}) {
    if (s->kind == Kind::Dsd && count == 0) count = s->dsd.length();
  }
  ok = ok && count <= 0x7ffe;
  for (const Side& s : sides) {
    if (s.kind == Kind::Pointer) ok = ok && s.raw + static_cast<uint64_t>(s.width) <= pe->memory_bytes;
    if (s.kind != Kind::Dsd) continue;
    const int64_t reach = (count > 1 ? count - 1 : 0) * s.dsd.stride() * s.width;
    const int64_t low = s.dsd.base() + (reach < 0 ? reach : 0);
    const int64_t high = s.dsd.base() + (reach > 0 ? reach : 0) + s.width;
    ok = ok && low >= 0 && high <= pe->memory_bytes;
  }
  if (!ok) return pe->device->dsd_op(pe, number, site, args);

  const bool reduce = dest.kind == Kind::Pointer || dest.dsd.stride() == 0;
  const auto memory = [](const Side& s) { return s.kind == Kind::Dsd ? 1 : 0; };
  pe->now += uint64_t{pe->dsd_costs->dsr_load} * loads +
             weftDsdCycles(pe->dsd_costs, static_cast<uint32_t>(op), static_cast<uint32_t>(count), reduce ? 1 : 0,
                           memory(src0), src0.dsd.stride(), src0.dsd.base(), memory(src1), src1.dsd.stride(),
                           src1.dsd.base(), memory(dest), dest.dsd.stride());
  // Scalars and a pointer's running value lie here while the kernel runs.
  uint64_t cells[3] = {src0.raw, src1.raw, 0};
  const bool accumulates = dest.kind == Kind::Pointer && src0.kind == Kind::Scalar;
  if (accumulates) cells[2] = src0.raw;
  WeftBurst burst{};
  const auto pointer = [&](const Side& s, uint64_t& cell) {
    return s.kind == Kind::Dsd ? pe->memory + s.dsd.base() : reinterpret_cast<uint8_t*>(&cell);
  };
  burst.dest = pointer(dest, cells[2]);
  burst.src0 = pointer(src0, cells[accumulates ? 2 : 0]);
  burst.src1 = pointer(src1, cells[1]);
  burst.dest_stride = dest.dsd.stride() * dest.width;
  burst.src0_stride = src0.dsd.stride() * src0.width;
  burst.src1_stride = src1.dsd.stride() * src1.width;
  burst.scalar = info.has_scalar ? *next : 0;
  burst.count = static_cast<uint32_t>(count);
  pe->kernels[static_cast<size_t>(op)](&burst);
  if (dest.kind == Kind::Pointer && (count > 0 || accumulates)) {
    std::memcpy(pe->memory + dest.raw, &cells[2], static_cast<size_t>(dest.width));
  }
  pe->result = 1;
  return WEFT_DONE;
}

// The same where all arguments, or all but the last one, are constants: compiled code then only names them.
// call: PlainOp | count << 32, number | site << 32, then `count` arguments.
int32_t dsdKnown(WeftPe* pe, const uint64_t* call, uint64_t last) {
  uint64_t args[5] = {};
  const auto count = static_cast<size_t>(call[0] >> 32);
  std::memcpy(args, call + 2, count * sizeof(uint64_t));
  args[count] = last;
  return dsdPlain(pe, static_cast<uint32_t>(call[0]), static_cast<uint32_t>(call[1]),
                  static_cast<uint32_t>(call[1] >> 32), args);
}

}  // namespace

const HostCall* hostCalls() {
  static const HostCall calls[] = {
      {"weft_orc_frame", reinterpret_cast<void*>(&newFrame)},
      {"weft_orc_push", reinterpret_cast<void*>(&pushFrame)},
      {"weft_orc_pop", reinterpret_cast<void*>(&popFrame)},
      {"weft_orc_soft", reinterpret_cast<void*>(&softCall)},
      {"weft_orc_memcopy", reinterpret_cast<void*>(&memCopy)},
      {"weft_orc_memzero", reinterpret_cast<void*>(&memZero)},
      {"weft_orc_dsd", reinterpret_cast<void*>(&dsdPlain)},
      {"weft_orc_element", reinterpret_cast<void*>(&element)},
      {"weft_orc_dsd_known", reinterpret_cast<void*>(&dsdKnown)},
      {nullptr, nullptr},
  };
  return calls;
}

}  // namespace weft::jit::orc
