#!/usr/bin/env cs_python
"""Host of the all-reduce lesson: sum and maximum over all PEs, checked on every PE against float64 NumPy."""
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
width, height, length = (params[k] for k in ("width", "height", "length"))

rng = np.random.default_rng(args.seed)
data = rng.uniform(-1, 1, (height, width, length)).astype(np.float32)

copy = {
    "streaming": False,
    "order": MemcpyOrder.ROW_MAJOR,
    "data_type": MemcpyDataType.MEMCPY_32BIT,
    "nonblock": False,
}
runner = SdkRuntime(args.name, cmaddr=args.cmaddr)
runner.load()
runner.run()


def reduce(function):
    """Copies the data in, launches `function` everywhere and returns what every PE holds, (height, width, length)."""
    runner.memcpy_h2d(runner.get_id("data"), data.ravel(), 0, 0, width, height, length, **copy)
    runner.launch(function, nonblock=False)
    result = np.zeros(height * width * length, dtype=np.float32)
    runner.memcpy_d2h(result, runner.get_id("data"), 0, 0, width, height, length, **copy)
    return result.reshape(height, width, length)


sums = reduce("sum")
maxima = reduce("maximum")
runner.stop()

exact = data.astype(np.float64)
bound = 1.01 * (width + height) * 2.0**-24 * np.abs(exact).sum(axis=(0, 1))
error = np.abs(sums - exact.sum(axis=(0, 1)))
assert np.all(error <= bound), f"sum: largest error {error.max():.3e}"
assert np.all(sums == sums[0, 0]), "sum: PEs disagree"
assert np.all(maxima == data.max(axis=(0, 1))), "maximum is not exact"
print(f"all-reduce of {length} f32 over {width}x{height} PEs: largest error of the sum {error.max():.2e}, maximum exact")
print("SUCCESS!")
