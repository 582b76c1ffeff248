"""Reads symbols and trace buffers of a run of this process."""
# SPDX-License-Identifier: Apache-2.0
import struct

import numpy as np

from weft import runs, symbols
from weft.errors import error

# Tag of a record -> (NumPy type, 16-bit words behind the tag).
_VALUES = {
    "h": (np.int16, 1),
    "H": (np.uint16, 1),
    "e": (np.float16, 1),
    "i": (np.int32, 2),
    "I": (np.uint32, 2),
    "f": (np.float32, 2),
    "q": (np.int64, 4),
    "Q": (np.uint64, 4),
}


def decode_trace(words):
    """The records of a trace buffer (16-bit words) as a list of Python values."""
    records = []
    at = 0
    while at < len(words):
        head = int(words[at])
        tag, high = chr(head & 0xFF), head >> 8
        at += 1
        if tag == "?":
            records.append(bool(high))
        elif tag == "B":
            records.append(high)
        elif tag == "b":
            records.append(struct.unpack("b", bytes([high]))[0])
        elif tag == "t":
            low, mid, top = (int(w) for w in words[at : at + 3])
            records.append(low | mid << 16 | top << 32)
            at += 3
        elif tag == "s":
            count = (high + 1) // 2
            raw = np.ascontiguousarray(words[at : at + count], dtype=np.uint16).tobytes()[:high]
            records.append(raw.rstrip(b"\0").decode("utf-8", errors="replace"))
            at += count
        elif tag in _VALUES:
            kind, count = _VALUES[tag]
            raw = np.ascontiguousarray(words[at : at + count], dtype=np.uint16).tobytes()
            records.append(np.frombuffer(raw, dtype=kind)[0].item())
            at += count
        else:
            raise RuntimeError(f"the trace buffer holds an unknown record (word {head:#06x})")
    return records


class debug_util:  # noqa: N801  (the name scripts use)
    """Reads what a run has left. Coordinates are those of the fabric."""

    def __init__(self, bindir, cmaddr=None):
        core = getattr(cmaddr, "_core", None)
        self._core = core if core is not None else runs.latest(str(bindir))
        if self._core is None or not self._core.is_loaded:
            raise error("E0602", f"no run of {bindir} in this process: load and run it first")

    def get_symbol(self, col, row, symbol, dtype):
        """The whole storage of a symbol on one PE."""
        return symbols.read(self._core, int(col), int(row), symbol, dtype)

    def get_symbol_rect(self, rectangle, symbol, dtype):
        """The same for a rectangle ((col, row), (w, h)): an array [w][h][elements]."""
        (col, row), (width, height) = rectangle
        return np.array(
            [[self.get_symbol(col + x, row + y, symbol, dtype) for y in range(height)] for x in range(width)]
        )

    def read_trace(self, px, py, name):
        """The records of the <debug> instance with key `name`."""
        used = int(self.get_symbol(px, py, f"$$csl_debug.{name}.buffer_index", np.uint16)[0])
        words = self.get_symbol(px, py, f"$$csl_debug.{name}.buffer", np.uint16)
        return decode_trace(words[:used])
