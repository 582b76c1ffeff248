/* Plain-C boundary between tile code (interpreted or compiled) and the device.
   Written by the mesh, called by both engines; compiled code knows these offsets.
   SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct WeftPe;

/* What every call into the device, and every function that may block, returns. */
enum WeftStatus {
  WEFT_DONE = 0,    /* the result is in pe->result */
  WEFT_BLOCKED = 1, /* suspend: save the live locals to a frame and return WEFT_BLOCKED; when resumed, the operation has
                       been completed by the device and its result is in pe->result */
  WEFT_TRAP = 2     /* the mesh has recorded a trap: unwind without frames */
};

/* Head of a frame of a suspended function. Live locals follow. Frames of one task are chained from leaf to root. */
struct WeftFrame {
  struct WeftFrame* next;
  uint32_t function; /* FunctionId within the program */
  uint32_t point;    /* index into tir::suspendPoints(function) */
};

/* One piece of a vector operation over host memory. Element k of an operand is at pointer + k * stride.
   Strides are in bytes; a scalar is a stride-0 pointer. Elements are processed in strictly increasing order as far as
   anyone can see: destination and sources may overlap. */
struct WeftBurst {
  uint8_t* dest;
  const uint8_t* src0; /* absent for single-source operations */
  const uint8_t* src1;
  int64_t dest_stride;
  int64_t src0_stride;
  int64_t src1_stride;
  uint64_t scalar; /* trailing scalar, raw bits */
  uint32_t count;
  uint32_t carry; /* addc16: carry in; kernels of it write the carry out back */
};
typedef void (*WeftKernel)(struct WeftBurst*);

struct WeftDevice {
  /* A tir::DeviceCall; args as in device_calls.def, zero-extended. */
  int32_t (*device_call)(struct WeftPe*, uint32_t call, uint32_t site, const uint64_t* args);
  /* Program::dsd_ops[op]; args in the order documented at tir::DsdOp. Result: 1 if it ran to completion. */
  int32_t (*dsd_op)(struct WeftPe*, uint32_t op, uint32_t site, const uint64_t* args);
  /* Called on a loop back edge when pe->now >= pe->deadline. */
  int32_t (*back_edge)(struct WeftPe*, uint32_t site);
  /* Accesses that are not inside the private memory: address is 16 bits. Never fail visibly to the task; traps under
     strict memory are raised at the next suspension. */
  uint64_t (*load_slow)(struct WeftPe*, uint32_t address, uint32_t bytes, uint32_t site);
  void (*store_slow)(struct WeftPe*, uint32_t address, uint32_t bytes, uint64_t value, uint32_t site);
  /* Reached tir::Op::Unreachable, an unknown function index, or stack exhaustion. kind: 0, 1, 2. An operation raised an
     exception that stops the PE: 3 | exceptions << 8 | tir::Op << 16. */
  int32_t (*fault)(struct WeftPe*, uint32_t kind, uint32_t site);
  /* Frame memory from the block's pool, 16-byte aligned. */
  struct WeftFrame* (*frame_alloc)(struct WeftPe*, uint32_t bytes);
  void (*frame_free)(struct WeftPe*, struct WeftFrame*, uint32_t bytes);
};

/* The running main thread of one PE. Filled by the mesh before a call, valid only during it. */
struct WeftPe {
  uint8_t* memory; /* private memory, `memory_bytes` long */
  uint32_t memory_bytes;
  uint32_t flags;    /* WEFT_PE_SHARED, _FAR, _TRACED; from bit WEFT_PE_EXCEPTIONS on: unmasked exceptions */
  uint64_t now;      /* cycle of the main thread; engines add the segment costs */
  uint64_t deadline; /* loop back edges call back_edge when now >= deadline */
  uint64_t result;
  const uint64_t* slots; /* values of the per-PE constant slots */
  const struct WeftDevice* device;
  struct WeftFrame* frames; /* chain of the suspended task, leaf first */
  struct WeftFrame**
      cursor; /* where the next frame is pushed while unwinding: *cursor = frame; cursor = &frame->next */
  const WeftKernel* kernels;            /* by tir::DsdOpcode */
  const struct WeftDsdCosts* dsd_costs; /* jit/dsd_cost.h */
  uint32_t
      stack_pointer; /* recursive functions: byte address of the free stack, grows upward. The mesh sets it to
                        stack_base at a start, keeps it while the task is suspended, and hands it in at the resume */
  uint32_t stack_limit;
  void* mesh; /* the mesh's own */
  uint64_t mesh_index;
};
#define WEFT_PE_SHARED 1u /* microthreads or others are active, inline short cuts are off */
#define WEFT_PE_FAR 2u    /* the PEs' memory is more than the CPU's own cache: a hint, without effect on results */
#define WEFT_PE_TRACED 4u /* someone listens to operations: inline short cuts are off, and no cycle changes */
#define WEFT_PE_NO_SHORT_CUTS (WEFT_PE_SHARED | WEFT_PE_TRACED)
#define WEFT_PE_EXCEPTIONS 8 /* none of these bits is set while compiled code runs: CodeImage::checked() */

#ifdef __cplusplus
}
#endif
