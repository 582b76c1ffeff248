// A compiled program on disk: what `cslc -o out` writes and the runtime opens. Relocatable; readers never write.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/base/result.h"
#include "frontend/diag/diag.h"
#include "frontend/plan/fabric_plan.h"

#include <memory>
#include <string>

namespace weft::host {

/// Writes out.json, bin/out_rpc.json, bin/out_<k>_0.elf and plan.weft into `directory`, made if missing. Each file
/// appears whole or not at all; plan.weft comes last.
Result<void> writeArtifact(const plan::FabricPlan& plan, const std::string& directory, diag::Sink& sink);

Result<std::shared_ptr<const plan::FabricPlan>> readArtifact(const std::string& directory, diag::Sink& sink);

/// Name of the file of program `k` in bin/.
std::string programFile(size_t k);

/// The text of out.json and of bin/out_rpc.json.
std::string paramsJson(const plan::FabricPlan& plan);
std::string exportsJson(const plan::FabricPlan& plan);

/// Whole file, or a diagnostic.
Result<std::string> readWholeFile(const std::string& path, diag::Sink& sink);
/// Writes beside the target and renames.
Result<void> writeWholeFile(const std::string& path, const std::string& bytes, diag::Sink& sink);

}  // namespace weft::host
