// Chooses and makes an engine by name. Used by Simulation.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/plan/fabric_plan.h"
#include "jit/engine.h"

#include <memory>
#include <string>
#include <string_view>

namespace weft::host {

/// "jit", "interp", or "" for jit where it was built and the interpreter elsewhere.
Result<std::unique_ptr<jit::Engine>> makeEngine(const std::string& name, const jit::EngineOptions& options,
                                                diag::Sink& sink);

/// LLVM IR of all programs, or of the functions named `function`; `optimised`: as the O2 tier sees it at the end.
Result<std::string> dumpLlvm(const plan::FabricPlan& plan, std::string_view function, bool optimised, diag::Sink& sink);

/// The folder that holds what belongs to this installation: the JIT library, the Python packages. Found from where this
/// code itself was loaded; the same below a build folder and below an installation prefix.
std::string installationLibraryFolder();

}  // namespace weft::host
