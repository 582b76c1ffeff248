"""Library kernels over odd shapes: the example's own host script checks the stated error bound."""
# SPDX-License-Identifier: Apache-2.0

import os
import pathlib
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ["WEFT_BIN"])

SHAPES = {
    "01-gemv": [
        dict(width=1, height=1, rows=1, cols=1),
        dict(width=1, height=1, rows=17, cols=5),
        dict(width=7, height=1, rows=3, cols=4),
        dict(width=1, height=5, rows=9, cols=2),
        dict(width=2, height=2, rows=40, cols=63),
        dict(width=5, height=3, rows=1, cols=7),
    ],
    "02-allreduce": [
        dict(width=1, height=1, length=1),
        dict(width=6, height=1, length=5),
        dict(width=1, height=6, length=100),
        dict(width=2, height=1, length=1),
        dict(width=5, height=3, length=17),
        dict(width=8, height=8, length=3),
    ],
    "03-attention": [
        dict(width=1, height=1, dim=1, capacity=1),
        dict(width=1, height=1, dim=8, capacity=30),
        dict(width=5, height=1, dim=7, capacity=3),
        dict(width=1, height=3, dim=64, capacity=9),
        dict(width=3, height=5, dim=33, capacity=17),
    ],
}
CASES = [(name, shape) for name, shapes in SHAPES.items() for shape in shapes]


def title(case):
    return case if isinstance(case, str) else "-".join(f"{k}{v}" for k, v in case.items())


@pytest.mark.parametrize("arch", ["wse2", "wse3"])
@pytest.mark.parametrize("name,shape", CASES, ids=title)
def test_shape(name, shape, arch, tmp_path):
    shutil.copytree(ROOT / "examples" / name, tmp_path, dirs_exist_ok=True)
    params = ",".join(f"{k}:{v}" for k, v in shape.items())
    dims = f"{shape['width'] + 7},{shape['height'] + 2}"
    subprocess.run(
        [BIN / "cslc", f"--arch={arch}", "layout.csl", f"--fabric-dims={dims}", "--fabric-offsets=4,1",
         f"--params={params}", "-o", "out", "--memcpy", "--channels=1"], cwd=tmp_path, check=True, timeout=60)
    run = subprocess.run([BIN / "cs_python", "run.py", "--name", "out", "--seed", "5"], cwd=tmp_path, capture_output=True,
                         text=True, timeout=120)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "SUCCESS!" in run.stdout
