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


HOST = r"""
#include <cerebras/sdk_runtime.h>
#include <weft/runtime.h>

#include <cstdio>
#include <stdexcept>
#include <vector>

using namespace cerebras;

// The GEMV lesson with A = 1 and x = 2: every element of y is twice the number of columns.
int main() {
  SdkRuntime runtime(SdkCompileArtifacts("out"), SdkExecutionPlatform(SimfabConfig(), SdkTarget::WSE3));
  const auto a = runtime.get_id("A"), x = runtime.get_id("x"), y = runtime.get_id("y");
  if (!a || !x || !y || runtime.get_id("nothing")) return 1;
  runtime.load();
  runtime.run();
  const int width = 4, height = 3, rows = 32, cols = 24;
  const std::vector<float> ones(height * width * rows * cols, 1.0f), twos(width * cols, 2.0f);
  std::vector<float> result(height * rows), back(width * height * 2);
  MemcpyOptions options;
  runtime.memcpy_h2d(*a, ones.data(), 0, 0, width, height, rows * cols, options);
  options.nonblock = true;
  runtime.memcpy_h2d(*x, twos.data(), 0, 0, width, 1, cols, options);
  runtime.call("gemv", {}, options);
  const SdkRuntime::Task task = runtime.memcpy_d2h(result.data(), *y, width - 1, 0, 1, height, rows, options);
  runtime.task_wait(task);
  if (!runtime.is_task_done(task)) return 2;
  for (const float value : result)
    if (value != 2.0f * width * cols) return 3;
  // One row of data for all rows, one column of it for all columns, every second PE.
  options.nonblock = false;
  const float row[] = {1, 1, 2, 2, 3, 3, 4, 4}, column[] = {5, 5, 6, 6, 7, 7}, some[] = {8, 8, 9, 9, 10, 10, 11, 11};
  runtime.memcpy_h2d_colbcast(*a, row, 0, 0, width, height, 2, options);
  runtime.memcpy_d2h(back.data(), *a, 0, 0, width, height, 2, options);
  if (back[0] != 1 || back[23] != 4) return 4;
  runtime.memcpy_h2d_rowbcast(*a, column, 0, 0, width, height, 2, options);
  runtime.memcpy_h2d_stride(*a, some, 0, 0, width, height, 2, 2, 2, options);
  runtime.memcpy_d2h(back.data(), *a, 0, 0, width, height, 2, options);
  if (back[0] != 8 || back[2] != 5 || back[8] != 6 || back[20] != 11) return 5;
  try {
    runtime.memcpy_d2h(back.data(), *a, 1, 0, width, height, 2, options);
    return 6;
  } catch (const std::runtime_error& e) {
    if (std::string(e.what()).find("d2h subrectangle must be inside the core rectangle") == std::string::npos) return 7;
  }
  runtime.stop();
  int px = 0, py = 0;
  runtime.coord_logical_to_physical(1, 2, &px, &py);
  if (px != 5 || py != 3 || runtime.read_symbol(px, py, "A").size() != 4u * rows * cols) return 8;
  std::puts("SUCCESS!");
}
"""


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

    def test_a_host_in_cpp(self):
        self.assertEqual(self.run_in("bash", "-c", "sed '/cs_python/d' commands_wse3.sh | bash").returncode, 0)
        prefix = self.bin.parent
        (self.example / "host.cpp").write_text(HOST)
        done = self.run_in(os.environ.get("CXX", "c++"), "-std=c++20", "-Wall", "-Wextra", "-Werror", "host.cpp", "-o", "host",
                           f"-I{prefix}/include", f"-L{prefix}/lib", f"-Wl,-rpath,{prefix}/lib", "-lweft_runtime")
        self.assertEqual(done.returncode, 0, done.stderr)
        for engine in ("interp", "jit"):
            self.environment["WEFT_ENGINE"] = engine
            done = self.run_in("./host")
            self.assertEqual((done.returncode, done.stdout), (0, "SUCCESS!\n"), done.stderr)

    def test_an_example_passes_by_its_own_commands(self):
        done = self.run_in("bash", "commands_wse3.sh")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
