// Interner: a locked map for interning, a chunked table for lock-free lookup of texts.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/base/interner.h"

#include "frontend/base/check.h"

namespace weft::base {

Interner::~Interner() {
  for (auto& chunk : chunks_) delete[] chunk.load(std::memory_order_relaxed);
}

Symbol Interner::find(std::string_view text) const {
  std::shared_lock lock(mutex_);
  auto it = ids_.find(text);
  return it == ids_.end() ? Symbol{} : Symbol(it->second);
}

Symbol Interner::intern(std::string_view text) {
  if (Symbol known = find(text); known.valid()) return known;
  std::unique_lock lock(mutex_);
  if (auto it = ids_.find(text); it != ids_.end()) return Symbol(it->second);
  const uint32_t id = count_.load(std::memory_order_relaxed);
  WEFT_CHECK(id / kChunk < chunks_.size(), "too many distinct names");
  auto& slot = chunks_[id / kChunk];
  std::string_view* chunk = slot.load(std::memory_order_relaxed);
  if (chunk == nullptr) {
    chunk = new std::string_view[kChunk];
    slot.store(chunk, std::memory_order_release);
  }
  const std::string_view kept = texts_.copy(text);
  chunk[id % kChunk] = kept;
  ids_.emplace(kept, id);
  count_.store(id + 1, std::memory_order_release);
  return Symbol(id);
}

}  // namespace weft::base
