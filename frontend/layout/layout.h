// Runs the layout block and builds the FabricPlan: placement, routes, programs, slots.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/sema/analyzer.h"

#include <memory>

namespace weft::layout {

struct Options {
  /// Not given: the smallest fabric that fits, at the smallest offset.
  std::optional<Extent2> fabric;
  std::optional<FabricCoord> offset;
  bool memcpy = false;
  int channels = 0;
  uint32_t west_buffer = 0;
  uint32_t east_buffer = 0;
  bool sharing = true;
  std::vector<std::pair<std::string, std::string>> params;
  std::vector<std::pair<std::string, std::string>> colors;
  bool explain_sharing = false;
};

struct Stats {
  uint64_t layout_calls = 0;
  double layout_seconds = 0;
  double analysis_seconds = 0;
  uint32_t analyses = 0;
  /// What was asked of params, by file: why PEs do not share one program. Filled if `explain_sharing`.
  std::vector<std::string> questions;
};

/// A file with params for some PEs of a program without layout block.
struct Tile {
  const sema::SourceFile* file = nullptr;
  std::vector<PeCoord> at;
  comptime::Value params;
};

/// `context.options` needs arch and fp16 only; rectangle, fabric and offset are filled in here.
Result<std::shared_ptr<const plan::FabricPlan>> run(sema::Context& context, const sema::SourceFile& root,
                                                    const std::vector<sema::CliParam>& cli, const Options& options,
                                                    Stats& stats);
/// The same without a layout block.
Result<std::shared_ptr<const plan::FabricPlan>> place(sema::Context& context, Extent2 extent,
                                                      const std::vector<Tile>& tiles, const Options& options,
                                                      Stats& stats);

}  // namespace weft::layout
