// Vector operations over memory alone: whole runs through the engine's kernels on host pointers, element by element
// where an address leaves the private memory. The cost is weftDsdCycles(); loading descriptors comes on top at issue.
// SPDX-License-Identifier: Apache-2.0
#include "sdk/mesh/mesh_impl.h"

#include <algorithm>

namespace weft::mesh {

/// Elements up to the next jump of the operand's address pattern.
uint32_t Block::runLength(const Operand& o) const {
  if (o.kind != Operand::Kind::Memory) return kNone;
  if (o.wrap_count != 0) return static_cast<uint32_t>(o.wrap_count - o.wrap_position);
  if (o.shape != nullptr && o.shape->rank > 1) return static_cast<uint32_t>(o.shape->extent[0] - o.counter[0]);
  return kNone;
}

void Block::advanceBy(Operand& o, uint32_t count) {
  if (o.kind != Operand::Kind::Memory || count == 0) return;
  if (o.wrap_count == 0 && (o.shape == nullptr || o.shape->rank == 1)) {
    o.address = static_cast<uint16_t>(o.address + static_cast<int64_t>(o.step) * count);
    return;
  }
  // All but the last step stay inside the run.
  const uint32_t inner = count - 1;
  if (o.wrap_count != 0) {
    o.wrap_position = static_cast<uint16_t>(o.wrap_position + inner);
  } else {
    o.counter[0] = static_cast<uint16_t>(o.counter[0] + inner);
  }
  o.address = static_cast<uint16_t>(o.address + static_cast<int64_t>(o.step) * inner);
  advance(o);
}

bool Block::runMemory(uint32_t pe, Worker& w, uint32_t site, Cycles t) {
  w.site = site;
  // As the task is checked that issues it: compiled code does the same operation itself.
  const unsigned unmasked = running_ == pe ? wpe_.flags >> WEFT_PE_EXCEPTIONS : core(pe).main.unmasked;
  uint8_t* memory = this->memory(pe);
  WeftBurst burst{};
  burst.scalar = w.scalar;
  Operand* operands[3] = {&w.dest, &w.src0, &w.src1};
  uint32_t left = w.length;
  while (left > 0) {
    uint32_t n = left;
    for (const Operand* o : operands) n = std::min(n, runLength(*o));
    bool direct = unmasked == 0;
    uint8_t* pointer[3] = {};
    int64_t stride[3] = {};
    const uint32_t bytes = pes_[pe].memory_bytes;
    for (int i = 0; i < 3; ++i) {
      Operand& o = *operands[i];
      switch (o.kind) {
        case Operand::Kind::Memory: {
          const int64_t last = static_cast<int64_t>(o.address) + static_cast<int64_t>(o.step) * (n - 1);
          const int64_t low = std::min<int64_t>(o.address, last), high = std::max<int64_t>(o.address, last) + o.width;
          direct = direct && low >= 0 && high <= bytes;
          pointer[i] = memory + o.address;
          stride[i] = o.step;
          break;
        }
        case Operand::Kind::Scalar: pointer[i] = reinterpret_cast<uint8_t*>(&o.scalar); break;
        case Operand::Kind::Accumulator: pointer[i] = reinterpret_cast<uint8_t*>(&w.accumulator); break;
        case Operand::Kind::None:
        case Operand::Kind::InQueue:
        case Operand::Kind::OutQueue:
        case Operand::Kind::Fifo: break;
      }
    }
    if (direct) {
      burst.dest = pointer[0];
      burst.src0 = pointer[1];
      burst.src1 = pointer[2];
      burst.dest_stride = stride[0];
      burst.src0_stride = stride[1];
      burst.src1_stride = stride[2];
      burst.count = n;
      w.kernel(&burst);
      for (Operand* o : operands) advanceBy(*o, n);
    } else {
      for (uint32_t k = 0; k < n; ++k) {
        uint64_t value = 0, a = 0, b = 0;
        Core& c = core(pe);
        if (w.src0.kind != Operand::Kind::None) a = readElement(pe, c, w, w.src0, 0);
        if (w.src1.kind != Operand::Kind::None) b = readElement(pe, c, w, w.src1, 0);
        WeftBurst one = burst;
        one.dest = reinterpret_cast<uint8_t*>(&value);
        one.src0 = reinterpret_cast<const uint8_t*>(&a);
        one.src1 = reinterpret_cast<const uint8_t*>(&b);
        one.dest_stride = one.src0_stride = one.src1_stride = 0;
        one.count = 1;
        w.kernel(&one);
        burst.carry = one.carry;
        if (unmasked != 0 && elementStops(pe, w, unmasked, a, b, value, t)) return false;
        if (w.dest.kind == Operand::Kind::Accumulator) {
          w.accumulator = value;
        } else {
          storeAny(pe, w.dest.address, w.dest.width, value, site);
          advance(w.dest);
        }
      }
      // The PE may have been given its full memory.
      memory = this->memory(pe);
    }
    left -= n;
  }
  if (w.accumulate) storeAny(pe, w.dest.address, w.dest.width, w.accumulator, site);
  return true;
}

/// The rule compiled code repeats for its short cuts (jit/dsd_cost.h).
uint32_t Block::memoryCost(const Worker& w) const {
  const bool memory0 = w.src0.kind == Operand::Kind::Memory, memory1 = w.src1.kind == Operand::Kind::Memory;
  const bool dest_memory = w.dest.kind == Operand::Kind::Memory;
  const bool reduce =
      w.dest.kind == Operand::Kind::Accumulator || (dest_memory && w.dest.stride == 0 && w.dest.shape == nullptr);
  return static_cast<uint32_t>(weftDsdCycles(&params_.dsd, static_cast<uint32_t>(w.opcode), w.length, reduce ? 1 : 0,
                                             memory0 ? 1 : 0, w.src0.stride, w.src0.start, memory1 ? 1 : 0,
                                             w.src1.stride, w.src1.start, dest_memory ? 1 : 0, w.dest.stride));
}

}  // namespace weft::mesh
