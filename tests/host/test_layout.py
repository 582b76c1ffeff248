"""Host-side layouts: regions, ports, connections, streams, initial values."""
# SPDX-License-Identifier: Apache-2.0
import json
import os
import pathlib
import subprocess

import numpy as np
import pytest

from conftest import PROGRAMS

ADDER = str(PROGRAMS / "streams" / "adder.csl")
TABLE = str(PROGRAMS / "streams" / "table.csl")
SIZE = 6


@pytest.fixture(params=["WSE2", "WSE3"])
def layout(request, tmp_path, monkeypatch):
    from cerebras.sdk.runtime.sdkruntimepybind import SdkLayout, SdkTarget

    monkeypatch.chdir(tmp_path)
    return SdkLayout(getattr(SdkTarget, request.param))


def add_region(layout, name, x, y, size=SIZE):
    """An adder at (x, y) with its ports a, b and sum."""
    from cerebras.sdk.runtime.sdkruntimepybind import Edge, Route, RoutingPosition

    region = layout.create_code_region(ADDER, name, 1, 1)
    region.set_param_all("size", size)
    ports = {}
    for color_name in ("a", "b", "sum"):
        color = region.color(color_name)
        region.set_param_all(color)
        if color_name == "sum":
            routes = [RoutingPosition().set_input([Route.RAMP])]
            ports[color_name] = region.create_output_port(color, Edge.RIGHT, routes, size)
        else:
            routes = [RoutingPosition().set_output([Route.RAMP])]
            ports[color_name] = region.create_input_port(color, Edge.LEFT, routes, size)
    region.place(x, y)
    return ports


def start(layout, **keywords):
    from cerebras.sdk.runtime.sdkruntimepybind import SdkRuntime

    runtime = SdkRuntime(layout.compile("out"), memcpy_required=False, **keywords)
    runtime.load()
    runtime.run()
    return runtime


@pytest.fixture
def adder(layout):
    """A running adder at (2, 1): runtime, streams a, b, sum."""
    ports = add_region(layout, "adder", 2, 1)
    a, b = layout.create_input_stream(ports["a"]), layout.create_input_stream(ports["b"], io_buffer_size=2)
    out = layout.create_output_stream(ports["sum"])
    runtime = start(layout)
    yield runtime, a, b, out


def test_streams_move_at_the_same_time(adder):
    runtime, a, b, out = adder
    x, y = np.arange(SIZE, dtype=np.float32), np.arange(SIZE, dtype=np.float32) * 1000
    total = np.zeros(SIZE, np.float32)
    task = runtime.receive(out, total, SIZE, nonblock=True)
    runtime.send(b, y.view(np.uint16), SIZE, nonblock=True)
    assert not runtime.is_task_done(task)
    sent = runtime.send(a, x, nonblock=True)
    assert not total.any()
    runtime.stop()
    assert runtime.is_task_done(task) and runtime.is_task_done(sent)
    np.testing.assert_array_equal(total, x + y)


def test_blocking_calls_and_several_transfers(adder):
    runtime, a, b, out = adder
    total = np.zeros(2 * SIZE, np.float32)
    words = np.arange(2 * SIZE, dtype=np.float32)
    # The buffer of `a` holds what the PE has not taken; the one of `b` is small, so it has to wait for the PE.
    runtime.send(a, words[:SIZE], SIZE, nonblock=False)
    runtime.send(a, words[SIZE:], SIZE, nonblock=False)
    runtime.send(b, words, 2 * SIZE, nonblock=True)
    first = runtime.receive(out, total[:4], 4, nonblock=True)
    runtime.task_wait(first)
    np.testing.assert_array_equal(total, np.where(np.arange(2 * SIZE) < 4, 2 * words, 0))
    runtime.receive(out, total[4:], 2 * SIZE - 4, nonblock=False)
    runtime.stop()
    np.testing.assert_array_equal(total, 2 * words)


def test_regions_are_connected_by_paths(layout):
    first = add_region(layout, "first", 1, 4)
    second = add_region(layout, "second", 5, 0)
    layout.connect(first["sum"], second["b"])
    streams = [layout.create_input_stream(p) for p in (first["a"], first["b"], second["a"])]
    out = layout.create_output_stream(second["sum"])
    runtime = start(layout)
    words = np.arange(SIZE, dtype=np.float32)
    total = np.zeros(SIZE, np.float32)
    for stream in streams:
        runtime.send(stream, words, nonblock=True)
    runtime.receive(out, total, SIZE, nonblock=False)
    runtime.stop()
    np.testing.assert_array_equal(total, 3 * words)
    np.testing.assert_array_equal(runtime.read_symbol(1, 4, "held", "float32"), words)


PASS = str(PROGRAMS / "streams" / "pass.csl")


def pass_region(layout, name, width, height, x, y, edge, is_input):
    """Senders or receivers of SIZE words at (x, y) with one port along `edge`."""
    from cerebras.geometry.geometry import IntVector
    from cerebras.sdk.runtime.sdkruntimepybind import Route, RoutingPosition

    region = layout.create_code_region(PASS, name, width, height)
    color = region.color("wire")
    region.set_param_all(color)
    region.set_param_all("size", SIZE)
    region.set_param_all("sends", 0 if is_input else 1)
    for i in range(width * height):
        region.set_param(IntVector(i % width, i // width), "base", 100 * i)
    region.place(x, y)
    if is_input:
        return region.create_input_port(color, edge, [RoutingPosition().set_output([Route.RAMP])], SIZE)
    return region.create_output_port(color, edge, [RoutingPosition().set_input([Route.RAMP])], SIZE)


def assert_passed(runtime, width, height, x, y):
    for i in range(width * height):
        words = runtime.read_symbol(x + i % width, y + i // width, "words", "uint32")
        np.testing.assert_array_equal(words, 100 * i + np.arange(SIZE))


@pytest.mark.parametrize("width, height, start_at, end_at, leave, arrive", [
    (1, 4, (0, 0), (5, 0), "RIGHT", "LEFT"),
    (1, 4, (1, 1), (7, 3), "RIGHT", "LEFT"),
    (1, 4, (1, 5), (8, 0), "RIGHT", "LEFT"),
    (4, 1, (5, 0), (1, 5), "BOTTOM", "TOP"),
    # Too little room between: the last path goes around.
    (4, 1, (5, 2), (4, 6), "BOTTOM", "TOP"),
    (3, 1, (0, 6), (4, 0), "TOP", "BOTTOM"),
])
def test_wide_ports_are_connected(layout, width, height, start_at, end_at, leave, arrive):
    from cerebras.sdk.runtime.sdkruntimepybind import Edge

    out = pass_region(layout, "out", width, height, *start_at, getattr(Edge, leave), False)
    layout.connect(out, pass_region(layout, "into", width, height, *end_at, getattr(Edge, arrive), True))
    runtime = start(layout)
    runtime.stop()
    assert_passed(runtime, width, height, *end_at)


def test_a_port_fans_out(layout):
    from cerebras.sdk.runtime.sdkruntimepybind import Edge

    out = pass_region(layout, "out", 1, 3, 0, 0, Edge.RIGHT, False)
    places = [(4, 0), (8, 1), (12, 0)]
    for k, place in enumerate(places):
        layout.connect(out, pass_region(layout, f"into{k}", 1, 3, *place, Edge.LEFT, True))
    with pytest.raises(RuntimeError, match="E0616.*cannot be used"):
        layout.create_output_stream(out)
    runtime = start(layout)
    runtime.stop()
    for place in places:
        assert_passed(runtime, 1, 3, *place)
    # The programs of each region once more; PEs that differ in a param only share one.
    programs = {path.read_bytes() for path in pathlib.Path("out/bin").glob("*.elf")}
    elves = sorted(pathlib.Path("out/executables").iterdir())
    assert [elf.name for elf in elves] == ["into0-0.elf", "into1-0.elf", "into2-0.elf", "out-0.elf"]
    assert all(elf.read_bytes() in programs for elf in elves)


def test_paths_that_would_have_to_cross(layout):
    from cerebras.sdk.runtime.sdkruntimepybind import Edge

    out = pass_region(layout, "out", 3, 1, 0, 0, Edge.BOTTOM, False)
    into = pass_region(layout, "into", 1, 3, 6, 4, Edge.LEFT, True)
    layout.connect(out, into)
    with pytest.raises(RuntimeError, match=r"no path is free from port 'out_wire'(.|\n)*cannot cross"):
        layout.compile("out")


def test_ports_are_named(adder, capsys):
    runtime, a, _, out = adder
    assert runtime.get_port_id(a) == 0 and runtime.get_port_id(out) == 2 and runtime.get_port_id("other") is None
    runtime.report_port_infos()
    text = capsys.readouterr().out
    assert a in text and "P2.1" in text
    runtime.send(0, np.zeros(SIZE, np.float32), nonblock=True)
    runtime.send(1, np.zeros(SIZE, np.float32), nonblock=True)
    runtime.stop()


def test_receive_to_file_until_stop(adder, tmp_path):
    runtime, a, b, out = adder
    words = np.arange(SIZE, dtype=np.float32)
    runtime.receive_tofile(out, "sums.bin", nonblock=True)
    runtime.send(a, words, nonblock=True)
    runtime.send(b, words, nonblock=True)
    runtime.stop()
    np.testing.assert_array_equal(np.fromfile(tmp_path / "sums.bin", "<f4"), 2 * words)


def test_streams_from_a_location(layout):
    from cerebras.geometry.geometry import IntVector
    from cerebras.sdk.runtime.sdkruntimepybind import Color, Route, RoutingPosition

    region = layout.create_code_region(ADDER, "adder", 1, 1)
    region.set_param_all("size", SIZE)
    colors = [Color(name) for name in ("a", "b", "sum")]
    for color in colors:
        region.set_param_all(color)
    # A painted route keeps what it has and gets the host besides.
    region.paint_all(colors[0], [RoutingPosition().set_output([Route.RAMP])])
    at = IntVector(0, 0)
    a = layout.create_input_stream_from_loc(at, colors[0], "first")
    b = layout.create_input_stream_from_loc(at, colors[1])
    out = layout.create_output_stream_from_loc(at, colors[2])
    runtime = start(layout)
    words, total = np.arange(SIZE, dtype=np.float32), np.zeros(SIZE, np.float32)
    runtime.send(a, words, nonblock=True)
    runtime.send(b, words, nonblock=True)
    runtime.receive(out, total, SIZE, nonblock=True)
    runtime.stop()
    np.testing.assert_array_equal(total, 2 * words)


@pytest.mark.parametrize("call, code, text", [
    (lambda r, a, out: r.send(out, np.zeros(1, np.uint32), nonblock=True), "E0614", "is an output stream"),
    (lambda r, a, out: r.receive(a, np.zeros(1, np.uint32), 1, nonblock=True), "E0614", "is an input stream"),
    (lambda r, a, out: r.send("nowhere", np.zeros(1, np.uint32), nonblock=True), "E0614", "'nowhere'"),
    (lambda r, a, out: r.send(99, np.zeros(1, np.uint32), nonblock=True), "E0614", "99"),
    (lambda r, a, out: r.send(a, np.zeros(3, np.uint32), 4, nonblock=True), "E0611", "needs 4"),
    (lambda r, a, out: r.send(a, np.zeros(4, np.uint16), nonblock=True), "E0611", "32-bit"),
    (lambda r, a, out: r.send(a, [1, 2], nonblock=True), "E0611", "NumPy"),
    (lambda r, a, out: r.receive(out, np.zeros((4, 2), np.uint32)[:, 0], 4, nonblock=True), "E0611", "contiguous"),
    (lambda r, a, out: r.send(a, np.zeros(1, np.uint32)), "E0617", "Must specify the nonblock kwarg to 'send'"),
    (lambda r, a, out: r.launch("f", nonblock=True), "E0612", "--memcpy"),
])
def test_mistakes_with_streams(adder, call, code, text):
    runtime, a, _, out = adder
    with pytest.raises(RuntimeError) as error:
        call(runtime, a, out)
    assert error.value.code == code
    assert text in str(error.value)
    runtime.stop()


def test_a_receive_that_cannot_end_is_explained(adder):
    runtime, a, b, out = adder
    runtime.send(a, np.zeros(SIZE, np.uint32), nonblock=True)
    runtime.send(b, np.zeros(SIZE - 2, np.uint32), nonblock=True)
    runtime.receive(out, np.zeros(SIZE, np.uint32), SIZE, nonblock=True)
    with pytest.raises(RuntimeError) as error:
        runtime.stop()
    assert error.value.code == "E0701"
    assert "2 of 6 words of stream `adder_sum`" in str(error.value)
    assert "adder.csl" in str(error.value)


def test_polling_for_what_cannot_come_ends(adder):
    runtime, _, _, out = adder
    task = runtime.receive(out, np.zeros(1, np.uint32), 1, nonblock=True)
    with pytest.raises(RuntimeError, match="E0701"):
        for _ in range(20000):
            assert not runtime.is_task_done(task)


def table_region(layout, width=2, height=3, columns=4, rows=5):
    region = layout.create_code_region(TABLE, "table", width, height)
    region.set_param_all("columns", columns)
    region.set_param_all("rows", rows)
    return region


def test_initial_values(layout):
    from cerebras.geometry.geometry import IntRectangle, IntVector

    region = table_region(layout)
    data = np.arange(15 * 8, dtype=np.int16)
    region.set_symbol_all("table", data, 8, 15)
    region.set_symbol_rect(IntRectangle(IntVector(0, 2), IntVector(2, 3)), "table", -data[:40], 8, 5)
    region.set_symbol(IntVector(1, 0), "total", np.array([5], np.int16))
    runtime = start(layout)
    runtime.stop()
    matrix = data.reshape(15, 8)
    matrix[10:] = -data[:40].reshape(5, 8)
    for x in range(2):
        for y in range(3):
            block = matrix[5 * y : 5 * y + 5, 4 * x : 4 * x + 4]
            np.testing.assert_array_equal(runtime.read_symbol(x, y, "table", "int16").reshape(5, 4), block)
            assert runtime.read_symbol(x, y, "total", "int16")[0] == block.sum() + (5 if (x, y) == (1, 0) else 0)


@pytest.mark.parametrize("change, code, text", [
    (lambda r: r.set_symbol_all("table", np.zeros(7, np.int16), 8, 15), "E0615", "8 x 15"),
    (lambda r: r.set_symbol_all("table", np.zeros(27, np.int16), 9, 3), "E0615", "cannot be cut"),
    (lambda r: r.set_symbol_all("table", np.zeros(120), 8, 15), "E0615", "float64"),
    (lambda r: r.set_symbol_all("table", np.zeros(6, np.int16), 2, 3), "E0615", "40 bytes"),
    (lambda r: r.set_symbol_all("nothing", np.zeros(6, np.int16), 2, 3), "E0603", "`nothing`"),
])
def test_mistakes_with_initial_values(layout, change, code, text):
    region = table_region(layout)
    with pytest.raises(RuntimeError) as error:
        change(region)
        layout.compile("out")
    assert error.value.code == code
    assert text in str(error.value)


def test_mistakes_in_layouts(layout):
    from cerebras.sdk.runtime.sdkruntimepybind import Edge, Route, RoutingPosition

    with pytest.raises(RuntimeError, match="E0616.*no code region"):
        layout.compile("out")
    one, two = add_region(layout, "one", 0, 0), add_region(layout, "two", 3, 0, size=SIZE + 1)
    with pytest.raises(RuntimeError, match="incompatible data sizes"):
        layout.connect(one["sum"], two["a"])
    with pytest.raises(RuntimeError, match="is no output port"):
        layout.connect(one["a"], two["a"])
    with pytest.raises(RuntimeError, match="is no input port"):
        layout.create_input_stream(one["sum"])
    layout.create_input_stream(one["a"])
    with pytest.raises(RuntimeError, match="cannot be used for internal connection"):
        layout.create_input_stream(one["a"])
    wide = table_region(layout)
    port = wide.create_input_port(wide.color("c"), Edge.LEFT, [RoutingPosition().set_output([Route.RAMP])], SIZE)
    with pytest.raises(RuntimeError, match="incompatible number of PEs"):
        layout.connect(one["sum"], port)
    with pytest.raises(RuntimeError, match="input port cannot have input route."):
        wide.create_input_port(wide.color("d"), Edge.LEFT, [RoutingPosition().set_input([Route.WEST])], 1)
    with pytest.raises(RuntimeError, match="overlap"):
        layout.compile("out")


@pytest.mark.parametrize("call, text", [
    (lambda sdk, l, r: l.create_code_region(5, "x", 1, 1), "is a path, not 5"),
    (lambda sdk, l, r: l.create_code_region("x.csl", "x", 1.5, 1), "width of region 'x' is an integer"),
    (lambda sdk, l, r: r.set_param_all("size", "x"), "param 'size' of region 'one' is an integer"),
    (lambda sdk, l, r: r.set_param_all("size"), "is an integer, not None"),
    (lambda sdk, l, r: r.set_param((0, 0), "size", 1), "is an IntVector, not (0, 0)"),
    (lambda sdk, l, r: r.paint_all(sdk.Color("c"), [sdk.Route.RAMP]), "a list of RoutingPosition"),
    (lambda sdk, l, r: r.paint_all("c", []), "is a Color, not 'c'"),
    (lambda sdk, l, r: r.paint_range((0, 0, 1, 1), sdk.Color("c"), []), "is an IntRectangle"),
    (lambda sdk, l, r: r.create_input_port(sdk.Color("c"), 2, [], 1), "is an Edge, not 2"),
    (lambda sdk, l, r: r.create_input_port(sdk.Color("c"), sdk.Edge.LEFT, [], -1), "is at least 0, not -1"),
    (lambda sdk, l, r: r.place("a", 0), "the place of region 'one' is an integer"),
    (lambda sdk, l, r: l.connect(r, r), "an output port is a PortHandle"),
    (lambda sdk, l, r: l.create_input_stream_from_loc((0, 0), sdk.Color("c")), "is an IntVector"),
    (lambda sdk, l, r: l.hstack([]), "no region to place"),
    (lambda sdk, l, r: l.vstack(r), "what is stacked is a list"),
    (lambda sdk, l, r: l.hstack([r], (0, 0)), "the origin of a stack is an IntVector"),
    (lambda sdk, l, r: l.create_code_region("x.csl", 7, 1, 1), "the name of a code region is a str, not 7"),
    (lambda sdk, l, r: r.set_symbol_all("a", np.zeros(4, np.int16), 2.5, 1), "the width of the data of 'a' is an integer"),
    (lambda sdk, l, r: sdk.RoutingPosition().set_input(["EAST"]), "is a Route, not 'EAST'"),
    (lambda sdk, l, r: sdk.Color("c", "3"), "the value of color 'c' is an integer"),
    (lambda sdk, l, r: sdk.SdkLayout("nowhere.json"), "the fabric file nowhere.json cannot be read"),
    (lambda sdk, l, r: sdk.SdkLayout(3), "takes a platform, a target or a fabric file, not 3"),
])
def test_wrong_arguments(layout, call, text):
    from cerebras.sdk.runtime import sdkruntimepybind as sdk

    region = layout.create_code_region(ADDER, "one", 1, 1)
    with pytest.raises(RuntimeError) as error:
        call(sdk, layout, region)
    assert error.value.code == "E0616"
    assert text in str(error.value)


def test_the_last_value_of_a_param_counts(layout):
    from cerebras.sdk.runtime.sdkruntimepybind import Color

    region = table_region(layout)
    region.set_param_all("rows", Color("rows"))
    region.set_param_all("rows", np.int64(5))
    region.set_param_all("columns", 9)
    region.set_param_all("columns", 4)
    runtime = start(layout)
    runtime.stop()
    assert runtime.read_symbol(0, 0, "table").size == 2 * 5 * 4


def test_both_engines_and_any_number_of_threads_take_the_same_cycles(adder, tmp_path):
    runtime, *streams = adder
    runtime.send(streams[0], np.zeros(SIZE, np.uint32), nonblock=True)
    runtime.send(streams[1], np.zeros(SIZE, np.uint32), nonblock=True)
    runtime.stop()
    script = ("import numpy as np\nfrom cerebras.sdk.runtime.sdkruntimepybind import *\n"
              "r = SdkRuntime('out', memcpy_required=False)\nr.load()\nr.run()\n"
              f"d = np.zeros({SIZE}, np.uint32)\na, b, c = {streams!r}\n"
              f"r.send(b, d, nonblock=True)\nr.send(a, d, nonblock=False)\nr.receive(c, d, {SIZE}, nonblock=False)\n"
              "r.stop()\n")
    seen = set()
    for engine, threads, edge in (("interp", "1", "0"), ("interp", "2", "1"), ("jit", "2", "2")):
        file = tmp_path / f"{engine}{edge}"
        subprocess.run(["cs_python", "-c", script], cwd=tmp_path, check=True, timeout=60,
                       env={**os.environ, "WEFT_ENGINE": engine, "WEFT_THREADS": threads, "WEFT_BLOCK_EDGE": edge,
                            "WEFT_REPORT_FILE": str(file)})
        seen.add(json.loads(file.read_text())["cycles"])
    assert len(seen) == 1
