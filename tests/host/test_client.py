"""The appliance client on this machine: compile to a tarball, run from it."""
# SPDX-License-Identifier: Apache-2.0
import os

import numpy as np
import pytest

from conftest import PROGRAMS

OPTIONS = ("--arch=wse3 --fabric-dims=10,4 --fabric-offsets=4,1 --params=width:3,height:2,size:4,in_color:5,out_color:6 "
           "--memcpy --channels=1 -o latest")


@pytest.fixture
def artifact(tmp_path, monkeypatch):
    from cerebras.sdk.client import SdkCompiler

    monkeypatch.chdir(tmp_path)
    with SdkCompiler(resource_cpu=1000) as compiler:
        return compiler.compile(str(PROGRAMS / "arrays"), "layout.csl", OPTIONS, "compiled")


def test_the_artifact_is_found_again(artifact):
    from cerebras.sdk.client import SdkCompiler

    assert os.path.basename(artifact).startswith("cs_") and artifact.endswith(".tar.gz")
    before = os.stat(artifact).st_mtime_ns
    again = SdkCompiler().compile(app_path=str(PROGRAMS / "arrays"), csl_main="layout.csl", options=OPTIONS,
                                  out_path="compiled")
    assert again == artifact
    assert os.stat(artifact).st_mtime_ns == before


def test_a_script_runs_from_the_artifact(artifact):
    from cerebras.appliance.pb.sdk.sdk_common_pb2 import MemcpyDataType, MemcpyOrder
    from cerebras.sdk.client import SdkRuntime

    words = np.zeros(3 * 2 * 4, np.uint32)
    with SdkRuntime(artifact, simulator=True) as runner:
        symbol = runner.get_id("H")
        assert runner.launch("fill", nonblock=False) is None
        task = runner.memcpy_d2h(words, symbol, 0, 0, 3, 2, 4, streaming=False, nonblock=True,
                                 data_type=MemcpyDataType.MEMCPY_16BIT, order=MemcpyOrder.ROW_MAJOR)
        task.wait()
        assert task.done()
    assert words[-1] == 123


def test_the_launcher_runs_commands_in_the_artifact(artifact):
    from cerebras.sdk.client import SdkLauncher

    with SdkLauncher(artifact, simulator=False) as launcher:
        assert launcher.run("ls -d latest; echo %CMADDR%").startswith("latest\n")
        with pytest.raises(RuntimeError, match="command error"):
            launcher.run("exit 3")


def test_compile_errors_are_exceptions(tmp_path):
    from cerebras.appliance.errors import ApplianceUnknownError
    from cerebras.sdk.client import SdkCompiler

    with pytest.raises(ApplianceUnknownError):
        SdkCompiler().compile(str(PROGRAMS / "arrays"), "layout.csl", "--memcpy --channels=1", str(tmp_path))
