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
  uint16_t collide;    /* bit k: they do when the second one's first bank is k above the first one's, modulo 8 */
  uint16_t reduce;     /* rate into a scalar (pointer or zero-stride destination) */
};

struct WeftDsdCosts {
  struct WeftDsdRate op[64]; /* by tir::DsdOpcode */
  uint16_t dsr_load;         /* cycles per descriptor loaded from a value (not already in a DSR) */
  uint16_t map_call;         /* cycles of @map besides its callbacks */
  uint16_t lanes[64];        /* full SIMD width per opcode; strided accesses are narrowed, see weftStrideRate */
  uint16_t stride_span;      /* 1: a stride of n takes n times as long, 0: by the banks it meets */
};

/* Rate limit in 1/16 cycle per element that a memory stride (in elements) imposes; `lanes` is the full width. By banks:
   wse-hardware-and-timing.md section 2, rule 3; by span: its section 3.2. */
static inline uint32_t weftStrideRate(int32_t stride, uint32_t lanes, uint32_t span) {
  const uint32_t distance = (uint32_t)(stride < 0 ? -stride : stride), m = distance & 7u;
  const uint32_t full = 16u / (lanes == 0 ? 1u : lanes);
  if (stride == 0 || stride == 1) return full;
  if (span) return full * distance < 16u ? full * distance : 16u;
  if (m == 0) return 16u;
  if (m == 1 || m == 7 || m == 4) return lanes < 2 ? 16u : 8u;
  return full;
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
    const uint32_t apart = ((src1_address >> 1) - (src0_address >> 1)) & 7u;
    rate = (r->collide >> apart) & 1u ? r->conflict : r->two_source;
  } else {
    rate = r->one_source;
  }
  uint32_t s;
  if (src0_memory && (s = weftStrideRate(src0_stride, costs->lanes[op], costs->stride_span)) > rate) rate = s;
  if (src1_memory && (s = weftStrideRate(src1_stride, costs->lanes[op], costs->stride_span)) > rate) rate = s;
  if (dest_memory && !reduce && (s = weftStrideRate(dest_stride, costs->lanes[op], costs->stride_span)) > rate)
    rate = s;
  return r->fixed + ((uint64_t)count * rate + 15u) / 16u;
}

#ifdef __cplusplus
}
#endif
