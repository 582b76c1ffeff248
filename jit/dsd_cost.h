/* Cycle cost of a memory-only vector operation, as data: computed at issue by the mesh, and by compiled code for the
   short cuts it takes inline. Filled by sdk/timing.
   SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Per opcode. Rates are cycles per element in 1/16 cycle. */
struct WeftDsdRate {
  uint16_t fixed;      /* cycles of a warm operation besides its elements */
  uint16_t one_source; /* rate with at most one memory source, unit or zero strides */
  uint16_t two_source; /* rate with two memory sources, no bank conflict */
  uint16_t conflict;   /* rate with two memory sources whose banks collide */
  uint16_t reduce;     /* rate into a scalar (pointer or zero-stride destination) */
};

struct WeftDsdCosts {
  struct WeftDsdRate op[64]; /* by tir::DsdOpcode */
  uint16_t dsr_load;         /* cycles per descriptor loaded from a value (not already in a DSR) */
  uint16_t map_call;         /* cycles of @map besides its callbacks */
  uint16_t lanes[64];        /* full SIMD width per opcode; strided accesses are narrowed, see weftStrideRate */
};

/* Rate limit in 1/16 cycle per element that a memory stride (in elements) imposes; `lanes` is the full width.
   wse-hardware-and-timing.md section 2, rule 3. */
static inline uint32_t weftStrideRate(int32_t stride, uint32_t lanes) {
  const uint32_t m = (uint32_t)(stride < 0 ? -stride : stride) & 7u;
  uint32_t width = lanes;
  if (stride == 0 || stride == 1)
    width = lanes;
  else if (m == 0)
    width = 1;
  else if (m == 1 || m == 7 || m == 4)
    width = lanes < 2 ? lanes : 2;
  return 16u / (width == 0 ? 1u : width);
}

/* Cycles of `count` elements; strides in elements, addresses in bytes; src present flags say whether it is memory. */
static inline uint64_t weftDsdCycles(const struct WeftDsdCosts* costs, uint32_t op, uint32_t count, int reduce,
                                     int src0_memory, int32_t src0_stride, uint32_t src0_address, int src1_memory,
                                     int32_t src1_stride, uint32_t src1_address, int dest_memory, int32_t dest_stride) {
  const struct WeftDsdRate* r = &costs->op[op];
  uint32_t rate;
  if (reduce) {
    rate = r->reduce;
  } else if (src0_memory && src1_memory) {
    const uint32_t bank0 = (src0_address >> 1) & 3u, bank1 = (src1_address >> 1) & 3u;
    rate = bank0 == bank1 && ((src0_address >> 1) & 7u) == ((src1_address >> 1) & 7u) ? r->conflict : r->two_source;
  } else {
    rate = r->one_source;
  }
  uint32_t s;
  if (src0_memory && (s = weftStrideRate(src0_stride, costs->lanes[op])) > rate) rate = s;
  if (src1_memory && (s = weftStrideRate(src1_stride, costs->lanes[op])) > rate) rate = s;
  if (dest_memory && !reduce && (s = weftStrideRate(dest_stride, costs->lanes[op])) > rate) rate = s;
  return r->fixed + ((uint64_t)count * rate + 15u) / 16u;
}

#ifdef __cplusplus
}
#endif
