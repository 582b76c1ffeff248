// Diagnostics for people: headline, source excerpt with carets and labels, then notes, trace and help.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/diag/diag.h"

#include <algorithm>
#include <map>

namespace weft::diag {
namespace {

using source::LineColumn;
using source::SourceManager;
using source::Span;

// Longer source lines are shown as a window around the first mark.
constexpr size_t kMaxLine = 160;

struct Palette {
  const char* bold = "";
  const char* error = "";
  const char* warning = "";
  const char* frame = "";
  const char* label = "";
  const char* reset = "";
};

Palette palette(bool color) {
  if (!color) return {};
  return {"\x1b[1m", "\x1b[1;31m", "\x1b[1;35m", "\x1b[1;34m", "\x1b[1;36m", "\x1b[0m"};
}

bool isContinuation(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

/// The byte length of the well-formed UTF-8 sequence at `i`, or 0.
size_t sequenceLength(std::string_view text, size_t i) {
  const auto c = static_cast<unsigned char>(text[i]);
  const size_t n = c < 0x80 ? 1 : c >= 0xc2 && c < 0xe0 ? 2 : c >= 0xe0 && c < 0xf0 ? 3 : c >= 0xf0 && c < 0xf5 ? 4 : 0;
  if (n == 0 || i + n > text.size()) return 0;
  for (size_t k = 1; k < n; ++k) {
    if (!isContinuation(text[i + k])) return 0;
  }
  return n;
}

/// One mark under a source line, in byte columns (zero-based).
struct Mark {
  size_t begin;
  size_t end;
  bool primary;
  std::string_view text;
};

/// A source line made safe to print, with the map from its bytes to printed columns.
struct ShownLine {
  std::string text;
  std::vector<size_t> column_of_byte;
};

ShownLine showLine(std::string_view line) {
  ShownLine out;
  size_t column = 0;
  for (size_t i = 0; i < line.size();) {
    const size_t n = sequenceLength(line, i);
    const char c = line[i];
    const size_t bytes = n == 0 ? 1 : n;
    for (size_t k = 0; k < bytes; ++k) out.column_of_byte.push_back(column);
    if (c == '\t') {
      const size_t width = 4 - column % 4;
      out.text.append(width, ' ');
      column += width;
    } else {
      if (n == 0 || static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
        out.text += "\xef\xbf\xbd";
      } else {
        out.text.append(line.substr(i, n));
      }
      ++column;
    }
    i += bytes;
  }
  out.column_of_byte.push_back(column);
  return out;
}

void appendMarks(std::string& out, const std::string& gutter, std::vector<Mark> marks, const ShownLine& shown,
                 const Palette& p) {
  std::sort(marks.begin(), marks.end(), [](const Mark& a, const Mark& b) { return a.begin < b.begin; });
  auto columnOf = [&](size_t byte) { return shown.column_of_byte[std::min(byte, shown.column_of_byte.size() - 1)]; };
  std::string row;
  for (const Mark& m : marks) {
    const size_t begin = columnOf(m.begin);
    const size_t end = std::max(columnOf(m.end), begin + 1);
    if (row.size() < end) row.resize(end, ' ');
    for (size_t i = begin; i < end; ++i) {
      if (m.primary || row[i] == ' ') row[i] = m.primary ? '^' : '-';
    }
  }
  const Mark& last = marks.back();
  out += fmt::format("{}{}{} {}{}", p.frame, gutter, p.reset, p.label, row);
  if (!last.text.empty()) out += fmt::format(" {}", last.text);
  out += fmt::format("{}\n", p.reset);
  for (size_t i = marks.size() - 1; i-- > 0;) {
    if (marks[i].text.empty()) continue;
    out += fmt::format("{}{}{} {}{:{}}{}{}\n", p.frame, gutter, p.reset, p.label, "", columnOf(marks[i].begin),
                       marks[i].text, p.reset);
  }
}

/// Cuts a long line to a window that starts a little before the first mark.
void clip(std::string_view& line, std::vector<Mark>& marks) {
  if (line.size() <= kMaxLine) return;
  size_t first = line.size();
  for (const Mark& m : marks) first = std::min(first, m.begin);
  size_t begin = first > kMaxLine / 2 ? first - kMaxLine / 2 : 0;
  while (begin > 0 && begin < line.size() && isContinuation(line[begin])) --begin;
  size_t end = std::min(line.size(), begin + kMaxLine);
  while (end > begin && end < line.size() && isContinuation(line[end])) --end;
  line = line.substr(begin, end - begin);
  for (Mark& m : marks) {
    m.begin = std::min(m.begin - std::min(m.begin, begin), line.size());
    m.end = std::min(m.end - std::min(m.end, begin), line.size());
  }
}

struct Excerpt {
  std::map<uint32_t, std::vector<Mark>> lines;
};

void addMark(Excerpt& excerpt, const SourceManager& sources, Span span, bool primary, std::string_view text) {
  const LineColumn at = sources.lineColumn(span.file, span.begin);
  const size_t begin = at.column - 1;
  const size_t line_size = sources.lineText(span.file, at.line).size();
  // A span over several lines is marked on its first line only.
  const size_t length = span.end > span.begin ? span.end - span.begin : 0;
  const size_t end = std::max(begin + 1, std::min(begin + length, std::max(line_size, begin)));
  excerpt.lines[at.line].push_back({begin, end, primary, text});
}

void appendExcerpt(std::string& out, const SourceManager& sources, source::SourceId file, Excerpt& excerpt,
                   size_t width, const Palette& p) {
  const std::string gutter = fmt::format("{:{}} |", "", width);
  out += fmt::format("{}{}{}\n", p.frame, gutter, p.reset);
  for (auto& [number, marks] : excerpt.lines) {
    std::string_view line = sources.lineText(file, number);
    clip(line, marks);
    const ShownLine shown = showLine(line);
    const std::string space = shown.text.empty() ? "" : " ";
    out += fmt::format("{}{:>{}} |{}{}{}\n", p.frame, number, width, p.reset, space, shown.text);
    appendMarks(out, gutter, marks, shown, p);
  }
}

std::string position(const SourceManager& sources, Span span) {
  const LineColumn at = sources.lineColumn(span.file, span.begin);
  return fmt::format("{}:{}:{}", sources.path(span.file), at.line, at.column);
}

}  // namespace

std::string renderText(const Diagnostic& d, const SourceManager& sources, bool color) {
  const Palette p = palette(color);
  const bool is_error = d.severity == Severity::Error;
  std::string out;
  if (d.span.valid()) out += fmt::format("{}{}:{} ", p.bold, position(sources, d.span), p.reset);
  out += fmt::format("{}{}[{}]{}: {}{}{}\n", is_error ? p.error : p.warning, is_error ? "error" : "warning",
                     codeName(d.code), p.reset, p.bold, d.message, p.reset);

  // The file of the primary span first, then the others in order of appearance.
  std::vector<source::SourceId> files;
  std::vector<Excerpt> excerpts;
  auto excerptOf = [&](source::SourceId file) -> Excerpt& {
    for (size_t i = 0; i < files.size(); ++i) {
      if (files[i] == file) return excerpts[i];
    }
    files.push_back(file);
    return excerpts.emplace_back();
  };
  if (d.span.valid()) {
    // A label on the primary span itself gives the caret its text.
    std::string_view own;
    for (const Label& label : d.labels) {
      if (label.span == d.span && own.empty()) own = label.text;
    }
    addMark(excerptOf(d.span.file), sources, d.span, true, own);
  }
  for (const Label& label : d.labels) {
    if (label.span.valid() && !(label.span == d.span)) {
      addMark(excerptOf(label.span.file), sources, label.span, false, label.text);
    }
  }
  size_t width = 1;
  for (const Excerpt& e : excerpts) width = std::max(width, std::to_string(e.lines.rbegin()->first).size());
  for (size_t i = 0; i < files.size(); ++i) {
    if (i > 0 || !d.span.valid()) {
      out += fmt::format("{:{}}{}-->{} {}:{}\n", "", width, p.frame, p.reset, sources.path(files[i]),
                         excerpts[i].lines.begin()->first);
    }
    appendExcerpt(out, sources, files[i], excerpts[i], width, p);
  }

  auto tail = [&](const char* kind, std::string_view text) {
    out += fmt::format("{:{}} {}={} {}{}:{} {}\n", "", width, p.frame, p.reset, p.bold, kind, p.reset, text);
  };
  for (const std::string& note : d.notes) tail("note", note);
  for (const TraceFrame& frame : d.trace) {
    tail("in", frame.span.valid() ? fmt::format("{} ({})", frame.text, position(sources, frame.span)) : frame.text);
  }
  for (const Help& help : d.helps) tail("help", help.text);
  return out;
}

}  // namespace weft::diag
