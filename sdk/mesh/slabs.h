// Memory for what PEs keep between visits: never given back before the block dies, in huge pages once there is much.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <vector>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace weft::mesh {

class Slabs {
 public:
  /// `align` is at most 64.
  void* allocate(size_t bytes, size_t align) {
    next_ = (next_ + align - 1) & ~(align - 1);
    if (next_ + bytes > end_) more(bytes);
    const uintptr_t at = next_;
    next_ += bytes;
    return reinterpret_cast<void*>(at);
  }

 private:
  static constexpr size_t kFirst = 32u << 10, kHuge = 2u << 20;
  struct Free {
    size_t align;
    void operator()(void* p) const { ::operator delete(p, std::align_val_t{align}); }
  };

  void more(size_t bytes) {
    chunk_ = std::min(std::max(kFirst, 2 * chunk_), kHuge);
    const size_t size = std::max(bytes, chunk_), align = chunk_ == kHuge ? kHuge : 64;
    void* p = ::operator new(size, std::align_val_t{align});
    chunks_.emplace_back(p, Free{align});
#if defined(__linux__)
    if (align == kHuge) madvise(p, size & ~(kHuge - 1), MADV_HUGEPAGE);
#endif
    next_ = reinterpret_cast<uintptr_t>(p);
    end_ = next_ + size;
  }

  uintptr_t next_ = 0;
  uintptr_t end_ = 0;
  size_t chunk_ = 0;
  std::vector<std::unique_ptr<void, Free>> chunks_;
};

}  // namespace weft::mesh
