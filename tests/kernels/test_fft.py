"""<kernels/fft>: transforms of a cube against NumPy in float64, within the accuracy the module states."""
# SPDX-License-Identifier: Apache-2.0

import os
import pathlib
import subprocess

import numpy as np
import pytest

BIN = pathlib.Path(os.environ["WEFT_BIN"])
SOURCE = pathlib.Path(__file__).parent / "fft"
HOST = """
import sys
import numpy as np
from cerebras.sdk.runtime.sdkruntimepybind import MemcpyDataType, MemcpyOrder, SdkRuntime

folder, width, n, half, x0, y0 = sys.argv[1], *map(int, sys.argv[2:])
kind = np.float16 if half else np.float32
p = n // width
words = 2 * n * p * p
copy = dict(streaming=False, order=MemcpyOrder.ROW_MAJOR, nonblock=False,
            data_type=MemcpyDataType.MEMCPY_16BIT if half else MemcpyDataType.MEMCPY_32BIT)
region = (x0, y0, width, width)


def outgoing(values):
    return values.view(np.uint16).astype(np.uint32) if half else values


runner = SdkRuntime("out")
runner.load()
runner.run()
angles = 2 * np.pi * np.arange(n // 2) / n
twiddles = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(kind)
runner.memcpy_h2d(runner.get_id("twiddle_array"), outgoing(np.tile(twiddles.ravel(), width * width)), *region, n, **copy)
with np.load(folder + "/in.npz") as data:
    cubes = {name: data[name] for name in data.files}
out = {}
for name, cube in cubes.items():
    function, *args = name.split(",")
    # [z][y][x] -> [PE y][PE x][z][y][x][re, im]
    tiles = np.stack([cube.real, cube.imag], axis=-1).reshape(n, width, p, width, p, 2).transpose(1, 3, 0, 2, 4, 5)
    runner.memcpy_h2d(runner.get_id("X"), outgoing(np.ascontiguousarray(tiles).astype(kind).ravel()), *region, words, **copy)
    runner.launch(function, *[np.int16(a) for a in args], nonblock=False)
    back = np.zeros(width * width * words, dtype=np.uint32 if half else np.float32)
    runner.memcpy_d2h(back, runner.get_id("X"), *region, words, **copy)
    if half:
        back = back.astype(np.uint16).view(np.float16)
    parts = back.reshape(width, width, n, p, p, 2).transpose(2, 0, 3, 1, 4, 5).reshape(n, n, n, 2).astype(np.float64)
    out[name] = parts[..., 0] + 1j * parts[..., 1]
ticks = np.zeros(2 * width * width, dtype=np.uint32)
runner.memcpy_d2h(ticks, runner.get_id("fft_time"), *region, 2, streaming=False, order=MemcpyOrder.ROW_MAJOR, nonblock=False,
                  data_type=MemcpyDataType.MEMCPY_32BIT)
runner.stop()
np.savez(folder + "/out.npz", ticks=ticks, **out)
"""
NORMS = {0: "backward", 1: "ortho", 2: "forward"}


@pytest.mark.parametrize("arch,width,n,half,mode", [("wse2", 1, 4, 0, 0), ("wse3", 1, 8, 0, 1), ("wse3", 2, 8, 0, 0),
                                                    ("wse2", 4, 8, 0, 1), ("wse3", 4, 4, 0, 2), ("wse2", 2, 4, 1, 2),
                                                    ("wse3", 2, 8, 1, 0)])
def test_cube(arch, width, n, half, mode, tmp_path):
    subprocess.run(
        [BIN / "cslc", f"--arch={arch}", SOURCE / "layout.csl", f"--fabric-dims={width + 9},{width + 5}",
         "--fabric-offsets=4,1", f"--params=width:{width},n:{n},half:{half},place_mode:{mode}", "-o", "out", "--memcpy",
         "--channels=1"], cwd=tmp_path, check=True, timeout=60)
    rng = np.random.default_rng(n + width)
    kind = np.float16 if half else np.float32
    # What the device gets is already rounded.
    cube = (rng.uniform(-1, 1, (n, n, n)).astype(kind) + 1j * rng.uniform(-1, 1, (n, n, n)).astype(kind)).astype(np.complex128)
    real = cube.real.astype(np.complex128)
    cases = {}
    for norm, name in NORMS.items():
        cases[f"csfftExecC2C,{norm},0"] = (cube, np.fft.fftn(cube, norm=name))
        cases[f"csfftExecC2C,{norm},1"] = (cube, np.fft.ifftn(cube, norm=name))
    cases["csfftExecR2C,0"] = (real, np.fft.fftn(real))
    spectrum = np.fft.fftn(real, norm="ortho").astype(np.complex64 if not half else np.complex128)
    if half:
        spectrum = spectrum.real.astype(kind).astype(float) + 1j * spectrum.imag.astype(kind).astype(float)
    cases["csfftExecC2R,1"] = (spectrum.astype(np.complex128), np.fft.ifftn(spectrum, norm="ortho"))
    np.savez(tmp_path / "in.npz", **{name: values for name, (values, _) in cases.items()})
    corner = (1, 2) if mode == 2 else (0, 0)
    subprocess.run([BIN / "cs_python", "-c", HOST, tmp_path, *map(str, (width, n, half, *corner))], cwd=tmp_path,
                   check=True, timeout=120)
    # Each of 3 log2(N) levels rounds a product, a sum and a twiddle factor.
    bound = 3 * 3 * np.log2(n) * (2.0**-11 if half else 2.0**-24)
    with np.load(tmp_path / "out.npz") as out:
        assert np.all(out["ticks"].reshape(-1, 2)[:, 0] > 0)
        for name, (_, expected) in cases.items():
            error = np.linalg.norm(out[name] - expected) / np.linalg.norm(expected)
            assert error < bound, f"{name}: {error} > {bound}"
