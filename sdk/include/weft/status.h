// What a call of the public API reports: nothing, or diagnostics. The library never throws.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <utility>
#include <vector>

namespace weft {

/// One diagnostic, ready to show.
struct Problem {
  /// "E0611"; see `weft explain`.
  std::string code;
  bool is_error = true;
  /// The message alone, one line.
  std::string message;
  /// The whole diagnostic as people read it, with notes and help.
  std::string text;
  /// The same as one JSON object.
  std::string json;
};

/// Success, or why not. Warnings may come with success.
class [[nodiscard]] Status {
 public:
  Status() = default;
  explicit Status(std::vector<Problem> problems, bool interrupted = false)
      : problems_(std::move(problems)), interrupted_(interrupted) {}
  [[nodiscard]] bool ok() const {
    if (interrupted_) return false;
    for (const Problem& p : problems_)
      if (p.is_error) return false;
    return true;
  }
  /// The poll callback asked to stop; the state of the run is kept.
  [[nodiscard]] bool interrupted() const { return interrupted_; }
  [[nodiscard]] const std::vector<Problem>& problems() const { return problems_; }
  /// All diagnostics as text, in order.
  [[nodiscard]] std::string text() const {
    std::string all;
    for (const Problem& p : problems_) {
      if (!all.empty() && all.back() != '\n') all += '\n';
      all += p.text;
    }
    return all;
  }

 private:
  std::vector<Problem> problems_;
  bool interrupted_ = false;
};

}  // namespace weft
