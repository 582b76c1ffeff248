"""The word lists in editors/ are those of the frontend's tables: runs editors/generate.py --check.

Usage: lint_editors.py [ROOT]
SPDX-License-Identifier: Apache-2.0
"""
import pathlib
import subprocess
import sys

from tree import root_argument


def main():
    root = pathlib.Path(root_argument())
    sys.exit(subprocess.run([sys.executable, str(root / "editors" / "generate.py"), "--check"], check=False).returncode)


if __name__ == "__main__":
    main()
