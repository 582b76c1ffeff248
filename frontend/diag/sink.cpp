// Builder and Sink: how diagnostics are put together and collected.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/diag/diag.h"

#include <utility>

namespace weft::diag {

Builder& Builder::label(source::Span span, std::string text) {
  if (span.valid()) d_.labels.push_back({span, std::move(text)});
  return *this;
}

Builder& Builder::note(std::string text) {
  d_.notes.push_back(std::move(text));
  return *this;
}

Builder& Builder::help(std::string text, std::vector<Edit> edits) {
  d_.helps.push_back({std::move(text), std::move(edits)});
  return *this;
}

Builder& Builder::trace(TraceFrame frame) {
  d_.trace.push_back(std::move(frame));
  return *this;
}

Builder& Builder::trace(const std::vector<TraceFrame>& frames) {
  d_.trace.insert(d_.trace.end(), frames.begin(), frames.end());
  return *this;
}

void Builder::emit() { sink_->add(std::move(d_)); }

void Sink::add(Diagnostic d) {
  // The callback gets its own copy: it runs unlocked and may add further diagnostics.
  Diagnostic copy;
  {
    std::lock_guard lock(mutex_);
    if (d.severity == Severity::Error) {
      ++errors_;
    } else {
      ++warnings_;
    }
    if (on_add) copy = d;
    all_.push_back(std::move(d));
  }
  if (on_add) on_add(copy);
}

std::vector<Diagnostic> Sink::drain() {
  std::lock_guard lock(mutex_);
  errors_ = 0;
  warnings_ = 0;
  return std::exchange(all_, {});
}

}  // namespace weft::diag
