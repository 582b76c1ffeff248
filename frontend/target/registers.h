// Configuration registers by 16-bit word address (byte address = 2 * word address, in the window above 0xC000).
// Known ones act on the router or the compute element from the cycle they are written.
// WSE-2 banks follow csl-dsd-and-libraries.md 7.10; banks marked (weft) are our own numbering, reached only through
// the library modules in stdlib/tile_config.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/target/target.h"

#include <cstdint>

namespace weft::target {

/// Color configuration: bits 0-4 tx W,E,S,N,RAMP; 5-9 rx W,E,S,N,RAMP; 10 swap N/S; 11 swap E/W; 12-13 pop mode;
/// 14 teardown in progress (writing 1 toggles it); 15 point to point.
constexpr uint16_t colorConfigAddress(Arch a, int color) {
  return static_cast<uint16_t>((a == Arch::Wse2 ? 0x7f20 : 0x7c00) + color);
}
/// Switch configuration: bits 0-2 pos1 direction (0 W, 1 E, 2 S, 3 N, 4 RAMP, 5 invalid), 3 pos1 select (1 = rx);
/// 4-6/7 pos2; 8-10/11 pos3; 12 ring mode; 13-14 current position.
constexpr uint16_t switchConfigAddress(Arch a, int color) {
  return static_cast<uint16_t>((a == Arch::Wse2 ? 0x7f40 : 0x7c20) + color);
}
/// (weft) WSE-3 positions that set both sides: word per color and position 1..3, layout of the low ten bits of the
/// color configuration; 0 = not used.
constexpr uint16_t switchRxTxAddress(int color, int position) {
  return static_cast<uint16_t>(0x7c40 + color * 4 + position);
}
/// (weft) The filter of a color (its id is the color's number): eight words: 0 counter, 1 limit1, 2 max_counter,
/// 3 limit2, 4 min, 5 max, 6 flags (bit 0 active, 1 dropping), 7 kind. Without a filter they read as 0.
constexpr uint16_t filterAddress(int color, int word) { return static_cast<uint16_t>(0x7cc0 + color * 8 + word); }
/// (weft) Queue status, read only: bit i = queue i. Input empty/full, output empty/full; flushed input/output queues.
constexpr uint16_t kInputQueueEmpty = 0x7d80;
constexpr uint16_t kInputQueueFull = 0x7d81;
constexpr uint16_t kOutputQueueEmpty = 0x7d82;
constexpr uint16_t kOutputQueueFull = 0x7d83;
constexpr uint16_t kInputQueueFlushed = 0x7d84;
constexpr uint16_t kOutputQueueFlushed = 0x7d85;
/// (weft) Masks: control transform (low 6 bits), exceptions.
constexpr uint16_t kControlTransformMask = 0x7d90;
constexpr uint16_t kExceptionMask = 0x7d91;
/// (weft) Time-stamp counter: three words, lowest first; writing clears it. Control: 0 stops it, anything else starts
/// it.
constexpr uint16_t kTimeStamp = 0x7dc0;
constexpr uint16_t kCounterControl = 0x7dc4;
/// (weft) WSE-3: 1 makes the router pass messages on this color by their headers (see messageHeader* below).
constexpr uint16_t messageModeAddress(int color) { return static_cast<uint16_t>(0x7da0 + color); }
/// Header of a message: its first word. Bits 0-5 elements, 6-15 column, 16-25 row of the destination. The last word of
/// a message is the one with the control bit; no word of it is a command.
constexpr int messageColumn(uint32_t header) { return static_cast<int>(header >> 6 & 0x3ff); }
constexpr int messageRow(uint32_t header) { return static_cast<int>(header >> 16 & 0x3ff); }
/// WSE-2 words that programs read and write without an effect on what the emulator models: priorities of the input
/// queues, of the tasks, the power governor and the near cache.
constexpr bool isPlainWord(Arch a, uint16_t address) {
  if (a != Arch::Wse2) return false;
  return (address >= 0x7f58 && address < 0x7f60) || address == 0x7e09 || (address >= 0x7020 && address < 0x7029) ||
         (address >= 0x7f80 && address < 0x8000);
}
/// The words of the configuration space: byte addresses from 0xC000.
constexpr bool isConfigWord(uint32_t address) { return address >= 0x6000 && address < 0x8000; }
/// Input queue binding (weft): bits 0-4 color, 5 filter enable. Output queue configuration: color in bits 4-8.
constexpr uint16_t inputQueueConfigAddress(int queue) { return static_cast<uint16_t>(0x7b60 + queue); }
constexpr uint16_t outputQueueConfigAddress(int queue) { return static_cast<uint16_t>(0x7b80 + queue); }

}  // namespace weft::target
