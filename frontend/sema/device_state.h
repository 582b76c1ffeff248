// What the queue, task, DSD, DSR and color builtins have collected for the program under analysis.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>

namespace weft::sema {

/// Owner of the contents: builtin_{queue,task,dsd,dsr,map,color}.cpp.
struct DeviceState {};

}  // namespace weft::sema
