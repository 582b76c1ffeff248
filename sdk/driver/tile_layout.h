// Compiles a program that the host lays out: tiles with their params, painted routes. The description comes as JSON
// from the Python layout API.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/base/result.h"
#include "frontend/diag/diag.h"
#include "frontend/plan/fabric_plan.h"
#include "frontend/source/source.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace weft::driver {

struct TileLayoutOutcome {
  /// Null on failure.
  std::shared_ptr<const plan::FabricPlan> plan;
  /// Region and program of each executable, every pair once, in the order of the tiles.
  std::vector<std::pair<std::string, uint32_t>> executables;
  /// Diagnostics as rendered text.
  std::string messages;
};

/// `text`: {arch, fp16, import_paths, width, height, tiles: [{region, source, at: [[x, y]..], params,
/// colors}],
/// routes: [{at, color, positions: [[inputs, outputs]..]}], streams: [{name, input, at, color, buffer}],
/// symbols: [{name, at, bytes}]}; sides are EAST, WEST, NORTH, SOUTH, RAMP and HOST (the host's end of a stream), bytes
/// hexadecimal.
TileLayoutOutcome compileTileLayout(const std::string& text);

}  // namespace weft::driver
