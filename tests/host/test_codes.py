"""Mistakes of the host side and of the environment, each with the code that `weft explain` knows."""
# SPDX-License-Identifier: Apache-2.0
import os
import pathlib
import shutil
import subprocess

import numpy as np
import pytest

from conftest import BUILD
from test_runtime import copy_options


def new_runtime(folder):
    from cerebras.sdk.runtime.sdkruntimepybind import SdkRuntime

    return SdkRuntime(str(folder))


def compile_one(folder, source, *options):
    (folder / "layout.csl").write_text(source)
    return subprocess.run(["cslc", "layout.csl", "--fabric-dims=9,4", "--fabric-offsets=4,1", *options], cwd=folder,
                          capture_output=True, text=True, timeout=60)


def weft(folder, *words, **variables):
    return subprocess.run(["weft", *words], cwd=folder, env={**os.environ, **variables}, capture_output=True, text=True,
                          timeout=60)


ONE_PE = "layout { @set_rectangle(1, 1); @set_tile_code(0, 0); }\nexport var x: u32 = 7;\n"


def test_a_region_outside_the_rectangle(runner):
    with pytest.raises(RuntimeError) as error:
        runner.memcpy_h2d(1, np.zeros(1, np.float32), 3, 0, 1, 1, 1, **copy_options())
    assert error.value.code == "E0604"


def test_two_threads_in_one_runtime(arrays, tmp_path):
    script = ("import os, threading, time\n"
              "from cerebras.sdk.runtime.sdkruntimepybind import SdkRuntime\n"
              f"r = SdkRuntime({str(arrays)!r})\nr.load()\nr.run()\n"
              "threading.Thread(target=lambda: r.launch('spin', nonblock=False), daemon=True).start()\n"
              "time.sleep(0.5)\n"
              "try:\n  r.launch('fill', nonblock=False)\nexcept RuntimeError as error:\n  print(error.code, flush=True)\n"
              "os._exit(0)\n")
    run = subprocess.run(["cs_python", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert run.stdout.strip() == "E0610"


def test_commands_for_a_program_without_host_link(tmp_path, monkeypatch):
    assert compile_one(tmp_path, ONE_PE, "-o", "out").returncode == 0
    monkeypatch.chdir(tmp_path)
    runtime = new_runtime("out")
    runtime.load()
    runtime.run()
    with pytest.raises(RuntimeError) as error:
        runtime.launch("anything", nonblock=False)
    assert error.value.code in ("E0612", "E0603")
    with pytest.raises(RuntimeError) as error:
        runtime.memcpy_h2d(1, np.zeros(1, np.uint32), 0, 0, 1, 1, 1, **copy_options())
    assert error.value.code == "E0612"
    runtime.stop()


def test_a_core_before_loading(arrays, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    runtime = new_runtime(arrays)
    with pytest.raises(RuntimeError) as error:
        runtime.dump_core("corefile.cs1")
    assert error.value.code == "E0613"


def test_an_output_directory_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    run = compile_one(tmp_path, ONE_PE, "-o", "file/out")
    assert run.returncode == 1
    assert "E0820" in run.stderr


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
