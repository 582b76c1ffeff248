"""<debug> records read back through debug_util, <simprint> lines in sim.log."""
# SPDX-License-Identifier: Apache-2.0
import re

import numpy as np
import pytest

from conftest import compiled


@pytest.fixture(scope="module", params=["wse2", "wse3"])
def tracing(request, tmp_path_factory):
    return compiled("tracing", request.param, tmp_path_factory)


def run(tracing, *functions):
    from cerebras.sdk.runtime.sdkruntimepybind import SdkRuntime

    runtime = SdkRuntime(str(tracing))
    runtime.load()
    runtime.run()
    for function in functions:
        runtime.launch(function, nonblock=False)
    runtime.stop()


@pytest.mark.parametrize("column", [0, 1])
def test_records_come_back_in_order_and_type(tracing, tmp_path, monkeypatch, column):
    from cerebras.sdk.debug.debug_util import debug_util

    monkeypatch.chdir(tmp_path)
    run(tracing, "trace")
    records = debug_util(str(tracing)).read_trace(4 + column, 1, "main")
    single, pi = float(np.float32(-0.1)), float(np.float32(3.1415927))
    assert records[:-2] == [column == 1, 200, -100, 65535, -12, 1.5, 3000000000, -70000, single, "odd", "even", "",
                            0, 1, 500, 65535, -12, 1.5, 3000000000, -70000, pi, True]
    assert isinstance(records[0], bool) and isinstance(records[5], float) and isinstance(records[3], int)
    first, second = records[-2:]
    assert 0 <= first < second < first + 1000


def test_a_full_buffer_drops_what_does_not_fit(tracing, tmp_path, monkeypatch):
    from cerebras.sdk.debug.debug_util import debug_util

    monkeypatch.chdir(tmp_path)
    run(tracing, "trace")
    records = debug_util(str(tracing)).read_trace(4, 1, "small")
    # The time stamp needs four words of the three that are left; the f32 takes them all.
    assert records == [1, 2, float(np.float32(3.1415927))]


def test_traces_go_on_from_launch_to_launch(tracing, tmp_path, monkeypatch):
    from cerebras.sdk.debug.debug_util import debug_util

    monkeypatch.chdir(tmp_path)
    run(tracing, "trace", "trace")
    records = debug_util(str(tracing)).read_trace(5, 1, "main")
    assert len(records) == 2 * 24
    assert records[24:24 + 22] == records[:22]


def test_lines_of_the_log(tracing, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run(tracing, "print")
    lines = [re.match(r"@(\d+) (.*)", line) for line in (tmp_path / "sim.log").read_text().splitlines()]
    lines = [(int(m[1]), m[2]) for m in lines if m]
    texts = [text for _, text in lines]
    # What the log says of the machine and of the run is around them.
    lines = lines[texts.index("PE(0,0): sum 500") : texts.index("PE(1,0): sum 501") + 1]
    mine = [text for _, text in lines if not text.startswith("PE(0,0)")]
    assert mine == [
        "plain 500 01F4 0000000000000101 3000000000 B2D05E00 00000000000000000000000000000011",
        "1.5 -0.1",
        "d 500 -12 3000000000 -70000",
        "X 01F4 B2D05E00",
        "b 0000000111110100 00000000000000000000000000000110",
        "f 1.5 3.1415927 42.0 {brace}}",
        "one 2 three",
        "PE(1,0): sum 501",
    ]
    assert texts.count("PE(0,0): sum 500") == 1
    assert not any("never" in text for text in texts)
    cycles = [cycle for cycle, text in lines if not text.startswith("PE(0,0)")]
    assert cycles == sorted(cycles) and cycles[0] > 0
