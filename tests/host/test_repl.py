"""weft repl with a piped script."""
# SPDX-License-Identifier: Apache-2.0
import subprocess

import pytest

SCRIPT = """\
var x: i16 = 40;
fn more() void {
  x += 1;
}
more();
fn more() void { x += 10; }
more()
x
@(1,0) x = 7;
:at 1 0
x
:mem x
"""


def repl(text, *words):
    return subprocess.run(["weft", "repl", *words], input=text, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("engine", ["interp", "jit"])
def test_a_piped_script(engine):
    result = repl(SCRIPT, "--size=2x1", f"--engine={engine}")
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    assert lines[:3] == ["51: i16", "PE (1, 0)", "7: i16"]
    assert lines[3].endswith("i16 = 7")
    assert result.stderr == ""


def test_errors_do_not_end_the_script():
    result = repl("var x: i16 = 1;\nnothing\nx\n")
    assert result.returncode == 1
    assert result.stdout == "1: i16\n"
    assert "repl:1:1: error[E0201]" in result.stderr


def test_entries_go_on_while_they_are_open():
    result = repl("var x: i16 = 1;\nx +\n  2 // two\nfn f() i16 {\n  return x\n  * 10;\n}\nf()\n")
    assert (result.stdout, result.stderr) == ("3: i16\n10: i16\n", "")
    # An empty line ends one that stays open; what the session writes around it is not shown.
    result = repl("1 +\n\n")
    assert "expected an expression, found the end of the entry" in result.stderr
    assert result.returncode == 1


def test_variables_of_one_pe_and_of_all(tmp_path):
    script = ("var x: i16 = 5;\nvar v = @zeros([2]f32);\nx = @as(i16, pe_x * 100 + pe_y)\n@(1,1) v[1] = 2.5;\n:at 1 1\n:vars\n"
              f":grid x\n:grid y\n:save {tmp_path}/kept.csl\n")
    result = repl(script, "--size=2x2")
    assert result.stdout.splitlines()[:5] == ["PE (1, 1)", "x: i16 = 101", "v: [2]f32 = { 0, 2.5 }", "  0  100", "  1  101"]
    assert result.stderr == "weft repl: PE (0, 0) has no variable `y` in its memory\n"
    assert (tmp_path / "kept.csl").read_text() == "var x: i16 = 5;\nvar v = @zeros([2]f32);\n"
    result = repl("v[0] + 1.0\n", str(tmp_path / "kept.csl"))
    assert (result.stdout, result.stderr) == ("1: f32\n", "")


def test_structs_are_shown_by_field():
    script = ("const P = struct { x: i16, y: f32 };\nconst Q = struct { p: P, n: u16 };\nvar p = P { .x = -3, .y = 2.5 };\n"
              "var q = Q { .p = P { .x = 1, .y = 0.5 }, .n = 7 };\np\nq\nq.p\n@(1,0) p.x = 9\n:at 1 0\np\n")
    result = repl(script, "--size=2x1")
    assert result.stdout.splitlines() == ["{ .x = -3, .y = 2.5 }: P", "{ .p = { .x = 1, .y = 0.5 }, .n = 7 }: Q",
                                          "{ .x = 1, .y = 0.5 }: P", "PE (1, 0)", "{ .x = 9, .y = 2.5 }: P"]
    assert result.stderr == ""


def test_a_route_is_complained_of_when_it_is_used():
    script = ":route 4 0 0 RAMP EAST\n:route 4 1 0 WEST RAMP\nvar x: i16 = 1;\n:route 5 0 0 RAMP EAST\nx\nx\n"
    result = repl(script, "--size=2x1")
    assert result.stdout == "1: i16\n1: i16\n"
    assert result.stderr.count("warning[W0502]: color 5 is sent EAST") == 1
    assert "weft_repl" not in result.stderr and "color 4" not in result.stderr


def test_load_and_quit(tmp_path):
    (tmp_path / "pe.csl").write_text("var total: f32 = 1.5;\nfn twice(v: f32) f32 { return v * 2.0; }\n")
    result = subprocess.run(["weft", "repl"], input=":load pe.csl\ntwice(total)\n:quit\nnever\n", capture_output=True, text=True,
                            timeout=60, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[-1] == "3: f32"


def test_wrong_usage():
    assert repl("", "--size=0x1").returncode == 2
    assert repl("", "--arch=wse9").returncode == 2
    assert repl(":help\n").stdout.count(":send") == 1
