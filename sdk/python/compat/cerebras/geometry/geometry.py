"""Points, rectangles and directions of the host-side layout API."""
# SPDX-License-Identifier: Apache-2.0
from enum import IntEnum


class IntVector:
    def __init__(self, x=0, y=0):
        self.x = int(x)
        self.y = int(y)

    def __eq__(self, other):
        return isinstance(other, IntVector) and (self.x, self.y) == (other.x, other.y)

    def __hash__(self):
        return hash((self.x, self.y))

    def __repr__(self):
        return f"IntVector({self.x}, {self.y})"


class IntRectangle:
    """From `lo` to the exclusive corner `hi`."""

    def __init__(self, lo, hi):
        self.lo = lo
        self.hi = hi

    @property
    def width(self):
        return self.hi.x - self.lo.x

    @property
    def height(self):
        return self.hi.y - self.lo.y

    def __eq__(self, other):
        return isinstance(other, IntRectangle) and (self.lo, self.hi) == (other.lo, other.hi)

    def __hash__(self):
        return hash((self.lo, self.hi))

    def __repr__(self):
        return f"IntRectangle({self.lo!r}, {self.hi!r})"


class CardinalDirection(IntEnum):
    NORTH = 0
    SOUTH = 1
    WEST = 2
    EAST = 3
    NUM_DIRECTIONS = 4
