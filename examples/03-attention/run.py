#!/usr/bin/env cs_python
"""Host of the attention lesson: fills the distributed cache unevenly, runs one step, checks it against float64 NumPy."""
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
width, height, dim, capacity = (params[k] for k in ("width", "height", "dim", "capacity"))

rng = np.random.default_rng(args.seed)
q = rng.normal(0, 1, dim).astype(np.float32)
K = rng.normal(0, 1, (height, width, capacity, dim)).astype(np.float32)
V = rng.normal(0, 1, (height, width, capacity, dim)).astype(np.float32)
# Any PE may hold fewer tokens than it can, also none; one of them is full.
tokens = rng.integers(0, capacity + 1, (height, width)).astype(np.uint32)
tokens[0, 0] = capacity

copy = {"streaming": False, "order": MemcpyOrder.ROW_MAJOR, "nonblock": False}
copy32 = {"data_type": MemcpyDataType.MEMCPY_32BIT, **copy}
copy16 = {"data_type": MemcpyDataType.MEMCPY_16BIT, **copy}
runner = SdkRuntime(args.name, cmaddr=args.cmaddr)
runner.load()
runner.run()

everywhere = (0, 0, width, height)
runner.memcpy_h2d(runner.get_id("q"), np.tile(q, width * height), *everywhere, dim, **copy32)
# The device keeps keys by dimension, so that one vector operation adds one dimension to all scores.
runner.memcpy_h2d(runner.get_id("K"), K.transpose(0, 1, 3, 2).ravel(), *everywhere, dim * capacity, **copy32)
runner.memcpy_h2d(runner.get_id("V"), V.ravel(), *everywhere, capacity * dim, **copy32)
runner.memcpy_h2d(runner.get_id("tokens"), tokens.ravel(), *everywhere, 1, **copy16)
runner.launch("attend", nonblock=False)
out = np.zeros(height * width * dim, dtype=np.float32)
runner.memcpy_d2h(out, runner.get_id("out"), *everywhere, dim, **copy32)
runner.stop()

valid = np.arange(capacity) < tokens[..., None]
keys, values = K[valid].astype(np.float64), V[valid].astype(np.float64)
scores = keys @ q.astype(np.float64) / np.sqrt(dim)
assert np.abs(scores).max() < 16, "outside the range of the stated bound"
weights = np.exp(scores - scores.max())
expected = weights @ values / weights.sum()
# The bound stated in <kernels/attention/pe>.
bound = (2 * dim + capacity + 2 * (width + height) + 40) * 2.0**-24 * np.abs(values).max()
out = out.reshape(height, width, dim)
error = np.abs(out - expected).max()
assert error <= bound, f"largest error {error:.3e}, bound {bound:.3e}"
assert np.all(out == out[0, 0]), "PEs disagree"
print(f"attention over {len(keys)} tokens of dimension {dim} on {width}x{height} PEs: largest error {error:.2e}, "
      f"bound {bound:.2e}")
print("SUCCESS!")
