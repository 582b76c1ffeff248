// SourceManager: texts and their line index.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/source/source.h"

#include <algorithm>

namespace weft::source {

SourceId SourceManager::add(std::string path, std::string text) {
  File file{std::move(path), std::move(text), {0}};
  for (uint32_t i = 0; i < file.text.size(); ++i) {
    if (file.text[i] == '\n') file.line_starts.push_back(i + 1);
  }
  files_.push_back(std::move(file));
  return SourceId(static_cast<uint32_t>(files_.size() - 1));
}

std::string_view SourceManager::text(SourceId id) const { return files_[id.index()].text; }
const std::string& SourceManager::path(SourceId id) const { return files_[id.index()].path; }

LineColumn SourceManager::lineColumn(SourceId id, uint32_t offset) const {
  const auto& starts = files_[id.index()].line_starts;
  auto it = std::upper_bound(starts.begin(), starts.end(), offset);
  const auto line = static_cast<uint32_t>(it - starts.begin());
  return {line, offset - starts[line - 1] + 1};
}

std::string_view SourceManager::lineText(SourceId id, uint32_t line) const {
  const File& file = files_[id.index()];
  if (line == 0 || line > file.line_starts.size()) return {};
  const uint32_t begin = file.line_starts[line - 1];
  uint32_t end = line < file.line_starts.size() ? file.line_starts[line] - 1 : static_cast<uint32_t>(file.text.size());
  if (end > begin && file.text[end - 1] == '\r') --end;
  return std::string_view(file.text).substr(begin, end - begin);
}

uint32_t SourceManager::lineCount(SourceId id) const {
  return static_cast<uint32_t>(files_[id.index()].line_starts.size());
}

}  // namespace weft::source
