"""Paths over the fabric between ports: straight ones first, else the shortest that is free."""
# SPDX-License-Identifier: Apache-2.0
from collections import deque

from weft._core import Route

STEP = {Route.EAST: (1, 0), Route.WEST: (-1, 0), Route.NORTH: (0, -1), Route.SOUTH: (0, 1)}
OPPOSITE = {
    Route.EAST: Route.WEST,
    Route.WEST: Route.EAST,
    Route.NORTH: Route.SOUTH,
    Route.SOUTH: Route.NORTH,
}


def _bent(start, end, row_first):
    """(place, step) of the path with one corner."""
    steps = []
    (x, y), (end_x, end_y) = start, end
    for along_row in (row_first, not row_first):
        while (x != end_x) if along_row else (y != end_y):
            if along_row:
                step = Route.EAST if end_x > x else Route.WEST
            else:
                step = Route.SOUTH if end_y > y else Route.NORTH
            steps.append(((x, y), step))
            x, y = x + STEP[step][0], y + STEP[step][1]
    return steps


def _searched(start, end, leave, arrive, taken, extent):
    came = {start: None}
    queue = deque([start])
    while queue:
        place = queue.popleft()
        for step, (dx, dy) in STEP.items():
            if place == start and leave is not None and step != leave:
                continue
            to = (place[0] + dx, place[1] + dy)
            if not (0 <= to[0] < extent[0] and 0 <= to[1] < extent[1]) or to in came:
                continue
            if to == end:
                if arrive is not None and OPPOSITE[step] != arrive:
                    continue
            elif to in taken:
                continue
            came[to] = (place, step)
            if to == end:
                steps = []
                while came[to] is not None:
                    steps.append(came[to])
                    to = came[to][0]
                return steps[::-1]
            queue.append(to)
    return None


def find_path(start, end, leave, arrive, taken, extent):
    """[(place, step), ..] from `start` to `end`, or None. `leave` and `arrive` are the sides on which the path should meet
    its ends (None: any), `taken` places it may not cross. Without such a path the sides are given up."""

    def good(steps):
        if not steps or any(place in taken for place, _ in steps[1:]):
            return False
        sides_fit = leave is None or steps[0][1] == leave
        return sides_fit and (arrive is None or OPPOSITE[steps[-1][1]] == arrive)

    for row_first in (True, False):
        steps = _bent(start, end, row_first)
        if good(steps):
            return steps
    return _searched(start, end, leave, arrive, taken, extent) or _searched(start, end, None, None, taken, extent)
