// The numbers of sdk/timing the mesh uses all the time, looked up once.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "sdk/mesh/state.h"
#include "sdk/timing/cost_model.h"

namespace weft::mesh {

struct Params {
  explicit Params(const timing::CostModel& m)
      : arch(m.arch()),
        hop(m.get("fabric.hop")),
        ramp_in(m.get("fabric.ramp_in")),
        ramp_out(m.get("fabric.ramp_out")),
        ramp_credit(m.get("fabric.ramp_credit")),
        task_activate(m.get("execution.task_activate")),
        task_exit(m.get("execution.task_exit")),
        completion_callback(m.get("execution.completion_callback")),
        async_start(m.get("execution.async_start")),
        async_issue(m.get("execution.async_issue")),
        fabric_load(m.get("execution.fabric_load")),
        sync_quantum(m.get("execution.sync_quantum")),
        write_bytes(m.get("vector.write_bytes")),
        command_start(m.get("host.command_start")),
        h2d_rate(m.get("host.h2d_words_per_1000_cycles")),
        d2h_rate(m.get("host.d2h_words_per_1000_cycles")),
        d2h_single(m.get("host.d2h_single_word")),
        d2h_limit(m.get("host.d2h_single_limit")),
        launch_word(m.get("host.launch_word")),
        link_depth(static_cast<uint8_t>(2 * hop)),
        dsd(m.dsdCosts()) {}
  target::Arch arch;
  uint32_t hop, ramp_in, ramp_out, ramp_credit, task_activate, task_exit, completion_callback, async_start, async_issue,
      fabric_load, sync_quantum, write_bytes, command_start, h2d_rate, d2h_rate, d2h_single, d2h_limit, launch_word;
  uint8_t link_depth;
  WeftDsdCosts dsd;
};

}  // namespace weft::mesh
