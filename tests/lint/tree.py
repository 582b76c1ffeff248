"""The files of a checkout, and how a lint reports. Shared by the lint_*.py scripts beside it.

SPDX-License-Identifier: Apache-2.0
"""
import os
import pathlib
import subprocess
import sys


class Tree:
    """Paths are relative to the root, with forward slashes. Build folders and untracked files are left out."""

    def __init__(self, root):
        self.root = pathlib.Path(root).resolve()
        self.problems = []
        self.files = sorted(self._tracked() or self._walked())

    def _tracked(self):
        done = subprocess.run(["git", "-C", str(self.root), "ls-files", "-z", "--cached", "--others",
                               "--exclude-standard"], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            return []
        return [name for name in set(done.stdout.split("\0")) if name and (self.root / name).is_file()]

    def _walked(self):
        found = []
        for folder, folders, names in os.walk(self.root):
            folders[:] = [f for f in folders if not f.startswith((".git", "build")) and f != "node_modules"]
            found += [os.path.relpath(os.path.join(folder, name), self.root).replace(os.sep, "/") for name in names]
        return found

    def below(self, *prefixes, ending=()):
        for name in self.files:
            if name.startswith(prefixes or ("",)) and (not ending or name.endswith(ending)):
                yield name

    def read(self, name):
        """The text, or None for a file that is not text."""
        data = (self.root / name).read_bytes()
        try:
            return None if b"\0" in data else data.decode("utf-8")
        except UnicodeDecodeError:
            return None

    def problem(self, name, line, text):
        self.problems.append(f"{name}:{line}: {text}" if line else f"{name}: {text}")

    def finish(self, what):
        for text in self.problems:
            print(text)
        print(f"{what}: {len(self.problems)} problems" if self.problems else f"{what}: ok")
        sys.exit(1 if self.problems else 0)


def root_argument():
    return sys.argv[1] if len(sys.argv) > 1 else str(pathlib.Path(__file__).resolve().parents[2])
