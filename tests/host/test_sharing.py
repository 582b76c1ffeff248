"""PEs share one program, or have one each (WEFT_SHARING=0): same bits, same cycles."""
# SPDX-License-Identifier: Apache-2.0
import json
import os
import subprocess

import pytest

LAYOUT = """
const c = @get_color(4);
layout {
  @set_rectangle(5, 4);
  for (@range(u16, 5)) |x| {
    for (@range(u16, 4)) |y| {
      @set_tile_code(x, y, "pe.csl", .{ .px = x, .py = y, .width = 5 });
      @set_color_config(x, y, c, .{ .routes = .{
        .rx = if (x == 0) RAMP else WEST, .tx = if (x == 4) RAMP else EAST } });
    }
  }
}
"""
PROGRAM = """
param px: u16;
param py: u16;
param width: u16;
const c = @get_color(4);
const iq = @get_input_queue(2);
const oq = @get_output_queue(3);
const out = @get_dsd(fabout_dsd, .{ .extent = 3, .fabric_color = c, .output_queue = oq });
const in = @get_dsd(fabin_dsd, .{ .extent = 3, .fabric_color = c, .input_queue = iq });
const weights = [3]u16{ px, py, px * py + 1 };
var place: u32 = @as(u32, px) << 16 | py;
var data: [3]u16;
const all = @get_dsd(mem1d_dsd, .{ .tensor_access = |i|{3} -> data[i] });

fn mix(n: u16) u16 {
  var s: u16 = py;
  for (@range(u16, px + 2)) |k| s = s * 7 + k * n;
  return s;
}

task go() void {
  for (weights) |w, k| data[k] = w + mix(k);
  if (px == 0) {
    @mov16(out, all);
  } else if (px == width - 1) {
    @mov16(all, in);
    @assert(data[1] == py + (py * 7 * 7 + 1));
  } else {
    place += data[px % 3];
  }
  place += mix(px * 10 + py);
}
comptime {
  @bind_local_task(go, @get_local_task_id(9));
  @activate(@get_local_task_id(9));
  if (px == width - 1) @initialize_queue(iq, .{ .color = c });
  if (@is_arch("wse3") and px == 0) @initialize_queue(oq, .{ .color = c });
}
"""


@pytest.mark.parametrize("arch", ["wse2", "wse3"])
def test_sharing_changes_nothing(tmp_path, arch):
    (tmp_path / "layout.csl").write_text(LAYOUT)
    (tmp_path / "pe.csl").write_text(PROGRAM)
    seen = []
    for sharing in ("1", "0"):
        for engine in ("interp", "jit"):
            run = subprocess.run(["weft", "run", "layout.csl", f"--arch={arch}", f"--engine={engine}", "--report=json"],
                                 cwd=tmp_path, env={**os.environ, "WEFT_SHARING": sharing}, capture_output=True,
                                 text=True, timeout=60)
            assert run.returncode == 0, run.stderr
            report = json.loads(run.stdout.strip().splitlines()[-1])
            seen.append({key: report[key] for key in ("cycles", "memory_hash", "trace_hash", "traps")})
    assert seen == [seen[0]] * 4
