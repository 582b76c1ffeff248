"""The runs of this process by compiled directory, so that debug tools can read the state a run has left."""
# SPDX-License-Identifier: Apache-2.0
import os

_KEEP = 4
_runs = {}


def remember(directory, runtime):
    """Notes `runtime` as the latest run of `directory`; only a few directories are kept."""
    key = os.path.realpath(directory)
    _runs.pop(key, None)
    _runs[key] = runtime
    while len(_runs) > _KEEP:
        del _runs[next(iter(_runs))]


def latest(directory):
    """The latest runtime of `directory`, or None."""
    return _runs.get(os.path.realpath(directory))
