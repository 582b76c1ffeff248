"""SdkRuntime of appliance scripts: a context manager over the local runtime."""
# SPDX-License-Identifier: Apache-2.0
import os

from weft.errors import error
from cerebras.sdk.client._artifact import copy_out, unpack
from cerebras.sdk.client._jobs import record
from cerebras.sdk.runtime.sdkruntimepybind import SdkRuntime as _LocalRuntime


class SdkRuntime:
    """Entering unpacks, loads and runs; leaving stops."""

    class Task:
        """Handle of a nonblocking command."""

        def __init__(self, runtime, task, op_index):
            self._runtime = runtime
            self._task = task
            self.op_index = op_index

        def wait(self):
            self._runtime.task_wait(self)

        def done(self):
            return self._runtime.is_task_done(self)

        is_done = property(done)

    def __init__(self, artifact_path, *, simulator=False, **kwargs):
        self._artifact_path = artifact_path
        self._simulator = simulator
        self._folder = None
        self._runtime = None
        self._stopped = False
        self._operations = 0

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, kind, value, trace):
        if kind is None:
            self.stop()

    def start(self):
        """Unpacks the artifact, loads and runs it."""
        if self._runtime is None:
            record("execute_jobs")
            self._folder, output = unpack(self._artifact_path)
            self._runtime = _LocalRuntime(os.path.join(self._folder, output))
            self._runtime.load()
            self._runtime.run()

    def stop(self):
        """Ends the run; once."""
        if self._runtime is not None and not self._stopped:
            self._stopped = True
            self._runtime.stop()

    @property
    def _core(self):
        return self._local()._core

    def _local(self):
        if self._runtime is None:
            raise error("E0602", "SdkRuntime is not running: use it in a `with` statement, or call start()")
        return self._runtime

    def is_simulator(self):
        return bool(self._simulator)

    def get_id(self, name):
        return self._local().get_id(name)

    def _handle(self, task, nonblock):
        self._operations += 1
        return SdkRuntime.Task(self, task, self._operations) if nonblock else None

    def memcpy_h2d(self, dest, src, px, py, w, h, elem_per_pe, **keywords):
        task = self._local().memcpy_h2d(dest, src, px, py, w, h, elem_per_pe, **keywords)
        return self._handle(task, keywords["nonblock"])

    def memcpy_d2h(self, dest, src, px, py, w, h, elem_per_pe, **keywords):
        task = self._local().memcpy_d2h(dest, src, px, py, w, h, elem_per_pe, **keywords)
        return self._handle(task, keywords["nonblock"])

    def memcpy_h2d_rowbcast(self, dest, src, px, py, w, h, elem_per_pe, **keywords):
        task = self._local().memcpy_h2d_rowbcast(dest, src, px, py, w, h, elem_per_pe, **keywords)
        return self._handle(task, keywords["nonblock"])

    def memcpy_h2d_colbcast(self, dest, src, px, py, w, h, elem_per_pe, **keywords):
        task = self._local().memcpy_h2d_colbcast(dest, src, px, py, w, h, elem_per_pe, **keywords)
        return self._handle(task, keywords["nonblock"])

    def memcpy_h2d_stride(self, dest, src, px, py, w, h, elem_per_pe, row_stride, col_stride, **keywords):
        task = self._local().memcpy_h2d_stride(
            dest, src, px, py, w, h, elem_per_pe, row_stride, col_stride, **keywords
        )
        return self._handle(task, keywords["nonblock"])

    def launch(self, name, *args, nonblock):
        return self._handle(self._local().launch(name, *args, nonblock=nonblock), nonblock)

    def call(self, name, params, *, nonblock):
        return self._handle(self._local().call(name, params, nonblock=nonblock), nonblock)

    def task_wait(self, task):
        self._local().task_wait(task._task)

    def is_task_done(self, task):
        return self._local().is_task_done(task._task)

    def download_artifact(self, name, out_path):
        """Copies a file of the run; only after stop()."""
        if not self._stopped:
            raise error("E0602", "download_artifact() may only be called after stop()")
        source = name if os.path.exists(name) else os.path.join(self._folder, name)
        if not os.path.exists(source):
            raise error("E0617", f"the run has left no `{name}`")
        return copy_out(source, name, out_path)
