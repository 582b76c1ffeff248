// Workers of a run: they live for one run, take block numbers from a counter and meet at a barrier that spins a little
// and then sleeps. Used by MeshImpl only.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace weft::mesh {

class ThreadPool {
 public:
  explicit ThreadPool(int threads);
  ~ThreadPool();
  /// Runs work(0..count-1), in any order, on all workers; returns when all are done.
  void run(uint32_t count, const std::function<void(uint32_t)>& work);
  [[nodiscard]] int threads() const { return static_cast<int>(workers_.size()) + 1; }

 private:
  void worker();
  void takeItems();

  std::vector<std::thread> workers_;
  const std::function<void(uint32_t)>* work_ = nullptr;
  uint32_t count_ = 0;
  std::atomic<uint32_t> next_{0};
  std::atomic<uint64_t> epoch_{0};
  std::atomic<uint32_t> running_{0};
  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable done_;
};

}  // namespace weft::mesh
