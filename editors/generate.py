#!/usr/bin/python3
"""Fills the editors' templates with the words of the frontend's own tables.

Usage: generate.py [--check]      --check writes nothing and fails when a file is stale (the lint calls it)
SPDX-License-Identifier: Apache-2.0
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
OUTPUTS = {
    "editors/textmate/csl.tmLanguage.in.json": ("editors/textmate/csl.tmLanguage.json", "|"),
    "editors/vim/syntax/csl.in.vim": ("editors/vim/syntax/csl.vim", " "),
}
TYPES = "frontend/types/pool.cpp"
TABLES = ("grammar/CslLexer.g4", "frontend/types/builtins.def", "frontend/tir/dsd_ops.def", TYPES)
# What a keyword is to a reader. One that is named nowhere here is a word of declarations.
CONTROL = {"if", "else", "for", "while", "switch", "break", "continue", "return"}
OPERATOR = {"and", "or"}
CONSTANT = {"true", "false"}
DIRECTIONS = {"NORTH", "SOUTH", "EAST", "WEST", "RAMP"}


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


def words():
    """The word classes of the templates, each sorted."""
    keywords = set(re.findall(r"^[A-Z]\w*\s*:\s*'([a-z_]\w*)'\s*;", read("grammar/CslLexer.g4"), re.M))
    types = type_names()
    keywords -= types
    classes = {
        "control": keywords & CONTROL,
        "operator": keywords & OPERATOR,
        "constant": keywords & CONSTANT | DIRECTIONS,
        "storage": keywords - CONTROL - OPERATOR - CONSTANT,
        "types": types,
        "builtins": builtins(),
    }
    for name, members in classes.items():
        if not members:
            sys.exit(f"generate.py: no words for `{name}`: has the table it is read from moved?")
    return {name: sorted(members) for name, members in classes.items()}


def builtins():
    """The language's builtins and vector operations. Names with `__` are the library's own: a pattern in the templates."""
    names = set(re.findall(r'^WEFT_BUILTIN\("(\w+)"', read("frontend/types/builtins.def"), re.M))
    names |= set(re.findall(r'^WEFT_DSD_OP\(\w+, "(\w+)"', read("frontend/tir/dsd_ops.def"), re.M))
    return {name for name in names if not name.startswith("__")}


def type_names():
    """The names the type pool starts with; sized integers are a pattern in the templates."""
    constructor = read(TYPES).split("Pool::Pool(", 1)[1].split("\n}", 1)[0]
    rows = [line for line in constructor.splitlines() if "addFixed(" in line or "string_view" in line]
    return set(re.findall(r'"([a-z]\w+)"', "\n".join(rows)))


def render(template, classes, separator):
    text = read(template)
    for name, members in classes.items():
        # In Vim's patterns the bar of an alternative is escaped; its keyword lists are separated by blanks.
        joined = (r"\|" if name == "builtins" else " ") if separator == " " else "|"
        text = text.replace("{{" + name + "}}", joined.join(members))
    # A template says that it is one; its result says where it is from.
    return text.replace("The words are filled in by editors/generate.py from the frontend's tables.",
                        "Made by editors/generate.py from csl.in.vim; edit that.")


def main():
    check = sys.argv[1:] == ["--check"]
    if not all((ROOT / table).exists() for table in TABLES):
        print("generate.py: skipped, not every table is there yet: " + " ".join(TABLES))
        sys.exit(77)
    classes = words()
    stale = 0
    for template, (output, separator) in OUTPUTS.items():
        text = render(template, classes, separator)
        path = ROOT / output
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        if check:
            print(f"{output}: differs from the frontend's tables; run editors/generate.py")
            stale += 1
        else:
            path.write_text(text, encoding="utf-8")
            print(f"wrote {output}")
    print(f"editors: {stale} problems" if stale else "editors: ok")
    sys.exit(1 if stale else 0)


if __name__ == "__main__":
    main()
