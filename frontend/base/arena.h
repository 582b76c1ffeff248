// Bump allocation for trees that live and die together. Not thread-safe; owned by one tree.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace weft::base {

class Arena {
 public:
  Arena() = default;
  Arena(Arena&&) noexcept = default;
  Arena& operator=(Arena&&) noexcept = default;

  /// Memory of `size` bytes; lives until the arena dies. `align` is a power of two, at most 16.
  void* allocate(size_t size, size_t align) {
    const uintptr_t at = (next_ + align - 1) & ~static_cast<uintptr_t>(align - 1);
    if (at + size > end_ || next_ == 0) return allocateSlow(size, align);
    next_ = at + size;
    return reinterpret_cast<void*>(at);
  }

  /// Constructs a T; its destructor never runs.
  template <class T, class... Args>
  T* make(Args&&... args) {
    static_assert(std::is_trivially_destructible_v<T>, "arena objects are never destroyed");
    return new (allocate(sizeof(T), alignof(T))) T{std::forward<Args>(args)...};
  }

  /// Copies a list into the arena.
  template <class T>
  std::span<const T> copy(const std::vector<T>& items) {
    static_assert(std::is_trivially_copyable_v<T>, "arena lists are copied as bytes");
    if (items.empty()) return {};
    auto* out = static_cast<T*>(allocate(sizeof(T) * items.size(), alignof(T)));
    std::memcpy(static_cast<void*>(out), items.data(), sizeof(T) * items.size());
    return {out, items.size()};
  }

  std::string_view copy(std::string_view text) {
    if (text.empty()) return {};
    auto* out = static_cast<char*>(allocate(text.size(), 1));
    std::memcpy(out, text.data(), text.size());
    return {out, text.size()};
  }

 private:
  static constexpr size_t kChunk = 32 * 1024;

  void* allocateSlow(size_t size, size_t align) {
    const size_t chunk = size + align > kChunk ? size + align : kChunk;
    chunks_.push_back(std::make_unique<std::byte[]>(chunk));
    const auto begin = reinterpret_cast<uintptr_t>(chunks_.back().get());
    const uintptr_t at = (begin + align - 1) & ~static_cast<uintptr_t>(align - 1);
    // A huge request gets its own chunk; the current one keeps serving small requests.
    if (chunk == kChunk || next_ == 0) {
      next_ = at + size;
      end_ = begin + chunk;
    }
    return reinterpret_cast<void*>(at);
  }

  std::vector<std::unique_ptr<std::byte[]>> chunks_;
  uintptr_t next_ = 0;
  uintptr_t end_ = 0;
};

}  // namespace weft::base
