"""The lints find what they are for: each check sees a small tree with one planted fault.

Usage: lint_selftest.py
SPDX-License-Identifier: Apache-2.0
"""
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
OPENING = "// A file with a job, read by a test.\n// SPDX-License-Identifier: Apache-2.0\n"


def lint(script, files):
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            path = pathlib.Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        done = subprocess.run([sys.executable, str(HERE / script), folder], capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr


class Includes(unittest.TestCase):
    def fails(self, name, include, why):
        status, out = lint("lint_includes.py", {name: OPENING + f"#include {include}\n"})
        self.assertEqual(status, 1, out)
        self.assertIn(why, out)

    def passes(self, name, include):
        status, out = lint("lint_includes.py", {name: OPENING + f"#include {include}\n"})
        self.assertEqual(status, 0, out)

    def test_upwards_in_the_frontend(self):
        self.passes("frontend/sema/a.cpp", '"frontend/types/types.h"')
        self.fails("frontend/types/a.cpp", '"frontend/sema/sema.h"', "frontend/types may not include frontend/sema")

    def test_only_format_and_session_parse(self):
        self.passes("frontend/session/a.cpp", '"frontend/parse/parse.h"')
        self.fails("frontend/sema/a.cpp", '"frontend/parse/parse.h"', "may not include frontend/parse")
        self.fails("frontend/session/a.cpp", '"frontend/parse/streams.h"', "is used through parse.h")

    def test_owned_libraries(self):
        self.passes("jit/orc/a.cpp", "<llvm/IR/Module.h>")
        self.fails("jit/interp/a.cpp", "<llvm/IR/Module.h>", "LLVM may be used only in jit/orc")
        self.fails("frontend/sema/a.cpp", "<antlr4-runtime.h>", "ANTLR may be used only in frontend/parse")
        self.fails("frontend/parse/parse.h", "<antlr4-runtime.h>", "no name of ANTLR may appear here")

    def test_engines_never_see_the_mesh(self):
        self.fails("jit/interp/a.cpp", '"sdk/mesh/mesh.h"', "jit/interp may not include sdk/mesh")
        self.passes("sdk/mesh/a.cpp", '"jit/device_abi.h"')
        self.fails("sdk/mesh/a.cpp", '"jit/interp/interp.h"', "sdk/mesh may not include jit/interp")

    def test_third_party_in_an_sdk_header(self):
        self.passes("sdk/host/a.cpp", "<nlohmann/json.hpp>")
        self.fails("sdk/host/a.h", "<nlohmann/json.hpp>", "belongs in a .cpp file")

    def test_includes_start_at_the_root(self):
        self.fails("sdk/host/a.cpp", '"runtime.h"', "start at the root")


class Files(unittest.TestCase):
    def test_missing_parts(self):
        status, out = lint("lint_files.py", {"jit/x/a.cpp": "int main() {}\n" + "\n" * 800})
        self.assertEqual(status, 1)
        for why in ("opens with its job", "no SPDX tag", "801 lines", "jit: no README.md", "jit/x: no README.md"):
            self.assertIn(why, out)

    def test_machine_path_and_address(self):
        path, address = "/".join(("", "home", "someone")), "http" + "://host"
        status, out = lint("lint_files.py", {"a.md": f"see {path} and\n{address}\n"})
        self.assertEqual(status, 1)
        self.assertIn("a.md:1: a path of one machine", out)
        self.assertIn("a.md:2: a network address", out)

    def test_clean_tree(self):
        status, out = lint("lint_files.py", {"jit/README.md": "x", "jit/x/README.md": "x", "jit/x/a.cpp": OPENING})
        self.assertEqual(status, 0, out)


class Catalog(unittest.TestCase):
    def test_order_and_unknown_page(self):
        status, out = lint("lint_catalog.py", {
            "frontend/diag/catalog.def": 'WEFT_DIAG(E0202, Error, "b")\nWEFT_DIAG(E0201, Error, "a")\n',
            "frontend/diag/explain/E0999.md": "x"})
        self.assertEqual(status, 1)
        self.assertIn("E0201 is not", out)
        self.assertIn("not in the catalog", out)


class Format(unittest.TestCase):
    @unittest.skipUnless(shutil.which("clang-format-19"), "clang-format-19 is not installed")
    def test_crooked_line(self):
        status, out = lint("lint_format.py", {"a.cpp": OPENING + "int  a;\n", "b.cpp": OPENING + "int b;\n"})
        self.assertEqual(status, 1)
        self.assertIn("a.cpp:3: is not formatted", out)
        self.assertNotIn("b.cpp", out)


class Stdlib(unittest.TestCase):
    def test_claims(self):
        status, out = lint("lint_stdlib.py", {"stdlib/a.csl": "//! Does things.\nconst a = 1;\n"})
        self.assertEqual(status, 1)
        self.assertIn("no line `Claims:`", out)


if __name__ == "__main__":
    unittest.main()
