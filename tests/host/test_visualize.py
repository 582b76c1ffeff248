"""sdk_debug_shell visualize: the page, what it knows, and its server."""
# SPDX-License-Identifier: Apache-2.0
import json
import re
import shutil
import signal
import subprocess
import urllib.error
import urllib.request

import numpy as np
import pytest

from conftest import HEIGHT, PROGRAMS, SIZE, WIDTH
from test_runtime import copy_options, where


def page_of(folder, *words):
    result = subprocess.run(["sdk_debug_shell", "visualize", "--artifact_dir", folder, "--output", folder / "page.html", *words],
                            capture_output=True, text=True, timeout=60)
    assert (result.returncode, result.stderr) == (0, "")
    return (folder / "page.html").read_text()


def data_of(page):
    return json.loads(re.search(r'<script id="data" type="application/json">(.*?)</script>', page, re.S).group(1))


@pytest.fixture
def left(arrays, runner, tmp_path):
    """A folder with the program, a core and a trace."""
    (tmp_path / "out").symlink_to(arrays)
    words = np.arange(WIDTH * HEIGHT * SIZE, dtype=np.float32)
    runner.memcpy_h2d(runner.get_id("A"), words, *where(), **copy_options())
    echo = np.zeros(2, np.uint32)
    runner.memcpy_h2d(5, np.array([0xABCD0001, 2], np.uint32), 1, 1, 1, 1, 2, **copy_options(streaming=True))
    runner.memcpy_d2h(echo, 6, 1, 1, 1, 1, 2, **copy_options(streaming=True))
    runner.stop()
    runner.dump_core("corefile.cs1")
    return tmp_path


def test_the_page_has_program_core_and_trace(left):
    page = page_of(left)
    data = data_of(page)
    assert (data["width"], data["height"], data["x"], data["y"]) == (WIDTH, HEIGHT, 4, 1)
    assert data["grid"] == [0] * (WIDTH * HEIGHT)
    name, kind, address, size = next(s for s in data["programs"][0]["symbols"] if s[0] == "A")
    assert (kind, size) == (f"[{SIZE}]f32", 4 * SIZE)
    # What the core holds of A on PE (2, 1).
    memory = bytes.fromhex(data["core"]["pes"][WIDTH + 2]["memory"])
    np.testing.assert_array_equal(np.frombuffer(memory[address:address + size], np.float32), np.arange(20, 24))
    assert "main thread: idle" in data["core"]["pes"][0]["state"]
    arrivals = [entry for entry in data["trace"] if entry[2] == 5]
    assert [(e[1], e[3], e[4], e[5]) for e in arrivals] == [(WIDTH + 1, "W", 0, 0xABCD0001), (WIDTH + 1, "W", 0, 2)]
    assert not data["truncated"]


def test_routes(tmp_path):
    example = PROGRAMS.parents[2] / "examples" / "01-gemv" / "layout.csl"
    subprocess.run(["cslc", example, "--arch=wse3", "--fabric-dims=11,5", "--fabric-offsets=4,1", "--memcpy", "--channels=1",
                    "--params=width:4,height:3,rows:32,cols:24", "-o", tmp_path / "out"], check=True, timeout=60)
    page = page_of(tmp_path)
    data = data_of(page)
    assert data["core"] is None and data["trace"] == []
    assert set(data["grid"]) == set(range(len(data["programs"])))
    # x comes from the north and goes on to the south; the last row takes it from the router.
    routes = {tuple(r[1:3]) for c in data["colors"] for r in c["routes"]}
    assert {("N", "SR"), ("N", "R")} <= routes
    if shutil.which("node"):
        (tmp_path / "page.js").write_text(re.search(r"<script>\n(.*?)</script>", page, re.S).group(1))
        subprocess.run(["node", "--check", tmp_path / "page.js"], check=True, timeout=60)


def test_the_page_is_served(left):
    server = subprocess.Popen(["sdk_debug_shell", "visualize", "--port", "0"], cwd=left, stdout=subprocess.PIPE, text=True)
    try:
        address = re.search(r"Click this link to open URL: (http://localhost:\d+)/sdk-gui", server.stdout.readline()).group(1)
        assert server.stdout.readline() == "Press Ctrl-C to exit\n"
        for path in ("/sdk-gui?session_id=1", "/"):
            with urllib.request.urlopen(address + path, timeout=30) as reply:
                assert data_of(reply.read().decode())["core"]["cycle"] > 0
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(address + "/secret", timeout=30)
    finally:
        server.send_signal(signal.SIGINT)
        assert server.wait(30) == -signal.SIGINT


@pytest.mark.parametrize("words, status, text", [
    (["--artifact_dir", "nowhere"], 1, "E0601"),
    (["--port", "x"], 2, "`x` is no port"),
    (["--nonsense"], 2, "`--nonsense`"),
])
def test_wrong_usage(words, status, text):
    result = subprocess.run(["sdk_debug_shell", "visualize", *words], capture_output=True, text=True, timeout=60)
    assert result.returncode == status
    assert text in result.stderr
