"""What a run leaves on disk, and the commands that read it: sim.log, statistics, traces, cores, csdb, cs_readelf."""
# SPDX-License-Identifier: Apache-2.0
import json
import re
import subprocess

import numpy as np
import pytest

from conftest import HEIGHT, SIZE, WIDTH
from test_runtime import copy_options, where


def run(*words, text_in=None, **options):
    return subprocess.run(list(words), capture_output=True, text=True, timeout=60, input=text_in, **options)


@pytest.fixture
def streamed(runner):
    """A stopped run with streams in both directions, a launch and a core."""
    data = np.arange(WIDTH * HEIGHT * 2, dtype=np.uint32)
    back = np.zeros_like(data)
    options = copy_options(streaming=True)
    runner.memcpy_h2d(5, data, 0, 0, WIDTH, HEIGHT, 2, **{**options, "nonblock": True})
    runner.memcpy_d2h(back, 6, 0, 0, WIDTH, HEIGHT, 2, **options)
    runner.launch("fill", nonblock=False)
    runner.dump_core("corefile.cs1")
    runner.stop()
    return runner


def test_the_log_says_what_is_known(streamed, tmp_path):
    log = (tmp_path / "sim.log").read_text()
    cycles = streamed._core.cycles
    assert re.search(r"^@0 dimX=10, dimY=4$", log, re.M)
    assert re.search(r"^@0 P4\.1 \(hwtile\)", log, re.M)
    assert re.search(rf"^@{cycles} Simulation used .* cycles={cycles}, ", log, re.M)
    idle, quiet = re.search(r"(\d+) cycles since an instruction was executed, (\d+) cycles since a wavelet", log).groups()
    assert 0 <= int(idle) < int(quiet) < cycles
    stats = dict(re.findall(r"CTF Stats:\s+(\w+)\s+=\s+(\d+)", log))
    assert int(stats["num_inst_dispatch"]) > 0
    # What is not counted has no line.
    assert "num_stalls_" not in stats and "num_switch_pos" not in stats


def test_statistics_are_measured(streamed, tmp_path):
    stats = json.loads((tmp_path / "sim_stats.json").read_text())
    assert stats["cycle_count"] == streamed._core.cycles
    assert (stats["fabric_x"], stats["fabric_y"]) == (10, 4)
    assert stats["simulated_tile_count"] == WIDTH * HEIGHT
    assert stats["threads"] >= 1
    assert stats["init_time"] > 0
    assert 0 <= stats["idle_ce_cycles"] < stats["idle_wavelet_cycles"] < stats["cycle_count"]
    assert "sunset_count" not in stats
    config = json.loads((tmp_path / "simconfig.json").read_text())
    assert config["threading"]["numThreads"] == stats["threads"]


def test_the_trace_has_every_arrival(streamed, tmp_path):
    result = run("sdk_debug_shell", "wavelet-trace", "--artifact_dir", ".", "--x", "4", "--y", "1", "trace", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    # Two words in from the host, two words out from the ramp.
    assert [line.split(" ", 1)[1].split(",")[0] for line in lines if " C5 " in line] == [
        "P4.1 landing C5 from link W"] * 2
    assert len([line for line in lines if " C6 from link R" in line]) == 2
    assert (tmp_path / "simfab_traces" / "metadata").read_text().startswith("/* CTF 1.8 */")


def test_a_trace_can_be_limited_and_suppressed(arrays, tmp_path, monkeypatch):
    from cerebras.sdk.runtime.sdkruntimepybind import SdkRuntime

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WEFT_TRACE_EVENTS", "3")
    for suppress in ("1", "0"):
        monkeypatch.setenv("CSL_SUPPRESS_SIMFAB_TRACE", suppress)
        runtime = SdkRuntime(str(arrays))
        runtime.load()
        runtime.run()
        runtime.memcpy_h2d(5, np.zeros(WIDTH * HEIGHT, np.uint32), *where()[:4], 1, **copy_options(streaming=True))
        runtime.stop()
        assert (tmp_path / "simfab_traces").exists() == (suppress == "0")
    assert json.loads((tmp_path / "simfab_traces" / "global_simdata.json").read_text())["truncated"]


def test_landing_lines(arrays, tmp_path, monkeypatch):
    from cerebras.sdk.runtime.sdkruntimepybind import SdkRuntime

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SIMFABRIC_DEBUG", "landing,router")
    runtime = SdkRuntime(str(arrays))
    runtime.load()
    runtime.run()
    words = np.full(WIDTH * HEIGHT, 0x3C00, np.uint32)
    runtime.memcpy_h2d(5, words, *where()[:4], 1, **copy_options(streaming=True))
    runtime.memcpy_d2h(words, 6, *where()[:4], 1, **copy_options(streaming=True))
    runtime.stop()
    log = (tmp_path / "sim.log").read_text()
    found = re.findall(r"^@\d+ P\d+\.\d+ \(hwtile\) landing C5 from link W, ctrl=0, idx=0000, data=3C00 "
                       r"\(\+1\.000\(\+00\)\), (?:half=0, )?ident=[0-9A-F]{16}, lf=0$", log, re.M)
    assert len(found) == WIDTH * HEIGHT
    assert "@0 Global debug flag: landing,router" in log
    assert re.search(r"^@\d+ P\d+\.\d+ \(hwtile\) wavelet C5 ", log, re.M)


def test_csdb_reads_a_core(streamed, arrays, tmp_path):
    commands = "\n".join([
        "settings", "target create --core-file=corefile.cs1", "target show", "rectangle select 5,1 --dimension=1,1",
        "image lookup --name H", "symbol read --name H", "state", "register read", "wavelet read-trace --color 5",
        "rectangle deselect 5,1,1,1", "rectangle show", "memory read --address 0 --length 6 --stdoutput", "nonsense",
        "memory read", "target create --core-file=missing", "help", "exit", "settings"])
    result = run("csdb", text_in=commands, cwd=tmp_path)
    assert result.returncode == 0
    out = result.stdout
    assert "Starting debug shell..." in out
    assert "Rect(x=5, y=1, width=1, height=1) selected." in out
    assert "(5,1) H: 10 11 12 13" in out
    assert re.search(r"\(5,1\) H: address 0x\w+, 8 bytes, \[4\]u16", out)
    assert "Removing ('', Rect(x=5, y=1, width=1, height=1))" in out
    assert f"Rect(x=4, y=1, width={WIDTH}, height={HEIGHT})" in out
    assert re.search(r"^\(4,1\) 0000: \w{4} \w{4} \w{4} \w{4}$", out, re.M)
    assert re.search(r"^ +P5\.1 +\d+ +5 +0 +W +0000 +\w{4}$", out, re.M)
    assert "main thread: idle" in out
    assert out.count("ERROR:csdb:") == 3
    assert out.count("Workdir: ") == 1


def test_csdb_writes_memory_to_a_file(streamed, tmp_path):
    run("csdb", str(tmp_path), text_in="target create --core-file corefile.cs1\nrectangle select 4,1,1,1\n"
        "memory read --address 0x4 --length 8\n")
    lines = (tmp_path / "memory-x4y1w1h1_0004_000c.log").read_text().splitlines()
    assert [line.split(":")[0] for line in lines] == ["(4,1) 0004", "(4,1) 0008"]


def test_csdb_shows_registers(logged, tmp_path, monkeypatch):
    from cerebras.sdk.runtime.sdkruntimepybind import SdkRuntime

    monkeypatch.chdir(tmp_path)
    runtime = SdkRuntime(str(logged[1]))
    runtime.load()
    runtime.run()
    runtime.dump_core("before")
    runtime.launch("go", nonblock=False)
    runtime.stop()
    runtime.dump_core("corefile.cs1")

    def registers(core, *rest):
        out = run("csdb", text_in="\n".join([f"target create --core-file={core}", *rest]), cwd=tmp_path).stdout
        rows = re.findall(r"^\((\d),1\) ([\w.]+): ([0-9a-f]+) (.*)$", out, re.M)
        return {(int(x), name): (value, meaning) for x, name, value, meaning in rows}, out

    routes, switch = ("7f23", "7f43") if logged[0] == "wse2" else ("7c03", "7c23")
    fresh, _ = registers("before", "register read")
    found, _ = registers("corefile.cs1", "register read")
    # rx RAMP, tx EAST; rx WEST, tx RAMP. Position 1 receives from the ramp; the command has moved there, bit 13.
    for core in (fresh, found):
        assert core[4, routes] == ("0202", "color 3: routes")
        assert core[5, routes] == ("0030", "color 3: routes")
    assert fresh[5, switch] == ("055c", "color 3: switch")
    assert found[5, switch] == ("255c", "color 3: switch")
    assert (4, "S0DS2") not in fresh
    value, meaning = found[4, "S0DS2"]
    assert len(value) == 16 and re.fullmatch(r"mem1d, address 0x\w{4}, 8 elements, stride 1", meaning)
    assert found[4, "task.active"][0] == "0" * 16
    # Bit 7 of the output queues: nothing waits.
    assert found[4, "7d82"] == ("00ff", "output queues: empty")
    one, out = registers("corefile.cs1", "rectangle select 4,1,1,1", "register read --name DS", "register read --name zork")
    assert set(one) == {(4, "S0DS2")}
    assert "ERROR:csdb: no register of the selected PEs has `zork` in its line" in out
    _, out = registers("corefile.cs1", "step", "break 12", "register write", "memory write", "target save-core")
    assert out.count("`weft repl` runs and steps programs") == 2
    assert out.count("ERROR:csdb: only a live target can be") == 3


def test_a_core_at_the_end_of_the_run(arrays, tmp_path, monkeypatch):
    from cerebras.sdk.runtime import sdkruntimepybind as sdk

    monkeypatch.chdir(tmp_path)
    for path in (None, "deep.core"):
        config = sdk.SimfabConfig(dump_core=True, core_path=path)
        target = sdk.SdkTarget.WSE3 if sdk.SdkRuntime(arrays)._core.arch == "wse3" else sdk.SdkTarget.WSE2
        runtime = sdk.SdkRuntime(arrays, sdk.get_simulator(config, target))
        runtime.load()
        runtime.run()
        runtime.stop()
        result = run("csdb", text_in=f"target create --core-file {path or 'out.core'}\ntarget list\n", cwd=tmp_path)
        assert "3 x 2 PEs at (4, 1)" in result.stdout


def test_readelf(arrays):
    assert f"(4, 1): " in run("cs_readelf", "-m", arrays).stdout
    assert len(run("cs_readelf", "-m", arrays).stdout.splitlines()) == WIDTH * HEIGHT
    assert run("cs_readelf", "--ms", "--tile", "5,2", arrays).stdout.startswith("(5, 2): ")
    assert run("cs_readelf", "-s", arrays).stdout == "fabric 10 x 4, program 3 x 2 at (4, 1)\n"
    assert len(run("cs_readelf", "--visualize", arrays).stdout.splitlines()[0]) == WIDTH
    symbols = run("cs_readelf", "--symbols", arrays).stdout
    row = next(line.split() for line in symbols.splitlines() if line.endswith(" H"))
    assert row[2] == str(2 * SIZE)
    dump = run("cs_readelf", "--xp=0", arrays)
    assert dump.returncode == 0
    assert run("cs_readelf", "--xp=99", arrays).returncode == 2
    assert run("cs_readelf", "--fs", arrays).returncode == 0


def test_strided_copies(runner):
    symbol = runner.get_id("A")
    data = np.arange(2 * 2 * SIZE, dtype=np.float32)
    back = np.zeros((HEIGHT, WIDTH, SIZE), np.float32)
    for order in ("ROW_MAJOR", "COL_MAJOR"):
        before = runner._core.cycles
        runner.memcpy_h2d_stride(symbol, data, *where(), 2, 1, **copy_options(order))
        # One command, whatever the number of PEs.
        assert runner._core.cycles - before < 1000
        runner.memcpy_d2h(back, symbol, *where(), **copy_options())
        sent = data.reshape(2, 2, SIZE, order="C" if order == "ROW_MAJOR" else "F")
        np.testing.assert_array_equal(back[:, ::2], sent)
        np.testing.assert_array_equal(back[:, 1], 0)
    runner.memcpy_h2d_stride(symbol, np.full(SIZE, 9, np.float32), *where(), 7, 7, **copy_options())
    runner.memcpy_d2h(back, symbol, *where(), **copy_options())
    np.testing.assert_array_equal(back[0, 0], 9)
    np.testing.assert_array_equal(back[1, 0], data.reshape(2, 2, SIZE, order="F")[1, 0])
