// PE memory: allocated from the program's image on first use, the slow path for everything outside the private part,
// and byte access for inspection that never touches a page.
// SPDX-License-Identifier: Apache-2.0
#include "sdk/mesh/mesh_impl.h"

#include <algorithm>
#include <cstring>
#include <new>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace weft::mesh {
namespace {

constexpr size_t kChunkBytes = 4u << 20;
/// Vector code may read a little past the end of an operand.
constexpr size_t kTail = 64;

const uint8_t* slotBytes(const plan::FabricPlan& plan, uint32_t pe_index, uint32_t slot) {
  return reinterpret_cast<const uint8_t*>(&plan.slot_values[plan.slots_of[pe_index] + slot]);
}

}  // namespace

uint8_t* Block::memory(uint32_t pe_index) {
  Pe& pe = pes_[pe_index];
  if (pe.memory != nullptr) return pe.memory;
  const ProgramInfo* info = programOf(pe);
  const uint32_t bytes = info == nullptr ? 0 : info->program->private_bytes;
  const size_t shift = info == nullptr ? 0 : info->memory_shift;
  const size_t need = (shift + bytes + kTail + 63) & ~size_t{63};
  if (memory_left_ < need) {
    const size_t chunk = std::max(need, pes_.size() < 64 ? size_t{64} * need : kChunkBytes);
    memory_pool_.push_back(std::unique_ptr<uint8_t[]>(new uint8_t[chunk + 64]));
    const auto raw = reinterpret_cast<uintptr_t>(memory_pool_.back().get());
    memory_chunk_ = reinterpret_cast<uint8_t*>((raw + 63) & ~uintptr_t{63});
    memory_left_ = chunk;
#if defined(__linux__)
    const auto page = reinterpret_cast<uintptr_t>(memory_chunk_) & ~uintptr_t{4095};
    madvise(reinterpret_cast<void*>(page), chunk, MADV_HUGEPAGE);
#endif
  }
  pe.memory = memory_chunk_ + shift;
  memory_chunk_ += need;
  memory_left_ -= need;
  memory_bytes_ += need;
  if (info != nullptr) {
    const tir::Program& p = *info->program;
    const size_t image = std::min<size_t>(p.image.size(), bytes);
    std::copy_n(p.image.data(), image, pe.memory);
    std::memset(pe.memory + image, 0, need - shift - image);
    const plan::FabricPlan& plan = mesh_.plan();
    const uint32_t at = plan.extent.index(coordOf(pe_index));
    for (const tir::ImagePatch& patch : p.patches) {
      if (patch.address + patch.bytes <= bytes)
        std::memcpy(pe.memory + patch.address, slotBytes(plan, at, patch.slot), patch.bytes);
    }
  }
  return pe.memory;
}

uint8_t Block::peekByte(uint32_t pe_index, uint32_t address) const {
  const Pe& pe = pes_[pe_index];
  address &= 0xffff;
  const ProgramInfo* info = programOf(pe);
  if (address < pe.memory_bytes) {
    if (pe.memory != nullptr) return pe.memory[address];
    const tir::Program& p = *info->program;
    const plan::FabricPlan& plan = mesh_.plan();
    for (const tir::ImagePatch& patch : p.patches) {
      if (address >= patch.address && address < static_cast<uint32_t>(patch.address) + patch.bytes)
        return slotBytes(plan, plan.extent.index(coordOf(pe_index)), patch.slot)[address - patch.address];
    }
    return address < p.image.size() ? p.image[address] : 0;
  }
  if (info == nullptr) return 0;
  const tir::Program& p = *info->program;
  if (address >= p.private_bytes && address - p.private_bytes < p.shared.size())
    return p.shared[address - p.private_bytes];
  return 0;
}

void Block::pokeBytes(uint32_t pe_index, uint32_t address, const uint8_t* bytes, uint32_t count) {
  uint8_t* m = memory(pe_index);
  if (address + count <= pes_[pe_index].memory_bytes) {
    std::memcpy(m + address, bytes, count);
    return;
  }
  for (uint32_t i = 0; i < count; ++i) storeAny(pe_index, (address + i) & 0xffff, 1, bytes[i], kNone);
}

uint64_t Block::loadAny(uint32_t pe_index, uint32_t address, uint32_t bytes, uint32_t site) {
  Pe& pe = pes_[pe_index];
  uint64_t value = 0;
  if (address + bytes <= pe.memory_bytes) {
    const uint8_t* from = memory(pe_index) + address;
    for (uint32_t i = 0; i < bytes; ++i) value |= static_cast<uint64_t>(from[i]) << (8 * i);
    return value;
  }
  const ProgramInfo* info = programOf(pe);
  bool outside = false;
  for (uint32_t i = 0; i < bytes; ++i) {
    const uint32_t a = (address + i) & 0xffff;
    uint8_t b = 0;
    if (a >= target::kConfigBase) {
      uint16_t word = 0;
      const Deferred* own = nullptr;
      if (running_ == pe_index) {
        // A loop that polls a register comes back to simulated time at its next turn.
        wpe_.deadline = wpe_.now;
        own = deferredRegister(*pe.core, static_cast<uint16_t>(a / 2));
      }
      if (own != nullptr) {
        b = static_cast<uint8_t>(own->value >> (8 * (a & 1)));
      } else if (readRegister(pe_index, static_cast<uint16_t>(a / 2), &word, site)) {
        b = static_cast<uint8_t>(word >> (8 * (a & 1)));
      } else {
        outside = true;
      }
    } else {
      b = peekByte(pe_index, a);
      if (info == nullptr ||
          a >= std::max<uint32_t>(pe.memory_bytes,
                                  info->program->private_bytes + static_cast<uint32_t>(info->program->shared.size())))
        outside = true;
    }
    value |= static_cast<uint64_t>(b) << (8 * i);
  }
  if (outside) {
    const Where where{pe_index, time_, site};
    if (mesh_.options().strict_memory) {
      trap(where, diag::Code::E0708,
           fmt::format("read of {} bytes at address {:#06x}, which belongs to no symbol", bytes, address));
    } else {
      warn(where, diag::Code::W0701,
           fmt::format("read of {} bytes at address {:#06x}, which belongs to no symbol, gives 0", bytes, address));
    }
  }
  return value;
}

void Block::storeAny(uint32_t pe_index, uint32_t address, uint32_t bytes, uint64_t value, uint32_t site) {
  Pe& pe = pes_[pe_index];
  if (address + bytes <= pe.memory_bytes) {
    uint8_t* to = memory(pe_index) + address;
    if (bytes == 4) {
      std::memcpy(to, &value, 4);
    } else if (bytes == 2) {
      std::memcpy(to, &value, 2);
    } else {
      std::memcpy(to, &value, bytes);
    }
    return;
  }
  const Where where{pe_index, time_, site};
  if (address >= target::kConfigBase) {
    if (bytes == 4) {
      storeAny(pe_index, address, 2, value & 0xffff, site);
      storeAny(pe_index, (address + 2) & 0xffff, 2, value >> 16, site);
      return;
    }
    if (running_ == pe_index && wpe_.now > time_) {
      // The task runs ahead: the register changes when simulated time has come up to it.
      Deferred later;
      later.at = wpe_.now;
      later.site = site;
      later.address = static_cast<uint16_t>(address / 2);
      later.value = static_cast<uint16_t>(value);
      defer(pe_index, *pe.core, later);
      return;
    }
    if (!writeRegister(pe_index, static_cast<uint16_t>(address / 2), static_cast<uint16_t>(value), time_, site))
      trap(where, diag::Code::E0705, fmt::format("write to unknown configuration register {:#06x}", address / 2));
    return;
  }
  if (mesh_.options().strict_memory) {
    trap(where, diag::Code::E0708,
         fmt::format("write of {} bytes at address {:#06x}, which belongs to no symbol", bytes, address));
    return;
  }
  warn(where, diag::Code::W0701,
       fmt::format("write of {} bytes at address {:#06x}, which belongs to no symbol", bytes, address));
  if ((pe.flags & Pe::kFullMemory) == 0) {
    // The PE gets its whole 48 KB, constants included.
    auto full = std::make_unique<uint8_t[]>(target::kPeMemoryBytes + kTail);
    for (uint32_t a = 0; a < target::kPeMemoryBytes; ++a) full[a] = peekByte(pe_index, a);
    pe.memory = full.get();
    pe.memory_bytes = target::kPeMemoryBytes;
    pe.flags |= Pe::kFullMemory;
    memory_bytes_ += target::kPeMemoryBytes;
    memory_pool_.push_back(std::move(full));
    if (running_ == pe_index) {
      wpe_.memory = pe.memory;
      wpe_.memory_bytes = pe.memory_bytes;
    }
  }
  for (uint32_t i = 0; i < bytes; ++i) {
    const uint32_t a = (address + i) & 0xffff;
    if (a < pe.memory_bytes) pe.memory[a] = static_cast<uint8_t>(value >> (8 * i));
  }
}

}  // namespace weft::mesh
