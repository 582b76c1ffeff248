// One compilation as a command sees it: options in, plan or diagnostics out. Used by the commands and the REPL.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/base/result.h"
#include "frontend/diag/diag.h"
#include "frontend/plan/fabric_plan.h"
#include "sdk/driver/compile_options.h"

#include <memory>
#include <string>

namespace weft::driver {

class Build {
 public:
  explicit Build(CompileOptions options);
  ~Build();
  Build(const Build&) = delete;
  Build& operator=(const Build&) = delete;

  /// Front end only: no code is generated.
  Result<std::shared_ptr<const plan::FabricPlan>> compile();
  /// Parses `path`, nothing more.
  Result<void> checkSyntax(const std::string& path);
  /// The same, and a file without a layout block is a PE program alone on one PE.
  Result<std::shared_ptr<const plan::FabricPlan>> compileAny();
  /// compileAny() has met a file without a layout block.
  [[nodiscard]] bool wasAlone() const { return alone_; }
  /// Text of a stage: `ast`, `tir`, `tir:FUNCTION`, `plan`, `llvm`, `llvm:FUNCTION`.
  Result<std::string> dump(const std::string& what);

  [[nodiscard]] const CompileOptions& options() const { return options_; }
  diag::Sink& sink();
  [[nodiscard]] const source::SourceManager& sources() const;

 private:
  struct State;
  CompileOptions options_;
  std::unique_ptr<State> state_;
  bool alone_ = false;
};

}  // namespace weft::driver
