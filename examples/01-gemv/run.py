#!/usr/bin/env cs_python
"""Host of the GEMV lesson: cuts A into blocks, runs y = A x on the mesh, checks y against float64 NumPy."""
# SPDX-License-Identifier: Apache-2.0

import argparse
import json

import numpy as np
from cerebras.sdk.runtime.sdkruntimepybind import MemcpyDataType, MemcpyOrder, SdkRuntime

parser = argparse.ArgumentParser()
parser.add_argument("--name", default="out", help="the compile output folder")
parser.add_argument("--cmaddr", help="IP:port of a system")
parser.add_argument("--seed", type=int, default=1)
args = parser.parse_args()

with open(f"{args.name}/out.json", encoding="utf-8") as f:
    params = {key: int(value) for key, value in json.load(f)["params"].items()}
width, height, rows, cols = (params[k] for k in ("width", "height", "rows", "cols"))

rng = np.random.default_rng(args.seed)
A = rng.uniform(-1, 1, (height * rows, width * cols)).astype(np.float32)
x = rng.uniform(-1, 1, width * cols).astype(np.float32)

copy = {
    "streaming": False,
    "order": MemcpyOrder.ROW_MAJOR,
    "data_type": MemcpyDataType.MEMCPY_32BIT,
    "nonblock": False,
}
runner = SdkRuntime(args.name, cmaddr=args.cmaddr)
runner.load()
runner.run()

# (height, rows, width, cols) -> (height, width, cols, rows): each PE holds its block column by column.
blocks = A.reshape(height, rows, width, cols).transpose(0, 2, 3, 1)
runner.memcpy_h2d(runner.get_id("A"), blocks.ravel(), 0, 0, width, height, rows * cols, **copy)
runner.memcpy_h2d(runner.get_id("x"), x, 0, 0, width, 1, cols, **copy)
runner.launch("gemv", nonblock=False)
y = np.zeros(height * rows, dtype=np.float32)
runner.memcpy_d2h(y, runner.get_id("y"), width - 1, 0, 1, height, rows, **copy)
runner.stop()

expected = A.astype(np.float64) @ x.astype(np.float64)
# The bound stated in <kernels/gemv/pe>.
bound = 1.01 * (cols + 1) * width * 2.0**-24 * (np.abs(A).astype(np.float64) @ np.abs(x).astype(np.float64))
error = np.abs(y - expected)
assert np.all(error <= bound), f"largest error {error.max():.3e}, bound there {bound[error.argmax()]:.3e}"
print(f"y = A x, A {A.shape[0]}x{A.shape[1]} on {width}x{height} PEs: largest error {error.max():.2e}, "
      f"{(error / bound).max():.0%} of its bound")
print("SUCCESS!")
