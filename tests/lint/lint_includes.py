"""Fails on any include that the dependency table of the architecture does not allow. Edit the table, not the checks.

Usage: lint_includes.py [ROOT]
SPDX-License-Identifier: Apache-2.0
"""
import re

from tree import Tree, root_argument

# A frontend folder may include the folders before it; only the ones named here may include `parse`.
FRONTEND = ["base", "source", "diag", "target", "numeric", "ast", "parse", "types", "tir", "plan", "comptime", "sema",
            "layout", "format", "session"]
MAY_PARSE = {"format", "session"}

EVERYWHERE = {"frontend/base", "frontend/source", "frontend/diag"}
WHOLE_FRONTEND = {"frontend/" + folder for folder in FRONTEND if folder != "parse"}
# `jit` stands for the headers directly in it: device_abi.h, engine.h and what they name.
ALLOWED = {
    "jit": {"frontend/target", "frontend/numeric", "frontend/types", "frontend/tir"},
    "jit/interp": {"jit", "frontend/target", "frontend/numeric", "frontend/types", "frontend/tir"},
    "jit/orc": {"jit", "frontend/target", "frontend/numeric", "frontend/types", "frontend/tir"},
    "sdk/include": set(),
    "sdk/timing": {"jit", "frontend/target", "frontend/tir"},
    "sdk/mesh": {"jit", "sdk/timing", "frontend/target", "frontend/numeric", "frontend/tir", "frontend/plan"},
    "sdk/profile": {"sdk/mesh", "sdk/timing", "frontend/target", "frontend/tir", "frontend/plan"},
    "sdk/host": {"jit", "sdk/mesh", "sdk/timing", "sdk/profile", "sdk/include", "frontend/target", "frontend/tir",
                 "frontend/plan"},
    "sdk/lsp": WHOLE_FRONTEND,
    "sdk/python": {"sdk/include"},
}
ALLOWED["sdk/driver"] = (WHOLE_FRONTEND | {"jit", "jit/interp", "jit/orc", "sdk/include", "sdk/timing", "sdk/mesh",
                                           "sdk/profile", "sdk/host"})
ALLOWED["sdk/repl"] = ALLOWED["sdk/driver"] | {"sdk/driver", "frontend/parse"}
ALLOWED["sdk/cli"] = ALLOWED["sdk/driver"] | {"sdk/driver", "sdk/repl", "sdk/lsp"}

# The LLVM engine as a library of its own, which sdk/host opens at run time: the one place that sees both sides.
PLUGIN = "sdk/host/plugin"
ALLOWED[PLUGIN] = {"jit", "jit/orc", "sdk/host"}

# Third-party headers with an owner, and the folders that own them.
OWNED = [
    (re.compile(r"^(antlr4-runtime|antlr4/|antlr|Csl(Lexer|Parser))"), {"frontend/parse"}, "ANTLR"),
    (re.compile(r"^llvm/Support/|^mlir/Tools/lsp"), {"jit/orc", "sdk/lsp"}, "LLVM"),
    (re.compile(r"^(llvm|llvm-c|mlir|clang)/"), {"jit/orc"}, "LLVM"),
    (re.compile(r"^pybind11/"), {"sdk/python"}, "pybind11"),
    (re.compile(r"^catch2/|^benchmark/"), set(), "a test library"),
]
# Third-party headers anybody may use, in jit and sdk only in .cpp files.
THIRD_PARTY = re.compile(r"^(fmt|nlohmann|CLI|tbb|hwloc|boost|absl|spdlog|tl|toml\+\+)[/.]|^(utf8|histedit|zstd|xxhash)\.h")
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]', re.M)


def component(path):
    """frontend/diag for frontend/diag/diag.h; jit for jit/engine.h; sdk/include for sdk/include/weft/x.h."""
    parts = path.split("/")
    if path.startswith(PLUGIN + "/"):
        return PLUGIN
    return "/".join(parts[:2]) if len(parts) > 2 else parts[0]


def allowed(owner, used):
    if used == owner:
        return True
    if owner.startswith("frontend/"):
        mine, other = owner.split("/")[1], used.split("/")
        if other[0] != "frontend" or len(other) < 2 or mine not in FRONTEND or other[1] not in FRONTEND:
            return False
        if other[1] == "parse":
            return mine in MAY_PARSE
        return FRONTEND.index(other[1]) < FRONTEND.index(mine)
    if used in EVERYWHERE:
        return owner not in ("sdk/python", "sdk/include")
    return used in ALLOWED.get(owner, set())


def check(tree, name):
    owner = component(name)
    text = tree.read(name) or ""
    for match in INCLUDE.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        path = match.group(2)
        third_party = False
        for pattern, owners, what in OWNED:
            if pattern.search(path):
                third_party = True
                if owner not in owners:
                    tree.problem(name, line, f"{what} may be used only in {', '.join(sorted(owners)) or 'tests'}")
                break
        if third_party:
            # A header of its folder's own may see ANTLR; the one that others include may not.
            if name == "frontend/parse/parse.h":
                tree.problem(name, line, f"no name of {what} may appear here")
            continue
        if THIRD_PARTY.search(path):
            if name.endswith(".h") and not owner.startswith("frontend"):
                tree.problem(name, line, f"third-party header <{path}> belongs in a .cpp file")
            if owner == "sdk/python":
                tree.problem(name, line, f"sdk/python uses only sdk/include/weft and pybind11, not <{path}>")
            continue
        # Installed headers name each other as users do.
        if path.startswith(("weft/", "cerebras/")):
            path = "sdk/include/" + path
        if path.split("/")[0] in ("frontend", "jit", "sdk"):
            if path.startswith("frontend/parse/") and path != "frontend/parse/parse.h" and owner != "frontend/parse":
                tree.problem(name, line, f"frontend/parse is used through parse.h, not {path}")
            elif not allowed(owner, component(path)):
                tree.problem(name, line, f"{owner} may not include {component(path)} ({path})")
        elif path.split("/")[0] in ("tests", "examples", "editors"):
            tree.problem(name, line, f"nothing depends on {path.split('/')[0]}")
        elif match.group(1) == '"':
            tree.problem(name, line, f'"{path}": includes start at the root of the repository')


def main():
    tree = Tree(root_argument())
    for name in tree.below("frontend/", "jit/", "sdk/", ending=(".h", ".cpp")):
        check(tree, name)
    tree.finish("includes")


if __name__ == "__main__":
    main()
