// Diagnostics as data, and the one channel they travel through.
// Emit sites: sink.error(Code::E0507, span, "color {} ...", c).label(s, "first").note("...").help("...").emit();
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/source/source.h"

#include <fmt/format.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace weft::diag {

enum class Severity : uint8_t { Error, Warning };

enum class Code : uint16_t {
#define WEFT_DIAG(code, severity, title) code,
#include "frontend/diag/catalog.def"
#undef WEFT_DIAG
};

/// "E0507", its severity and one-line title, from catalog.def.
const char* codeName(Code code);
Severity codeSeverity(Code code);
const char* codeTitle(Code code);
/// Every code in catalog order.
const std::vector<Code>& allCodes();

struct Label {
  source::Span span;
  std::string text;
};
/// A suggested replacement of `span` by `text`.
struct Edit {
  source::Span span;
  std::string text;
};
struct Help {
  std::string text;
  std::vector<Edit> edits;
};
/// One frame of context: a comptime call, an import, a layout iteration, or a PE and cycle.
struct TraceFrame {
  std::string text;
  source::Span span;
};

struct Diagnostic {
  Code code{};
  Severity severity = Severity::Error;
  std::string message;
  /// May be invalid: the diagnostic then has no place in a source text.
  source::Span span;
  std::vector<Label> labels;
  std::vector<std::string> notes;
  std::vector<Help> helps;
  std::vector<TraceFrame> trace;
};

class Sink;

/// Collects the parts of one diagnostic; emit() hands it to the sink.
class Builder {
 public:
  Builder(Sink& sink, Diagnostic d) : sink_(&sink), d_(std::move(d)) {}
  Builder& label(source::Span span, std::string text);
  Builder& note(std::string text);
  Builder& help(std::string text, std::vector<Edit> edits = {});
  Builder& trace(TraceFrame frame);
  Builder& trace(const std::vector<TraceFrame>& frames);
  void emit();

 private:
  Sink* sink_;
  Diagnostic d_;
};

/// Collects diagnostics of one session. Thread-safe.
class Sink {
 public:
  template <class... Args>
  [[nodiscard]] Builder error(Code code, source::Span span, fmt::format_string<Args...> text, Args&&... args) {
    return Builder(*this,
                   {code, Severity::Error, fmt::format(text, std::forward<Args>(args)...), span, {}, {}, {}, {}});
  }
  template <class... Args>
  [[nodiscard]] Builder warning(Code code, source::Span span, fmt::format_string<Args...> text, Args&&... args) {
    return Builder(*this,
                   {code, Severity::Warning, fmt::format(text, std::forward<Args>(args)...), span, {}, {}, {}, {}});
  }
  void add(Diagnostic d);
  [[nodiscard]] bool hasErrors() const { return errors_ > 0; }
  [[nodiscard]] size_t errorCount() const { return errors_; }
  [[nodiscard]] size_t warningCount() const { return warnings_; }
  [[nodiscard]] const std::vector<Diagnostic>& all() const { return all_; }
  /// Removes and returns everything collected so far; resets the counts.
  std::vector<Diagnostic> drain();
  /// Called for each diagnostic as it is added (after it is stored). May be empty.
  std::function<void(const Diagnostic&)> on_add;

 private:
  mutable std::mutex mutex_;
  std::vector<Diagnostic> all_;
  std::atomic<size_t> errors_{0};
  std::atomic<size_t> warnings_{0};
};

/// Renders as `file:line:col: error[E0507]: text`, source line, carets, labels, notes and help.
std::string renderText(const Diagnostic& d, const source::SourceManager& sources, bool color = false);
/// One JSON object per diagnostic (no trailing newline).
std::string renderJson(const Diagnostic& d, const source::SourceManager& sources);
/// The page of `weft explain CODE`, or empty.
std::string_view explainPage(Code code);

}  // namespace weft::diag
