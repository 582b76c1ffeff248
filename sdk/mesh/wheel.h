// The timing wheel of a block: which PEs to look at in which cycle. The next 32 cycles are bit maps over the PEs, so an
// entry costs two ORs and comes once; behind them 64 spans of 16 cycles, and a heap.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "sdk/mesh/state.h"

#include <algorithm>
#include <bit>
#include <span>
#include <vector>

namespace weft::mesh {

class Wheel {
 public:
  /// Cycles ahead that have a bit map.
  static constexpr Cycles kNear = 32;
  /// Cycles up to the next multiple of this are complete in their maps once moveTo() came here.
  static constexpr Cycles kComplete = 16;

  void resize(size_t pes) {
    words_ = (pes + 63) / 64;
    sums_ = (words_ + 63) / 64;
    bits_.assign(kNear * words_, 0);
    sum_.assign(kNear * sums_, 0);
    for (size_t slot = 0; slot < kNear; ++slot) {
      row_[slot] = bits_.data() + slot * words_;
      sum_row_[slot] = sum_.data() + slot * sums_;
    }
  }

  [[nodiscard]] Cycles now() const { return now_; }

  /// The map of one cycle. Entering PEs in it again and again is a test each, and no store that the next one waits for.
  class Row {
   public:
    [[gnu::always_inline]] void mark(uint32_t index) const {
      uint64_t& word = bits_[index >> 6];
      const uint64_t bit = 1ull << (index & 63);
      if ((word & bit) != 0) return;
      word |= bit;
      sums_[index >> 12] |= 1ull << ((index >> 6) & 63);
      *occupied_ |= slot_;
    }

   private:
    friend class Wheel;
    uint64_t* bits_ = nullptr;
    uint64_t* sums_ = nullptr;
    uint32_t* occupied_ = nullptr;
    uint32_t slot_ = 0;
  };
  /// `at`: less than kNear cycles from now.
  [[nodiscard]] Row row(Cycles at) {
    const unsigned slot = at & (kNear - 1);
    Row r;
    r.bits_ = row_[slot];
    r.sums_ = sum_row_[slot];
    r.occupied_ = &occupied_;
    r.slot_ = 1u << slot;
    return r;
  }

  /// Enters PE `index` for cycle `at` (not before now).
  [[gnu::always_inline]] void schedule(uint32_t index, Cycles at) {
    if (at - now_ < kNear) {
      mark(index, at);
    } else {
      scheduleFar(index, at);
    }
  }

  /// The first cycle that has an entry, or kNever.
  [[nodiscard]] Cycles next() const {
    Cycles best = kNever;
    if (occupied_ != 0) best = now_ + static_cast<unsigned>(std::countr_zero(rotated(occupied_, now_)));
    if (far_occupied_ != 0) {
      const unsigned shift = (now_ >> kSpan) & 63;
      const unsigned distance =
          static_cast<unsigned>(std::countr_zero(std::rotr(far_occupied_, static_cast<int>(shift))));
      best = std::min(best, far_min_[(shift + distance) & 63]);
    }
    if (!heap_.empty()) best = std::min(best, heap_.front().at);
    return best;
  }

  /// Moves to cycle `at`; nothing may be entered for an earlier one.
  void moveTo(Cycles at) {
    const bool crossed = (at >> kSpan) != (now_ >> kSpan);
    now_ = at;
    if (crossed && (far_occupied_ != 0 || !heap_.empty())) cascade();
  }

  /// Takes the PEs entered for cycle `at` (one of the near ones) out of the wheel, in order, those from `first` on and
  /// before `last`; without `remove` they stay entered. Valid until the next call.
  std::span<const uint32_t> take(Cycles at, uint32_t first, uint32_t last, bool remove = true) {
    const unsigned slot = at & (kNear - 1);
    if (((occupied_ >> slot) & 1) == 0 || first >= last) return {};
    uint64_t* bits = row_[slot];
    uint64_t* sum = sum_row_[slot];
    const size_t first_word = first >> 6, last_word = (last - 1) >> 6;
    size_t count = 0;
    for (size_t s = first_word >> 6; s <= last_word >> 6; ++s) {
      for (uint64_t m = sum[s]; m != 0; m &= m - 1) {
        const size_t word = (s << 6) + static_cast<size_t>(std::countr_zero(m));
        if (word < first_word) continue;
        if (word > last_word) break;
        uint64_t keep = 0;
        if (word == first_word) keep |= (1ull << (first & 63)) - 1;
        if (word == last_word && (last & 63) != 0) keep |= ~0ull << (last & 63);
        if (count + 64 > taken_.size()) taken_.resize(2 * taken_.size() + 64);
        uint32_t* out = taken_.data() + count;
        for (uint64_t b = bits[word] & ~keep; b != 0; b &= b - 1)
          *out++ = static_cast<uint32_t>((word << 6) + static_cast<size_t>(std::countr_zero(b)));
        count = static_cast<size_t>(out - taken_.data());
        if (!remove) continue;
        bits[word] &= keep;
        if (bits[word] == 0) sum[s] &= ~(1ull << (word & 63));
      }
    }
    if (remove && std::none_of(sum, sum + sums_, [](uint64_t s) { return s != 0; })) occupied_ &= ~(1u << slot);
    return {taken_.data(), count};
  }

  [[nodiscard]] uint64_t bytes() const {
    uint64_t n = heap_.capacity() * sizeof(Far) + (bits_.capacity() + sum_.capacity()) * sizeof(uint64_t) +
                 taken_.capacity() * sizeof(uint32_t);
    for (const auto& v : far_) n += v.capacity() * sizeof(Far);
    return n;
  }

 private:
  static constexpr unsigned kSpan = 4;  // log2 of a span's cycles
  struct Far {
    Cycles at;
    uint32_t index;
  };
  static bool later(const Far& a, const Far& b) { return a.at > b.at; }
  static uint32_t rotated(uint32_t mask, Cycles now) { return std::rotr(mask, static_cast<int>(now & (kNear - 1))); }

  [[gnu::always_inline]] void mark(uint32_t index, Cycles at) { row(at).mark(index); }

  [[gnu::noinline]] void scheduleFar(uint32_t index, Cycles at) {
    if ((at >> kSpan) - (now_ >> kSpan) < 64) {
      const unsigned slot = (at >> kSpan) & 63;
      const uint64_t bit = 1ull << slot;
      if ((far_occupied_ & bit) == 0) {
        far_occupied_ |= bit;
        far_min_[slot] = at;
      } else {
        far_min_[slot] = std::min(far_min_[slot], at);
      }
      far_[slot].push_back({at, index});
      return;
    }
    heap_.push_back({at, index});
    std::push_heap(heap_.begin(), heap_.end(), later);
  }

  void cascade() {
    const Cycles epoch = now_ >> kSpan;
    const unsigned slot = epoch & 63;
    if ((far_occupied_ & (1ull << slot)) != 0) {
      far_occupied_ &= ~(1ull << slot);
      for (const Far& f : far_[slot]) mark(f.index, f.at);
      far_[slot].clear();
    }
    while (!heap_.empty() && (heap_.front().at >> kSpan) - epoch < 64) {
      const Far f = heap_.front();
      std::pop_heap(heap_.begin(), heap_.end(), later);
      heap_.pop_back();
      schedule(f.index, f.at);
    }
  }

  Cycles now_ = 0;
  uint32_t occupied_ = 0;
  size_t words_ = 0;
  size_t sums_ = 0;
  std::vector<uint64_t> bits_;
  std::vector<uint64_t> sum_;
  std::array<uint64_t*, kNear> row_{};
  std::array<uint64_t*, kNear> sum_row_{};
  uint64_t far_occupied_ = 0;
  std::array<std::vector<Far>, 64> far_;
  std::array<Cycles, 64> far_min_{};
  std::vector<Far> heap_;
  std::vector<uint32_t> taken_;
};

}  // namespace weft::mesh
