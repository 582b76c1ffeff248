"""<memcpy>: all four streams each way, 32 and 16 bits, rows and single PEs; get_streaming_fabout_dsd."""
# SPDX-License-Identifier: Apache-2.0

import os
import pathlib
import subprocess

import numpy as np
import pytest

BIN = pathlib.Path(os.environ["WEFT_BIN"])
SOURCE = pathlib.Path(__file__).parent / "streams"
HOST = """
import sys
import numpy as np
from cerebras.sdk.runtime.sdkruntimepybind import MemcpyDataType, MemcpyOrder, SdkRuntime

folder, width, height, count = sys.argv[1], *map(int, sys.argv[2:])
runner = SdkRuntime("out")
runner.load()
runner.run()
out = {}
with np.load(folder + "/in.npz") as data:
    for name in data.files:
        number, order = int(name[0]), MemcpyOrder.ROW_MAJOR if name[1] == "r" else MemcpyOrder.COL_MAJOR
        kind = MemcpyDataType.MEMCPY_16BIT if number == 4 else MemcpyDataType.MEMCPY_32BIT
        options = dict(streaming=True, order=order, data_type=kind, nonblock=True)
        back = np.zeros(data[name].size, dtype=data[name].dtype)
        runner.memcpy_h2d(7 + number, data[name].ravel(), 0, 0, width, height, count, **options)
        runner.memcpy_d2h(back, 11 + number, 0, 0, width, height, count, **{**options, "nonblock": False})
        out[name] = back
    # One PE alone.
    word = np.array([5], dtype=np.uint32)
    runner.memcpy_h2d(8, word, width - 1, height - 1, 1, 1, 1, streaming=True, order=MemcpyOrder.ROW_MAJOR,
                      data_type=MemcpyDataType.MEMCPY_32BIT, nonblock=False)
    runner.memcpy_d2h(word, 12, width - 1, height - 1, 1, 1, 1, streaming=True, order=MemcpyOrder.ROW_MAJOR,
                      data_type=MemcpyDataType.MEMCPY_32BIT, nonblock=False)
    out["one"] = word
runner.stop()
np.savez(folder + "/out.npz", **out)
"""


@pytest.mark.parametrize("arch", ["wse2", "wse3"])
@pytest.mark.parametrize("width,height,count", [(1, 1, 5), (3, 2, 4), (1, 4, 1)])
def test_streams(width, height, count, arch, tmp_path):
    subprocess.run(
        [BIN / "cslc", f"--arch={arch}", SOURCE / "layout.csl", f"--fabric-dims={width + 7},{height + 2}",
         "--fabric-offsets=4,1", f"--params=width:{width},height:{height}", "-o", "out", "--memcpy", "--channels=1"],
        cwd=tmp_path, check=True, timeout=60)
    rng = np.random.default_rng(width)
    shape = (height, width, count)
    y, x, _ = np.meshgrid(range(height), range(width), range(count), indexing="ij")
    offset = (100 * x + 10 * y).astype(np.uint32)
    words = rng.integers(0, 2**31, shape, dtype=np.uint32)
    floats = rng.random(shape, dtype=np.float32)
    # The high half of a 16-bit element's container is not sent on.
    halves = rng.integers(0, 2**16, shape, dtype=np.uint32)
    inputs = {"1": words, "2": words, "3": floats, "4": halves}
    expected = {"1": words + offset, "2": words * 2 + offset, "3": floats * np.float32(0.5) + offset.astype(np.float32),
                "4": (halves + offset) & 0xFFFF}

    def flat(array, order):
        return array.ravel() if order == "r" else array.ravel(order="F")

    cases = [(n, order) for n in inputs for order in "rc"]
    np.savez(tmp_path / "in.npz", **{n + order: flat(inputs[n], order) for n, order in cases})
    subprocess.run([BIN / "cs_python", "-c", HOST, tmp_path, *map(str, (width, height, count))], cwd=tmp_path, check=True,
                   timeout=60)
    with np.load(tmp_path / "out.npz") as out:
        for n, order in cases:
            np.testing.assert_array_equal(out[n + order], flat(expected[n], order), err_msg=n + order)
        assert out["one"][0] == 5 + 100 * (width - 1) + 10 * (height - 1)
