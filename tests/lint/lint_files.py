"""Every file opens with its job and an SPDX tag, is short enough, and names no machine; folders have a README.md.

Usage: lint_files.py [ROOT]
SPDX-License-Identifier: Apache-2.0
"""
import re

from tree import Tree, root_argument

MAX_LINES = 800
CODE = (".h", ".cpp", ".py", ".sh", ".g4", ".js", ".vim")
COMMENT = {".h": "//", ".cpp": "//", ".g4": "//", ".js": "//", ".csl": "//", ".vim": '"'}
# Folders whose second level is not a component of its own.
NO_README = re.compile(r"^(tests/unit/|tests/golden/|tests/behavior/|sdk/include|stdlib/(?!kernels$)[^/]+$|\.|editors/[^/]+/)")
# A folder that exists on one machine only, and a host of one network. Spelled so that this file passes itself.
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:wor[k]|roo[t]|hom[e]|tm[p])/[a-z]")
# This machine is not the network; {} is a place of a format string.
ADDRESS = re.compile(r"\bhttp[s]?://(?!localhost\b|\{\})")
ADDRESS_ALLOWED = {"LICENSE"}


def check_opening(tree, name, text):
    ending = name[name.rfind("."):]
    lines = text.split("\n")
    first = lines[1] if lines[0].startswith("#!") and len(lines) > 1 else lines[0]
    if ending == ".py":
        described = first.startswith(('"""', "#", "r\"\"\"")) and len(first) > 10
    elif ending == ".sh":
        described = first.startswith("# ") and len(first) > 10
    else:
        described = first.startswith((COMMENT[ending], "/*")) and len(first) > 10
    if not described:
        tree.problem(name, 1, "opens with its job and its readers, in two or three lines")
    # The tag belongs to the opening comment, which for a module's documentation may be long.
    if "SPDX-License-Identifier: Apache-2.0" not in "\n".join(lines[:40]):
        tree.problem(name, 1, "no SPDX tag")


def main():
    tree = Tree(root_argument())
    for name in tree.files:
        text = tree.read(name)
        if text is None:
            continue
        is_code = name.endswith(CODE)
        is_library_csl = name.endswith(".csl") and name.startswith(("stdlib/", "examples/"))
        # Command files of an example are as short as a user's own.
        is_commands = name.startswith("examples/") and name.endswith(".sh")
        if (is_code and not is_commands) or is_library_csl:
            check_opening(tree, name, text)
        if is_code or name.endswith((".csl", ".def")):
            count = text.count("\n")
            if count > MAX_LINES:
                tree.problem(name, 0, f"{count} lines, more than {MAX_LINES}: split by construct")
        for number, line in enumerate(text.split("\n"), 1):
            if MACHINE_PATH.search(line):
                tree.problem(name, number, "a path of one machine")
            if name not in ADDRESS_ALLOWED and ADDRESS.search(line):
                tree.problem(name, number, "a network address")
    # A folder of the standard library is a module: its files say what it is for.
    folders = {"/".join(name.split("/")[:depth]) for name in tree.files for depth in (1, 2)
               if len(name.split("/")) > depth}
    for folder in sorted(folders):
        if not NO_README.search(folder) and f"{folder}/README.md" not in tree.files:
            tree.problem(folder, 0, "no README.md")
    tree.finish("files")


if __name__ == "__main__":
    main()
