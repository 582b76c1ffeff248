// The name a user may have meant: the closest of a list, if it is close.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace weft::sema {

class NearestName {
 public:
  explicit NearestName(std::string_view wanted) : wanted_(wanted), distance_(wanted.size() <= 3 ? 1 : 2) {}

  void consider(std::string_view name) {
    if (name == "_" || name.size() > wanted_.size() + 2 || wanted_.size() > name.size() + 2 || wanted_.size() > 64)
      return;
    const size_t n = distance(name);
    if (n <= distance_ && (best_.empty() || n < distance_)) best_ = name, distance_ = n;
  }
  /// Empty: none is close.
  [[nodiscard]] const std::string& best() const { return best_; }

 private:
  // Insertions, deletions and replacements from one to the other.
  [[nodiscard]] size_t distance(std::string_view name) const {
    std::vector<size_t> row(name.size() + 1);
    for (size_t j = 0; j <= name.size(); ++j) row[j] = j;
    for (size_t i = 1; i <= wanted_.size(); ++i) {
      size_t diagonal = row[0];
      row[0] = i;
      for (size_t j = 1; j <= name.size(); ++j) {
        const size_t up = row[j];
        row[j] = std::min({up + 1, row[j - 1] + 1, diagonal + (wanted_[i - 1] == name[j - 1] ? 0 : 1)});
        diagonal = up;
      }
    }
    return row[name.size()];
  }

  std::string_view wanted_;
  std::string best_;
  size_t distance_;
};

}  // namespace weft::sema
