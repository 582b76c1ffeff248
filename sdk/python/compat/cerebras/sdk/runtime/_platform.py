"""Where a program runs. Weft knows one platform: its emulator."""
# SPDX-License-Identifier: Apache-2.0
import json
import os

from weft._core import SdkTarget
from weft.errors import error


class SimfabConfig:
    """Settings of the simulator."""

    def __init__(self, num_threads=16, suppress_trace=False, dump_core=False, core_path=None):
        self.num_threads = num_threads
        self.suppress_trace = suppress_trace
        self.dump_core = dump_core
        self.core_path = core_path


class SdkExecutionPlatform:
    """Made by get_platform(), get_simulator() and get_system()."""

    def __init__(self, address, config, target):
        self.address = address
        self.config = config
        self.target = target

    def is_simulation(self):
        return not self.address

    def is_system(self):
        return bool(self.address)


def get_platform(addr=None, config=None, target=SdkTarget.WSE3, *, cmaddr=None):
    """The simulator without an address (`cmaddr` is its other name); config and target count only there."""
    addr = addr or cmaddr
    if config is not None and not isinstance(config, SimfabConfig):
        raise error("E0617", f"the config of a platform is a SimfabConfig, not {config!r}")
    if not isinstance(target, SdkTarget):
        raise error("E0617", f"the target of a platform is an SdkTarget, not {target!r}")
    if addr:
        return SdkExecutionPlatform(addr, None, None)
    return SdkExecutionPlatform(None, config or SimfabConfig(), target)


def get_simulator(config=None, target=SdkTarget.WSE3):
    return get_platform(None, config, target)


def get_system(addr):
    if not addr:
        raise error("E0617", "get_system() needs the address of a system")
    return get_platform(addr)


class SdkCompileArtifacts:
    """A compiled directory; normally the result of SdkLayout.compile()."""

    def __init__(self, artifacts_path):
        self.path = os.path.abspath(os.fspath(artifacts_path))
        self.ports = {}

    def add_port_mapping(self, path):
        """Further names of streams: a JSON object {name: stream}."""
        try:
            with open(path, encoding="utf-8") as f:
                self.ports.update(json.load(f))
        except (OSError, ValueError, TypeError) as problem:
            raise error("E0617", f"the port mapping {path} cannot be read: {problem}") from None
        return self
