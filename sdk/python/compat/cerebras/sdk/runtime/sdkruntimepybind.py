"""SdkRuntime and its enums over weft._core, with the signatures and messages that existing scripts expect."""
# SPDX-License-Identifier: Apache-2.0
import os
import sys
import warnings

import numpy as np

from weft import _core, runs
from weft._core import (  # noqa: F401  (re-exported)
    BOTTOM,
    EAST,
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
from weft.errors import WeftError  # noqa: F401
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


class Task:
    """Handle of a command; valid for task_wait() and is_task_done() of the runtime that made it."""

    def __init__(self, number):
        self._number = number


def _memcpy_keywords(name, given):
    if any(key not in given for key in _MEMCPY_KEYWORDS):
        raise RuntimeError(
            f"Must specify the streaming, data_type, order, and nonblock kwargs to {name}()"
        )
    unknown = [key for key in given if key not in _MEMCPY_KEYWORDS]
    if unknown:
        raise TypeError(f"{name}() got an unexpected keyword argument '{unknown[0]}'")


def _enum(kind, value, message):
    # The appliance scripts pass plain integers.
    for member in kind.__members__.values():
        if value == member or (isinstance(value, int) and value == int(member)):
            return member
    raise RuntimeError(message)


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
        directory = os.path.abspath(
            self._artifacts.path if self._artifacts else os.fspath(bindir)
        )
        if kwargs.get("setup_phase_only") and kwargs.get("run_phase_only"):
            raise RuntimeError(
                "sdk_setup_phase_only and sdk_run_phase_only must be mutual exclusive"
            )
        self._setup_only = bool(kwargs.get("setup_phase_only"))
        self._run_only = bool(kwargs.get("run_phase_only"))
        if isinstance(platform, str):
            kwargs.setdefault("cmaddr", platform)
            platform = None
        address = kwargs.get("cmaddr") or (platform.address if platform else None)
        if address:
            print(
                f"[weft] there is no system at {address} for Weft: running on the emulator",
                file=sys.stderr,
            )
        options = _core.RuntimeOptions()
        options.memcpy_required = bool(kwargs.get("memcpy_required", True))
        options.message_level = str(kwargs.get("msg_level", "WARNING"))
        options.max_threads = int(kwargs.get("simfab_numthreads") or 0)
        options.suppress_trace = bool(kwargs.get("suppress_simfab_trace", False))
        if platform is not None and platform.config is not None:
            options.suppress_trace = options.suppress_trace or platform.config.suppress_trace
            if platform.config.dump_core:
                options.core_at_end = os.path.abspath(platform.config.core_path or "out.core")
        self._core = _core.Runtime(directory, options)
        if platform is not None and platform.target is not None and not address:
            arch = platform.target.name.lower()
            if arch != self._core.arch:
                raise RuntimeError(
                    f"please use the correct compilation flag --arch={arch}"
                )
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
            raise RuntimeError("Run phase (sdk_run_phase_only=true) cannot call load()")
        self._core.load()

    def run(self):
        """Starts execution."""
        if self._setup_only:
            raise RuntimeError("Setup phase (sdk_setup_phase_only=true) cannot call run()")
        if self._run_only and not self._core.is_loaded:
            self._core.load()
        self._core.run()

    def stop(self):
        """Completes all commands and ends the run; symbols stay readable."""
        self._core.stop()

    def get_id(self, name):
        """Id of an exported variable or function, or None."""
        return self._core.id_of(name)

    def _transfer(self, name, target, x, y, w, h, count, keywords, spread=_core.Spread.EACH):
        _memcpy_keywords(name, keywords)
        if target is None:
            raise RuntimeError(
                f"{name}(): the symbol is None; get_id() returns None for a name that is not exported"
            )
        t = _core.Transfer()
        t.target = int(target)
        t.x, t.y, t.width, t.height = int(x), int(y), int(w), int(h)
        t.elements_per_pe = int(count)
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
        return Task(self._core.copy_in(t, src))

    def memcpy_d2h(self, dest, src, px, py, w, h, elem_per_pe, **keywords):
        """Fills a host array from a rectangle of PEs."""
        t = self._transfer("memcpy_d2h", src, px, py, w, h, elem_per_pe, keywords)
        return Task(self._core.copy_out(t, dest))

    def memcpy_h2d_rowbcast(self, dest, src, px, py, w, h, elem_per_pe, **keywords):
        """One column of data, row y of it to all PEs of row y."""
        t = self._transfer(
            "memcpy_h2d_rowbcast", dest, px, py, w, h, elem_per_pe, keywords, _core.Spread.ROW_BROADCAST
        )
        return Task(self._core.copy_in(t, src))

    def memcpy_h2d_colbcast(self, dest, src, px, py, w, h, elem_per_pe, **keywords):
        """One row of data, column x of it to all PEs of column x."""
        t = self._transfer(
            "memcpy_h2d_colbcast", dest, px, py, w, h, elem_per_pe, keywords, _core.Spread.COLUMN_BROADCAST
        )
        return Task(self._core.copy_in(t, src))

    def memcpy_h2d_stride(
        self, dest, src, px, py, w, h, elem_per_pe, row_stride, col_stride, **keywords
    ):
        """Only every row_stride-th column and col_stride-th row of the rectangle gets data."""
        t = self._transfer(
            "memcpy_h2d_stride", dest, px, py, w, h, elem_per_pe, keywords, _core.Spread.STRIDED
        )
        t.row_stride, t.col_stride = int(row_stride), int(col_stride)
        return Task(self._core.copy_in(t, src))

    def _function_name(self, function):
        if isinstance(function, str):
            return function
        for entry in self._core.exports:
            if entry["id"] == function:
                return entry["name"]
        raise RuntimeError(f"Cannot find exported function with name {function}")

    def launch(self, name, *args, **keywords):
        """Calls an exported function on all PEs."""
        if "nonblock" not in keywords:
            raise RuntimeError("Must specify the nonblock kwarg to 'launch'")
        return Task(
            self._core.launch(self._function_name(name), args, bool(keywords["nonblock"]))
        )

    def call(self, name, params, **keywords):
        """launch() with words that are not checked."""
        if "nonblock" not in keywords:
            raise RuntimeError("Must specify the nonblock kwarg to 'call'")
        words = [int(word) for word in np.asarray(params, dtype=np.uint32).ravel()]
        return Task(
            self._core.call(self._function_name(name), words, bool(keywords["nonblock"]))
        )

    def task_wait(self, task):
        """Returns when the command is complete."""
        self._core.wait(task._number)

    def is_task_done(self, task):
        """Whether the command is complete; moves simulated time on a little."""
        return self._core.is_done(task._number)

    def read_symbol(self, x, y, symbol_name, dtype="uint8"):
        """Storage of a symbol of the PE at fabric coordinate (x, y)."""
        return self._core.read_symbol(x, y, symbol_name).view(np.dtype(dtype)).copy()

    def dump_core(self, filename):
        """Writes the state of the mesh."""
        self._core.dump_core(os.fspath(filename))

    def dump_elf_core(self, filename):
        """The same file as dump_core()."""
        if not self._core.is_loaded:
            raise RuntimeError("Cannot call dump_elf_core() if load() has not been called")
        self._core.dump_core(os.fspath(filename))

    dump = dump_core

    def coord_logical_to_physical(self, coordinate):
        """Program coordinate to fabric coordinate."""
        geometry = self._core.geometry
        return (coordinate[0] + geometry["offset_x"], coordinate[1] + geometry["offset_y"])

    def get_port_id(self, name):
        """Id of a stream, or None."""
        return self._ports().get(name)

    def report_port_infos(self):
        """Prints the streams of an SdkLayout program."""
        for name, number in self._ports().items():
            print(f"{name}: {number}")

    def _ports(self):
        return self._artifacts.ports if self._artifacts else {}

    def send(self, port, src, n_wavelets=None, **keywords):
        """Streams words into an input stream of an SdkLayout program."""
        raise RuntimeError("error[E0612]: streams of SdkLayout programs are not supported yet")

    receive = receive_tofile = send
