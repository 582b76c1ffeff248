"""An installed Weft works away from its build folder: commands, standard library, engine, Python package.

Usage: install_test.py BUILD SOURCE
SPDX-License-Identifier: Apache-2.0
"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

SOURCE = pathlib.Path(sys.argv.pop()).resolve()
BUILD = pathlib.Path(sys.argv.pop()).resolve()


class Installed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        root = pathlib.Path(cls.folder.name)
        subprocess.run(["cmake", "--install", str(BUILD), "--prefix", str(root / "prefix")], check=True,
                       stdout=subprocess.DEVNULL)
        cls.bin = root / "prefix" / "bin"
        # As a user has it: no build folder on PATH, nothing from the environment of the build.
        cls.environment = {"PATH": f"{cls.bin}:/usr/bin:/bin", "HOME": str(root / "home"), "LANG": "C.UTF-8"}
        (root / "home").mkdir()
        cls.example = root / "example"
        shutil.copytree(SOURCE / "examples" / "01-gemv", cls.example)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def run_in(self, *command):
        return subprocess.run(command, cwd=self.example, env=self.environment, capture_output=True, text=True,
                              timeout=300, check=False)

    def test_nothing_points_into_the_build_folder(self):
        for path in self.bin.iterdir():
            if path.is_symlink():
                self.assertNotIn(str(BUILD), os.readlink(path))
            data = path.read_bytes()
            if data.startswith(b"#!"):
                self.assertNotIn(str(BUILD).encode(), data, path)

    def test_version(self):
        done = self.run_in("weft", "--version")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("weft", done.stdout.lower())

    def test_python_package(self):
        done = self.run_in("cs_python", "-c", "from cerebras.sdk.runtime.sdkruntimepybind import SdkRuntime")
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_an_example_passes_by_its_own_commands(self):
        done = self.run_in("bash", "commands_wse3.sh")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
