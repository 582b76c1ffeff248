// Formatting of values.
// SPDX-License-Identifier: Apache-2.0
#include "sdk/repl/values.h"

#include "frontend/numeric/f16.h"

#include <fmt/format.h>

#include <bit>
#include <cstring>

namespace weft::repl {

namespace {

constexpr size_t kMostElements = 64;

uint64_t bitsOf(std::span<const uint8_t> bytes) {
  uint64_t bits = 0;
  for (size_t i = 0; i < bytes.size() && i < 8; ++i) bits |= uint64_t{bytes[i]} << (8 * i);
  return bits;
}

}  // namespace

std::string valueText(std::string_view type, std::span<const uint8_t> bytes, target::Fp16Format fp16) {
  const uint64_t bits = bitsOf(bytes);
  if (type.starts_with('[') && !type.starts_with("[*]")) {
    size_t count = 1;
    size_t size = 0;
    std::string_view rest = type;
    while (rest.starts_with('[') && !rest.starts_with("[*]")) {
      for (rest.remove_prefix(1); !rest.empty() && rest.front() != ']';) {
        size_t number = 0;
        while (!rest.empty() && rest.front() >= '0' && rest.front() <= '9' && number < 100000)
          number = number * 10 + static_cast<size_t>(rest.front() - '0'), rest.remove_prefix(1);
        count *= number;
        while (!rest.empty() && (rest.front() == ',' || rest.front() == ' ')) rest.remove_prefix(1);
        if (number == 0) break;
      }
      if (!rest.starts_with(']')) return hexRows(0, bytes);
      rest.remove_prefix(1);
    }
    if (count == 0 || bytes.size() % count != 0) return hexRows(0, bytes);
    size = bytes.size() / count;
    std::string text = "{ ";
    for (size_t i = 0; i < count && i < kMostElements; ++i) {
      if (i != 0) text += ", ";
      text += valueText(rest, bytes.subspan(i * size, size), fp16);
    }
    return text + (count > kMostElements ? ", ... }" : " }");
  }
  if (type == "f32" && bytes.size() == 4) return fmt::format("{}", std::bit_cast<float>(static_cast<uint32_t>(bits)));
  if (type == "f16" && bytes.size() == 2)
    return fmt::format("{}", numeric::f16ToDouble(fp16, static_cast<uint16_t>(bits)));
  if (type == "bool") return bits != 0 ? "true" : "false";
  if (type == "i8") return fmt::format("{}", static_cast<int8_t>(bits));
  if (type == "i16") return fmt::format("{}", static_cast<int16_t>(bits));
  if (type == "i32") return fmt::format("{}", static_cast<int32_t>(bits));
  if (type == "i64") return fmt::format("{}", static_cast<int64_t>(bits));
  if (type == "u8" || type == "u16" || type == "u32" || type == "u64") return fmt::format("{}", bits);
  if (bytes.size() <= 8) return fmt::format("{:#x}", bits);
  std::string text = "0x";
  for (size_t i = bytes.size(); i-- > 0;) text += fmt::format("{:02x}", bytes[i]);
  return text;
}

std::string hexRows(uint32_t address, std::span<const uint8_t> bytes) {
  std::string text;
  for (size_t i = 0; i < bytes.size(); i += 2) {
    if (i % 16 == 0) text += fmt::format("{}{:04x}:", i == 0 ? "" : "\n", address + i);
    text += fmt::format(" {:04x}", bitsOf(bytes.subspan(i, std::min<size_t>(2, bytes.size() - i))));
  }
  return text;
}

}  // namespace weft::repl
