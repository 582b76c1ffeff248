"""Highlighting in the real tokenizers: Vim itself, and VS Code's (vscode-textmate) where npm can bring it.

Usage: test_editors.py [ROOT] [BUILD]      A tokenizer that is not there is skipped, with the reason printed.
SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

# Other arguments are those of a test runner.
_FOLDERS = [pathlib.Path(word).resolve() for word in sys.argv[1:3] if os.path.isdir(word)] if __name__ == "__main__" else []
ROOT = _FOLDERS[0] if _FOLDERS else pathlib.Path(__file__).resolve().parents[2]
BUILD = _FOLDERS[1] if len(_FOLDERS) > 1 else ROOT / "build"
HERE = ROOT / "tests" / "editors"
GRAMMAR = ROOT / "editors" / "textmate" / "csl.tmLanguage.json"

# kind: (TextMate scope, Vim groups)
KINDS = {
    "comment": ("comment.line.double-slash", ("cslComment",)),
    "documentation": ("comment.line.documentation", ("cslDocComment",)),
    "storage": ("storage", ("cslStorage",)),
    "control": ("keyword.control", ("cslControl",)),
    "word-operator": ("keyword.operator.word", ("cslWordOperator",)),
    "operator": ("keyword.operator", ("cslOperator",)),
    "constant": ("constant.language", ("cslConstant",)),
    "type": ("support.type", ("cslType",)),
    "builtin": ("support.function.builtin", ("cslBuiltin",)),
    "unknown": ("invalid.illegal", ("cslUnknownBuiltin",)),
    "number": ("constant.numeric", ("cslNumber",)),
    "float": ("constant.numeric.float", ("cslFloat",)),
    "string": ("string.quoted", ("cslString",)),
    "escape": ("constant.character.escape", ("cslEscape",)),
    "field": ("variable.other.member", ("cslField",)),
    "function": ("entity.name.function.csl", ("cslFunction",)),
    "call": ("entity.name.function.call", ("cslCall",)),
}
MARK = re.compile(r"^//[ ]*(\^+) ([a-z-]+)$")


def expectations():
    """(line, first column, width, kind), all zero-based, from the marks in sample.csl."""
    code_line = None
    for number, line in enumerate((HERE / "sample.csl").read_text().splitlines()):
        mark = MARK.match(line)
        if not mark:
            code_line = number
        else:
            yield code_line, mark.start(1), len(mark.group(1)), mark.group(2)


def wrong(rows, matches):
    sample = (HERE / "sample.csl").read_text().splitlines()
    for line, column, width, kind in expectations():
        found = rows[line].split()[column:column + width]
        if len(found) != width or not all(matches(kind, one) for one in found):
            yield f"line {line + 1}: `{sample[line][column:column + width]}` is {sorted(set(found))}, not {kind}"


class Vim(unittest.TestCase):
    def setUp(self):
        vim = shutil.which("vim")
        if not vim:
            self.skipTest("vim is not installed")
        self.out = tempfile.TemporaryDirectory()
        self.addCleanup(self.out.cleanup)
        environment = dict(os.environ, WEFT_VIM=str(ROOT / "editors" / "vim"), WEFT_HERE=str(HERE),
                           WEFT_OUT=self.out.name, TERM="dumb")
        subprocess.run([vim, "-Nu", "NONE", "-n", "-i", "NONE", "-es", "-S", str(HERE / "dump_groups.vim")],
                       env=environment, timeout=60, check=False, stdin=subprocess.DEVNULL)

    def test_highlighting(self):
        rows = pathlib.Path(self.out.name, "groups.txt").read_text().split("\n")
        self.assertEqual(rows[0], "filetype csl")
        self.assertEqual(list(wrong(rows[1:], lambda kind, group: group in KINDS[kind][1])), [])

    def test_indentation(self):
        self.assertEqual(pathlib.Path(self.out.name, "indented.csl").read_text(), (HERE / "indent.csl").read_text())


class VsCode(unittest.TestCase):
    def modules(self):
        folder = BUILD / "editors"
        modules = folder / "node_modules"
        if not all((modules / name).is_dir() for name in ("vscode-textmate", "vscode-oniguruma")):
            if not shutil.which("node") or not shutil.which("npm"):
                self.skipTest("node and npm are not installed")
            folder.mkdir(parents=True, exist_ok=True)
            done = subprocess.run(["npm", "install", "--prefix", str(folder), "--no-audit", "--no-fund",
                                   "vscode-textmate@9.3.2", "vscode-oniguruma@2.0.1"],
                                  capture_output=True, text=True, timeout=120, check=False)
            if done.returncode != 0:
                self.skipTest("npm could not bring vscode-textmate")
        return modules

    def test_highlighting(self):
        done = subprocess.run(["node", str(HERE / "dump_scopes.js"), str(GRAMMAR), str(HERE / "sample.csl")],
                              env=dict(os.environ, NODE_PATH=str(self.modules())), capture_output=True, text=True,
                              timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        rows = done.stdout.split("\n")
        self.assertEqual(list(wrong(rows, lambda kind, scope: scope.startswith(KINDS[kind][0]))), [])


class Extension(unittest.TestCase):
    def test_it_claims_the_ending_in_restricted_workspaces_too(self):
        package = json.loads((ROOT / "editors" / "vscode" / "package.json").read_text())
        self.assertIn(".csl", package["contributes"]["languages"][0]["extensions"])
        self.assertEqual(package["contributes"]["configurationDefaults"]["files.associations"], {"*.csl": "csl"})
        self.assertEqual(package["capabilities"]["untrustedWorkspaces"]["supported"], "limited")

    def test_the_grammar_is_json_with_every_repository_entry_it_includes(self):
        text = GRAMMAR.read_text()
        included = set(re.findall(r'"include": "#(\w+)"', text))
        self.assertEqual(included, included & set(json.loads(text)["repository"]))
        self.assertNotIn("{{", text)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
