"""SdkCompiler: compiles a folder's layout into a tarball whose name is a hash of sources and options."""
# SPDX-License-Identifier: Apache-2.0
import hashlib
import os
import shlex
import shutil
import subprocess
import tarfile
import tempfile

from weft import tools
from cerebras.appliance import logger
from cerebras.appliance.errors import ApplianceUnknownError
from cerebras.sdk.client._jobs import record
from cerebras.sdk.sdk_utils import getOutputNameFromCompileOptions


_STAMP = ".compiler"


def _compiler_stamp():
    """What tells one build of the compiler from another: an artifact of another one is not used again."""
    try:
        about = os.stat(tools.command("cslc"))
    except OSError:
        raise ApplianceUnknownError("cslc is neither beside the packages nor on PATH") from None
    return f"{about.st_size} {about.st_mtime_ns}"


def _made_by(target):
    try:
        with tarfile.open(target) as tar:
            top = tar.next().name.split("/")[0]
            return tar.extractfile(f"{top}/{_STAMP}").read().decode()
    except (OSError, KeyError, AttributeError, tarfile.TarError):
        return None


_NAMES = ("app_path", "csl_main", "options", "out_path")
_ALIASES = {"codedir": "app_path", "layout": "csl_main", "args": "options", "outdir": "out_path"}


def _arguments(args, keywords):
    """The arguments of compile() by their names here."""
    if len(args) > len(_NAMES):
        raise TypeError(f"compile() takes {len(_NAMES)} arguments, not {len(args)}")
    values = dict(zip(_NAMES, args))
    for key, value in keywords.items():
        name = _ALIASES.get(key, key)
        if name not in _NAMES:
            raise TypeError(f"compile() got an unexpected keyword argument '{key}'")
        if name in values:
            raise TypeError(f"compile() got multiple values for argument '{key}'")
        values[name] = value
    values.setdefault("out_path", ".")
    values["options"] = values.get("options") or ""
    missing = [name for name in _NAMES if name not in values]
    if missing:
        raise TypeError(f"compile() misses {', '.join(missing)}")
    return values


class SdkCompiler:
    """Settings of the cluster (resource_cpu, resource_mem, mgmt_namespace ...) are accepted and have no effect."""

    def __init__(self, **kwargs):
        self._settings = kwargs

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        return None

    def compile(self, *args, **keywords):
        """compile(app_path, csl_main, options, out_path="."): compiles `csl_main` below `app_path`; returns the path of the
        artifact. The releases' manuals name the arguments codedir, layout, args, outdir."""
        return self._compile(**_arguments(args, keywords))

    def _compile(self, app_path, csl_main, options, out_path):
        app_path = os.path.abspath(os.fspath(app_path))
        sources = []
        for folder, _, files in sorted(os.walk(app_path)):
            sources += [os.path.join(folder, name) for name in sorted(files) if name.endswith(".csl")]
        digest = hashlib.sha256()
        for source in sources:
            with open(source, "rb") as f:
                digest.update(f.read())
        digest.update(f"{csl_main} {options}".encode())
        name = f"cs_{digest.hexdigest()}"
        out_path = os.fspath(out_path)
        if out_path.endswith(".tar.gz"):
            target = out_path
            os.makedirs(os.path.dirname(os.path.abspath(target)), exist_ok=True)
        else:
            os.makedirs(out_path, exist_ok=True)
            target = os.path.join(out_path, name + ".tar.gz")
        if not out_path.endswith(".tar.gz") and _made_by(target) == _compiler_stamp():
            logger.info("Application was found in the compile cache.")
            return target
        record("compile_jobs")
        words = shlex.split(options)
        output = getOutputNameFromCompileOptions(words)
        with tempfile.TemporaryDirectory(prefix="weft-compile-") as scratch:
            top = os.path.join(scratch, name)
            os.makedirs(top)
            command = [tools.command("cslc"), os.path.join(app_path, csl_main), *words]
            done = subprocess.run(command, cwd=top, capture_output=True, text=True, check=False)
            text = (done.stdout + done.stderr).strip()
            if done.returncode != 0:
                raise ApplianceUnknownError(f"compilation failed:\n{text}")
            logger.info(text or "CSL compiler produced no messages. Compilation successful.")
            for source in sources:
                place = os.path.join(top, "csl", os.path.relpath(source, app_path))
                os.makedirs(os.path.dirname(place), exist_ok=True)
                shutil.copyfile(source, place)
            with open(os.path.join(top, ".csl_bin_name"), "w", encoding="utf-8") as f:
                f.write(output + "\n")
            with open(os.path.join(top, "compile_command.sh"), "w", encoding="utf-8") as f:
                f.write(shlex.join(["cslc", csl_main, *words]) + "\n")
            with open(os.path.join(top, _STAMP), "w", encoding="utf-8") as f:
                f.write(_compiler_stamp())
            # Two processes may compile the same program at once.
            unfinished = f"{target}.{os.getpid()}.tmp"
            with tarfile.open(unfinished, "w:gz", compresslevel=1) as tar:
                tar.add(top, arcname=name)
            os.replace(unfinished, target)
        return target
