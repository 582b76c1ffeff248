// Decisions taken from bytes: equal bytes, equal decisions; when the bytes end, the simplest (0) is taken.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <cstdint>

namespace weft::testing {

class Choices {
 public:
  Choices(const uint8_t* data, size_t size) : data_(data), size_(size) {}

  uint8_t byte() { return at_ < size_ ? data_[at_++] : 0; }
  size_t pick(size_t bound) {
    const size_t low = byte();
    return (bound > 256 ? low | size_t{byte()} << 8 : low) % bound;
  }
  bool coin() { return pick(2) == 1; }
  template <class List>
  auto& of(List& list) {
    return list[pick(list.size())];
  }
  uint64_t word() {
    uint64_t word = 0;
    for (int i = 0; i < 8; ++i) word = word << 8 | byte();
    return word;
  }

 private:
  const uint8_t* data_;
  size_t size_;
  size_t at_ = 0;
};

}  // namespace weft::testing
