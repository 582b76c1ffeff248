// Chooses and makes an engine by name. Used by Simulation.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "jit/engine.h"

#include <memory>
#include <string>

namespace weft::host {

/// "jit", "interp", or "" for jit where it was built and the interpreter elsewhere.
Result<std::unique_ptr<jit::Engine>> makeEngine(const std::string& name, const jit::EngineOptions& options,
                                                diag::Sink& sink);

/// The folder that holds what belongs to this installation: the JIT library, the Python packages. Found from where this
/// code itself was loaded; the same below a build folder and below an installation prefix.
std::string installationLibraryFolder();

}  // namespace weft::host
