// Typed 32-bit ids: stored links between tables.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <compare>
#include <cstdint>
#include <functional>

namespace weft {

/// An index into some table; Tag keeps tables apart. Default-constructed ids are invalid.
template <class Tag>
struct Id {
  static constexpr uint32_t kInvalid = 0xffffffffu;
  uint32_t value = kInvalid;
  constexpr Id() = default;
  constexpr explicit Id(uint32_t v) : value(v) {}
  [[nodiscard]] constexpr bool valid() const { return value != kInvalid; }
  [[nodiscard]] constexpr uint32_t index() const { return value; }
  constexpr auto operator<=>(const Id&) const = default;
};

}  // namespace weft

template <class Tag>
struct std::hash<weft::Id<Tag>> {
  size_t operator()(weft::Id<Tag> id) const noexcept { return std::hash<uint32_t>{}(id.value); }
};
