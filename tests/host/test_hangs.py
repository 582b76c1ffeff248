"""Programs that never finish: the run ends at once with a diagnostic that names PE, line, color and missing words."""
# SPDX-License-Identifier: Apache-2.0

import json
import os
import pathlib
import subprocess

import pytest

HANGS = pathlib.Path(__file__).parent / "hangs"
BIN = pathlib.Path(os.environ["WEFT_BIN"])
HOST = """
from cerebras.sdk.runtime.sdkruntimepybind import SdkRuntime
runner = SdkRuntime("out")
runner.load()
runner.run()
runner.launch("main", nonblock=False)
runner.stop()
print("not reached")
"""


@pytest.mark.parametrize("engine", ["jit", "interp"])
@pytest.mark.parametrize("arch", ["wse2", "wse3"])
@pytest.mark.parametrize("name", sorted(p.name for p in HANGS.iterdir() if p.is_dir()))
def test_hang_is_explained(name, arch, engine, tmp_path):
    folder = HANGS / name
    expect = json.loads((folder / "expect.json").read_text())
    compiled = subprocess.run(
        [BIN / "cslc", f"--arch={arch}", folder / "layout.csl", "--fabric-dims=9,3", "--fabric-offsets=4,1", "--memcpy",
         "--channels=1", "-o", "out"], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert compiled.returncode == 0, compiled.stderr
    env = dict(os.environ, WEFT_ENGINE=engine)
    if "max_cycles" in expect:
        env["WEFT_MAX_CYCLES"] = str(expect["max_cycles"])
    run = subprocess.run([BIN / "cs_python", "-c", HOST], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60)
    assert run.returncode != 0
    assert "not reached" not in run.stdout
    missing = [text for text in expect["expect"] if text not in run.stderr]
    assert not missing, f"not named: {missing}\n{run.stderr}"
