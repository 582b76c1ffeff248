// Source texts and positions in them. Append-only; lives as long as the Session.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/base/id.h"

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace weft::source {

struct SourceTag;
using SourceId = Id<SourceTag>;

/// A half-open byte range [begin, end) of one source text.
struct Span {
  SourceId file;
  uint32_t begin = 0;
  uint32_t end = 0;
  [[nodiscard]] bool valid() const { return file.valid(); }
  bool operator==(const Span&) const = default;
};

/// One-based line and byte column.
struct LineColumn {
  uint32_t line = 1;
  uint32_t column = 1;
};

class SourceManager {
 public:
  /// Adds a text under a display path; `path` is what diagnostics print.
  SourceId add(std::string path, std::string text);
  [[nodiscard]] std::string_view text(SourceId id) const;
  [[nodiscard]] const std::string& path(SourceId id) const;
  [[nodiscard]] LineColumn lineColumn(SourceId id, uint32_t offset) const;
  /// The text of one-based `line` without its newline.
  [[nodiscard]] std::string_view lineText(SourceId id, uint32_t line) const;
  [[nodiscard]] uint32_t lineCount(SourceId id) const;
  [[nodiscard]] size_t size() const { return files_.size(); }

 private:
  struct File {
    std::string path;
    std::string text;
    std::vector<uint32_t> line_starts;
  };
  std::deque<File> files_;
};

}  // namespace weft::source
