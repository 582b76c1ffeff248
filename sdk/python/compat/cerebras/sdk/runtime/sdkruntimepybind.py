"""SdkRuntime and its enums over weft._core, with the signatures and messages that existing scripts expect."""
# SPDX-License-Identifier: Apache-2.0
import operator
import os
import sys
import warnings

import numpy as np

from weft import _core, runs, symbols
from weft._core import (  # noqa: F401  (re-exported)
    BF16,
    BOTTOM,
    CB16,
    EAST,
    F16,
    FP16TYPE,
    LEFT,
    MEMCPY_16BIT,
    MEMCPY_32BIT,
    NORTH,
    RAMP,
    RIGHT,
    ROW_MAJOR,
    COL_MAJOR,
    SOUTH,
    TOP,
    WEST,
    WSE2,
    WSE3,
    Edge,
    MemcpyDataType,
    MemcpyOrder,
    Route,
    SdkTarget,
)
from weft.errors import WeftError, error  # noqa: F401
from cerebras.sdk.runtime._layout import (  # noqa: F401
    CodeRegion,
    Color,
    EdgeRouteInfo,
    PortHandle,
    RoutingPosition,
    SdkLayout,
    get_edge_routing,
)
from cerebras.sdk.runtime._platform import (  # noqa: F401
    SdkCompileArtifacts,
    SdkExecutionPlatform,
    SimfabConfig,
    get_platform,
    get_simulator,
    get_system,
)

_MEMCPY_KEYWORDS = ("streaming", "data_type", "order", "nonblock")
_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


class Task:
    """Handle of a command; valid for task_wait() and is_task_done() of the runtime that made it."""

    def __init__(self, core, number):
        self._core = core
        self._number = number


def _memcpy_keywords(name, given):
    if any(key not in given for key in _MEMCPY_KEYWORDS):
        raise error("E0617", f"Must specify the streaming, data_type, order, and nonblock kwargs to {name}()")
    unknown = [key for key in given if key not in _MEMCPY_KEYWORDS]
    if unknown:
        raise TypeError(f"{name}() got an unexpected keyword argument '{unknown[0]}'")


def _integer(name, what, value):
    try:
        return operator.index(value)
    except TypeError:
        if isinstance(value, (float, np.floating)) and float(value).is_integer():
            return int(value)
    raise error("E0617", f"{name}(): {what} is {value!r}, not an integer")


def _file(name, path):
    if not isinstance(path, (str, os.PathLike)):
        raise error("E0617", f"{name}() needs the name of a file, not {path!r}")
    return os.fspath(path)


def _array(array):
    if not isinstance(array, np.ndarray):
        raise error("E0611", f"the host side of a copy is a NumPy array, not {type(array).__name__}")
    return array


def _directory(bindir):
    """The absolute path of a compiled directory: scripts change the folder before load()."""
    try:
        path = os.path.abspath(os.fspath(bindir))
    except TypeError:
        raise error("E0617", f"SdkRuntime() needs the path of a compiled directory, not {bindir!r}") from None
    if os.path.isfile(path):
        help_ = "help: cerebras.sdk.client.SdkRuntime opens it" if path.endswith(".tar.gz") else "help: name its directory"
        raise error("E0601", f"`{path}` cannot be opened as a compiled program: it is a file", help_)
    return path


def _call_words(params):
    """Words of call(): anything NumPy can make an array of, its bits kept for 32-bit elements."""
    array = np.asarray(params)
    if array.dtype in (np.float32, np.int32):
        array = np.ascontiguousarray(array).view(np.uint32)
    try:
        return [int(word) & 0xFFFFFFFF for word in array.ravel()]
    except (TypeError, ValueError):
        raise error("E0617", f"call(): {params!r} are no 32-bit words") from None


def _task(core, task):
    if not isinstance(task, Task):
        raise error("E0617", f"a task is what a nonblocking call returned, not {type(task).__name__}")
    if task._core is not core:
        raise error("E0617", "the task is one of another SdkRuntime")
    return task._number


def _nonblock(name, given):
    if "nonblock" not in given:
        raise error("E0617", f"Must specify the nonblock kwarg to '{name}'")
    unknown = [key for key in given if key != "nonblock"]
    if unknown:
        raise TypeError(f"{name}() got an unexpected keyword argument '{unknown[0]}'")
    return bool(given["nonblock"])


def _enum(kind, value, message):
    # The appliance scripts pass plain integers.
    try:
        number = operator.index(value)
    except TypeError:
        number = int(value) if isinstance(value, kind) else None
    for member in kind.__members__.values():
        if number == int(member):
            return member
    raise error("E0605", f"{message}: {value!r} is none of {', '.join(kind.__members__)}")


class SdkRuntime:
    """A compiled directory on the emulated mesh."""

    _KNOWN = {
        "cmaddr",
        "suppress_simfab_trace",
        "simfab_numthreads",
        "msg_level",
        "memcpy_required",
        "setup_phase_only",
        "run_phase_only",
        "wio_flows",
        "worker",
    }

    def __init__(self, bindir, platform=None, **kwargs):
        for key in kwargs:
            if key not in self._KNOWN:
                warnings.warn(f"SdkRuntime ignores the keyword argument '{key}'", stacklevel=2)
        self._core = None
        self._artifacts = bindir if isinstance(bindir, SdkCompileArtifacts) else None
        directory = _directory(self._artifacts.path if self._artifacts else bindir)
        if kwargs.get("setup_phase_only") and kwargs.get("run_phase_only"):
            raise error("E0617", "sdk_setup_phase_only and sdk_run_phase_only must be mutual exclusive")
        self._setup_only = bool(kwargs.get("setup_phase_only"))
        self._run_only = bool(kwargs.get("run_phase_only"))
        if isinstance(platform, str):
            kwargs.setdefault("cmaddr", platform)
            platform = None
        if platform is not None and not isinstance(platform, SdkExecutionPlatform):
            raise error("E0617", f"the platform of an SdkRuntime is what get_platform() returns, not {platform!r}")
        address = kwargs.get("cmaddr") or (platform.address if platform else None)
        if address:
            print(
                f"[weft] there is no system at {address} for Weft: running on the emulator",
                file=sys.stderr,
            )
        options = _core.RuntimeOptions()
        options.memcpy_required = bool(kwargs.get("memcpy_required", True))
        options.message_level = str(kwargs.get("msg_level", "WARNING")).upper()
        if options.message_level not in _LEVELS:
            raise error("E0617", f"msg_level is one of {', '.join(_LEVELS)}, not {kwargs['msg_level']!r}")
        options.max_threads = min(64, _integer("SdkRuntime", "simfab_numthreads", kwargs.get("simfab_numthreads") or 0))
        options.suppress_trace = bool(kwargs.get("suppress_simfab_trace", False))
        if platform is not None and platform.config is not None:
            options.suppress_trace = options.suppress_trace or platform.config.suppress_trace
            options.max_threads = options.max_threads or int(platform.config.num_threads or 0)
            if platform.config.dump_core:
                options.core_at_end = os.path.abspath(platform.config.core_path or "out.core")
        self._core = _core.Runtime(directory, options)
        if platform is not None and platform.target is not None and not address:
            arch = platform.target.name.lower()
            if arch != self._core.arch:
                raise error("E0617", f"please use the correct compilation flag --arch={arch}")
        runs.remember(directory, self._core)

    def __enter__(self):
        self.load()
        self.run()
        return self

    def __exit__(self, kind, value, trace):
        if self._core.is_running:
            self.stop()

    def __del__(self):
        core = getattr(self, "_core", None)
        if core is not None and core.is_running and core.cycles > 0 and sys is not None:
            print("[weft] warning: stop() was not called on an SdkRuntime", file=sys.stderr)

    def load(self):
        """Puts programs and initial memory on the mesh."""
        if self._run_only:
            raise error("E0602", "Run phase (sdk_run_phase_only=true) cannot call load()")
        self._core.load()

    def run(self):
        """Starts execution."""
        if self._setup_only:
            raise error("E0602", "Setup phase (sdk_setup_phase_only=true) cannot call run()")
        if self._run_only and not self._core.is_loaded:
            self._core.load()
        self._core.run()

    def stop(self):
        """Completes all commands and ends the run; symbols stay readable."""
        self._core.stop()

    def get_id(self, name):
        """Id of an exported variable or function, or None."""
        if not isinstance(name, str):
            raise error("E0617", f"get_id() takes the name of an export, not {name!r}")
        return self._core.id_of(name)

    def _transfer(self, name, target, x, y, w, h, count, keywords, spread=_core.Spread.EACH):
        _memcpy_keywords(name, keywords)
        if target is None:
            known = ", ".join(entry["name"] for entry in self._core.exports if not entry["is_function"]) or "none"
            raise error(
                "E0603",
                f"{name}(): the symbol is None; get_id() returns None for a name that is not exported",
                f"exported variables: {known}",
            )
        t = _core.Transfer()
        t.target = _integer(name, "the symbol or color", target)
        t.x, t.y = _integer(name, "px", x), _integer(name, "py", y)
        t.width, t.height = _integer(name, "w", w), _integer(name, "h", h)
        t.elements_per_pe = _integer(name, "elem_per_pe", count)
        t.streaming = bool(keywords["streaming"])
        t.nonblock = bool(keywords["nonblock"])
        t.data_type = _enum(
            MemcpyDataType, keywords["data_type"], "Illegal data type option for memcpy"
        )
        t.order = _enum(MemcpyOrder, keywords["order"], "Illegal order option for memcpy")
        t.spread = spread
        return t

    def memcpy_h2d(self, dest, src, px, py, w, h, elem_per_pe, **keywords):
        """Copies a host array to a rectangle of PEs."""
        t = self._transfer("memcpy_h2d", dest, px, py, w, h, elem_per_pe, keywords)
        return Task(self._core, self._core.copy_in(t, _array(src)))

    def memcpy_d2h(self, dest, src, px, py, w, h, elem_per_pe, **keywords):
        """Fills a host array from a rectangle of PEs."""
        t = self._transfer("memcpy_d2h", src, px, py, w, h, elem_per_pe, keywords)
        return Task(self._core, self._core.copy_out(t, _array(dest)))

    def memcpy_h2d_rowbcast(self, dest, src, px, py, w, h, elem_per_pe, **keywords):
        """One column of data, row y of it to all PEs of row y."""
        t = self._transfer(
            "memcpy_h2d_rowbcast", dest, px, py, w, h, elem_per_pe, keywords, _core.Spread.ROW_BROADCAST
        )
        return Task(self._core, self._core.copy_in(t, _array(src)))

    def memcpy_h2d_colbcast(self, dest, src, px, py, w, h, elem_per_pe, **keywords):
        """One row of data, column x of it to all PEs of column x."""
        t = self._transfer(
            "memcpy_h2d_colbcast", dest, px, py, w, h, elem_per_pe, keywords, _core.Spread.COLUMN_BROADCAST
        )
        return Task(self._core, self._core.copy_in(t, _array(src)))

    def memcpy_h2d_stride(
        self, dest, src, px, py, w, h, elem_per_pe, row_stride, col_stride, **keywords
    ):
        """Only every row_stride-th column and col_stride-th row of the rectangle gets data."""
        t = self._transfer(
            "memcpy_h2d_stride", dest, px, py, w, h, elem_per_pe, keywords, _core.Spread.STRIDED
        )
        t.row_stride = _integer("memcpy_h2d_stride", "row_stride", row_stride)
        t.col_stride = _integer("memcpy_h2d_stride", "col_stride", col_stride)
        return Task(self._core, self._core.copy_in(t, _array(src)))

    def _function_name(self, function):
        if isinstance(function, str):
            return function
        number = _integer("launch", "the function, if it is no name,", function)
        for entry in self._core.exports:
            if entry["id"] == number:
                return entry["name"]
        raise error("E0603", f"Cannot find exported function with name {function}")

    def launch(self, name, *args, **keywords):
        """Calls an exported function on all PEs."""
        nonblock = _nonblock("launch", keywords)
        return Task(self._core, self._core.launch(self._function_name(name), args, nonblock))

    def call(self, name, params, **keywords):
        """launch() with words that are not checked."""
        # The keywords of a copy are allowed, and have no effect.
        nonblock = _nonblock("call", {k: v for k, v in keywords.items() if k not in _MEMCPY_KEYWORDS[:3]})
        return Task(self._core, self._core.call(self._function_name(name), _call_words(params), nonblock))

    def task_wait(self, task):
        """Returns when the command is complete."""
        number = _task(self._core, task)
        # stop() has completed them all.
        if not self._core.is_stopped:
            self._core.wait(number)

    def is_task_done(self, task):
        """Whether the command is complete; moves simulated time on a little."""
        return self._core.is_done(_task(self._core, task))

    def read_symbol(self, x, y, symbol_name, dtype="uint8"):
        """Storage of a symbol of the PE at fabric coordinate (x, y)."""
        x, y = _integer("read_symbol", "x", x), _integer("read_symbol", "y", y)
        return symbols.read(self._core, x, y, symbol_name, dtype)

    def dump_core(self, filename):
        """Writes the state of the mesh."""
        self._core.dump_core(_file("dump_core", filename))

    def dump_elf_core(self, filename):
        """The same file as dump_core()."""
        if not self._core.is_loaded:
            raise error("E0613", "Cannot call dump_elf_core() if load() has not been called")
        self._core.dump_core(_file("dump_elf_core", filename))

    dump = dump_core

    def coord_logical_to_physical(self, coordinate):
        """Program coordinate to fabric coordinate."""
        try:
            x, y = coordinate
        except (TypeError, ValueError):
            raise error("E0617", f"coord_logical_to_physical() takes a pair (x, y), not {coordinate!r}") from None
        x = _integer("coord_logical_to_physical", "x", x)
        y = _integer("coord_logical_to_physical", "y", y)
        geometry = self._core.geometry
        return (x + geometry["offset_x"], y + geometry["offset_y"])

    def get_port_id(self, name):
        """Id of a stream, or None."""
        name = self._artifacts.ports.get(name, name) if self._artifacts else name
        for number, stream in enumerate(self._core.streams):
            if stream["name"] == name:
                return number
        return None

    def report_port_infos(self):
        """Prints the streams of an SdkLayout program."""
        for number, stream in enumerate(self._core.streams):
            x, y = stream["at"]
            print(
                f"{number}: {stream['name']} {'input' if stream['input'] else 'output'} color {stream['color']} at "
                f"P{x}.{y}"
            )

    def _stream(self, port):
        number = port if isinstance(port, (int, np.integer)) else self.get_port_id(port)
        if number is None or number < 0:
            known = ", ".join(stream["name"] for stream in self._core.streams) or "none"
            raise error("E0614", f"there is no stream {port!r}", f"streams of this program: {known}")
        return int(number)

    def _words(self, name, array, n_wavelets):
        if not isinstance(array, np.ndarray):
            raise error("E0611", f"{name}() needs a NumPy array, not {type(array).__name__}")
        if n_wavelets is not None:
            count = _integer(name, "n_wavelets", n_wavelets)
            if count < 0:
                raise error("E0617", f"{name}() of {count} wavelets")
            return count
        if array.dtype not in (np.int32, np.uint32, np.float32):
            raise error("E0611", f"{name}() without a number of wavelets needs 32-bit elements, not {array.dtype}")
        return array.size

    def send(self, port, src, n_wavelets=None, **keywords):
        """Streams words to an input stream of an SdkLayout program."""
        nonblock = _nonblock("send", keywords)
        count = self._words("send", src, n_wavelets)
        return Task(self._core, self._core.send(self._stream(port), src, count, nonblock))

    def receive(self, port, dest, n_wavelets=None, **keywords):
        """Fills an array with the next words of an output stream."""
        nonblock = _nonblock("receive", keywords)
        count = self._words("receive", dest, n_wavelets)
        return Task(self._core, self._core.receive(self._stream(port), dest, count, nonblock))

    def receive_tofile(self, port, filename, **keywords):
        """Writes the words of an output stream to a file, little-endian: when nothing moves any more, or at stop()."""
        nonblock = _nonblock("receive_tofile", keywords)
        stream = self._stream(port)
        self._core.receive_to_file(stream, os.path.abspath(_file("receive_tofile", filename)), nonblock)
