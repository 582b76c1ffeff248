// Backward liveness of locals, for finalize() and suspendPoints(). Private to frontend/tir.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/tir/program.h"

#include <span>
#include <vector>

namespace weft::tir {

/// A set of locals of one function.
class LocalSet {
 public:
  explicit LocalSet(size_t locals) : words_((locals + 63) / 64, 0) {}
  void add(uint32_t local) { words_[local / 64] |= 1ull << (local % 64); }
  void remove(uint32_t local) { words_[local / 64] &= ~(1ull << (local % 64)); }
  [[nodiscard]] bool has(uint32_t local) const { return (words_[local / 64] >> (local % 64) & 1) != 0; }
  /// this |= other; whether anything was new.
  bool addAll(const LocalSet& other) {
    bool grew = false;
    for (size_t k = 0; k < words_.size(); ++k) {
      grew = grew || (other.words_[k] & ~words_[k]) != 0;
      words_[k] |= other.words_[k];
    }
    return grew;
  }
  [[nodiscard]] std::vector<uint32_t> list() const;

 private:
  std::vector<uint64_t> words_;
};

/// Locals whose value at the start of each block may still be read.
class Liveness {
 public:
  /// `blocks` are the function's blocks as instruction sequences.
  Liveness(std::span<const std::span<const Inst>> blocks, const std::vector<Operand>& args, size_t locals);
  [[nodiscard]] const LocalSet& liveIn(uint32_t block) const { return live_in_[block]; }

 private:
  std::vector<LocalSet> live_in_;
};

}  // namespace weft::tir
