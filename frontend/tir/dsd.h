// The 64-bit descriptor value shared by the frontend, both engines and the mesh.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>

namespace weft::tir {

enum class DsdKind : uint8_t { None, Mem1d, Mem4d, Circbuf, FabIn, FabOut, Fifo };
enum class SimdMode : uint8_t { Off, Simd32, Simd64, Simd32Or64, Max };
enum class DsdPriority : uint8_t { Default, Low, Medium, High };

/// One descriptor, packed into 64 bits so that it is a scalar everywhere. In PE memory it takes 8 bytes.
///   bits 0-15   base byte address (memory); queue id in bits 0-7, color in bits 8-15 (fabric; 0xff = none);
///               fifo id (Fifo)
///   bits 16-31  length (0x7fff and 0xffff = unbounded on the fabric)
///   bits 32-47  stride in elements of the consuming operation, signed (Mem1d); index into Program::shapes (Mem4d);
///               wraparound in elements (Circbuf)
///   bits 48-63  kind (3 bits) and flags, below
struct Dsd {
  uint64_t bits = 0;

  static constexpr uint64_t kKindShift = 48;
  static constexpr uint64_t kIndexOffset = 1ull << 51;  // wavelet_index_offset
  static constexpr uint64_t kControl = 1ull << 52;
  static constexpr uint64_t kSimdShift = 53;          // 3 bits, SimdMode
  static constexpr uint64_t kZeroFirst = 1ull << 56;  // zero = .{ .first_source }
  static constexpr uint64_t kZeroSecond = 1ull << 57;
  static constexpr uint64_t kAdvanceSwitch = 1ull << 58;
  static constexpr uint64_t kControlTransform = 1ull << 59;
  static constexpr uint64_t kPriorityShift = 60;  // 2 bits, DsdPriority

  [[nodiscard]] constexpr DsdKind kind() const { return static_cast<DsdKind>((bits >> kKindShift) & 7); }
  [[nodiscard]] constexpr uint16_t base() const { return static_cast<uint16_t>(bits); }
  [[nodiscard]] constexpr uint8_t queue() const { return static_cast<uint8_t>(bits); }
  [[nodiscard]] constexpr uint8_t color() const { return static_cast<uint8_t>(bits >> 8); }
  [[nodiscard]] constexpr uint16_t length() const { return static_cast<uint16_t>(bits >> 16); }
  [[nodiscard]] constexpr int16_t stride() const { return static_cast<int16_t>(bits >> 32); }
  [[nodiscard]] constexpr uint16_t shape() const { return static_cast<uint16_t>(bits >> 32); }
  [[nodiscard]] constexpr bool has(uint64_t flag) const { return (bits & flag) != 0; }
  [[nodiscard]] constexpr SimdMode simd() const { return static_cast<SimdMode>((bits >> kSimdShift) & 7); }
  [[nodiscard]] constexpr DsdPriority priority() const {
    return static_cast<DsdPriority>((bits >> kPriorityShift) & 3);
  }
  [[nodiscard]] constexpr bool isMemory() const {
    return kind() == DsdKind::Mem1d || kind() == DsdKind::Mem4d || kind() == DsdKind::Circbuf;
  }
  [[nodiscard]] constexpr bool isFabric() const { return kind() == DsdKind::FabIn || kind() == DsdKind::FabOut; }
  [[nodiscard]] constexpr Dsd withBase(uint16_t v) const { return {(bits & ~0xffffull) | v}; }
  [[nodiscard]] constexpr Dsd withColor(uint8_t c) const { return {(bits & ~0xff00ull) | (uint64_t{c} << 8)}; }
  [[nodiscard]] constexpr Dsd withLength(uint16_t v) const { return {(bits & ~0xffff0000ull) | (uint64_t{v} << 16)}; }
  [[nodiscard]] constexpr Dsd withStride(int16_t v) const {
    return {(bits & ~0xffff00000000ull) | (uint64_t{static_cast<uint16_t>(v)} << 32)};
  }
  static constexpr Dsd make(DsdKind k, uint16_t base, uint16_t length, int16_t stride, uint64_t flags = 0) {
    return Dsd{uint64_t{base} | (uint64_t{length} << 16) | (uint64_t{static_cast<uint16_t>(stride)} << 32) |
               (static_cast<uint64_t>(k) << kKindShift) | flags};
  }
  bool operator==(const Dsd&) const = default;
};

inline constexpr uint8_t kNoColor = 0xff;
inline constexpr uint8_t kNoQueue = 0xff;
constexpr bool isUnbounded(uint16_t length) { return length == 0x7fff || length == 0xffff; }

/// Strides and extents of a Mem4d descriptor, as the hardware steps: stride[0] is the innermost dimension's;
/// extent[0] likewise the innermost. stride[k] is the address delta (in elements) when dimension k steps.
struct Mem4dShape {
  uint8_t rank = 0;
  int16_t stride[4] = {};
  uint16_t extent[4] = {};
  bool operator==(const Mem4dShape&) const = default;
};

}  // namespace weft::tir
