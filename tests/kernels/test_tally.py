"""<kernels/tally>: the count of all PEs arrives at the north-east corner, over odd shapes."""
# SPDX-License-Identifier: Apache-2.0

import os
import pathlib
import subprocess

import numpy as np
import pytest

BIN = pathlib.Path(os.environ["WEFT_BIN"])
SOURCE = pathlib.Path(__file__).parent / "tally"
HOST = """
import sys
import numpy as np
from cerebras.sdk.runtime.sdkruntimepybind import MemcpyDataType, MemcpyOrder, SdkRuntime

width, height, streamed = map(int, sys.argv[2:])
runner = SdkRuntime("out")
runner.load()
runner.run()
runner.launch("run", nonblock=False)
if streamed:
    count = np.zeros(1, dtype=np.uint32)
    runner.memcpy_d2h(count, 5, width - 1, 0, 1, 1, 1, streaming=True, nonblock=False, order=MemcpyOrder.ROW_MAJOR,
                      data_type=MemcpyDataType.MEMCPY_32BIT)
out = np.zeros((height, width, 2), dtype=np.uint32)
runner.memcpy_d2h(out.ravel(), runner.get_id("result"), 0, 0, width, height, 2, streaming=False, nonblock=False,
                  order=MemcpyOrder.ROW_MAJOR, data_type=MemcpyDataType.MEMCPY_32BIT)
runner.stop()
if streamed:
    out[0, -1, 0] = count[0]
np.save(sys.argv[1] + "/out.npy", out[:, :, 0])
"""


@pytest.mark.parametrize("arch", ["wse2", "wse3"])
@pytest.mark.parametrize("width,height,counted,streamed", [
    (1, 1, 1, 0), (1, 1, 0, 0), (5, 1, 1, 0), (1, 4, 1, 0), (2, 3, 1, 0), (5, 7, 1, 0), (3, 3, 0, 0),
    (1, 1, 1, 1), (3, 2, 1, 1), (3, 3, 0, 1),
])
def test_count(width, height, counted, streamed, arch, tmp_path):
    subprocess.run(
        [BIN / "cslc", f"--arch={arch}", SOURCE / "layout.csl", f"--fabric-dims={width + 7},{height + 2}",
         "--fabric-offsets=4,1", f"--params=width:{width},height:{height},counted:{counted},streamed:{streamed}", "-o", "out", "--memcpy",
         "--channels=1"], cwd=tmp_path, check=True, timeout=60)
    subprocess.run([BIN / "cs_python", "-c", HOST, tmp_path, str(width), str(height), str(streamed)], cwd=tmp_path, check=True, timeout=60)
    results = np.load(tmp_path / "out.npy")
    ys, xs = np.mgrid[0:height, 0:width]
    total = ((3 * xs + 5 * ys + 1) % 7).sum()
    if counted:
        assert results[0, -1] == total
    elif streamed:
        assert results[0, -1] == 0
    else:
        # All PEs have signalled; how many bumps have come by then is not defined.
        assert results[0, -1] <= total
    results[0, -1] = 0xFFFFFFFF
    assert np.all(results == 0xFFFFFFFF)
