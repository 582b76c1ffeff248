#!/usr/bin/python3
"""What a user waits for: compiling the GEMV example, its first result with an empty and a full object cache, `weft run`
of it, the first prompt and one expression of `weft repl`. Each the median of five; wall time."""
# SPDX-License-Identifier: Apache-2.0
import os
import pathlib
import pty
import select
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("WEFT_BIN", ROOT / "build" / "bin"))
EXAMPLE = ROOT / "examples" / "01-gemv"
ROUNDS = 5

HOST = """
import sys, time
import numpy as np
from cerebras.sdk.runtime.sdkruntimepybind import MemcpyDataType, MemcpyOrder, SdkRuntime
w, h, rows, cols = 4, 3, 32, 24
copy = dict(streaming=False, order=MemcpyOrder.ROW_MAJOR, data_type=MemcpyDataType.MEMCPY_32BIT, nonblock=False)
A = np.ones(w * h * rows * cols, dtype=np.float32)
x = np.ones(w * cols, dtype=np.float32)
y = np.zeros(h * rows, dtype=np.float32)
start = time.perf_counter()
runner = SdkRuntime(sys.argv[1])
runner.load()
runner.run()
runner.memcpy_h2d(runner.get_id("A"), A, 0, 0, w, h, rows * cols, **copy)
runner.memcpy_h2d(runner.get_id("x"), x, 0, 0, w, 1, cols, **copy)
runner.launch("gemv", nonblock=False)
runner.memcpy_d2h(y, runner.get_id("y"), w - 1, 0, 1, h, rows, **copy)
took = time.perf_counter() - start
runner.stop()
assert np.all(y == w * cols)
print(took)
"""


def environment(cache):
    env = dict(os.environ, WEFT_CACHE_DIR=str(cache), XDG_STATE_HOME=str(cache))
    env["PATH"] = f"{BIN}:{env['PATH']}"
    return env


def timed(*command, **options):
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, **options)
    return time.perf_counter() - start


def report(what, seconds, bar):
    value = statistics.median(seconds)
    word = "" if value <= bar else "  MISSED"
    print(f"startup {what:<42} {value * 1e3:7.1f} ms (bar {bar * 1e3:.0f}){word}", flush=True)


class Repl:
    """`weft repl` in a terminal of its own."""

    def __init__(self, env):
        self.start = time.perf_counter()
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.execve(BIN / "weft", ["weft", "repl"], env)
        self.text = b""

    def wait_for(self, word):
        """Reads to `word`; gives the time at which it was there."""
        while word not in self.text:
            if not select.select([self.terminal], [], [], 30)[0]:
                sys.exit(f"`weft repl` did not answer; it wrote {self.text!r}")
            self.text += os.read(self.terminal, 4096)
        self.text = self.text.split(word, 1)[1]
        return time.perf_counter()

    def send(self, line):
        start = time.perf_counter()
        os.write(self.terminal, line.encode() + b"\n")
        return start

    def close(self):
        os.close(self.terminal)
        os.waitpid(self.pid, 0)


def repl_times(env):
    prompts, expressions = [], []
    for _ in range(ROUNDS):
        repl = Repl(env)
        prompts.append(repl.wait_for(b"weft> ") - repl.start)
        repl.send("var speed: i16 = 6;")
        repl.wait_for(b"weft> ")
        start = repl.send("speed * 7")
        expressions.append(repl.wait_for(b"42") - start)
        repl.close()
    report("repl, first prompt", prompts, 0.150)
    report("repl, one expression", expressions, 0.030)


def main():
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        env = environment(scratch / "cache")
        out = scratch / "out"
        script = scratch / "host.py"
        script.write_text(HOST)
        compile_command = [BIN / "cslc", "--arch=wse3", EXAMPLE / "layout.csl", "--fabric-dims=11,5", "--fabric-offsets=4,1",
                           "--params=width:4,height:3,rows:32,cols:24", "-o", out, "--memcpy", "--channels", "1"]
        timed(*compile_command, env=env)  # brings the files into memory
        report("cslc of the GEMV example", [timed(*compile_command, env=env) for _ in range(ROUNDS)], 0.3)

        def first_result():
            run = subprocess.run([BIN / "cs_python", script, out], check=True, env=env, capture_output=True, text=True,
                                 cwd=scratch)
            return float(run.stdout.split()[-1])

        first_result()
        cold = []
        for _ in range(ROUNDS):
            shutil.rmtree(scratch / "cache", ignore_errors=True)
            cold.append(first_result())
        report("load to first result, empty object cache", cold, 0.3)
        report("load to first result, full object cache", [first_result() for _ in range(ROUNDS)], 0.1)
        work = scratch / "example"
        shutil.copytree(EXAMPLE, work)
        run_command = [BIN / "weft", "run", work]
        timed(*run_command, env=env, cwd=scratch)
        report("weft run of the GEMV example", [timed(*run_command, env=env, cwd=scratch) for _ in range(ROUNDS)], 0.6)
        repl_times(env)


if __name__ == "__main__":
    main()
