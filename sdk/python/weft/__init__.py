"""Weft from Python: open a compiled directory, run it on the emulated mesh, copy arrays."""
# SPDX-License-Identifier: Apache-2.0
from weft.errors import WeftError

__all__ = ["WeftError"]
