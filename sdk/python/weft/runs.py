"""The runs of this process by compiled directory, so that debug tools can read the state a run has left."""
# SPDX-License-Identifier: Apache-2.0
import os
import weakref

_KEEP = 4
_runs = {}
_alive = weakref.WeakSet()


def _forget_after_fork():
    """The child of a fork has none of the threads of its parent's runs."""
    for runtime in _alive:
        runtime.abandon()
    _runs.clear()


os.register_at_fork(after_in_child=_forget_after_fork)


def remember(directory, runtime):
    """Notes `runtime` as the latest run of `directory`; only a few directories are kept."""
    key = os.path.realpath(directory)
    _alive.add(runtime)
    _runs.pop(key, None)
    _runs[key] = runtime
    while len(_runs) > _KEEP:
        del _runs[next(iter(_runs))]


def latest(directory):
    """The latest runtime of `directory`, or None."""
    return _runs.get(os.path.realpath(directory))
