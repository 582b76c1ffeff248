// The page of `sdk_debug_shell visualize`: a compiled directory, with the core and the trace of a run if they are
// there.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/base/result.h"
#include "frontend/diag/diag.h"

#include <cstdint>
#include <functional>
#include <string>

namespace weft::cli {

/// A page that needs nothing else. `folder` is a compiled directory, or a folder that holds one (its first by name) and
/// what a run has left: simfab_traces, corefile.cs1 or out.core.
Result<std::string> fabricPage(const std::string& folder, diag::Sink& sink);

/// Serves `page` to whoever asks at host:port until interrupted. `ready` is called with the port once it listens; a
/// port that is taken gives way to one of the next 20, unless `only_this_port`. False: no port could be had.
bool servePage(const std::string& page, const std::string& host, uint16_t port, bool only_this_port,
               const std::function<void(uint16_t)>& ready);

}  // namespace weft::cli
