// Names as 32-bit ids. One Interner per Session; equal texts give equal Symbols.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/base/arena.h"
#include "frontend/base/id.h"

#include <array>
#include <atomic>
#include <mutex>
#include <shared_mutex>
#include <string_view>
#include <unordered_map>

namespace weft::base {

struct SymbolTag;
/// An interned name. Compare ids, not texts.
using Symbol = Id<SymbolTag>;

/// Thread-safe. A Symbol's text stays valid as long as the Interner.
class Interner {
 public:
  Interner() = default;
  ~Interner();
  Interner(const Interner&) = delete;
  Interner& operator=(const Interner&) = delete;

  Symbol intern(std::string_view text);
  /// The symbol of `text` if it was interned before, otherwise invalid.
  [[nodiscard]] Symbol find(std::string_view text) const;
  /// Lock-free. `symbol` must be valid and come from this interner.
  [[nodiscard]] std::string_view text(Symbol symbol) const {
    const uint32_t i = symbol.index();
    return chunks_[i / kChunk].load(std::memory_order_acquire)[i % kChunk];
  }
  [[nodiscard]] size_t size() const { return count_.load(std::memory_order_acquire); }

 private:
  static constexpr uint32_t kChunk = 4096;
  mutable std::shared_mutex mutex_;
  std::unordered_map<std::string_view, uint32_t> ids_;
  Arena texts_;
  std::array<std::atomic<std::string_view*>, 4096> chunks_{};
  std::atomic<uint32_t> count_{0};
};

}  // namespace weft::base
