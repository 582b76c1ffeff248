"""Finds the built commands."""
# SPDX-License-Identifier: Apache-2.0
import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("WEFT_BUILD_DIR", ROOT / "build"))
os.environ.setdefault("WEFT_BIN", str(BUILD / "bin"))
os.environ["PATH"] = os.environ["WEFT_BIN"] + os.pathsep + os.environ["PATH"]
