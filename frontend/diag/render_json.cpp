// Diagnostics for programs: one JSON object each. Lines and columns are one-based, columns count bytes.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/diag/diag.h"

#include <nlohmann/json.hpp>

namespace weft::diag {
namespace {

using nlohmann::ordered_json;

ordered_json place(source::Span span, const source::SourceManager& sources) {
  if (!span.valid()) return nullptr;
  const auto begin = sources.lineColumn(span.file, span.begin);
  const auto end = sources.lineColumn(span.file, span.end);
  return {{"file", sources.path(span.file)}, {"line", begin.line},  {"column", begin.column}, {"end_line", end.line},
          {"end_column", end.column},        {"begin", span.begin}, {"end", span.end}};
}

}  // namespace

std::string renderJson(const Diagnostic& d, const source::SourceManager& sources) {
  ordered_json out = {{"code", codeName(d.code)},
                      {"severity", d.severity == Severity::Error ? "error" : "warning"},
                      {"message", d.message},
                      {"span", place(d.span, sources)}};
  out["labels"] = ordered_json::array();
  for (const Label& label : d.labels)
    out["labels"].push_back({{"span", place(label.span, sources)}, {"text", label.text}});
  out["notes"] = d.notes;
  out["helps"] = ordered_json::array();
  for (const Help& help : d.helps) {
    ordered_json edits = ordered_json::array();
    for (const Edit& edit : help.edits) edits.push_back({{"span", place(edit.span, sources)}, {"text", edit.text}});
    out["helps"].push_back({{"text", help.text}, {"edits", edits}});
  }
  out["trace"] = ordered_json::array();
  for (const TraceFrame& frame : d.trace) {
    out["trace"].push_back({{"text", frame.text}, {"span", place(frame.span, sources)}});
  }
  return out.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

}  // namespace weft::diag
