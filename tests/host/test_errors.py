"""Mistakes at the host: each is an exception with a code and a text that says what to do."""
# SPDX-License-Identifier: Apache-2.0
import subprocess
import threading

import numpy as np
import pytest

from conftest import HEIGHT, PROGRAMS, SIZE, WIDTH
from test_runtime import copy_options, where

COUNT = WIDTH * HEIGHT * SIZE


def words(kind=np.float32, count=COUNT):
    return np.zeros(count, kind)


def read_only():
    array = words()
    array.flags.writeable = False
    return array


@pytest.mark.parametrize("call, code, text", [
    # Arrays.
    (lambda r: r.memcpy_h2d(1, words(count=COUNT - 1), *where(), **copy_options()), "E0611", "the copy needs 24"),
    (lambda r: r.memcpy_h2d(1, words(np.float64), *where(), **copy_options()), "E0611", "float64"),
    (lambda r: r.memcpy_d2h(words(np.uint16), 2, *where(), **copy_options(width=16)), "E0611", "32 bit"),
    (lambda r: r.memcpy_h2d(1, words(np.complex64), *where(), **copy_options()), "E0611", "complex64"),
    (lambda r: r.memcpy_h2d(1, words(">f4"), *where(), **copy_options()), "E0611", "byte order"),
    (lambda r: r.memcpy_d2h(words(">u4"), 1, *where(), **copy_options()), "E0611", "byte order"),
    (lambda r: r.memcpy_h2d(1, [0.0] * COUNT, *where(), **copy_options()), "E0611", "not list"),
    (lambda r: r.memcpy_d2h(None, 1, *where(), **copy_options()), "E0611", "not NoneType"),
    (lambda r: r.memcpy_d2h(read_only(), 1, *where(), **copy_options()), "E0611", "read-only"),
    (lambda r: r.memcpy_h2d_rowbcast(1, words(count=7), *where(), **copy_options()), "E0611", "the copy needs 8"),
    (lambda r: r.memcpy_h2d_colbcast(1, words(count=11), *where(), **copy_options()), "E0611", "the copy needs 12"),
    (lambda r: r.memcpy_h2d_stride(1, words(count=15), *where(), 2, 1, **copy_options()), "E0611", "the copy needs 16"),
    # Symbols and colors.
    (lambda r: r.memcpy_h2d(r.get_id("B"), words(), *where(), **copy_options()), "E0603", "exported variables: A, H"),
    (lambda r: r.memcpy_d2h(words(), 77, *where(), **copy_options()), "E0603", "77"),
    (lambda r: r.memcpy_d2h(words(), r.get_id("fill"), *where(), **copy_options()), "E0603", "`fill` is a function"),
    (lambda r: r.memcpy_h2d("A", words(), *where(), **copy_options()), "E0617", "'A', not an integer"),
    (lambda r: r.memcpy_d2h(words(), 5, *where(), **copy_options(streaming=True)), "E0607", "MEMCPYD2H_1"),
    # Region and options.
    (lambda r: r.memcpy_h2d(1, words(), -1, 0, WIDTH, HEIGHT, SIZE, **copy_options()), "E0604", "h2d subrectangle"),
    (lambda r: r.memcpy_d2h(words(), 1, 0, 1, WIDTH, HEIGHT, SIZE, **copy_options()), "E0604", "d2h subrectangle"),
    (lambda r: r.memcpy_h2d(1, words(), 0, 0, 0, HEIGHT, SIZE, **copy_options()), "E0604", "0 x 2 PEs"),
    (lambda r: r.memcpy_h2d(1, words(), 0, 0, WIDTH, HEIGHT, 0, **copy_options()), "E0605", "no copy"),
    (lambda r: r.memcpy_h2d(1, words(), 0, 0, WIDTH, HEIGHT, 1 << 20, **copy_options()), "E0605", "memory of a PE"),
    (lambda r: r.memcpy_h2d(1, words(), 0.5, 0, WIDTH, HEIGHT, SIZE, **copy_options()), "E0617", "px is 0.5"),
    (lambda r: r.memcpy_h2d_stride(1, words(), *where(), 0, 1, **copy_options()), "E0605", "must be positive"),
    (lambda r: r.memcpy_h2d(1, words(), *where(), **{**copy_options(), "order": 7}), "E0605", "Illegal order option"),
    (lambda r: r.memcpy_h2d(1, words(), *where(), **{**copy_options(), "data_type": "x"}), "E0605", "Illegal data type"),
    (lambda r: r.memcpy_h2d(1, words(), *where(), streaming=False, nonblock=True), "E0617", "to memcpy_h2d()"),
    # Functions.
    (lambda r: r.launch("nothing", nonblock=False), "E0603", "exported functions: `scale`"),
    (lambda r: r.launch("A", nonblock=False), "E0603", "exported as a variable"),
    (lambda r: r.launch(99, nonblock=False), "E0603", "99"),
    (lambda r: r.launch("scale", np.float32(1), nonblock=False), "E0606", "takes 2 arguments, the call gives 1"),
    (lambda r: r.launch("scale", 1.0, 1 << 20, nonblock=False), "E0606", "is `i16`"),
    (lambda r: r.launch("scale", np.float64(1), np.int64(1 << 20), nonblock=False), "E0606", "int` 1048576"),
    (lambda r: r.launch("scale", np.float64(1), np.int32(1), nonblock=False), "E0606", "gives `i32`"),
    (lambda r: r.launch("scale", np.zeros(2), np.int16(1), nonblock=False), "E0606", "float64"),
    (lambda r: r.launch("scale", "1", np.int16(1), nonblock=False), "E0606", "gives `str`"),
    (lambda r: r.launch("fill"), "E0617", "'launch'"),
    (lambda r: r.call("fill", []), "E0617", "'call'"),
    (lambda r: r.call("fill", ["x"], nonblock=False), "E0617", "32-bit words"),
    # Everything else.
    (lambda r: r.read_symbol(4, 1, "H", "U"), "E0617", "8 bytes"),
    (lambda r: r.read_symbol(4, 1, "H", object), "E0617", "object"),
    (lambda r: r.coord_logical_to_physical(3), "E0617", "a pair (x, y), not 3"),
    (lambda r: r.coord_logical_to_physical((0, "1")), "E0617", "y is '1'"),
    (lambda r: r.launch(np.zeros(2), nonblock=False), "E0617", "the function, if it is no name"),
    (lambda r: r.dump_core(None), "E0617", "dump_core() needs the name of a file"),
    (lambda r: r.get_id(5), "E0617", "the name of an export, not 5"),
    (lambda r: r.task_wait(3), "E0617", "not int"),
    (lambda r: r.read_symbol(0, 0, "A"), "E0603", "P0.0"),
    (lambda r: r.read_symbol(4, 1, "nothing"), "E0603", "`nothing`"),
    (lambda r: r.read_symbol(4, 1, "H", "c16"), "E0617", "8 bytes"),
    (lambda r: r.dump_core("/nowhere/at/all"), "E0820", "/nowhere/at/all"),
    (lambda r: r.send("s", words(), nonblock=True), "E0614", "streams of this program: none"),
])
def test_mistakes(runner, call, code, text):
    with pytest.raises(RuntimeError) as error:
        call(runner)
    assert error.value.code == code
    assert text in str(error.value)
    # The run goes on.
    runner.launch("fill", nonblock=False)


@pytest.mark.parametrize("bindir, arguments, code, text", [
    (None, (), "E0617", "compiled directory, not None"),
    (5, (), "E0617", "compiled directory, not 5"),
    (__file__, (), "E0601", "it is a file"),
    ("nowhere", (), "E0601", "no such directory"),
    ("arrays", (5,), "E0617", "what get_platform() returns, not 5"),
])
def test_what_a_runtime_opens(arrays, bindir, arguments, code, text):
    from cerebras.sdk.runtime.sdkruntimepybind import SdkRuntime

    with pytest.raises(RuntimeError) as error:
        SdkRuntime(arrays if bindir == "arrays" else bindir, *arguments)
    assert error.value.code == code
    assert text in str(error.value)


def test_a_copy_that_runs_past_its_array_is_reported_once(runner, capfd):
    more = SIZE + 2
    for _ in range(2):
        runner.memcpy_d2h(words(count=WIDTH * HEIGHT * more), 1, 0, 0, WIDTH, HEIGHT, more, **copy_options())
    runner.memcpy_d2h(words(np.uint32, WIDTH * HEIGHT * SIZE), 2, *where(), **copy_options(width=16))
    error = capfd.readouterr().err
    assert error.count("warning[W0701]") == 1
    assert f"the copy of {more} elements for `A` runs past the end of `A`" in error
    assert f"PE (0, 0): {4 * more} bytes at" in error


def test_tasks_belong_to_their_runtime(runner, arrays):
    from cerebras.sdk.runtime.sdkruntimepybind import SdkRuntime

    task = runner.launch("fill", nonblock=True)
    other = SdkRuntime(arrays)
    other.load()
    other.run()
    for call in (other.task_wait, other.is_task_done):
        with pytest.raises(RuntimeError, match="E0617.*another SdkRuntime"):
            call(task)
    other.stop()
    runner.stop()
    # All commands are complete after stop().
    runner.task_wait(task)
    assert runner.is_task_done(task)


def test_unknown_keywords_are_type_errors(runner):
    with pytest.raises(TypeError, match="colour"):
        runner.memcpy_h2d(1, words(), *where(), **copy_options(), colour=1)
    with pytest.raises(TypeError, match="colour"):
        runner.launch("fill", nonblock=True, colour=1)


def test_a_wrong_time_for_a_call(arrays, tmp_path, monkeypatch):
    from cerebras.sdk.debug.debug_util import debug_util
    from cerebras.sdk.runtime.sdkruntimepybind import SdkRuntime

    monkeypatch.chdir(tmp_path)
    runtime = SdkRuntime(str(arrays))

    def fails(call, code, text):
        with pytest.raises(RuntimeError) as error:
            call()
        assert error.value.code == code
        assert text in str(error.value)

    data = words()
    fails(runtime.run, "E0602", "if load() has not been called")
    fails(lambda: runtime.read_symbol(4, 1, "A"), "E0602", "load()")
    fails(lambda: runtime.dump_core("c"), "E0613", "Cannot call dump_core() if load() has not been called")
    fails(lambda: debug_util(str(tmp_path)), "E0602", "no run of")
    runtime.load()
    fails(lambda: runtime.memcpy_h2d(1, data, *where(), **copy_options()), "E0602", "must be running")
    runtime.run()
    runtime.stop()
    fails(runtime.stop, "E0602", "Cannot call stop() multiple times")
    fails(lambda: runtime.memcpy_d2h(data, 1, *where(), **copy_options()), "E0602", "no command may follow stop()")
    fails(lambda: runtime.launch("fill", nonblock=True), "E0602", "must be running")
    fails(runtime.load, "E0602", "multiple times")


def test_nothing_follows_a_failed_command(runner):
    with pytest.raises(RuntimeError) as error:
        runner.launch("stuck", nonblock=False)
    assert "`stuck`" in str(error.value) and "unblock" in str(error.value)
    with pytest.raises(RuntimeError, match="E0602.*already failed"):
        runner.launch("fill", nonblock=False)
    # The state stays readable.
    assert runner.read_symbol(4, 1, "A", "float32").size == SIZE


def test_two_threads_at_once(arrays, tmp_path, monkeypatch):
    from cerebras.sdk.runtime.sdkruntimepybind import SdkRuntime

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WEFT_MAX_CYCLES", "30000000")
    runtime = SdkRuntime(str(arrays))
    runtime.load()
    runtime.run()
    seen = set()

    def look():
        while not seen:
            try:
                runtime.read_symbol(4, 1, "A")
            except RuntimeError as error:
                seen.add(error.code)

    other = threading.Thread(target=look)
    other.start()
    # Either thread may be the one that comes second.
    while True:
        with pytest.raises(RuntimeError) as error:
            runtime.launch("spin", nonblock=False)
        if error.value.code != "E0610":
            break
        seen.add(error.value.code)
    seen.add("end")
    other.join()
    assert "E0610" in seen
    assert error.value.code == "E0609"


def test_options_of_the_runtime(arrays, tmp_path, monkeypatch, capfd):
    from cerebras.sdk.runtime import sdkruntimepybind as sdk

    monkeypatch.chdir(tmp_path)

    def fails(code, text, *args, **keywords):
        with pytest.raises(RuntimeError) as error:
            sdk.SdkRuntime(str(arrays), *args, **keywords)
        assert error.value.code == code
        assert text in str(error.value)

    fails("E0617", "mutual exclusive", setup_phase_only=True, run_phase_only=True)
    fails("E0617", "msg_level is one of", msg_level="LOUD")
    wse3 = "wse3" in sdk.SdkRuntime(str(arrays))._core.arch
    other = sdk.get_platform(None, sdk.SimfabConfig(), sdk.SdkTarget.WSE2 if wse3 else sdk.SdkTarget.WSE3)
    fails("E0617", "please use the correct compilation flag --arch=", other)
    with pytest.warns(UserWarning, match="unheard_of"):
        runtime = sdk.SdkRuntime(str(arrays), unheard_of=1, run_phase_only=True, msg_level="INFO",
                                 simfab_numthreads=64, suppress_simfab_trace=True)
    with pytest.raises(RuntimeError, match="Run phase .* cannot call load"):
        runtime.load()
    runtime.run()
    runtime.stop()
    assert "stopped at cycle" in capfd.readouterr().err
    assert not (tmp_path / "simfab_traces").exists()


def test_a_copy_needs_every_pe_to_export(tmp_path, monkeypatch):
    from cerebras.sdk.runtime.sdkruntimepybind import SdkRuntime

    monkeypatch.chdir(tmp_path)
    subprocess.run(["cslc", PROGRAMS / "partial" / "layout.csl", "--fabric-dims=9,3", "--fabric-offsets=4,1",
                    "--memcpy", "--channels=1", "-o", "out"], check=True, timeout=60)
    runtime = SdkRuntime("out")
    runtime.load()
    runtime.run()
    one, two = words(np.uint32, 1), words(np.uint32, 2)
    symbol = runtime.get_id("x")
    with pytest.raises(RuntimeError, match="PE \\(1, 0\\) does not export `x`"):
        runtime.memcpy_d2h(two, symbol, 0, 0, 2, 1, 1, **copy_options())
    runtime.memcpy_d2h(one, symbol, 0, 0, 1, 1, 1, **copy_options())
    assert one[0] == 5
    runtime.stop()


def test_the_runner_of_old_releases_names_its_successor():
    from cerebras.elf.cs_elf_runner import CSELFRunner
    with pytest.raises(NotImplementedError, match="E0612.*use .*SdkRuntime"):
        CSELFRunner(["out/bin/out_0.elf"])
