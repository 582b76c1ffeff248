"""Every diagnostic code is unique, in order, has a page of `weft explain`, and is pinned by a test.

Usage: lint_catalog.py [ROOT]
SPDX-License-Identifier: Apache-2.0
"""
import re
import subprocess
import sys

from tree import Tree, root_argument

ENTRY = re.compile(r'^WEFT_DIAG\((\w+), (Error|Warning), "([^"]*)"\)', re.M)


def main():
    tree = Tree(root_argument())
    catalog = tree.read("frontend/diag/catalog.def")
    entries = ENTRY.findall(catalog)
    codes = [code for code, _, _ in entries]
    for code, severity, title in entries:
        if codes.count(code) > 1:
            tree.problem("frontend/diag/catalog.def", 0, f"{code} is there twice")
        if not re.fullmatch(r"E0[1-9]\d\d" if severity == "Error" else r"W\d{4}", code):
            tree.problem("frontend/diag/catalog.def", 0, f"{code} is no code of severity {severity}")
        if not title or title.endswith(".") or title[0].isupper() and not title[:2].isupper():
            tree.problem("frontend/diag/catalog.def", 0, f"the title of {code}: lower case, no full stop")
    for code in re.findall(r"^// (\w+) is retired", catalog, re.M):
        if code in codes:
            tree.problem("frontend/diag/catalog.def", 0, f"{code} is retired; numbers are never used again")
    if codes != sorted(codes):
        wrong = next(b for a, b in zip(codes, codes[1:]) if a > b)
        tree.problem("frontend/diag/catalog.def", 0, f"codes are in order; {wrong} is not")

    generator = tree.root / "sdk/docs/generate_diagnostics.py"
    if generator.exists():
        done = subprocess.run([sys.executable, str(generator), "--check"], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            tree.problem("sdk/docs/diagnostics.md", 0, "differs from the catalog; run generate_diagnostics.py")

    tests = ""
    for name in tree.below("tests/golden/", "tests/behavior/", "tests/unit/", "tests/host/",
                           ending=(".csl", ".cpp", ".py")):
        tests += tree.read(name) or ""
    pinned = set(re.findall(r"\b[EW]0?\d{3,4}\b", tests))
    pages = {name.rsplit("/", 1)[1][:-3] for name in tree.below("frontend/diag/explain/", ending=(".md",))}
    pages.discard("README")
    for page in sorted(pages - set(codes)):
        tree.problem(f"frontend/diag/explain/{page}.md", 0, "explains a code that is not in the catalog")
    untested = [code for code in codes if code not in pinned]
    unexplained = [code for code in codes if code not in pages]
    for what, missing in (("without a test", untested), ("without a page in explain/", unexplained)):
        if missing:
            tree.problem("frontend/diag/catalog.def", 0, f"{len(missing)} codes {what}: {' '.join(missing)}")
    tree.finish("catalog")


if __name__ == "__main__":
    main()
