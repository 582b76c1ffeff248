"""weft repl with a piped script, and in a terminal where tmux is there."""
# SPDX-License-Identifier: Apache-2.0
import shutil
import subprocess
import time

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
    result = repl("var x: i16 = 1;\nx +\nnothing\nx\n")
    assert result.returncode == 1
    assert result.stdout == "1: i16\n"
    assert "repl:1:1: error[E0201]" in result.stderr


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


@pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")
def test_a_terminal_session(tmp_path):
    name = f"weft-repl-{tmp_path.name}"
    tmux = ["tmux", "-L", name]
    weft = shutil.which("weft")

    def screen():
        return subprocess.run([*tmux, "capture-pane", "-p"], capture_output=True, text=True, timeout=20).stdout

    def wait_for(text):
        end = time.monotonic() + 30
        while time.monotonic() < end:
            if text in screen():
                return
            time.sleep(0.05)
        raise AssertionError(f"{text!r} not on the screen:\n{screen()}")

    def send(*keys):
        subprocess.run([*tmux, "send-keys", *keys], check=True, timeout=20)

    subprocess.run([*tmux, "-f", "/dev/null", "new-session", "-d", "-x", "100", "-y", "40",
                    f"env XDG_STATE_HOME={tmp_path} {weft} repl"], check=True, timeout=20)
    try:
        wait_for("weft>")
        send("var n: u32 = 100\\;", "Enter")
        send("while (true) { n += 1; }", "Enter")
        time.sleep(0.5)
        send("C-c")
        wait_for("interrupted at cycle")
        send("n > 100", "Enter")
        wait_for("true: bool")
        send(":quit", "Enter")
    finally:
        subprocess.run([*tmux, "kill-server"], capture_output=True, timeout=20)
