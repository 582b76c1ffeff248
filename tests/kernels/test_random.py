"""<random>: ranges, statistics, seeds, independent PEs and generators."""
# SPDX-License-Identifier: Apache-2.0

import json
import os
import pathlib
import subprocess

import numpy as np
import pytest
from scipy import stats

BIN = pathlib.Path(os.environ["WEFT_BIN"])
SOURCE = pathlib.Path(__file__).parent / "random"
COUNT = 4000
HOST = """
import json
import sys
import numpy as np
from cerebras.sdk.runtime.sdkruntimepybind import MemcpyDataType, MemcpyOrder, SdkRuntime

folder, count, calls = sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3])
runner = SdkRuntime("out")
runner.load()
runner.run()
rows = []
for seed, kind, lo, hi in calls:
    if kind < 0:
        runner.launch("draw_from", np.uint16(seed), nonblock=False)
    else:
        runner.launch("draw", np.uint32(seed), np.uint16(kind), np.float32(lo), np.float32(hi), nonblock=False)
    row = np.zeros((2, count), dtype=np.uint32)
    runner.memcpy_d2h(row.ravel(), runner.get_id("draws"), 0, 0, 2, 1, count, streaming=False, nonblock=False,
                      order=MemcpyOrder.ROW_MAJOR, data_type=MemcpyDataType.MEMCPY_32BIT)
    rows.append(row)
runner.stop()
np.save(folder + "/rows.npy", np.array(rows))
"""


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    folder = tmp_path_factory.mktemp("random")
    subprocess.run(
        [BIN / "cslc", "--arch=wse3", SOURCE / "layout.csl", "--fabric-dims=9,3", "--fabric-offsets=4,1",
         f"--params=count:{COUNT}", "-o", "out", "--memcpy", "--channels=1"], cwd=folder, check=True, timeout=60)
    calls = [(1, 0, 0, 0), (1, 0, 0, 0), (2, 0, 0, 0), (7, 1, 0, 1), (7, 1, -2.5, 3), (7, 1, 0, 0), (9, 2, -1, 1),
             (3, 3, 0, 0), (3, 3, 7, 0), (3, 3, 32, 0), (5, 4, 0, 0), (1, 0, 0, 0), (3, -1, 0, 0)]
    subprocess.run([BIN / "cs_python", "-c", HOST, folder, str(COUNT), json.dumps(calls)], cwd=folder, check=True, timeout=120)
    return np.load(folder / "rows.npy")


def looks_uniform(values, low, high):
    assert values.min() >= low and values.max() < high
    assert stats.kstest((values - low) / (high - low), "uniform").pvalue > 1e-3


def test_a_seed_names_a_sequence(rows):
    np.testing.assert_array_equal(rows[0], rows[1])
    # The western PE with seed 2 draws what the eastern one drew with seed 1 + 1.
    np.testing.assert_array_equal(rows[2][0], rows[0][1])
    assert (rows[0][0] != rows[0][1]).mean() > 0.99
    assert np.all(rows[0][0][:3] != 0)


def test_sixteen_bits(rows):
    draws = rows[0][0]
    looks_uniform(draws.astype(float), 0, 65536)
    assert (draws[1:] == draws[:-1]).mean() < 1e-3
    # No bit is stuck, and neighbours are not correlated.
    bits = (draws[:, None] >> np.arange(16)) & 1
    assert np.all(np.abs(bits.mean(axis=0) - 0.5) < 0.04)
    assert abs(np.corrcoef(draws[1:], draws[:-1])[0, 1]) < 0.06


def test_floats(rows):
    unit = rows[3][0].view(np.float32).astype(float)
    looks_uniform(unit, 0, 1)
    assert unit.max() > 0.9995 and unit.min() < 0.0005
    assert len(np.unique(unit)) > 0.99 * COUNT
    looks_uniform(rows[4][1].view(np.float32).astype(float), -2.5, 3)
    assert np.all(rows[5] == 0)
    halves = rows[6][0].astype(np.uint16).view(np.float16).astype(float)
    assert halves.min() >= -1 and halves.max() < 1 and abs(halves.mean()) < 0.04


def test_powers_of_two(rows):
    assert np.all(rows[7] == 0)
    assert rows[8].max() < 128 and len(np.unique(rows[8][0])) == 128
    looks_uniform(rows[9][0].astype(float), 0, 2.0**32)


def test_normal(rows):
    normal = rows[10][0].view(np.float32).astype(float)
    assert np.all(np.isfinite(normal))
    assert stats.kstest(normal, "norm").pvalue > 1e-3


def test_generators_are_independent(rows):
    # Generator 0 had been seeded and drawn from COUNT times; its draws go on as if the other one did not exist.
    mixed = rows[12][0]
    assert (mixed[0::2] != mixed[1::2]).mean() > 0.99
    bits = (mixed[:, None] >> np.arange(16)) & 1
    assert np.all(np.abs(bits.mean(axis=0) - 0.5) < 0.06)
