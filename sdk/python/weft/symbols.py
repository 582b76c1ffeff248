"""Symbols of a run as arrays."""
# SPDX-License-Identifier: Apache-2.0
import numpy as np

from weft.errors import error


def read(core, x, y, symbol, dtype):
    """The whole storage of a symbol of the PE at fabric coordinate (x, y), its bytes seen as `dtype`."""
    kind = np.dtype(dtype)
    data = core.read_symbol(x, y, str(symbol))
    if kind.itemsize == 0 or kind.hasobject or data.size % kind.itemsize:
        raise error("E0617", f"the {data.size} bytes of `{symbol}` are no whole number of {kind} elements")
    return data.view(kind).copy()
