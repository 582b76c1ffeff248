// The barrier of a window and the choice of how many take part.
// SPDX-License-Identifier: Apache-2.0
#include "sdk/mesh/threads.h"

#include <chrono>

namespace weft::mesh {
namespace {

constexpr uint64_t kIndexBits = 24, kIndexMask = (uint64_t{1} << kIndexBits) - 1;

inline void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

/// Waits a few microseconds for `ready()`: two threads may share a core, where spinning only delays the other.
template <class Ready>
bool spin(const Ready& ready) {
  using Clock = std::chrono::steady_clock;
  if (ready()) return true;
  const auto until = Clock::now() + std::chrono::microseconds(5);
  do {
    for (int i = 0; i < 8; ++i) {
      if (ready()) return true;
      pause();
    }
  } while (Clock::now() < until);
  return ready();
}

uint64_t countOf(uint64_t state) { return (state >> kIndexBits) & kIndexMask; }
bool hasItems(uint64_t state) { return (state & kIndexMask) < countOf(state); }

}  // namespace

ThreadPool::ThreadPool(int threads) {
  for (int i = 1; i < threads; ++i) workers_.emplace_back([this] { worker(); });
}

ThreadPool::~ThreadPool() {
  stop_.store(true);
  signal_.fetch_add(1);
  signal_.notify_all();
  for (std::thread& t : workers_) t.join();
}

void ThreadPool::takeItems() {
  uint64_t state = state_.load(std::memory_order_acquire);
  while (hasItems(state)) {
    if (!state_.compare_exchange_weak(state, state + 1, std::memory_order_acq_rel)) continue;
    // The round cannot end before this item is finished.
    (*work_)(static_cast<uint32_t>(state & kIndexMask));
    if (finished_.fetch_add(1, std::memory_order_acq_rel) + 1 == countOf(state)) finished_.notify_one();
    state = state_.load(std::memory_order_acquire);
  }
}

void ThreadPool::run(uint32_t count, const std::function<void(uint32_t)>& work) {
  if (workers_.empty() || count <= 1) {
    for (uint32_t i = 0; i < count; ++i) work(i);
    return;
  }
  work_ = &work;
  finished_.store(0, std::memory_order_relaxed);
  const uint64_t round = (state_.load(std::memory_order_relaxed) >> (2 * kIndexBits)) + 1;
  state_.store(round << (2 * kIndexBits) | uint64_t{count} << kIndexBits);
  if (sleeping_.load() != 0) {
    signal_.fetch_add(1);
    signal_.notify_all();
  }
  takeItems();
  const auto done = [&] { return finished_.load(std::memory_order_acquire) == count; };
  if (spin(done)) return;
  for (uint32_t seen = finished_.load(); seen != count; seen = finished_.load()) finished_.wait(seen);
}

void ThreadPool::worker() {
  const auto ready = [this] { return stop_.load(std::memory_order_relaxed) || hasItems(state_.load()); };
  while (!stop_.load()) {
    if (!spin(ready)) {
      const uint32_t signal = signal_.load();
      sleeping_.fetch_add(1);
      if (!ready()) signal_.wait(signal);
      sleeping_.fetch_sub(1);
    }
    takeItems();
  }
}

void Pace::finished(uint64_t nanoseconds) {
  if (trial_ < kTrials) {
    if (trial_ >= 2) spent_[trial_ % 2] += nanoseconds;
    if (++trial_ < kTrials) return;
    parallel_ = spent_[0] < spent_[1];
    spent_ = {};
    held_ = 0;
    return;
  }
  if (++held_ == kHold) trial_ = 0;
}

}  // namespace weft::mesh
