"""The host-side layout API: regions of code, painted routes, ports and connections. `compile` describes it all to the
compiler as JSON (`weft layout`); streams between host and ports are not supported yet."""
# SPDX-License-Identifier: Apache-2.0
import json
import os
import subprocess
import sys
import tempfile

from weft._core import Edge, FP16TYPE, Route, SdkTarget
from cerebras.sdk.runtime._platform import SdkCompileArtifacts

_COLORS = 24
_STEP = {Route.EAST: (1, 0), Route.WEST: (-1, 0), Route.NORTH: (0, -1), Route.SOUTH: (0, 1)}
_OPPOSITE = {
    Route.EAST: Route.WEST,
    Route.WEST: Route.EAST,
    Route.NORTH: Route.SOUTH,
    Route.SOUTH: Route.NORTH,
}


class Color:
    """A symbolic color; without a value the layout chooses one."""

    def __init__(self, name, value=None, _region=None):
        if value is not None and not 0 <= int(value) < _COLORS:
            raise RuntimeError(f"color '{name}': {value} is not a color, the last one is {_COLORS - 1}")
        self._name = name
        self._value = None if value is None else int(value)
        self._region = _region

    def get_value(self):
        return self._value

    def get_local_param_name(self):
        return self._name

    def get_global_name(self):
        return f"{self._region}_{self._name}" if self._region else self._name


class RoutingPosition:
    """Input and output sides of one switch position."""

    def __init__(self):
        self._input = []
        self._output = []

    def set_input(self, routes):
        self._input = list(routes)
        return self

    def set_output(self, routes):
        self._output = list(routes)
        return self

    def add_input(self, route):
        self._input.append(route)
        return self

    def add_output(self, route):
        self._output.append(route)
        return self

    def get_input(self):
        return list(self._input)

    def get_output(self):
        return list(self._output)


class EdgeRouteInfo:
    """Routes for the PEs of one edge, instead of those painted on all."""

    def __init__(self, edge, routes):
        self.edge = edge
        self.routes = list(routes)


def get_edge_routing(edge, routes):
    return EdgeRouteInfo(edge, routes)


class PortHandle:
    """Made by create_input_port() and create_output_port()."""

    def __init__(self, region, color, edge, routes, data_size, name, is_input):
        self._region = region
        self._color = color
        self._edge = edge
        self._routes = routes
        self._data_size = data_size
        self._name = name
        self._is_input = is_input

    def _places(self):
        """The PEs of the port, in order along the edge, on the fabric."""
        r = self._region
        if self._edge in (Edge.TOP, Edge.BOTTOM):
            y = 0 if self._edge == Edge.TOP else r._height - 1
            return [(r._x + x, r._y + y) for x in range(r._width)]
        x = 0 if self._edge == Edge.LEFT else r._width - 1
        return [(r._x + x, r._y + y) for y in range(r._height)]


class CodeRegion:
    """A rectangle of PEs that run one source file. Coordinates in its calls are relative to it."""

    def __init__(self, source, name, width, height):
        self._source = source
        self._name = name
        self._width = int(width)
        self._height = int(height)
        self._x = 0
        self._y = 0
        self._params = {}
        self._colors = {}
        self._paints = []
        self._ports = {}

    def color(self, name, value=None):
        return Color(name, value, self._name)

    def place(self, x, y):
        self._x, self._y = int(x), int(y)

    def _all(self):
        return [(x, y) for y in range(self._height) for x in range(self._width)]

    def _inside(self, rectangle):
        places = [
            (x, y)
            for y in range(rectangle.lo.y, rectangle.hi.y)
            for x in range(rectangle.lo.x, rectangle.hi.x)
        ]
        for x, y in places:
            self._check(x, y)
        return places

    def _check(self, x, y):
        if not (0 <= x < self._width and 0 <= y < self._height):
            raise RuntimeError(f"PE ({x}, {y}) is outside of the region '{self._name}'")

    def _set(self, places, first, second):
        for place in places:
            if isinstance(first, Color):
                self._colors.setdefault(place, {})[first.get_local_param_name()] = first
            elif isinstance(second, Color):
                self._colors.setdefault(place, {})[first] = second
            else:
                self._params.setdefault(place, {})[first] = int(second)

    def set_param(self, at, first, second=None):
        self._check(at.x, at.y)
        self._set([(at.x, at.y)], first, second)

    def set_param_range(self, rectangle, first, second=None):
        self._set(self._inside(rectangle), first, second)

    def set_param_all(self, first, second=None):
        self._set(self._all(), first, second)

    def paint(self, at, color, routes):
        self._check(at.x, at.y)
        self._paints.append(([(at.x, at.y)], color, list(routes)))

    def paint_range(self, rectangle, color, routes):
        self._paints.append((self._inside(rectangle), color, list(routes)))

    def paint_all(self, color, routes, edges=()):
        self._paints.append((self._all(), color, list(routes)))
        for info in edges:
            handle = PortHandle(self, color, info.edge, info.routes, 0, "", True)
            places = [(x - self._x, y - self._y) for x, y in handle._places()]
            self._paints.append((places, color, info.routes))

    def _port(self, color, edge, routes, data_size, prefix, is_input):
        name = f"{prefix or self._name}_{color.get_local_param_name()}"
        if name in self._ports:
            raise RuntimeError(f"the region '{self._name}' has a port '{name}' already")
        for position in routes:
            if is_input and position.get_input():
                raise RuntimeError("input port cannot have input route.")
            if not is_input and position.get_output():
                raise RuntimeError("output port cannot have output route.")
        self._ports[name] = PortHandle(self, color, edge, list(routes), data_size, name, is_input)
        return self._ports[name]

    def create_input_port(self, color, edge, routes, data_size, prefix=""):
        return self._port(color, edge, routes, data_size, prefix, True)

    def create_output_port(self, color, edge, routes, data_size, prefix=""):
        return self._port(color, edge, routes, data_size, prefix, False)

    def set_symbol_all(self, symbol, data, width, height):
        raise RuntimeError("error[E0612]: set_symbol_all() is not supported yet")


def _path(start, end):
    """Places and directions from `start` to `end`: along the row, then along the column."""
    steps = []
    (x, y), (end_x, end_y) = start, end
    while x != end_x:
        step = Route.EAST if end_x > x else Route.WEST
        steps.append(((x, y), step))
        x += _STEP[step][0]
    while y != end_y:
        step = Route.SOUTH if end_y > y else Route.NORTH
        steps.append(((x, y), step))
        y += _STEP[step][1]
    return steps


class SdkLayout:
    """Collects regions and connections; compile() turns them into a program."""

    def __init__(self, platform=None, *, msg_level="WARNING"):
        if isinstance(platform, SdkTarget):
            self._target = platform
        else:
            self._target = getattr(platform, "target", None) or SdkTarget.WSE3
        self._regions = []
        self._connections = []

    def create_code_region(self, source, name, width, height):
        if any(region._name == name for region in self._regions):
            raise RuntimeError(f"there is a code region '{name}' already")
        region = CodeRegion(os.path.abspath(source), name, width, height)
        self._regions.append(region)
        return region

    def connect(self, tx, rx):
        if tx._data_size != rx._data_size:
            raise RuntimeError(
                f"cannot connect ports with incompatible data sizes. Port '{tx._name}' has {tx._data_size}, "
                f"port '{rx._name}' has {rx._data_size}"
            )
        if len(tx._places()) != len(rx._places()):
            raise RuntimeError(
                f"cannot connect ports with incompatible number of PEs. Port '{tx._name}' has {len(tx._places())}, "
                f"port '{rx._name}' has {len(rx._places())}"
            )
        self._connections.append((tx, rx))

    def create_input_stream(self, port, io_loc=None, io_buffer_size=1024):
        raise RuntimeError("error[E0612]: streams of SdkLayout programs are not supported yet")

    def create_output_stream(self, port, io_loc=None, io_buffer_size=1024):
        raise RuntimeError("error[E0612]: streams of SdkLayout programs are not supported yet")

    def create_input_stream_from_loc(self, loc, c, prefix=""):
        raise RuntimeError("error[E0612]: streams of SdkLayout programs are not supported yet")

    create_output_stream_from_loc = create_input_stream_from_loc

    def _stack(self, regions, origin, horizontal):
        if origin is not None:
            regions[0].place(origin.x, origin.y)
        x, y = regions[0]._x, regions[0]._y
        total = 0
        for region in regions:
            region.place(x + total if horizontal else x, y if horizontal else y + total)
            total += region._width if horizontal else region._height
        return total

    def hstack(self, regions, origin=None):
        return self._stack(regions, origin, True)

    def vstack(self, regions, origin=None):
        return self._stack(regions, origin, False)

    def _routes(self):
        """(place, color, positions) of every painted and connected PE; positions are (inputs, outputs)."""
        routes = []
        for region in self._regions:
            for places, color, positions in region._paints:
                for x, y in places:
                    routes.append(
                        ((region._x + x, region._y + y), color, [(p.get_input(), p.get_output()) for p in positions])
                    )
        for tx, rx in self._connections:
            for start, end in zip(tx._places(), rx._places()):
                steps = _path(start, end)
                came_from = None
                for i, (place, step) in enumerate(steps):
                    inputs = [p.get_input() for p in tx._routes] if i == 0 else [[came_from]]
                    routes.append((place, tx._color, [(side, [step]) for side in inputs]))
                    came_from = _OPPOSITE[step]
                outputs = [p.get_output() for p in rx._routes]
                routes.append((end, rx._color, [([came_from], side) for side in outputs]))
        return routes

    def _allocate(self, routes):
        """Gives every color a value; connected colors share one, and no PE sees two colors of one value."""
        group = {}

        def root(color):
            while group.setdefault(color, color) is not color:
                color = group[color]
            return color

        places = {}
        for tx, rx in self._connections:
            group[root(tx._color)] = root(rx._color)
        for place, color, _ in routes:
            places.setdefault(root(color), set()).add(place)
        members = {}
        for region in self._regions:
            for (x, y), colors in region._colors.items():
                for color in colors.values():
                    places.setdefault(root(color), set()).add((region._x + x, region._y + y))
        for color in list(group):
            members.setdefault(root(color), []).append(color)
        taken = {}
        for leader in places:
            for color in members[leader]:
                if color._value is not None:
                    taken[leader] = color._value
        for leader, own in places.items():
            if leader in taken:
                continue
            used = {value for other, value in taken.items() if places[other] & own}
            free = [value for value in range(_COLORS) if value not in used]
            if not free:
                raise RuntimeError(f"no color is left for '{leader.get_global_name()}'")
            taken[leader] = free[0]
        for leader, value in taken.items():
            for color in members[leader]:
                color._value = value

    def compile(self, out_prefix, libs=(), cslc_prefix="", save_port_map=False, f16_type=FP16TYPE.F16):
        """Compiles all regions into the directory `out_prefix`."""
        routes = self._routes()
        self._allocate(routes)
        owner = {}
        tiles = []
        for region in self._regions:
            kinds = {}
            for x, y in region._all():
                place = (region._x + x, region._y + y)
                if place in owner:
                    raise RuntimeError(f"the regions '{owner[place]}' and '{region._name}' overlap at PE {place}")
                owner[place] = region._name
                params = {k: str(v) for k, v in region._params.get((x, y), {}).items()}
                colors = {k: str(c.get_value()) for k, c in region._colors.get((x, y), {}).items()}
                kinds.setdefault(json.dumps([params, colors], sort_keys=True), []).append(place)
            for kind, at in kinds.items():
                params, colors = json.loads(kind)
                tiles.append({"source": region._source, "at": at, "params": params, "colors": colors})
        everywhere = list(owner) + [place for place, _, _ in routes]
        description = {
            "arch": self._target.name.lower(),
            "fp16": f16_type.name.lower(),
            "import_paths": [os.fspath(path) for path in libs],
            "width": max(x for x, _ in everywhere) + 1,
            "height": max(y for _, y in everywhere) + 1,
            "tiles": tiles,
            "routes": [
                {
                    "at": place,
                    "color": color.get_value(),
                    "positions": [
                        [[side.name for side in inputs], [side.name for side in outputs]]
                        for inputs, outputs in positions
                    ],
                }
                for place, color, positions in routes
            ],
        }
        with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as f:
            json.dump(description, f)
            f.flush()
            done = subprocess.run(
                [_weft(), "layout", f.name, "-o", os.fspath(out_prefix)], capture_output=True, text=True, check=False
            )
        if done.returncode != 0:
            raise RuntimeError(done.stderr.strip())
        if done.stderr:
            print(done.stderr, file=sys.stderr, end="")
        return SdkCompileArtifacts(out_prefix)


def _weft():
    """The command of this installation: ../../../bin from the packages."""
    packages = os.path.dirname(os.path.abspath(__file__))
    for _ in range(3):
        packages = os.path.dirname(packages)
    own = os.path.normpath(os.path.join(packages, "..", "..", "..", "bin", "weft"))
    return own if os.path.exists(own) else "weft"
