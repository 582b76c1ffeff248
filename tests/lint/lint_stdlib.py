"""Every module of the standard library opens with documentation that states its claims on scarce resources.

Usage: lint_stdlib.py [ROOT]
SPDX-License-Identifier: Apache-2.0
"""
from tree import Tree, root_argument

ALL = ("Claims:",)
KERNELS = ("Params:", "Shapes:", "Claims:", "Cost:", "Accuracy:")


def main():
    tree = Tree(root_argument())
    for name in tree.below("stdlib/", ending=(".csl",)):
        lines = (tree.read(name) or "").split("\n")
        opening = []
        for line in lines:
            if not line.startswith("//"):
                break
            opening.append(line)
        if not opening or not opening[0].startswith("//!"):
            tree.problem(name, 1, "opens with a `//!` comment that says what the module does")
            continue
        text = "\n".join(opening)
        # The layout.csl of a kernel's folder claims nothing beyond what its module says.
        if name.startswith("stdlib/kernels/") and name.endswith("layout.csl"):
            continue
        wanted = KERNELS if name.startswith("stdlib/kernels/") else ALL
        for word in wanted:
            if f"//! {word}" not in text:
                tree.problem(name, 1, f"its `//!` comment has no line `{word}`")
    tree.finish("stdlib")


if __name__ == "__main__":
    main()
