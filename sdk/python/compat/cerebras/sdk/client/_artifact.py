"""The tarball that the compiler makes and the others unpack: sources, compile line and output directory."""
# SPDX-License-Identifier: Apache-2.0
import atexit
import os
import shutil
import tarfile
import tempfile


def unpack(path):
    """Unpacks an artifact into a folder of its own; returns the top folder and the name of the output directory in it."""
    path = os.path.abspath(os.fspath(path))
    if os.path.isdir(path):
        return os.path.dirname(path), os.path.basename(path)
    folder = tempfile.mkdtemp(prefix="weft-artifact-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    with tarfile.open(path) as tar:
        for member in tar.getmembers():
            place = os.path.realpath(os.path.join(folder, member.name))
            if not place.startswith(os.path.realpath(folder) + os.sep):
                raise RuntimeError(f"{path} holds a file outside of itself: {member.name}")
        tar.extractall(folder)
    (top,) = os.listdir(folder)
    top = os.path.join(folder, top)
    with open(os.path.join(top, ".csl_bin_name"), encoding="utf-8") as f:
        return top, f.readline().strip()


def copy_out(source, name, out_path):
    """Copies a file of a run to `out_path`, a folder as a .tar.gz; returns the path of the copy."""
    out_path = os.fspath(out_path)
    if os.path.isdir(source):
        base = out_path[: -len(".tar.gz")] if out_path.endswith(".tar.gz") else os.path.join(out_path, name)
        os.makedirs(os.path.dirname(os.path.abspath(base)), exist_ok=True)
        return shutil.make_archive(base, "gztar", source)
    if os.path.isdir(out_path):
        out_path = os.path.join(out_path, os.path.basename(name))
    os.makedirs(os.path.dirname(os.path.abspath(out_path)), exist_ok=True)
    shutil.copy(source, out_path)
    return out_path
