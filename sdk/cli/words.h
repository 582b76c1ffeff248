// Takes a command's own options out of a word list before the compile line is parsed.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>
#include <string>
#include <vector>

namespace weft::cli {

/// Removes every `--name`; true if there was one.
inline bool takeFlag(std::vector<std::string>& words, const std::string& name) { return std::erase(words, name) > 0; }

/// Removes every `--name=value` and `--name value`; the values in order.
inline std::vector<std::string> takeValues(std::vector<std::string>& words, const std::string& name) {
  std::vector<std::string> values;
  for (size_t i = 0; i < words.size();) {
    size_t count = 0;
    if (words[i].starts_with(name + "=")) {
      values.push_back(words[i].substr(name.size() + 1));
      count = 1;
    } else if (words[i] == name && i + 1 < words.size()) {
      values.push_back(words[i + 1]);
      count = 2;
    }
    if (count == 0)
      ++i;
    else
      words.erase(words.begin() + static_cast<ptrdiff_t>(i), words.begin() + static_cast<ptrdiff_t>(i + count));
  }
  return values;
}

/// The last of takeValues().
inline std::optional<std::string> takeValue(std::vector<std::string>& words, const std::string& name) {
  auto values = takeValues(words, name);
  if (values.empty()) return std::nullopt;
  return values.back();
}

}  // namespace weft::cli
