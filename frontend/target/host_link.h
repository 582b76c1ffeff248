// What memcpy, the link to the host, keeps for itself on every PE that has it. Bit n of a mask stands for number n.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/target/target.h"

#include <cstdint>

namespace weft::target::host_link {

inline constexpr uint32_t kColors = 7u << 21;
inline constexpr uint64_t kLocalTasks = 1ull << 27 | 1ull << 28 | 1ull << 30;
inline constexpr uint64_t kControlTasks = 31ull << 33;
constexpr uint32_t inputQueues(Arch a) { return a == Arch::Wse3 ? 3 : 1; }
inline constexpr uint32_t kOutputQueues = 1;
/// In the files dsr_dest and dsr_src1.
inline constexpr uint32_t kDestinationDsrs = 1;
inline constexpr uint32_t kSecondSourceDsrs = 1;

}  // namespace weft::target::host_link
