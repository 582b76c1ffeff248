"""C++ is formatted by clang-format 19 with the root's .clang-format; `./dev format` mends what this finds.

Usage: lint_format.py [ROOT]
SPDX-License-Identifier: Apache-2.0
"""
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from tree import Tree, root_argument

FORMATTER = "clang-format-19"
SKIPPED = 77
BATCH = 40
FINDING = re.compile(r"^(?P<name>.+?):(?P<line>\d+):\d+: (?:error|warning): code should be clang-formatted")


def main():
    root = root_argument()
    if shutil.which(FORMATTER) is None:
        print(f"skipped: {FORMATTER} is not installed")
        return SKIPPED
    tree = Tree(root)
    sources = [name for name in tree.files if name.endswith((".h", ".cpp"))]

    def check(names):
        command = [FORMATTER, "--dry-run", "-Werror", *names]
        return subprocess.run(command, cwd=root, capture_output=True, text=True).stderr

    batches = [sources[i:i + BATCH] for i in range(0, len(sources), BATCH)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for text in pool.map(check, batches):
            for line in text.splitlines():
                if found := FINDING.match(line):
                    tree.problem(found["name"], int(found["line"]), "is not formatted: run ./dev format")
    tree.finish("format")
    return 0


if __name__ == "__main__":
    sys.exit(main())
