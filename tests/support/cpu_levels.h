// The CPU levels whose code must give the same bits as this machine's: what the engine fuzzers compare.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "jit/engine.h"

#include <functional>
#include <string>
#include <vector>

namespace weft::testing {

using MakeEngine = std::function<Result<std::unique_ptr<jit::Engine>>(const jit::EngineOptions&, diag::Sink&)>;

/// Names for jit::EngineOptions::cpu, "" (this machine) first: of every level that `make` can make an engine for. The
/// others are named on stdout, with the reason.
std::vector<std::string> cpuLevels(const MakeEngine& make);

}  // namespace weft::testing
