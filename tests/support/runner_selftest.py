"""Tests weft-test itself against a stand-in for the `weft` command. Run by ctest as unit.runner.

Usage: runner_selftest.py PATH-OF-WEFT-TEST
SPDX-License-Identifier: Apache-2.0
"""
import pathlib
import subprocess
import sys
import tempfile
import unittest

# Reports E0201 for each line with BAD in it, W0101 for ODD; `run` prints figures that depend on the text DRIFT.
STAND_IN = r'''#!/usr/bin/python3
import json, os, sys
words = sys.argv[1:]
name = [w for w in words if w.endswith(".csl")][0]
text = open(name).read()
if "CRASH" in text:
    os.abort()
bad = False
for number, line in enumerate(text.splitlines(), 1):
    if line.lstrip().startswith("//"):
        continue
    for mark, severity, code in (("BAD", "error", "E0201"), ("ODD", "warning", "W0101")):
        if mark in line:
            bad = bad or severity == "error"
            print(json.dumps({"code": code, "severity": severity, "message": "found `%s`" % mark,
                              "span": {"file": os.path.abspath(name), "line": number}}), file=sys.stderr)
if words[0] == "run":
    drift = "DRIFT" in text and "--threads=2" in words
    print(json.dumps({"cycles": 11 if drift else 10, "memory_hash": "a", "trace_hash": "b", "traps": []}))
for word in words:
    if word.startswith("--dump=") and word != "--dump=plan":
        print("dump of", word[7:], "in", os.path.abspath(name))
        if "LONG" in text:
            print("line\n" * 100)
sys.exit(1 if bad else 0)
'''


class Runner(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.root = pathlib.Path(self.folder.name)
        self.weft = self.root / "weft"
        self.weft.write_text(STAND_IN)
        self.weft.chmod(0o755)

    def tearDown(self):
        self.folder.cleanup()

    def run_case(self, path, text, *options):
        case = self.root / path
        case.parent.mkdir(parents=True, exist_ok=True)
        case.write_text(text)
        done = subprocess.run([RUNNER, f"--weft={self.weft}", *options, str(case)], capture_output=True, text=True)
        return done.returncode, done.stdout, case.read_text()

    def test_expected_message_passes(self):
        status, out, _ = self.run_case("golden/sema/fail_a.csl", "ok\n//~ error[E0201]: found `BAD`\nBAD\n")
        self.assertEqual(status, 0, out)

    def test_message_on_another_line_fails(self):
        status, out, _ = self.run_case("golden/sema/fail_a.csl", "//~ error[E0201]: found `BAD`\nok\nBAD\n")
        self.assertEqual(status, 1)
        self.assertIn("expected, not found: fail_a.csl:2", out)

    def test_unexpected_message_fails(self):
        status, out, _ = self.run_case("golden/sema/a.csl", "BAD\n")
        self.assertEqual(status, 1)
        self.assertIn("found, not expected", out)

    def test_fail_prefix_needs_an_error(self):
        status, out, _ = self.run_case("golden/sema/fail_a.csl", "fine\n")
        self.assertEqual(status, 1)
        self.assertIn("there was no error", out)

    def test_update_writes_expectations_and_dumps(self):
        status, out, text = self.run_case(
            "golden/sema/fail_a.csl", "//~ error[E0999]: old\n  ODD BAD\n", "--update")
        self.assertEqual(status, 0, out)
        self.assertEqual(text, "  //~ error[E0201]: found `BAD`\n  //~ warning[W0101]: found `ODD`\n  ODD BAD\n")
        status, out, text = self.run_case("golden/tir/a.csl", "fn\n// ==== tir:f\n", "--update")
        self.assertEqual(status, 0, out)
        self.assertEqual(text, "fn\n// ==== tir:f\n// dump of tir:f in a.csl\n")

    def test_long_dump_is_refused(self):
        status, out, _ = self.run_case("golden/tir/a.csl", "LONG\n// ==== tir:f\n", "--update")
        self.assertEqual(status, 1)
        self.assertIn("more than 80", out)

    def test_crash_fails_even_when_updating(self):
        status, out, text = self.run_case("golden/sema/fail_a.csl", "CRASH\n", "--update")
        self.assertEqual(status, 1)
        self.assertEqual(text, "CRASH\n")

    def test_todo_is_quiet_until_right(self):
        status, out, _ = self.run_case("golden/sema/todo_a.csl", "BAD\n")
        self.assertEqual(status, 0, out)
        self.assertIn("1 known wrong", out)
        status, out, _ = self.run_case("golden/sema/todo_a.csl", "fine\n")
        self.assertEqual(status, 1)
        self.assertIn("HAS COME RIGHT", out)

    def test_second_file_has_its_own_lines(self):
        status, out, _ = self.run_case("golden/sema/a.csl", "one\n// --- pe.csl\nBAD\n")
        self.assertEqual(status, 0, out)

    def test_behavior_compares_configurations(self):
        status, out, _ = self.run_case("behavior/a.csl", "fine\n")
        self.assertEqual(status, 0, out)
        status, out, _ = self.run_case("behavior/a.csl", "DRIFT\n")
        self.assertEqual(status, 1)
        self.assertIn("cycles differs: 10 in [wse2 interp 0 x1], 11", out)


if __name__ == "__main__":
    RUNNER = sys.argv.pop()
    unittest.main()
