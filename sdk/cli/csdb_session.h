// One session of csdb: what is selected, and the commands that look at a core, at symbols and at a trace.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/diag/diag.h"
#include "frontend/plan/fabric_plan.h"
#include "sdk/host/core_file.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weft::cli {

class CsdbSession {
 public:
  explicit CsdbSession(std::string workdir);
  /// Runs a line; false when the session should end. Failures are logged, never fatal.
  bool run(const std::string& line);

 private:
  using Words = std::vector<std::string>;
  struct Rectangle {
    int64_t x = 0, y = 0, width = 1, height = 1;
    bool operator==(const Rectangle&) const = default;
    [[nodiscard]] std::string text() const;
  };

  void context(const Words& words);
  void target(Words words);
  void rectangle(Words words);
  void memory(Words words);
  void registers(Words words);
  void image(Words words);
  void symbol(Words words);
  void state();
  void trace(const Words& words);
  void wavelet(Words words);
  void workdir(const Words& words);
  void settings() const;

  void fail(const std::string& text) const;
  /// Prints what is in the sink; true if there were errors.
  bool failed();
  bool needsCore() const;
  void findContexts();
  void selectContext(const std::string& directory);
  [[nodiscard]] std::vector<Rectangle> rectangles() const;
  static std::optional<Rectangle> parseRectangle(const std::string& text, const std::string& dimension);
  /// Calls fn(x, y, pe) for the selected PEs of the core, in fabric coordinates.
  template <class Fn>
  void eachPe(Fn fn) const;
  [[nodiscard]] const tir::Symbol* symbolAt(int64_t x, int64_t y, const std::string& name) const;

  std::string workdir_;
  std::vector<std::string> contexts_;
  std::string context_;
  std::shared_ptr<const plan::FabricPlan> plan_;
  std::string core_path_;
  std::optional<host::Core> core_;
  std::vector<Rectangle> selected_;
  std::string trace_;
  source::SourceManager sources_;
  diag::Sink sink_;
};

}  // namespace weft::cli
