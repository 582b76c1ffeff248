"""The commands as existing scripts call them: cslc, cs_python, the help of the others, weft run and weft suite."""
# SPDX-License-Identifier: Apache-2.0
import json
import os
import shutil
import subprocess

import pytest

from conftest import PROGRAMS, ROOT

LAYOUT = str(PROGRAMS / "arrays" / "layout.csl")
PARAMS = "--params=width:3,height:2,size:4,in_color:5,out_color:6"


def run(*words, **options):
    return subprocess.run(list(words), capture_output=True, text=True, timeout=120, **options)


@pytest.mark.parametrize("words", [["cslc", "-h"], ["cs_python", "-h"], ["csdb", "--help"], ["cs_readelf", "-h"],
                                   ["sdk_debug_shell", "--help"], ["weft", "--help"], ["weft", "run", "--help"],
                                   ["weft", "suite", "--help"], ["weft", "check", "--help"]])
def test_help_exits_clean(words):
    result = run(*words)
    assert result.returncode == 0
    assert result.stdout


def test_the_output_directory(tmp_path):
    result = run("cslc", LAYOUT, "--arch", "wse3", "--fabric-dims=10,4", "--fabric-offsets=4,1", PARAMS, "-o=deep/out",
                 "--memcpy", "--channels", "1", "--width-west-buf=0", "--width-east-buf=0", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert result.stdout == ""
    out = tmp_path / "deep" / "out"
    assert (out / "out.json").read_text() == (
        '{"params":{"width":"3","height":"2","size":"4","in_color":"5","out_color":"6"},"colors":{}}')
    symbols = json.loads((out / "bin" / "out_rpc.json").read_text())["rpc_symbols"]
    assert symbols[0] == {"id": 1, "immutable": 0, "kind": "Var", "name": "A", "sym_name": "A_ptr", "type": "[*]f32"}
    scale = next(s for s in symbols if s["name"] == "scale")
    assert scale["kind"] == "Func" and scale["type"] == "void"
    assert [i["type"] for i in scale["inputs"]] == ["f32", "i16"]
    assert (out / "bin" / "out_0_0.elf").exists()


def test_the_debug_shell_compiles(tmp_path):
    result = run("sdk_debug_shell", "compile", LAYOUT, PARAMS, "--fabric-dims=10,4", "--fabric-offsets=4,1", "--memcpy",
                 "--channels=1", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "out" / "plan.weft").exists()


@pytest.mark.parametrize("words, status, text", [
    (["--memcpy", PARAMS], 1, "RuntimeError: n_channels=0 corresponds to the deprecated runtime CSELFRunner"),
    (["--memcpy", "--channels=1", "--fabric-dims=8,3", "--fabric-offsets=4,1", PARAMS], 1,
     "RuntimeError: Fabric dimension must be at least 10-by-4"),
    (["--memcpy", "--channels=1", "--params=width:3"], 1, "error"),
    (["--nonsense"], 2, "unrecognized arguments: --nonsense"),
    (["--params=width=3"], 2, "name:value"),
    (["--memcpy", "--channels=17", PARAMS], 2, "argument --channels: invalid choice: '17'"),
    (["--memcpy", "--channels=-1", PARAMS], 2, "argument --channels: invalid choice: '-1'"),
    (["--fabric-dims=8x3"], 2, "two numbers such as 8,3"),
    # Spaces around the parts are harmless.
    (["--memcpy", "--channels=1", "--fabric-dims= 10 , 3 ", "--fabric-offsets=4, 1", PARAMS], 1, "at least 10-by-4"),
])
def test_wrong_compile_lines(tmp_path, words, status, text):
    result = run("cslc", LAYOUT, *words, cwd=tmp_path)
    assert result.returncode == status
    assert text in result.stderr


def test_a_program_that_is_checked_without_its_layout():
    program, layout = PROGRAMS / "arrays" / "pe.csl", PROGRAMS / "arrays" / "layout.csl"
    alone = subprocess.run(["weft", "check", program], capture_output=True, text=True, timeout=60)
    assert alone.returncode == 1
    assert "error[E0205]" in alone.stderr and "check the layout that places it" in alone.stderr
    assert subprocess.run(["weft", "check", "--syntax", program], timeout=60).returncode == 0
    whole = subprocess.run(["weft", "check", layout, PARAMS, "--memcpy", "--channels=1"], capture_output=True, text=True,
                           timeout=60)
    assert (whole.returncode, whole.stderr) == (0, "")


def test_a_missing_file(tmp_path):
    result = run("cslc", "./nothing.csl", "--memcpy", "--channels=1", cwd=tmp_path)
    assert result.returncode == 1
    assert "nothing.csl" in result.stderr


def test_the_directory_moves_and_may_be_read_only(tmp_path):
    run("cslc", LAYOUT, PARAMS, "--memcpy", "--channels=1", "-o", "a", cwd=tmp_path)
    shutil.move(tmp_path / "a", tmp_path / "b")
    for folder, _, files in os.walk(tmp_path / "b"):
        for name in files:
            os.chmod(os.path.join(folder, name), 0o444)
        os.chmod(folder, 0o555)
    script = ("from cerebras.sdk.runtime.sdkruntimepybind import SdkRuntime\n"
              "r = SdkRuntime('b'); r.load(); r.run(); r.launch('fill', nonblock=False); r.stop(); print('done')\n")
    result = run("cs_python", "-c", script, cwd=tmp_path)
    for folder, _, _ in os.walk(tmp_path / "b"):
        os.chmod(folder, 0o755)
    assert result.stdout == "done\n", result.stderr


def test_container_variables_are_set():
    env = {**os.environ, "SINGULARITYENV_A": "one two", "SINGULARITYENV_B": "s", "APPTAINERENV_B": "$HOME 'x'"}
    result = run("cs_python", "-c", "import os; print(os.environ['A'], os.environ['B'])", env=env)
    assert result.stdout == "one two $HOME 'x'\n"


def test_exit_status_and_arguments_pass_through(tmp_path):
    script = tmp_path / "s.py"
    script.write_text("#!/usr/bin/env cs_python\nimport sys\nprint(sys.argv[1:])\nsys.exit(7)\n")
    script.chmod(0o755)
    result = run(str(script), "a b", "c")
    assert result.returncode == 7
    assert result.stdout == "['a b', 'c']\n"


def test_run_a_layout_file_prints_the_exports(tmp_path):
    result = run("weft", "run", LAYOUT, PARAMS, "--launch", "fill", "--launch=scale:2.5,3", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "H (2, 1) = [120, 121, 122, 123]" in result.stdout
    assert "A (0, 0) = [3, 3, 3, 3]" in result.stdout


def test_the_report_is_one_json_object(tmp_path):
    reports = [run("weft", "run", LAYOUT, PARAMS, "--launch=fill", "--report=json", f"--engine={engine}", cwd=tmp_path)
               for engine in ("interp", "jit")]
    figures = [json.loads(r.stdout) for r in reports]
    for key in ("cycles", "memory_hash", "trace_hash", "traps"):
        assert figures[0][key] == figures[1][key]
    assert figures[0]["traps"] == []


def test_a_folder_runs_by_its_own_commands(tmp_path):
    shutil.copytree(ROOT / "examples" / "01-gemv", tmp_path / "gemv")
    result = run("weft", "run", str(tmp_path / "gemv"), "--arch=wse3")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "SUCCESS!" in result.stdout


def example(root, name, body, file="commands_wse2.sh"):
    folder = root / name
    folder.mkdir(parents=True)
    (folder / file).write_text("#!/usr/bin/env bash\nset -e\n" + body)


def test_suite(tmp_path):
    tree = tmp_path / "tree"
    example(tree, "good", "cs_python -c 'import random, numpy; print(random.random(), numpy.random.rand())' \n")
    example(tree, "bad", "echo working\necho \"a.py:1: error: no luck\" >&2\nexit 3\n", "commands_wse3.sh")
    example(tree, "slow", "sleep 60\n")
    example(tree, "writes", "echo x > made\ntest -e ../good/commands_wse2.sh\n")
    table = tmp_path / "t.json"
    result = run("weft", "suite", str(tree), "--timeout=2", f"--json={table}")
    assert result.returncode == 1
    assert result.stdout.split("\n")[0].split() == ["name", "arch", "result", "seconds", "cycles", "cycles/s", "first",
                                                    "diagnostic"]
    slowest = result.stdout[result.stdout.index("\nslowest"):].split("\n")
    assert slowest[2].split()[0] == "slow"
    rows = {row["name"]: row for row in json.loads(table.read_text())}
    assert list(rows) == ["bad", "good", "slow", "writes"]
    assert set(rows["bad"]) == {"name", "arch", "status", "seconds", "cycles", "diagnostic"}
    assert rows["bad"]["status"] == "fail" and rows["bad"]["arch"] == "wse3"
    assert rows["bad"]["diagnostic"] == "a.py:1: error: no luck"
    assert rows["good"]["status"] == "pass"
    assert rows["slow"]["status"] == "timeout" and rows["slow"]["seconds"] < 10
    assert rows["writes"]["status"] == "pass"
    assert not (tree / "writes" / "made").exists()
    assert run("weft", "suite", str(tree), "--filter=writes").returncode == 0


def test_suite_seeds_the_generators(tmp_path):
    script = "import random, numpy; print(random.random(), numpy.random.rand())"
    example(tmp_path / "t", "one", f"cs_python -c '{script}' | tee {tmp_path}/seen >/dev/null\n")
    seen = []
    for seed in (0, 0, 1):
        assert run("weft", "suite", str(tmp_path / "t"), f"--seed={seed}").returncode == 0
        seen.append((tmp_path / "seen").read_text())
    assert seen[0] == seen[1] != seen[2]


def test_suite_without_examples_is_wrong_usage(tmp_path):
    assert run("weft", "suite", str(tmp_path)).returncode == 2
