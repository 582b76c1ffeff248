// Facts per architecture that the language itself must know. Timing is elsewhere (sdk/timing).
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <array>
#include <cstdint>
#include <string_view>

namespace weft::target {

enum class Arch : uint8_t { Wse2, Wse3 };

/// The format that `f16`-wide run-time floats have (--fp16-format).
enum class Fp16Format : uint8_t { F16, BF16, CB16 };

/// Router ports in register order; also the bit positions of port masks.
enum class Port : uint8_t { West, East, South, North, Ramp };
inline constexpr int kPortCount = 5;
using PortMask = uint8_t;
constexpr PortMask maskOf(Port p) { return static_cast<PortMask>(1u << static_cast<unsigned>(p)); }
/// The port of the neighbour that faces `p`; Ramp faces Ramp.
constexpr Port opposite(Port p) {
  constexpr Port table[] = {Port::East, Port::West, Port::North, Port::South, Port::Ramp};
  return table[static_cast<unsigned>(p)];
}
constexpr std::string_view portName(Port p) {
  constexpr std::string_view table[] = {"WEST", "EAST", "SOUTH", "NORTH", "RAMP"};
  return table[static_cast<unsigned>(p)];
}

inline constexpr int kColorCount = 24;
inline constexpr int kInputQueueCount = 8;
inline constexpr int kMaxOutputQueueCount = 8;
inline constexpr int kMicrothreadCount = 8;
inline constexpr int kDsrPerFile = 16;
inline constexpr int kTaskTableSize = 64;
inline constexpr uint32_t kPeMemoryBytes = 49152;
/// First byte address of the configuration-register window.
inline constexpr uint32_t kConfigBase = 0xC000;
/// Bytes the memcpy runtime takes on each PE.
inline constexpr uint32_t kMemcpyBytes = 4176;
inline constexpr int kTeardownTaskId = 29;
inline constexpr int kTimerTaskId = 30;
inline constexpr int kNoTaskId = 31;

constexpr int outputQueueCount(Arch a) { return a == Arch::Wse2 ? 6 : 8; }
constexpr int firstLocalTaskId(Arch a) { return a == Arch::Wse2 ? 0 : 8; }
inline constexpr int kLastLocalTaskId = 30;
/// Whether `color` has a switch on this architecture.
constexpr bool colorHasSwitch(Arch a, int color) {
  if (a == Arch::Wse2) return true;
  return (color >= 0 && color <= 9) || color == 12 || color == 13 || color == 16 || color == 17 || color == 20 ||
         color == 21;
}
/// Depth in wavelets (emulator-design.md section 6).
constexpr int inputQueueDepth(Arch a, int q) {
  constexpr std::array<int, 8> wse2{6, 6, 4, 4, 2, 2, 2, 2};
  if (a == Arch::Wse2) return wse2[static_cast<size_t>(q)];
  return q < 2 ? 8 : 4;
}
constexpr int outputQueueDepth(Arch a, int q) {
  constexpr std::array<int, 8> wse2{2, 2, 6, 6, 2, 2, 0, 0};
  return a == Arch::Wse2 ? wse2[static_cast<size_t>(q)] : 8;
}
/// WSE-2: depth of the implicit queue of a color that has a data task but no input queue.
inline constexpr int kImplicitQueueDepth = 6;
constexpr std::string_view archName(Arch a) { return a == Arch::Wse2 ? "wse2" : "wse3"; }

}  // namespace weft::target
