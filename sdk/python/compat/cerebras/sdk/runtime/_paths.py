"""Paths over the fabric between ports, for all connections of one color together: on a PE a color has one route, so its
paths may not meet. They are found by negotiation: each takes its cheapest way, places that several want get dearer, and
those who shared one look again, until nobody shares."""
# SPDX-License-Identifier: Apache-2.0
import heapq
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from weft._core import Route

STEP = {Route.EAST: (1, 0), Route.WEST: (-1, 0), Route.NORTH: (0, -1), Route.SOUTH: (0, 1)}
OPPOSITE = {
    Route.EAST: Route.WEST,
    Route.WEST: Route.EAST,
    Route.NORTH: Route.SOUTH,
    Route.SOUTH: Route.NORTH,
}
_ROUNDS = 60
# A corner costs less than any detour.
_CORNER = 1e-3


@dataclass(eq=False)
class Net:
    """What one PE sends to one or more others. `leave` and `arrive` are the sides on which a path should meet its ends
    (None: any)."""

    start: tuple
    leave: Route
    ends: list = field(default_factory=list)  # (place, arrive)
    # The tree that was found: steps out of a place, and the side from which a place is entered.
    out: dict = field(default_factory=dict)
    entered: dict = field(default_factory=dict)

    def crossed(self):
        """Places of the tree that are neither its start nor one of its ends."""
        ends = {place for place, _ in self.ends}
        return [place for place in self.entered if place not in ends]


def _cheapest(net, end, arrive, cost, extent, sides):
    """[(place, step), ..] from the tree of `net` to `end`, or None."""
    ends = {place for place, _ in net.ends}
    queue = []
    best = {}
    came = {}
    serial = 0
    # Every place of the tree may have a further branch, also an end that is reached.
    for place in [net.start, *net.entered]:
        heapq.heappush(queue, (0.0, serial, place, None))
        best[place, None] = 0.0
        serial += 1
    while queue:
        paid, _, place, came_by = heapq.heappop(queue)
        if paid > best.get((place, came_by), paid):
            continue
        if place == end:
            steps = []
            state = (place, came_by)
            while state in came:
                state = came[state]
                steps.append((state[0], came_by))
                came_by = state[1]
            return steps[::-1]
        for step, (dx, dy) in STEP.items():
            if sides and place == net.start and net.leave is not None and step != net.leave:
                continue
            to = (place[0] + dx, place[1] + dy)
            if not (0 <= to[0] < extent[0] and 0 <= to[1] < extent[1]) or to == net.start or to in net.entered:
                continue
            if to == end:
                if sides and arrive is not None and OPPOSITE[step] != arrive:
                    continue
                price = 1.0
            elif to in ends:
                continue
            else:
                price = cost(to)
                if price is None:
                    continue
            total = paid + price + (_CORNER if came_by not in (None, step) else 0.0)
            if total < best.get((to, step), float("inf")):
                best[to, step] = total
                came[to, step] = (place, came_by)
                serial += 1
                heapq.heappush(queue, (total, serial, to, step))
    return None


def _grow(net, cost, extent, sides):
    """Finds the tree of `net`; False if an end cannot be reached. A path that cannot meet its ends on the right sides meets
    them on others."""
    net.out = defaultdict(list)
    net.entered = {}

    def distance(entry):
        return abs(entry[0][0] - net.start[0]) + abs(entry[0][1] - net.start[1])

    for end, arrive in sorted(net.ends, key=distance):
        steps = sides and _cheapest(net, end, arrive, cost, extent, True)
        steps = steps or _cheapest(net, end, arrive, cost, extent, False)
        if steps is None:
            return False
        for place, step in steps:
            net.out[place].append(step)
            dx, dy = STEP[step]
            net.entered[place[0] + dx, place[1] + dy] = OPPOSITE[step]
    return True


def _negotiate(nets, taken, extent, sides):
    past = defaultdict(float)
    using = Counter()
    weight = 0.5
    crowded = None
    for _ in range(_ROUNDS):
        for net in nets:
            using.subtract(net.crossed())

            def cost(place):
                return None if place in taken else 1.0 + past[place] + weight * using[place]

            if not _grow(net, cost, extent, sides):
                return net
            using.update(net.crossed())
        shared = {place for place, count in using.items() if count > 1}
        if not shared:
            return None
        crowded = next(net for net in nets if shared.intersection(net.crossed()))
        for place in shared:
            past[place] += 1.0
        weight *= 1.5
    return crowded


def find_paths(nets, taken, extent):
    """Fills in the trees of `nets`, which have one color; no two cross a place, and none a place of `taken`. Returns the
    net for which there is none, or None."""
    if _negotiate(nets, taken, extent, True) is None:
        return None
    for net in nets:
        net.entered = {}
    return _negotiate(nets, taken, extent, False)
