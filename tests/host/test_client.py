"""The appliance client on this machine: compile to a tarball, run from it."""
# SPDX-License-Identifier: Apache-2.0
import json
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


def test_the_arguments_of_compile_have_two_names(artifact, tmp_path):
    from cerebras.sdk.client import SdkCompiler

    compile_ = SdkCompiler().compile
    source = str(PROGRAMS / "arrays")
    assert compile_(codedir=source, layout="layout.csl", args=OPTIONS, outdir="compiled") == artifact
    assert compile_(source, "layout.csl", OPTIONS) == os.path.join(".", os.path.basename(artifact))
    for args, keywords in (((source,), {"codedir": source}), ((source,), {}), ((source, "layout.csl"), {"lay": 1}),
                           (("a", "b", "c", "d", "e"), {})):
        with pytest.raises(TypeError, match="compile"):
            compile_(*args, **keywords)


def test_enums_are_those_of_protobuf():
    from cerebras.appliance.pb.sdk import sdk_common_pb2 as pb

    assert pb.MemcpyOrder.Name(1) == "COL_MAJOR" and pb.MemcpyOrder.Value("ROW_MAJOR") == pb.ROW_MAJOR == 0
    assert pb.MemcpyDataType.items() == [("MEMCPY_32BIT", 0), ("MEMCPY_16BIT", pb.MemcpyDataType.MEMCPY_16BIT)]
    assert (pb.MemcpyDataType.keys(), pb.MemcpyDataType.values()) == (["MEMCPY_32BIT", "MEMCPY_16BIT"], [0, 1])
    with pytest.raises(ValueError, match="MemcpyOrder"):
        pb.MemcpyOrder.Name(2)
    with pytest.raises(ValueError, match="DIAGONAL"):
        pb.MemcpyOrder.Value("DIAGONAL")


def test_strided_copies_and_what_a_run_leaves(artifact, tmp_path):
    from cerebras.sdk.client import SdkRuntime

    options = {"streaming": False, "data_type": 0, "order": np.int32(0), "nonblock": False}
    words = np.zeros(3 * 2 * 4, np.float32)
    with SdkRuntime(artifact, simulator=True) as runner:
        symbol = runner.get_id("A")
        runner.memcpy_h2d_stride(symbol, np.ones(2 * 4, np.float32), 0, 1, 3, 1, 4, 2, 1, **options)
        runner.memcpy_d2h(words, symbol, 0, 0, 3, 2, 4, **options)
    np.testing.assert_array_equal(words.reshape(2, 3, 4)[..., 0], [[0, 0, 0], [1, 0, 1]])
    assert runner.download_artifact("sim.log", "logs/of_the_run.log") == "logs/of_the_run.log"
    assert (tmp_path / "logs" / "of_the_run.log").stat().st_size > 0
    assert runner.download_artifact("simfab_traces", ".").endswith("simfab_traces.tar.gz")
    with pytest.raises(RuntimeError, match="E0617.*nothing.txt"):
        runner.download_artifact("nothing.txt", ".")


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


def test_jobs_are_recorded(artifact, tmp_path):
    from cerebras.sdk.client import SdkRuntime

    with SdkRuntime(artifact, simulator=True) as runner:
        assert runner.is_simulator()
    meta = json.loads((tmp_path / "run_meta.json").read_text())
    assert (len(meta["compile_jobs"]), len(meta["execute_jobs"])) == (1, 1)
    assert len(list(tmp_path.glob("wsjob-*.json"))) == 2


def test_an_artifact_of_another_compiler_is_made_again(artifact, monkeypatch):
    from cerebras.sdk.client import SdkCompiler, _compiler

    monkeypatch.setattr(_compiler, "_compiler_stamp", lambda: "another")
    before = os.stat(artifact).st_mtime_ns
    with SdkCompiler() as compiler:
        assert compiler.compile(str(PROGRAMS / "arrays"), "layout.csl", OPTIONS, "compiled") == artifact
    assert os.stat(artifact).st_mtime_ns != before


def test_calls_at_the_wrong_time(artifact, tmp_path):
    from cerebras.sdk.client import SdkLauncher, SdkRuntime

    runtime = SdkRuntime(artifact, simulator=True)
    with pytest.raises(RuntimeError, match="E0602.*not running"):
        runtime.get_id("A")
    with runtime as runner:
        with pytest.raises(RuntimeError, match="E0602.*after stop"):
            runner.download_artifact("sim.log", "log")
    with SdkLauncher(artifact, simulator=True) as launcher:
        launcher.stage(str(PROGRAMS / "arrays" / "pe.csl"))
        assert launcher.run("head -1 pe.csl").startswith("//")
        with pytest.raises(RuntimeError, match="E0617.*%CMADDR%"):
            launcher.run("echo %CMADDR%")
        with pytest.raises(RuntimeError, match="E0617.*no `missing`"):
            launcher.download_artifact("missing", str(tmp_path))
        assert os.path.exists(launcher.download_artifact("latest", str(tmp_path / "got.tar.gz")))


def test_the_launcher_runs_commands_in_the_artifact(artifact):
    from cerebras.sdk.client import SdkLauncher

    with SdkLauncher(artifact, simulator=False) as launcher:
        assert launcher.run("ls -d latest; echo %CMADDR%").startswith("latest\n")
        with pytest.raises(RuntimeError, match="command error"):
            launcher.run("exit 3")


def test_compile_errors_are_exceptions(tmp_path, monkeypatch):
    from cerebras.appliance.errors import ApplianceUnknownError
    from cerebras.sdk.client import SdkCompiler

    monkeypatch.chdir(tmp_path)
    with pytest.raises(ApplianceUnknownError):
        SdkCompiler().compile(str(PROGRAMS / "arrays"), "layout.csl", "--memcpy --channels=1", str(tmp_path))
