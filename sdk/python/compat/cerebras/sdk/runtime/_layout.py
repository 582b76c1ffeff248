"""The host-side layout API: regions of code, painted routes, ports, connections and streams. `compile` describes it all
to the compiler as JSON (`weft layout`)."""
# SPDX-License-Identifier: Apache-2.0
import json
import operator
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass

import numpy as np

from weft import tools
from weft._core import Edge, FP16TYPE, Route, SdkTarget
from weft.errors import WeftError, error
from cerebras.geometry.geometry import IntRectangle, IntVector
from cerebras.sdk.runtime._paths import Net, find_paths
from cerebras.sdk.runtime._platform import SdkCompileArtifacts, SdkExecutionPlatform

_COLORS = 24
_HOST = "HOST"
_SYMBOL_TYPES = ("int16", "uint16", "int32", "uint32", "float32")


_PATH = (str, os.PathLike)
_LIST = (list, tuple)


def _is(value, kind, what):
    """`value`, which a script must give as a `kind`."""
    if isinstance(value, kind):
        return value
    name = {_PATH: "path", _LIST: "list"}.get(kind) or kind.__name__
    raise error("E0616", f"{what} is {'an' if name[0] in 'AEIOU' else 'a'} {name}, not {value!r}")


def _whole(value, what, least=None):
    """An integer, also one of NumPy."""
    try:
        number = operator.index(value)
    except TypeError:
        raise error("E0616", f"{what} is an integer, not {value!r}") from None
    if least is not None and number < least:
        raise error("E0616", f"{what} is at least {least}, not {number}")
    return number


def _sides(routes):
    if isinstance(routes, Route):
        routes = [routes]
    return [_is(side, Route, "a side of a RoutingPosition") for side in routes]


def _positions(routes, color):
    """A list of switch positions."""
    if isinstance(routes, RoutingPosition):
        routes = [routes]
    if not isinstance(routes, (list, tuple)) or not all(isinstance(p, RoutingPosition) for p in routes):
        name = color.get_global_name()
        raise error("E0616", f"the routes of color '{name}' are a list of RoutingPosition, not {routes!r}")
    return list(routes)


class Color:
    """A symbolic color; without a value the layout chooses one."""

    def __init__(self, name, value=None, _region=None):
        if value is not None and not 0 <= _whole(value, f"the value of color '{name}'") < _COLORS:
            raise error("E0616", f"color '{name}': {value} is not a color, the last one is {_COLORS - 1}")
        self._name = _is(name, str, "the name of a color")
        self._value = None if value is None else _whole(value, f"the value of color '{name}'")
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
        self._input = _sides(routes)
        return self

    def set_output(self, routes):
        self._output = _sides(routes)
        return self

    def add_input(self, route):
        self._input += _sides(route)
        return self

    def add_output(self, route):
        self._output += _sides(route)
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


@dataclass(eq=False)
class PortHandle:
    """Made by create_input_port() and create_output_port()."""

    _region: "CodeRegion"
    _color: Color
    _edge: Edge
    _routes: list
    _data_size: int
    _name: str
    _is_input: bool

    def _places(self):
        """The PEs of the port, in order along the edge, on the fabric."""
        r = self._region
        if self._edge in (Edge.TOP, Edge.BOTTOM):
            y = 0 if self._edge == Edge.TOP else r._height - 1
            return [(r._x + x, r._y + y) for x in range(r._width)]
        x = 0 if self._edge == Edge.LEFT else r._width - 1
        return [(r._x + x, r._y + y) for y in range(r._height)]

    def _side(self):
        """The side on which a path must meet the port; None: any, for a region of one PE."""
        if self._region._width * self._region._height == 1:
            return None
        return {Edge.TOP: Route.NORTH, Edge.BOTTOM: Route.SOUTH, Edge.LEFT: Route.WEST, Edge.RIGHT: Route.EAST}[
            self._edge
        ]


class CodeRegion:
    """A rectangle of PEs that run one source file. Coordinates in its calls are relative to it."""

    def __init__(self, source, name, width, height):
        self._source = source
        self._name = _is(name, str, "the name of a code region")
        self._width = _whole(width, f"the width of region '{name}'")
        self._height = _whole(height, f"the height of region '{name}'")
        if self._width < 1 or self._height < 1:
            raise error("E0616", f"the region '{name}' has {width} x {height} PEs")
        self._x = 0
        self._y = 0
        self._params = {}
        self._colors = {}
        self._paints = []
        self._ports = {}
        self._symbols = []

    def color(self, name, value=None):
        return Color(name, value, self._name)

    def place(self, x, y):
        x, y = (_whole(v, f"the place of region '{self._name}'") for v in (x, y))
        if x < 0 or y < 0:
            raise error("E0616", f"the region '{self._name}' cannot be placed at ({x}, {y})")
        self._x, self._y = x, y

    def _all(self):
        return [(x, y) for y in range(self._height) for x in range(self._width)]

    def _inside(self, rectangle):
        _is(rectangle, IntRectangle, "a part of a region")
        places = [
            (x, y)
            for y in range(rectangle.lo.y, rectangle.hi.y)
            for x in range(rectangle.lo.x, rectangle.hi.x)
        ]
        for x, y in places:
            self._check(x, y)
        return places

    def _one(self, at):
        """The PE of the region that an IntVector names."""
        _is(at, IntVector, "a PE of a region")
        self._check(at.x, at.y)
        return (at.x, at.y)

    def _check(self, x, y):
        if not (0 <= x < self._width and 0 <= y < self._height):
            raise error(
                "E0616", f"PE ({x}, {y}) is outside of the region '{self._name}' of {self._width} x {self._height} PEs"
            )

    def _set(self, places, first, second):
        """(color), (name, color) or (name, integer)."""
        name = first.get_local_param_name() if isinstance(first, Color) else _is(first, str, "the name of a param")
        color = first if isinstance(first, Color) else second
        is_color = isinstance(color, Color)
        value = None if is_color else _whole(second, f"param '{name}' of region '{self._name}'")
        for place in places:
            # The last one counts, whichever form it has.
            for values in (self._colors, self._params):
                values.get(place, {}).pop(name, None)
            (self._colors if is_color else self._params).setdefault(place, {})[name] = color if is_color else value

    def set_param(self, at, first, second=None):
        self._set([self._one(at)], first, second)

    def set_param_range(self, rectangle, first, second=None):
        self._set(self._inside(rectangle), first, second)

    def set_param_all(self, first, second=None):
        self._set(self._all(), first, second)

    def _paint(self, places, color, routes, over=False):
        routes = _positions(routes, _is(color, Color, "what is painted"))
        if not 1 <= len(routes) <= 4:
            raise error("E0616", f"color '{color.get_global_name()}' has {len(routes)} switch positions: 1 to 4 exist")
        self._paints.append((places, color, list(routes), over))

    def paint(self, at, color, routes):
        self._paint([self._one(at)], color, routes)

    def paint_range(self, rectangle, color, routes):
        self._paint(self._inside(rectangle), color, routes)

    def paint_all(self, color, routes, edges=()):
        self._paint(self._all(), color, routes)
        for info in edges:
            _is(info, EdgeRouteInfo, "what paint_all() takes after the routes")
            handle = PortHandle(self, color, info.edge, info.routes, 0, "", True)
            places = [(x - self._x, y - self._y) for x, y in handle._places()]
            self._paint(places, color, info.routes, over=True)

    def _port(self, color, edge, routes, data_size, prefix, is_input):
        _is(color, Color, "the color of a port")
        _is(edge, Edge, "the edge of a port")
        routes = _positions(routes, color)
        name = f"{prefix or self._name}_{color.get_local_param_name()}"
        data_size = _whole(data_size, f"the data size of port '{name}'", 0)
        if name in self._ports:
            raise error("E0616", f"the region '{self._name}' has a port '{name}' already")
        for position in routes:
            if is_input and position.get_input():
                raise error("E0616", "input port cannot have input route.", f"port '{name}'")
            if not is_input and position.get_output():
                raise error("E0616", "output port cannot have output route.", f"port '{name}'")
        self._ports[name] = PortHandle(self, color, edge, routes, data_size, name, is_input)
        return self._ports[name]

    def create_input_port(self, color, edge, routes, data_size, prefix=""):
        return self._port(color, edge, routes, data_size, prefix, True)

    def create_output_port(self, color, edge, routes, data_size, prefix=""):
        return self._port(color, edge, routes, data_size, prefix, False)

    def set_symbol(self, at, symbol, data):
        """Initial value of a variable on one PE."""
        self._set_symbol([self._one(at)], 1, 1, symbol, data, None, None)

    def set_symbol_rect(self, rectangle, symbol, data, width, height):
        """set_symbol_all() for a part of the region."""
        places = self._inside(rectangle)
        self._set_symbol(places, rectangle.width, rectangle.height, symbol, data, width, height)

    def set_symbol_all(self, symbol, data, width, height):
        """Initial values of a variable: `data` is a row-major matrix of height x width elements, cut into one block for
        each PE."""
        self._set_symbol(self._all(), self._width, self._height, symbol, data, width, height)

    def _set_symbol(self, places, columns, rows, symbol, data, width, height):
        array = np.ascontiguousarray(data)
        if array.dtype.name not in _SYMBOL_TYPES:
            raise error("E0615", f"'{symbol}' cannot be set from {array.dtype}: {', '.join(_SYMBOL_TYPES)} can")
        width = array.size if width is None else _whole(width, f"the width of the data of '{symbol}'", 1)
        height = 1 if height is None else _whole(height, f"the height of the data of '{symbol}'", 1)
        if array.size != width * height:
            raise error("E0615", f"the data of '{symbol}' has {array.size} elements, not {width} x {height}")
        if width % columns or height % rows:
            raise error("E0615", f"{width} x {height} elements of '{symbol}' cannot be cut for {columns} x {rows} PEs")
        bw, bh = width // columns, height // rows
        blocks = array.reshape(rows, bh, columns, bw).transpose(0, 2, 1, 3).reshape(rows * columns, bh * bw)
        for place, block in zip(places, blocks):
            self._symbols.append((symbol, place, block.astype(block.dtype.newbyteorder("<")).tobytes()))


@dataclass(eq=False)
class _Stream:
    name: str
    is_input: bool
    # The port, or for a stream from a location its place.
    port: PortHandle
    at: tuple
    color: Color
    buffer_size: int

    def place(self):
        """Regions may move until the layout is compiled."""
        return self.port._places()[0] if self.port else self.at


class SdkLayout:
    """Collects regions, connections and streams; compile() turns them into a program."""

    def __init__(self, platform=None, *, msg_level="WARNING"):
        if isinstance(platform, SdkTarget):
            self._target = platform
        elif isinstance(platform, (str, os.PathLike)):
            try:
                with open(platform, encoding="utf-8") as f:
                    described = json.load(f)
            except (OSError, ValueError) as problem:
                raise error("E0616", f"the fabric file {os.fspath(platform)} cannot be read: {problem}") from None
            arch = str(described.get("target", described.get("arch", "wse3"))).lower()
            self._target = SdkTarget.WSE2 if arch == "wse2" else SdkTarget.WSE3
        elif platform is None or isinstance(platform, SdkExecutionPlatform):
            self._target = getattr(platform, "target", None) or SdkTarget.WSE3
        else:
            raise error("E0616", f"SdkLayout() takes a platform, a target or a fabric file, not {platform!r}")
        self._regions = []
        self._connections = []
        self._streams = []

    def create_code_region(self, source, name, width, height):
        _is(name, str, "the name of a code region")
        if any(region._name == name for region in self._regions):
            raise error("E0616", f"there is a code region '{name}' already")
        _is(source, _PATH, "the source of a code region")
        region = CodeRegion(os.path.abspath(source), name, width, height)
        self._regions.append(region)
        return region

    def connect(self, tx, rx):
        """From an output port to an input port; an output port may be connected to several."""
        for port, wanted in ((tx, False), (rx, True)):
            self._check_free(port, wanted)
        if tx._data_size != rx._data_size:
            raise error(
                "E0616",
                f"cannot connect ports with incompatible data sizes. Port '{tx._name}' has {tx._data_size}, "
                f"port '{rx._name}' has {rx._data_size}",
            )
        if len(tx._places()) != len(rx._places()):
            raise error(
                "E0616",
                f"cannot connect ports with incompatible number of PEs. Port '{tx._name}' has {len(tx._places())}, "
                f"port '{rx._name}' has {len(rx._places())}",
            )
        self._connections.append((tx, rx))

    def _check_free(self, port, is_input, for_stream=False):
        kind = "input" if is_input else "output"
        _is(port, PortHandle, f"an {kind} port")
        if port._is_input != is_input:
            raise error("E0616", f"port '{port._name}' is no {kind} port")
        taken = any(port in pair for pair in self._connections) and (is_input or for_stream)
        if taken or any(stream.port is port for stream in self._streams):
            raise error("E0616", f"Port '{port._name}' cannot be used for internal connection: it is connected already")

    def _stream(self, port, is_input, io_loc, io_buffer_size):
        self._check_free(port, is_input, for_stream=True)
        if io_loc is not None:
            # Streams end at their port: nothing stands between it and the edge of the fabric.
            _is(io_loc, IntVector, "io_loc")
        if len(port._places()) != 1:
            raise error("E0616", f"a stream needs a port of one PE, port '{port._name}' has {len(port._places())}")
        return self._add_stream(_Stream(port._name, is_input, port, None, port._color, io_buffer_size))

    def _add_stream(self, stream):
        stream.buffer_size = _whole(stream.buffer_size, f"the buffer of stream '{stream.name}', in words,", 1)
        if any(other.name == stream.name for other in self._streams):
            raise error("E0616", f"there is a stream '{stream.name}' already")
        self._streams.append(stream)
        return stream.name

    def create_input_stream(self, port, io_loc=None, io_buffer_size=1024):
        """A stream from the host to a port of one PE; returns its name, for send()."""
        return self._stream(port, True, io_loc, io_buffer_size)

    def create_output_stream(self, port, io_loc=None, io_buffer_size=1024):
        """A stream from a port of one PE to the host; returns its name, for receive()."""
        return self._stream(port, False, io_loc, io_buffer_size)

    def _from_loc(self, loc, color, prefix, is_input):
        _is(loc, IntVector, "the place of a stream")
        _is(color, Color, "the color of a stream")
        name = f"{prefix + '_' if prefix else ''}{color.get_global_name()}_{loc.x}_{loc.y}"
        return self._add_stream(_Stream(name, is_input, None, (loc.x, loc.y), color, 1024))

    def create_input_stream_from_loc(self, loc, c, prefix=""):
        """A stream from the host into the PE at a fabric coordinate, on a color."""
        return self._from_loc(loc, c, prefix, True)

    def create_output_stream_from_loc(self, loc, c, prefix=""):
        """A stream of what the PE at a fabric coordinate sends on a color, to the host."""
        return self._from_loc(loc, c, prefix, False)

    def _stack(self, regions, origin, horizontal):
        for region in _is(regions, _LIST, "what is stacked"):
            _is(region, CodeRegion, "what is placed")
        if not regions:
            raise error("E0616", "there is no region to place")
        if origin is not None:
            _is(origin, IntVector, "the origin of a stack")
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

    def _groups(self):
        """A function from a color to the one that stands for all colors it is connected with."""
        parent = {}

        def root(color):
            while parent.setdefault(color, color) is not color:
                color = parent[color]
            return color

        for tx, rx in self._connections:
            parent[root(tx._color)] = root(rx._color)
        return root

    def _routes(self, root):
        """{(place, color): positions} of every painted and connected PE; positions are (inputs, outputs)."""
        routes = {}
        for region in self._regions:
            for places, color, positions, over in region._paints:
                wanted = [(p.get_input(), p.get_output()) for p in positions]
                for x, y in places:
                    key = ((region._x + x, region._y + y), color)
                    if not over and routes.setdefault(key, wanted) != wanted:
                        raise error("E0616", f"color '{color.get_global_name()}' is painted twice on PE {key[0]}")
                    routes[key] = wanted
        used = {}
        for place, color in routes:
            used.setdefault(root(color), set()).add(place)
        for tx, rx in self._connections:
            for place in (*tx._places(), *rx._places()):
                used.setdefault(root(tx._color), set()).add(place)
        self._connect_routes(root, used, routes)
        for stream in self._streams:
            self._stream_route(stream, routes)
        return routes

    def _connect_routes(self, root, used, routes):
        """Adds the routes of the connections; `used` has the places where a color stands already."""
        lanes = max((len(tx._places()) for tx, _ in self._connections), default=0)
        corners = [(r._x + r._width, r._y + r._height) for r in self._regions]
        extent = tuple(max((c[k] for c in corners), default=0) + lanes + 1 for k in (0, 1))
        groups = {}
        for tx, rx in self._connections:
            nets = groups.setdefault(root(tx._color), {})
            for start, end in zip(tx._places(), rx._places()):
                net, _, sinks = nets.setdefault(start, (Net(start, tx._side()), tx, []))
                net.ends.append((end, rx._side()))
                sinks.append(rx)
        for leader, nets in groups.items():
            stuck = find_paths([net for net, _, _ in nets.values()], used[leader], extent)
            if stuck is not None:
                _, tx, sinks = nets[stuck.start]
                raise error("E0616", f"no path is free from port '{tx._name}' to port '{sinks[0]._name}'",
                            f"from PE {stuck.start} to PE {stuck.ends[0][0]}; paths of one color cannot cross")
            for net, tx, sinks in nets.values():
                routes[net.start, tx._color] = [(p.get_input(), net.out[net.start]) for p in tx._routes]
                for place in net.crossed():
                    routes[place, leader] = [([net.entered[place]], net.out[place])]
                for (end, _), rx in zip(net.ends, sinks):
                    further = net.out.get(end, [])
                    routes[end, rx._color] = [([net.entered[end]], p.get_output() + further) for p in rx._routes]

    def _stream_route(self, stream, routes):
        key = (stream.place(), stream.color)
        if stream.port is not None:
            sides = [(p.get_input(), p.get_output()) for p in stream.port._routes]
        else:
            sides = routes.get(key) or [([], [Route.RAMP]) if stream.is_input else ([Route.RAMP], [])]
        routes[key] = [
            ([*inputs, _HOST], outputs) if stream.is_input else (inputs, [*outputs, _HOST]) for inputs, outputs in sides
        ]

    def _allocate(self, routes, root):
        """Gives every color a value; connected colors share one, and no PE sees two colors of one value."""
        places = {}
        members = {}

        def note(color, place):
            places.setdefault(root(color), set()).add(place)
            members.setdefault(root(color), {})[color] = True

        for tx, rx in self._connections:
            for port in (tx, rx):
                for place in port._places():
                    note(port._color, place)
        for place, color in routes:
            note(color, place)
        for region in self._regions:
            for (x, y), colors in region._colors.items():
                for color in colors.values():
                    note(color, (region._x + x, region._y + y))
        taken = {}
        for leader in places:
            for color in members[leader]:
                if color._value is None:
                    continue
                if taken.setdefault(leader, color._value) != color._value:
                    raise error(
                        "E0616", f"'{color.get_global_name()}' has value {color._value} and is connected with a color "
                        f"of value {taken[leader]}"
                    )
        for leader, own in places.items():
            if leader in taken:
                continue
            used = {value for other, value in taken.items() if places[other] & own}
            free = [value for value in range(_COLORS) if value not in used]
            if not free:
                raise error("E0616", f"no color is left for '{leader.get_global_name()}'")
            taken[leader] = free[0]
        for leader, value in taken.items():
            for color in members[leader]:
                color._value = value

    def _tiles(self):
        """What runs where: PEs with equal source and params together."""
        owner = {}
        tiles = []
        for region in self._regions:
            kinds = {}
            for x, y in region._all():
                place = (region._x + x, region._y + y)
                if place in owner:
                    raise error("E0616", f"the regions '{owner[place]}' and '{region._name}' overlap at PE {place}")
                owner[place] = region._name
                params = {k: str(v) for k, v in region._params.get((x, y), {}).items()}
                colors = {k: str(c.get_value()) for k, c in region._colors.get((x, y), {}).items()}
                kinds.setdefault(json.dumps([params, colors], sort_keys=True), []).append(place)
            for kind, at in kinds.items():
                params, colors = json.loads(kind)
                tiles.append({"region": region._name, "source": region._source, "at": at, "params": params,
                              "colors": colors})
        return tiles, owner

    def compile(self, out_prefix, libs=(), cslc_prefix="", save_port_map=False, f16_type=FP16TYPE.F16):
        """Compiles all regions into the directory `out_prefix`."""
        root = self._groups()
        routes = self._routes(root)
        self._allocate(routes, root)
        tiles, owner = self._tiles()
        if not tiles:
            raise error("E0616", "the layout has no code region")
        for stream in self._streams:
            if stream.place() not in owner:
                raise error("E0616", f"stream '{stream.name}' ends at PE {stream.place()}, which runs no code")
        everywhere = list(owner) + [place for place, _ in routes]
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
                    "positions": [[_names(inputs), _names(outputs)] for inputs, outputs in positions],
                }
                for (place, color), positions in routes.items()
            ],
            "streams": [
                {
                    "name": stream.name,
                    "input": stream.is_input,
                    "at": stream.place(),
                    "color": stream.color.get_value(),
                    "buffer": int(stream.buffer_size),
                }
                for stream in self._streams
            ],
            "symbols": [
                {"name": symbol, "at": (region._x + x, region._y + y), "bytes": data.hex()}
                for region in self._regions
                for symbol, (x, y), data in region._symbols
            ],
        }
        with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as f:
            json.dump(description, f)
            f.flush()
            done = subprocess.run(
                [tools.command("weft"), "layout", f.name, "-o", os.fspath(out_prefix)],
                capture_output=True, text=True, check=False,
            )
        if done.returncode != 0:
            raise _compile_error(done.stderr)
        if done.stderr:
            print(done.stderr, file=sys.stderr, end="")
        self._write_maps(os.fspath(out_prefix), description, routes, save_port_map)
        return SdkCompileArtifacts(out_prefix)

    def _write_maps(self, folder, description, routes, save_port_map):
        """colors.json, sim.map and plan.json: what was chosen, for people and scripts."""

        def write(name, content):
            with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
                json.dump(content, f, indent=2)
                f.write("\n")

        write("colors.json", {color.get_global_name(): color.get_value() for _, color in routes})
        regions = {
            r._name: {"source": r._source, "at": [r._x, r._y], "width": r._width, "height": r._height}
            for r in self._regions
        }
        write("sim.map", {"width": description["width"], "height": description["height"], "regions": regions})
        connections = [[tx._name, rx._name] for tx, rx in self._connections]
        write("plan.json", {"routes": description["routes"], "connections": connections,
                            "streams": description["streams"]})
        if save_port_map:
            write("port_map.json", {stream["name"]: stream["name"] for stream in description["streams"]})


def _names(sides):
    return [side if side == _HOST else side.name for side in sides]


def _compile_error(text):
    """The compiler's diagnostics as an exception that carries the first code."""
    text = text.strip()
    found = re.search(r"error\[(E\d+)\]", text)
    return WeftError(text, found.group(1) if found else "")
