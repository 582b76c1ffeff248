"""The Python runtime end to end: copies in both orders and widths, streaming, launches, errors, reading symbols."""
# SPDX-License-Identifier: Apache-2.0
import json
import os
import subprocess
import sys
import time

import numpy as np
import pytest

from conftest import HEIGHT, PROGRAMS, SIZE, WIDTH

COPY = {"streaming": False, "nonblock": False}


def copy_options(order="ROW_MAJOR", width=32, **more):
    from cerebras.sdk.runtime.sdkruntimepybind import MemcpyDataType, MemcpyOrder

    return {
        **COPY,
        "order": getattr(MemcpyOrder, order),
        "data_type": getattr(MemcpyDataType, f"MEMCPY_{width}BIT"),
        **more,
    }


def where():
    return 0, 0, WIDTH, HEIGHT, SIZE


@pytest.mark.parametrize("order", ["ROW_MAJOR", "COL_MAJOR"])
def test_what_goes_in_comes_out(runner, order):
    data = np.random.default_rng(1).random(WIDTH * HEIGHT * SIZE).astype(np.float32)
    back = np.zeros_like(data)
    symbol = runner.get_id("A")
    runner.memcpy_h2d(symbol, data, *where(), **copy_options(order))
    runner.memcpy_d2h(back, symbol, *where(), **copy_options(order))
    np.testing.assert_array_equal(back, data)


def test_orders_are_the_documented_ones(runner):
    data = np.arange(WIDTH * HEIGHT * SIZE, dtype=np.float32)
    back = np.zeros_like(data)
    symbol = runner.get_id("A")
    runner.memcpy_h2d(symbol, data, *where(), **copy_options("ROW_MAJOR"))
    runner.memcpy_d2h(back, symbol, *where(), **copy_options("COL_MAJOR"))
    np.testing.assert_array_equal(back.reshape(HEIGHT, WIDTH, SIZE, order="F"), data.reshape(HEIGHT, WIDTH, SIZE))


def test_sixteen_bit_elements_travel_in_words(runner):
    runner.launch("fill", nonblock=False)
    words = np.zeros(WIDTH * HEIGHT * SIZE, np.uint32)
    runner.memcpy_d2h(words, runner.get_id("H"), *where(), **copy_options(width=16))
    y, x, i = np.meshgrid(range(HEIGHT), range(WIDTH), range(SIZE), indexing="ij")
    np.testing.assert_array_equal(words.reshape(HEIGHT, WIDTH, SIZE), y * 100 + x * 10 + i)
    # The high halves are ignored on the way in.
    runner.memcpy_h2d(runner.get_id("H"), words + (7 << 16), *where(), **copy_options(width=16))
    again = np.zeros_like(words)
    runner.memcpy_d2h(again, runner.get_id("H"), *where(), **copy_options(width=16))
    np.testing.assert_array_equal(again, words)


def test_broadcasts(runner):
    symbol = runner.get_id("A")
    back = np.zeros((HEIGHT, WIDTH, SIZE), np.float32)
    column = np.arange(HEIGHT * SIZE, dtype=np.float32)
    runner.memcpy_h2d_rowbcast(symbol, column, *where(), **copy_options())
    runner.memcpy_d2h(back, symbol, *where(), **copy_options())
    np.testing.assert_array_equal(back, np.broadcast_to(column.reshape(HEIGHT, 1, SIZE), back.shape))
    row = np.arange(WIDTH * SIZE, dtype=np.float32)
    runner.memcpy_h2d_colbcast(symbol, row, *where(), **copy_options())
    runner.memcpy_d2h(back, symbol, *where(), **copy_options())
    np.testing.assert_array_equal(back, np.broadcast_to(row.reshape(1, WIDTH, SIZE), back.shape))


def test_a_region_touches_its_pes_only(runner):
    symbol = runner.get_id("A")
    runner.memcpy_h2d(symbol, np.ones(SIZE, np.float32), 1, 1, 1, 1, SIZE, **copy_options())
    back = np.zeros((HEIGHT, WIDTH, SIZE), np.float32)
    runner.memcpy_d2h(back, symbol, *where(), **copy_options())
    expected = np.zeros_like(back)
    expected[1, 1] = 1
    np.testing.assert_array_equal(back, expected)


def test_launch_passes_arguments(runner):
    symbol = runner.get_id("A")
    data = np.arange(WIDTH * HEIGHT * SIZE, dtype=np.float32)
    runner.memcpy_h2d(symbol, data, *where(), **copy_options(nonblock=True))
    runner.launch("scale", np.float32(1.5), np.int16(-3), nonblock=True)
    back = np.zeros_like(data)
    runner.memcpy_d2h(back, symbol, *where(), **copy_options())
    np.testing.assert_array_equal(back, data * np.float32(1.5) - 3)


def test_streams(runner):
    words = np.arange(WIDTH * HEIGHT * 3, dtype=np.uint32)
    back = np.zeros_like(words)
    options = copy_options(streaming=True)
    # The kernel echoes as it receives: the host must take words while it gives them.
    runner.memcpy_h2d(5, words, 0, 0, WIDTH, HEIGHT, 3, **{**options, "nonblock": True})
    runner.memcpy_d2h(back, 6, 0, 0, WIDTH, HEIGHT, 3, **options)
    np.testing.assert_array_equal(back, words + 1)
    runner.stop()
    assert runner.read_symbol(4, 1, "received", "uint32")[0] == 3


def test_nonblocking_copies_complete_in_order_and_stop_drains(runner):
    symbol = runner.get_id("A")
    back = np.zeros((WIDTH * HEIGHT * SIZE, 2), np.float32)
    for k in range(2):
        runner.memcpy_h2d(symbol, np.full(WIDTH * HEIGHT * SIZE, k + 1, np.float32), *where(), **copy_options(nonblock=True))
        # A column of an array: not contiguous.
        task = runner.memcpy_d2h(back[:, k], symbol, *where(), **copy_options(nonblock=True))
    assert not back.any()
    runner.stop()
    assert runner.is_task_done(task)
    np.testing.assert_array_equal(back, np.broadcast_to([1, 2], back.shape))


def test_polling_gets_there(runner):
    task = runner.launch("fill", nonblock=True)
    for _ in range(100):
        if runner.is_task_done(task):
            return
    pytest.fail("never done")


@pytest.mark.parametrize("call, text", [
    (lambda r: r.memcpy_h2d(1, np.zeros(1, np.float32), 3, 0, 1, 1, 1, **copy_options()),
     "h2d subrectangle must be inside the core rectangle"),
    (lambda r: r.memcpy_h2d(1, np.zeros(3, np.float32), *where(), **copy_options()), "E0611"),
    (lambda r: r.memcpy_h2d(1, np.zeros(24, np.float64), *where(), **copy_options()), "should be 32 bit"),
    (lambda r: r.memcpy_h2d(99, np.zeros(24, np.float32), *where(), **copy_options()), "E0603"),
    (lambda r: r.memcpy_h2d(7, np.zeros(24, np.float32), *where(), **copy_options(streaming=True)), "E0607"),
    (lambda r: r.memcpy_h2d(1, np.zeros(24, np.float32), *where(), streaming=False),
     "Must specify the streaming, data_type, order, and nonblock kwargs to memcpy_h2d()"),
    (lambda r: r.launch("nothing", nonblock=False), "Cannot find exported function with name nothing"),
    (lambda r: r.launch("scale", np.float32(1), nonblock=False), "functional protype does not match"),
    (lambda r: r.launch("scale", np.float32(1), np.float32(1), nonblock=False), "functional protype does not match"),
    (lambda r: r.launch("fill"), "Must specify the nonblock kwarg to 'launch'"),
    (lambda r: r.load(), "Cannot call load() multiple times"),
    (lambda r: r.run(), "Cannot call run() multiple times"),
])
def test_mistakes_are_runtime_errors(runner, call, text):
    with pytest.raises(RuntimeError) as error:
        call(runner)
    assert text in str(error.value)


def test_launch_before_load(arrays, tmp_path, monkeypatch):
    from cerebras.sdk.runtime.sdkruntimepybind import SdkRuntime

    monkeypatch.chdir(tmp_path)
    runtime = SdkRuntime(str(arrays))
    assert runtime.get_id("A") == 1
    assert runtime.get_id("nothing") is None
    with pytest.raises(RuntimeError, match="SdkRuntime must be running"):
        runtime.launch("fill", nonblock=False)
    with pytest.raises(RuntimeError, match="Cannot call stop"):
        runtime.stop()


def test_a_missing_directory(tmp_path):
    from cerebras.sdk.runtime.sdkruntimepybind import SdkRuntime

    with pytest.raises(RuntimeError, match="E0601"):
        SdkRuntime(str(tmp_path / "nothing"))


def test_a_kernel_that_never_unblocks_is_named(runner):
    with pytest.raises(RuntimeError) as error:
        runner.launch("stuck", nonblock=False)
    assert "stuck" in str(error.value)
    assert error.value.code.startswith("E07")


def test_cycle_limit_names_the_loop(arrays, tmp_path):
    script = ("from cerebras.sdk.runtime.sdkruntimepybind import SdkRuntime\n"
              f"r = SdkRuntime({str(arrays)!r})\nr.load()\nr.run()\nr.launch('spin', nonblock=False)\n")
    run = subprocess.run(["cs_python", "-c", script], cwd=tmp_path, env={**os.environ, "WEFT_MAX_CYCLES": "200000"},
                         capture_output=True, text=True, timeout=60)
    assert run.returncode != 0
    assert "E0609" in run.stderr
    assert "pe.csl" in run.stderr


def test_ctrl_c_interrupts_a_blocking_call(arrays, tmp_path):
    script = ("from cerebras.sdk.runtime.sdkruntimepybind import SdkRuntime\n"
              f"r = SdkRuntime({str(arrays)!r})\nr.load()\nr.run()\nprint('ready', flush=True)\n"
              "r.launch('spin', nonblock=False)\n")
    process = subprocess.Popen(["cs_python", "-c", script], cwd=tmp_path, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.3)
    process.send_signal(2)
    _, errors = process.communicate(timeout=20)
    assert process.returncode != 0
    assert "KeyboardInterrupt" in errors
    assert "E0608" in errors


@pytest.mark.parametrize("threads", ["1", "2"])
def test_a_fork_leaves_the_runs_of_its_parent_alone(arrays, tmp_path, threads):
    script = (
        "import os, sys, numpy as np\n"
        "from cerebras.sdk.runtime.sdkruntimepybind import SdkRuntime\n"
        "def start():\n    r = SdkRuntime(sys.argv[1])\n    r.load()\n    r.run()\n"
        "    r.launch('fill', nonblock=False)\n    return r\n"
        "r = start()\n"
        "if os.fork() == 0:\n"
        "    try:\n        r.launch('fill', nonblock=False)\n"
        "    except RuntimeError as e:\n        print(e.code, flush=True)\n"
        "    start().stop()\n"
        # Ends as a script does, with all destructors.
        "    sys.exit(3)\n"
        "print(os.wait()[1] >> 8)\n"
        "r.launch('fill', nonblock=False)\nr.stop()\n")
    result = subprocess.run(["cs_python", "-c", script, arrays], cwd=tmp_path, capture_output=True, text=True, timeout=60,
                            env={**os.environ, "WEFT_THREADS": threads})
    assert (result.stdout, result.returncode) == ("E0610\n3\n", 0), result.stderr


def test_an_exception_between_run_and_stop_ends_at_once(arrays, tmp_path):
    script = ("from cerebras.sdk.runtime.sdkruntimepybind import SdkRuntime\n"
              f"r = SdkRuntime({str(arrays)!r})\nr.load()\nr.run()\nr.launch('fill', nonblock=True)\nraise SystemExit(3)\n")
    run = subprocess.run(["cs_python", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=20)
    assert run.returncode == 3


def test_the_folder_may_change_after_construction(arrays, tmp_path, monkeypatch):
    from cerebras.sdk.runtime.sdkruntimepybind import SdkRuntime

    monkeypatch.chdir(arrays.parent)
    runtime = SdkRuntime("out")
    monkeypatch.chdir(tmp_path)
    runtime.load()
    runtime.run()
    runtime.launch("fill", nonblock=False)
    runtime.stop()
    log = (tmp_path / "sim.log").read_text()
    assert "dimX=10, dimY=4" in log
    assert f"cycles={runtime._core.cycles}," in log
    assert (tmp_path / "sim_stats.json").exists()


def test_debug_util_reads_after_stop(runner, arrays):
    from cerebras.sdk.debug.debug_util import debug_util

    runner.launch("fill", nonblock=False)
    runner.stop()
    values = debug_util(str(arrays)).get_symbol_rect(((4, 1), (WIDTH, HEIGHT)), "H", np.uint16)
    assert values.shape == (WIDTH, HEIGHT, SIZE)
    assert values[2, 1, 3] == 123


def test_both_engines_take_the_same_cycles(arrays, tmp_path):
    script = ("import numpy as np\nfrom cerebras.sdk.runtime.sdkruntimepybind import *\n"
              f"r = SdkRuntime({str(arrays)!r})\nr.load()\nr.run()\nr.launch('fill', nonblock=False)\nr.stop()\n")
    cycles = set()
    for engine in ("interp", "jit"):
        for threads in ("1", "2"):
            file = tmp_path / f"{engine}{threads}"
            subprocess.run(["cs_python", "-c", script], cwd=tmp_path, check=True, timeout=60,
                           env={**os.environ, "WEFT_ENGINE": engine, "WEFT_THREADS": threads,
                                "WEFT_REPORT_FILE": str(file)})
            cycles.add(json.loads(file.read_text())["cycles"])
    assert len(cycles) == 1


def test_python_is_debians():
    run = subprocess.run(["cs_python", "-c", "import sys; print(sys.executable)"], capture_output=True, text=True)
    assert run.stdout.strip() == "/usr/bin/python3"
    assert sys.version_info >= (3, 9)


@pytest.mark.parametrize("endless", [0, 1])
def test_stop_lets_the_device_come_to_rest(tmp_path, monkeypatch, endless):
    from cerebras.sdk.runtime.sdkruntimepybind import SdkRuntime

    monkeypatch.chdir(tmp_path)
    subprocess.run(
        ["cslc", PROGRAMS / "late" / "layout.csl", "--fabric-dims=8,3", "--fabric-offsets=4,1",
         f"--params=endless:{endless}", "-o", "out", "--memcpy", "--channels=1"],
        check=True, timeout=60)
    runtime = SdkRuntime("out")
    runtime.load()
    runtime.run()
    runtime.launch("go", nonblock=False)
    runtime.stop()
    steps = runtime.read_symbol(4, 1, "steps", "uint16")[0]
    # What the last command started runs to its end; what has no end is cut off.
    assert steps > 5 if endless else steps == 5


def test_of_a_longer_array_the_first_elements_are_copied(runner):
    data = np.arange(WIDTH * HEIGHT * SIZE + 5, dtype=np.float32)
    back = np.full(WIDTH * HEIGHT * SIZE + 3, -1, dtype=np.float32)
    symbol = runner.get_id("A")
    runner.memcpy_h2d(symbol, data, *where(), **copy_options())
    runner.memcpy_d2h(back, symbol, *where(), **copy_options())
    np.testing.assert_array_equal(back[:-3], data[:-5])
    assert (back[-3:] == -1).all()
