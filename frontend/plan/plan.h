// Text and binary forms of a FabricPlan, and the checks that need the whole of it.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/base/result.h"
#include "frontend/diag/diag.h"
#include "frontend/plan/fabric_plan.h"

#include <string>
#include <string_view>

namespace weft::plan {

/// Stable text for --dump=plan: extent, programs and how many PEs run each, routes as rectangles, exports.
std::string print(const FabricPlan& plan);
/// Binary form without the programs (they are saved one by one); `programs` is filled by the caller afterwards.
std::string serialize(const FabricPlan& plan);
Result<FabricPlan> deserialize(std::string_view bytes, diag::Sink& sink);

}  // namespace weft::plan
