#!/usr/bin/python3
"""Writes diagnostics.md, the index of all codes, from the catalog. --check only compares (the lint calls it).

SPDX-License-Identifier: Apache-2.0
"""
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
CATALOG = HERE.parents[1] / "frontend" / "diag" / "catalog.def"
AREAS = {"E01": "Syntax", "E02": "Names", "E03": "Types", "E04": "Comptime", "E05": "Layout and routes", "E06": "Host",
         "E07": "Run-time traps", "E08": "Engine and environment", "E09": "Known but unsupported"}


def index():
    lines = ["# Diagnostics", "", "Made by generate_diagnostics.py from the catalog. `weft explain CODE` prints the page "
             "of a code.", ""]
    area = None
    for code, title in re.findall(r'^WEFT_DIAG\((\w+), \w+, "([^"]*)"\)', CATALOG.read_text(), re.M):
        this = AREAS.get(code[:3], "Warnings")
        if this != area:
            lines += ([""] if area else []) + [f"## {this}", "", "| Code | |", "|---|---|"]
            area = this
        lines.append(f"| {code} | {title} |")
    return "\n".join(lines) + "\n"


def main():
    path = HERE / "diagnostics.md"
    if sys.argv[1:] == ["--check"]:
        if not path.exists() or path.read_text() != index():
            print("sdk/docs/diagnostics.md: differs from the catalog; run sdk/docs/generate_diagnostics.py")
            sys.exit(1)
        return
    path.write_text(index())


if __name__ == "__main__":
    main()
