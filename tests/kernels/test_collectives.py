"""<collectives_2d>: every operation, every root, back to back on both axes at once, over odd shapes."""
# SPDX-License-Identifier: Apache-2.0

import os
import pathlib
import subprocess

import numpy as np
import pytest

BIN = pathlib.Path(os.environ["WEFT_BIN"])
SOURCE = pathlib.Path(__file__).parent / "collectives"
HOST = """
import sys
import numpy as np
from cerebras.sdk.runtime.sdkruntimepybind import MemcpyDataType, MemcpyOrder, SdkRuntime

folder, width, height, count = sys.argv[1], *map(int, sys.argv[2:])
copy = dict(streaming=False, order=MemcpyOrder.ROW_MAJOR, nonblock=False, data_type=MemcpyDataType.MEMCPY_32BIT)
runner = SdkRuntime("out")
runner.load()
runner.run()
runner.launch("run", nonblock=False)
out = {}
for name, words in (("x_record", 4 * width * width * count), ("y_record", 4 * height * height * count), ("pe_ids", 2)):
    out[name] = np.zeros((height, width, words), dtype=np.uint32)
    runner.memcpy_d2h(out[name].ravel(), runner.get_id(name), 0, 0, width, height, words, **copy)
runner.stop()
np.savez(folder + "/out.npz", **out)
"""
SHAPES = [(1, 1, 3), (1, 4, 5), (6, 1, 2), (2, 3, 4), (3, 2, 1), (5, 7, 3)]


def expected(sends, step, own):
    """Row `step` of PE `own` of an axis; sends[k] is PE k's send buffer in that step. None: unspecified."""
    size, words = sends.shape
    count = words // size
    root, operation = step // 4, step % 4
    row = np.full(words, -1, dtype=np.float32)
    if operation == 0:
        row[:count] = sends[root, :count]
    elif operation == 1:
        row[:count] = sends[root, own * count : (own + 1) * count]
    elif own == root and operation == 2:
        row[:] = sends[:, :count].ravel()
    elif own == root:
        row[:count] = sends[:, :count].sum(axis=0)
    elif operation == 3:
        return None
    return row


@pytest.mark.parametrize("arch", ["wse2", "wse3"])
@pytest.mark.parametrize("width,height,count", SHAPES)
def test_every_operation_and_root(width, height, count, arch, tmp_path):
    subprocess.run(
        [BIN / "cslc", f"--arch={arch}", SOURCE / "layout.csl", f"--fabric-dims={width + 7},{height + 2}",
         "--fabric-offsets=4,1", f"--params=width:{width},height:{height},count:{count}", "-o", "out", "--memcpy",
         "--channels=1"], cwd=tmp_path, check=True, timeout=60)
    subprocess.run([BIN / "cs_python", "-c", HOST, tmp_path, *map(str, (width, height, count))], cwd=tmp_path, check=True,
                   timeout=120)
    with np.load(tmp_path / "out.npz") as out:
        records = {"x": out["x_record"].view(np.float32), "y": out["y_record"].view(np.float32)}
        ids = out["pe_ids"]
    ys, xs = np.mgrid[0:height, 0:width]
    np.testing.assert_array_equal(ids[:, :, 0], xs)
    np.testing.assert_array_equal(ids[:, :, 1], ys)
    checked = 0
    for axis, size in (("x", width), ("y", height)):
        words = size * count
        for y in range(height):
            for x in range(width):
                line = [(k, y) if axis == "x" else (x, k) for k in range(size)]
                rows = records[axis][y, x].reshape(4 * size, words)
                for step in range(4 * size):
                    sends = np.array([[lx * 1000 + ly * 100 + k + 10000 * step for k in range(words)] for lx, ly in line],
                                     dtype=np.float32)
                    want = expected(sends, step, x if axis == "x" else y)
                    if want is not None:
                        np.testing.assert_array_equal(rows[step], want, err_msg=f"{axis} step {step} at ({x},{y})")
                        checked += 1
    assert checked >= 4 * width * height
