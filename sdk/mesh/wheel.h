// The timing wheel of a block: which PEs to look at in which cycle. Three levels: 64 single cycles, 64 spans of 64
// cycles, and a heap. Only the first level removes duplicates (through Pe::pending).
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "sdk/mesh/state.h"

#include <algorithm>
#include <bit>
#include <vector>

namespace weft::mesh {

class Wheel {
 public:
  [[nodiscard]] Cycles now() const { return now_; }

  /// Enters PE `index` for cycle `at` (not before now).
  void schedule(Pe& pe, uint32_t index, Cycles at) {
    const Cycles ahead = at - now_;
    if (ahead < 64) {
      const uint64_t bit = 1ull << (at & 63);
      if ((pe.pending & bit) != 0) return;
      pe.pending |= bit;
      occupied_ |= bit;
      near_[at & 63].push_back(index);
      return;
    }
    scheduleFar(index, at);
  }

  /// The first cycle that has an entry, or kNever.
  [[nodiscard]] Cycles next() const {
    Cycles best = kNever;
    if (occupied_ != 0) {
      const unsigned shift = now_ & 63;
      best = now_ + static_cast<unsigned>(std::countr_zero(std::rotr(occupied_, static_cast<int>(shift))));
    }
    if (far_occupied_ != 0) {
      const unsigned shift = (now_ >> 6) & 63;
      const unsigned distance =
          static_cast<unsigned>(std::countr_zero(std::rotr(far_occupied_, static_cast<int>(shift))));
      best = std::min(best, far_min_[(shift + distance) & 63]);
    }
    if (!heap_.empty()) best = std::min(best, heap_.front().at);
    return best;
  }

  /// Moves to cycle `at`; nothing may be entered for an earlier one. Fills `out` with the PEs of that cycle.
  void take(Cycles at, std::vector<Pe>& pes, std::vector<uint32_t>& out) {
    moveTo(at, pes);
    out.clear();
    const uint64_t bit = 1ull << (at & 63);
    if ((occupied_ & bit) != 0) {
      occupied_ &= ~bit;
      out.swap(near_[at & 63]);
    }
  }

  void moveTo(Cycles at, std::vector<Pe>& pes) {
    const bool crossed = (at >> 6) != (now_ >> 6);
    now_ = at;
    if (crossed) cascade(pes);
  }

  [[nodiscard]] uint64_t bytes() const {
    uint64_t n = heap_.capacity() * sizeof(Far);
    for (const auto& v : near_) n += v.capacity() * sizeof(uint32_t);
    for (const auto& v : far_) n += v.capacity() * sizeof(Far);
    return n;
  }

 private:
  struct Far {
    Cycles at;
    uint32_t index;
  };
  static bool later(const Far& a, const Far& b) { return a.at > b.at; }

  void scheduleFar(uint32_t index, Cycles at) {
    if ((at >> 6) - (now_ >> 6) < 64) {
      const unsigned slot = (at >> 6) & 63;
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

  void cascade(std::vector<Pe>& pes) {
    const Cycles epoch = now_ >> 6;
    const unsigned slot = epoch & 63;
    if ((far_occupied_ & (1ull << slot)) != 0) {
      far_occupied_ &= ~(1ull << slot);
      for (const Far& f : far_[slot]) schedule(pes[f.index], f.index, f.at);
      far_[slot].clear();
    }
    while (!heap_.empty() && (heap_.front().at >> 6) - epoch < 64) {
      const Far f = heap_.front();
      std::pop_heap(heap_.begin(), heap_.end(), later);
      heap_.pop_back();
      schedule(pes[f.index], f.index, f.at);
    }
  }

  Cycles now_ = 0;
  uint64_t occupied_ = 0;
  uint64_t far_occupied_ = 0;
  std::array<std::vector<uint32_t>, 64> near_;
  std::array<std::vector<Far>, 64> far_;
  std::array<Cycles, 64> far_min_{};
  std::vector<Far> heap_;
};

}  // namespace weft::mesh
