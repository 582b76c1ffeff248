"""Where the commands of this installation are: ../../../bin from the packages."""
# SPDX-License-Identifier: Apache-2.0
import os
import shutil

_PACKAGES = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FOLDER = os.path.normpath(os.path.join(_PACKAGES, "..", "..", "..", "bin"))


def command(name):
    """Path of a command such as `cslc`; its name if only PATH can know."""
    own = os.path.join(FOLDER, name)
    return own if os.path.exists(own) else shutil.which(name) or name


def environment():
    """The environment for commands of a user that call ours by name."""
    path = os.environ.get("PATH", os.defpath)
    if FOLDER not in path.split(os.pathsep):
        path = FOLDER + os.pathsep + path
    return {**os.environ, "PATH": path}
