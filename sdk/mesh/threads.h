// Workers of a mesh: they take block numbers from a counter, spin a little when there are none and then sleep. Whoever
// hands out work takes part and waits only for what others have begun, so a worker without a core holds nobody up.
// Also: whether workers pay. Used by MeshImpl only.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
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
  /// Round (16 bits), items of the round (24), next item (24): an item is taken by one exchange, and only in its round.
  std::atomic<uint64_t> state_{0};
  std::atomic<uint32_t> finished_{0};
  std::atomic<uint32_t> sleeping_{0};
  /// Changes when sleepers shall look again.
  std::atomic<uint32_t> signal_{0};
  std::atomic<bool> stop_{false};
};

/// Finds out by measuring whether windows are faster on all workers or on one: tries both in turn now and then.
class Pace {
 public:
  /// How to run the next window.
  [[nodiscard]] bool parallel() const { return trial_ < kTrials ? trial_ % 2 == 0 : parallel_; }
  /// Whether finished() wants to know how long the window took.
  [[nodiscard]] bool measuring() const { return trial_ < kTrials; }
  void finished(uint64_t nanoseconds);

 private:
  static constexpr uint32_t kTrials = 24, kHold = 1000;
  uint32_t trial_ = 0;
  uint32_t held_ = 0;
  bool parallel_ = false;
  /// The first pair warms up.
  std::array<uint64_t, 2> spent_{};
};

}  // namespace weft::mesh
