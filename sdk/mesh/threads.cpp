// The barrier: an epoch counter for the start, a count of running workers for the end.
// SPDX-License-Identifier: Apache-2.0
#include "sdk/mesh/threads.h"

namespace weft::mesh {
namespace {
// Two threads may share a core: spinning longer than a short window only delays the other.
constexpr int kSpins = 2000;

inline void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}
}  // namespace

ThreadPool::ThreadPool(int threads) {
  for (int i = 1; i < threads; ++i) workers_.emplace_back([this] { worker(); });
}

ThreadPool::~ThreadPool() {
  {
    const std::lock_guard lock(mutex_);
    stop_.store(true);
    epoch_.fetch_add(1);
  }
  wake_.notify_all();
  for (std::thread& t : workers_) t.join();
}

void ThreadPool::takeItems() {
  for (;;) {
    const uint32_t item = next_.fetch_add(1, std::memory_order_relaxed);
    if (item >= count_) return;
    (*work_)(item);
  }
}

void ThreadPool::run(uint32_t count, const std::function<void(uint32_t)>& work) {
  if (workers_.empty() || count <= 1) {
    for (uint32_t i = 0; i < count; ++i) work(i);
    return;
  }
  work_ = &work;
  count_ = count;
  next_.store(0, std::memory_order_relaxed);
  running_.store(static_cast<uint32_t>(workers_.size()), std::memory_order_relaxed);
  {
    const std::lock_guard lock(mutex_);
    epoch_.fetch_add(1, std::memory_order_release);
  }
  wake_.notify_all();
  takeItems();
  for (int i = 0; i < kSpins; ++i) {
    if (running_.load(std::memory_order_acquire) == 0) return;
    pause();
  }
  std::unique_lock lock(mutex_);
  done_.wait(lock, [this] { return running_.load(std::memory_order_acquire) == 0; });
}

void ThreadPool::worker() {
  uint64_t seen = 0;
  for (;;) {
    for (int i = 0; i < kSpins && epoch_.load(std::memory_order_acquire) == seen; ++i) pause();
    if (epoch_.load(std::memory_order_acquire) == seen) {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [&] { return epoch_.load(std::memory_order_acquire) != seen; });
    }
    // Every epoch is joined by every worker, so it moves one step at a time.
    ++seen;
    if (stop_.load()) return;
    takeItems();
    if (running_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      const std::lock_guard lock(mutex_);
      done_.notify_one();
    }
  }
}

}  // namespace weft::mesh
