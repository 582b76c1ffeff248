"""SdkLauncher: runs shell commands in the unpacked artifact."""
# SPDX-License-Identifier: Apache-2.0
import os
import shutil
import subprocess

from weft import tools
from weft.errors import error
from cerebras.sdk.client._artifact import copy_out, unpack

_ADDRESS = "127.0.0.1:9000"


class SdkLauncher:
    """Commands see the emulator, with `simulator=True` and without."""

    def __init__(self, artifact_path, *, simulator=False, **kwargs):
        self._simulator = simulator
        self._settings = kwargs
        self._folder, _ = unpack(artifact_path)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        return None

    def stage(self, path):
        """Copies a file or folder into the working folder."""
        path = os.fspath(path)
        place = os.path.join(self._folder, os.path.basename(os.path.normpath(path)))
        if os.path.isdir(path):
            shutil.copytree(path, place, dirs_exist_ok=True)
        else:
            shutil.copy(path, place)

    def run(self, *commands):
        """Runs shell commands there; returns what they print."""
        output = ""
        for command in commands:
            if not isinstance(command, str):
                raise error("E0617", f"SdkLauncher.run() takes commands as text, not {type(command).__name__}")
            if "%CMADDR%" in command:
                if self._simulator:
                    raise error("E0617", "a command with %CMADDR% needs a system, but simulator=True was given")
                command = command.replace("%CMADDR%", _ADDRESS)
            done = subprocess.run(
                command,
                shell=True,
                cwd=self._folder,
                env=tools.environment(),
                capture_output=True,
                text=True,
                check=False,
            )
            output += done.stdout
            if done.returncode != 0:
                raise RuntimeError(f"SdkLauncher.run() command error: {command}\n{done.stdout}{done.stderr}")
        return output

    def download_artifact(self, name, out_path):
        """Copies a file out; a folder becomes a .tar.gz."""
        source = os.path.join(self._folder, name)
        if not os.path.exists(source):
            raise error("E0617", f"the working folder of the launcher has no `{name}`")
        return copy_out(source, name, out_path)

    def upload_artifact(self, path, rel=None):
        """Copies a file in, under the name `rel`."""
        place = os.path.join(self._folder, rel or os.path.basename(os.fspath(path)))
        os.makedirs(os.path.dirname(place), exist_ok=True)
        shutil.copy(path, place)
