// Streams between the host and single PEs, for host-side layouts. They are no commands: each has its own order, and all
// of them move at once. Private to this folder.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "sdk/mesh/mesh.h"
#include "sdk/mesh/state.h"

#include <deque>
#include <vector>

namespace weft::mesh {

/// Set in the ids of transfers; commands are numbered without it.
inline constexpr CommandId kTransferBit = CommandId{1} << 62;

/// One send or receive: words first .. end of its stream.
struct Transfer {
  CommandId id = 0;
  uint64_t first = 0;
  uint64_t end = 0;
  /// Of a receive.
  uint32_t* out = nullptr;
  /// When its first word reaches the stream's buffer.
  Cycles base = 0;
  /// Cycle in which the host's side is done.
  Cycles complete = kNever;
};

/// Words move in the block that owns the PE; transfers come and go between windows.
struct PortStream {
  PortStream* next = nullptr;  // at the same PE
  uint8_t color = 0;
  bool input = false;
  /// Room between host and port.
  uint32_t capacity = 0;
  bool keep_all = false;
  /// Input: words that have left the port. Output: words given to receives.
  uint64_t moved = 0;
  /// Words of all transfers so far.
  uint64_t promised = 0;
  std::deque<Transfer> transfers;
  /// Input: words that have not left the port. Output: words that nobody has asked for.
  std::deque<uint32_t> words;
};

}  // namespace weft::mesh
