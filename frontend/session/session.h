// The facade of the frontend: sources in, a FabricPlan (or diagnostics, or dumps) out. Used by every tool.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/base/result.h"
#include "frontend/diag/diag.h"
#include "frontend/plan/fabric_plan.h"
#include "frontend/source/source.h"
#include "frontend/target/coord.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weft::session {

struct CompileOptions {
  /// The top-level file, relative to the working directory.
  std::string source;
  target::Arch arch = target::Arch::Wse2;
  target::Fp16Format fp16 = target::Fp16Format::F16;
  /// Not given: the smallest fabric that fits.
  std::optional<Extent2> fabric;
  std::optional<FabricCoord> offset;
  /// name, value as written ("12", "-3", "0x10"), in command-line order; a later duplicate wins.
  std::vector<std::pair<std::string, std::string>> params;
  std::vector<std::pair<std::string, std::string>> colors;
  bool memcpy = false;
  int channels = 0;
  uint32_t west_buffer = 0;
  uint32_t east_buffer = 0;
  std::vector<std::string> import_paths;
  std::optional<uint32_t> max_inlined_iterations;
  /// Find PEs that can share a program although their params differ. Off: one program per distinct params value.
  bool sharing = true;
  /// Fills CompileStats::questions.
  bool explain_sharing = false;
};

/// The program rectangle of a program without a layout block (the host-side layout API plays its role).
struct TileProgram {
  /// PEs that run this file with these params.
  std::vector<PeCoord> at;
  std::string source;
  std::vector<std::pair<std::string, std::string>> params;
  std::vector<std::pair<std::string, std::string>> colors;
};

struct CompileStats {
  uint64_t layout_calls = 0;
  double parse_seconds = 0;
  double layout_seconds = 0;
  double analysis_seconds = 0;
  uint32_t analyses = 0;
  /// "pe.csl: (p0 == 0): 2": what analysis asked of params, and how many answers there were.
  std::vector<std::string> questions;
};

/// Owns sources, syntax trees, the interner and the sink. One thread at a time; several sessions never meet.
class Session {
 public:
  Session();
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  [[nodiscard]] const source::SourceManager& sources() const;
  [[nodiscard]] diag::Sink& sink();
  /// Replaces the built-in standard library by a folder (--stdlib=DIR).
  void setStdlib(std::string folder);
  /// Text of a file that an editor holds; empty optional: back to the disk. Forgets the parsed file.
  void setBuffer(const std::string& path, std::optional<std::string> text);
  /// Receives @comptime_print output; default: dropped.
  void onPrint(std::function<void(std::string_view)> print);

  /// Runs the layout block and analyses every distinct program. Diagnostics (warnings too) are in sink().
  Result<std::shared_ptr<const plan::FabricPlan>> compile(const CompileOptions& options);
  /// The same for programs placed by the host: `extent` is the rectangle; PEs nobody names have no program.
  Result<std::shared_ptr<const plan::FabricPlan>> compileTiles(const CompileOptions& options, Extent2 extent,
                                                               const std::vector<TileProgram>& tiles);
  [[nodiscard]] const CompileStats& stats() const;

  /// S-expressions of one parsed file.
  Result<std::string> dumpAst(const std::string& path);
  /// TIR of all programs, or of the functions named `fn`, of the plan.
  static std::string dumpTir(const plan::FabricPlan& plan, std::string_view fn = {});
  static std::string dumpPlan(const plan::FabricPlan& plan);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace weft::session
