// The LLVM IR of a program as text, for `weft compile --dump=llvm`. Any thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/tir/program.h"
#include "jit/engine.h"

#include <optional>
#include <string>

namespace weft::jit {

/// IR of one function, or of the whole program without `fn`. `optimised`: after the O2 pipeline for this machine.
std::string dumpLlvm(const tir::Program& program, const CostTable& costs, std::optional<tir::FunctionId> fn,
                     bool optimised);

/// What LLVM's own JIT takes from the cheap tier's IR to code, in seconds of the calling thread: the floor that
/// benchmarks compare the engine with. Negative on failure.
double bareOrcSeconds(const tir::Program& program, const CostTable& costs);

}  // namespace weft::jit
