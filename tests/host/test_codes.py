"""Mistakes of the environment, each with the code that `weft explain` knows."""
# SPDX-License-Identifier: Apache-2.0
import os
import pathlib
import shutil
import subprocess

from conftest import BUILD


def compile_one(folder, source, *options):
    (folder / "layout.csl").write_text(source)
    return subprocess.run(["cslc", "layout.csl", "--fabric-dims=9,4", "--fabric-offsets=4,1", *options], cwd=folder,
                          capture_output=True, text=True, timeout=60)


def weft(folder, *words, **variables):
    return subprocess.run(["weft", *words], cwd=folder, env={**os.environ, **variables}, capture_output=True, text=True,
                          timeout=60)


ONE_PE = "layout { @set_rectangle(1, 1); @set_tile_code(0, 0); }\nexport var x: u32 = 7;\n"


def test_unknown_engines_and_settings(tmp_path):
    (tmp_path / "layout.csl").write_text(ONE_PE)
    for variables in ({"WEFT_ENGINE": "steam"}, {"WEFT_THREADS": "many"}, {"WEFT_THREADS": "-3"}):
        run = weft(tmp_path, "run", "layout.csl", **variables)
        assert run.returncode != 0
        assert "E0811" in run.stderr


def test_a_missing_engine_library(tmp_path):
    (tmp_path / "layout.csl").write_text(ONE_PE)
    (tmp_path / "bin").mkdir()
    shutil.copy(pathlib.Path(BUILD / "bin" / "weft").resolve(), tmp_path / "bin" / "weft")
    (tmp_path / "lib" / "weft").mkdir(parents=True)
    run = subprocess.run([tmp_path / "bin" / "weft", "run", "layout.csl", "--engine=jit"], cwd=tmp_path,
                         capture_output=True, text=True, timeout=60)
    assert run.returncode != 0
    assert "E0810" in run.stderr


TWICE_LAYOUT = """
const memcpy = @import_module("<memcpy/get_params>", .{ .width = 1, .height = 1 });
layout {
  @set_rectangle(1, 1);
  @set_tile_code(0, 0, "pe.csl", .{ .memcpy_params = memcpy.get_params(0) });
  @export_name("twice", fn () void);
}
"""
TWICE_PROGRAM = """
param memcpy_params;
const memcpy = @import_module("<memcpy/memcpy>", memcpy_params);
fn twice() void {
  memcpy.unblock_cmd_stream();
  memcpy.unblock_cmd_stream();
}
comptime { @export_symbol(twice); }
"""


def test_unblocking_without_a_command(tmp_path):
    (tmp_path / "pe.csl").write_text(TWICE_PROGRAM)
    done = compile_one(tmp_path, TWICE_LAYOUT, "-o", "out", "--memcpy", "--channels=1")
    assert done.returncode == 0, done.stderr
    script = ("from cerebras.sdk.runtime.sdkruntimepybind import SdkRuntime\n"
              "r = SdkRuntime('out')\nr.load()\nr.run()\nr.launch('twice', nonblock=False)\nr.stop()\n")
    run = subprocess.run(["cs_python", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
    assert "W0704" in run.stdout + run.stderr
