"""Finds the built commands and makes the `cerebras` and `weft` packages importable."""
# SPDX-License-Identifier: Apache-2.0
import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("WEFT_BUILD_DIR", ROOT / "build"))
os.environ.setdefault("WEFT_BIN", str(BUILD / "bin"))
os.environ["PATH"] = os.environ["WEFT_BIN"] + os.pathsep + os.environ["PATH"]
sys.path.insert(0, str(BUILD / "lib" / "weft" / "python"))

WIDTH, HEIGHT, SIZE = 3, 2, 4
PROGRAMS = pathlib.Path(__file__).parent / "programs"


@pytest.fixture(scope="session", params=["wse2", "wse3"])
def arrays(request, tmp_path_factory):
    """The compiled program `arrays`, 3 x 2 PEs, 4 elements."""
    out = tmp_path_factory.mktemp("arrays") / "out"
    subprocess.run(
        ["cslc", PROGRAMS / "arrays" / "layout.csl", f"--arch={request.param}", "--fabric-dims=10,4",
         "--fabric-offsets=4,1", f"--params=width:{WIDTH},height:{HEIGHT},size:{SIZE}",
         "--params=in_color:5,out_color:6", "-o", out, "--memcpy", "--channels=1"],
        check=True, timeout=60)
    return out


def compiled(name, arch, tmp_path_factory):
    """The folder of the compiled program `name`, which has 2 x 1 PEs and no params."""
    out = tmp_path_factory.mktemp(name) / "out"
    subprocess.run(
        ["cslc", PROGRAMS / name / "layout.csl", f"--arch={arch}", "--fabric-dims=9,3", "--fabric-offsets=4,1", "-o",
         out, "--memcpy", "--channels=1"], check=True, timeout=60)
    return out


@pytest.fixture(scope="session", params=["wse2", "wse3"])
def logged(request, tmp_path_factory):
    """The architecture and the compiled program `logged`."""
    return request.param, compiled("logged", request.param, tmp_path_factory)


@pytest.fixture
def runner(arrays, tmp_path, monkeypatch):
    """A running SdkRuntime of `arrays`; stopped afterwards if the test has not done it."""
    from cerebras.sdk.runtime.sdkruntimepybind import SdkRuntime

    monkeypatch.chdir(tmp_path)
    runtime = SdkRuntime(arrays)
    runtime.load()
    runtime.run()
    yield runtime
    if runtime._core.is_running:
        runtime.stop()
