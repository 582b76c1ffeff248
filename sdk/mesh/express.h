// The express record: what a PE in a steady state needs per cycle, in a few cache lines beside those of its neighbours.
// While a PE is in express state the record is the home of its queues' words, of its operation's cursors and of its
// wake bits; Core, Worker and Queue are out of date until Block::leaveExpress(). Links stay where they are.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "sdk/mesh/state.h"

namespace weft::mesh {

/// A word in a queue of an express record. `at` counts from the block's epoch.
struct ExpressWord {
  uint32_t payload = 0;
  uint32_t at = 0;
};

/// Followed by the places of the input queue and of the output queue, Block::express_places_ each.
struct alignas(64) Express {
  // What the operation is made of.
  static constexpr uint16_t kWorker = 1;
  static constexpr uint16_t kTakes = 2;  // from the input queue
  static constexpr uint16_t kSends = 4;  // to the output queue
  static constexpr uint16_t kMemory0 = 8, kMemory1 = 16, kStores = 32;
  static constexpr uint16_t kQueue0 = 64, kQueue1 = 128;
  static constexpr uint16_t kAccumulator0 = 256, kAccumulator1 = 512, kKeeps = 1024;
  static constexpr uint16_t kWide0 = 2048, kWide1 = 4096, kWideStore = 8192;
  /// The main thread goes on later by the issue slots that the microthread takes.
  static constexpr uint16_t kDelays = 16384;
  static constexpr uint32_t kFar = ~0u;

  // The operation.
  uint64_t wake = 0;
  uint8_t* memory = nullptr;
  ElementFn element = nullptr;
  /// Of the sources and the destination. What is not in memory, the queue or the accumulator is a value, in its place.
  struct Cursor {
    uint16_t address = 0;
    uint16_t step = 0;
  };
  Cursor cursor[3];
  uint32_t accumulator = 0;
  uint32_t scalar = 0;
  /// Of `left` when the main thread last allowed for the slots taken.
  uint32_t seen = 0;
  uint32_t spare = 0;
  uint32_t next = 0;
  /// Elements that may be issued before the general way has to look.
  uint32_t left = 0;
  uint16_t flags = 0;
  uint8_t interval = 1;
  uint8_t unused = 0;

  // Ways through the router: two from links, one from the output queue. No two share a port.
  Link* in[2] = {};
  Link* out[2] = {};
  Link* send = nullptr;
  /// Cycle + 1 of the last word; 0: none since the record was made.
  uint32_t served[3] = {};
  /// The main thread wants to go on.
  uint32_t main_at = kFar;
  uint8_t in_head = 0;
  uint8_t in_count = 0;
  uint8_t in_capacity = 0;
  uint8_t out_head = 0;
  uint8_t out_count = 0;
  uint8_t out_capacity = 0;
  /// Whether way k leads to the input queue.
  bool ramp[2] = {};
  [[nodiscard]] ExpressWord* words() { return reinterpret_cast<ExpressWord*>(this + 1); }
};
static_assert(sizeof(Express) == 128 && offsetof(Express, in) == 64);

/// What is needed to go back.
struct ExpressHome {
  Queue* in = nullptr;
  Queue* out = nullptr;
  Worker* worker = nullptr;
  ColorState* way[3] = {};
  uint32_t left = 0;
  uint8_t in_count = 0;
  uint8_t in_color = 0;
  uint8_t out_color = 0;
  /// The task is at its end, and no other is ready.
  bool ends = false;
  Cycles since = 0;
};

}  // namespace weft::mesh
