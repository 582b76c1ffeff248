"""The lines of sim.log that SIMFABRIC_DEBUG asks for: instructions and routers, as readers of logs take them apart."""
# SPDX-License-Identifier: Apache-2.0
import re
import subprocess

INSTRUCTION = re.compile(
    r"^@(?P<cycle>\d+) P(?P<x>\d+)\.(?P<y>\d+): Id: (?P<id>\d+), Instr: (?P<number>\d+), Seq: (?P<step>\d+), "
    r"Pipe: (?P<pipe>\d+), Msg: \[(?P<stage>IS|EX) OP\] 0x(?P<address>[0-9a-f]{4,}): T(?P<task>\d\d)"
    r"(?:\.UT(?P<thread>\d))? (?P<name>[A-Z0-9_]+)(?P<rest>.*)$")
IDLE = re.compile(r"^@(\d+) P(\d+)\.(\d+): Id: (\d+), Msg: \[EX OP\] IDLE$")
WORD = r"ctrl=([01]), idx=([0-9A-F]{4}), data=([0-9A-F]{4}) \([+-]\d\.[0-9a-f]{3}\([+-]\d\d\)\)(?:, half=0)?"
WAY = re.compile(rf"^@(\d+) P(\d+)\.(\d+) \(hwtile\) wavelet C(\d+) {WORD}, ident=([0-9A-F]{{16}}) "
                 r"landing=([RENWS]) departing=/([E ][N ][W ][S ][R ])/, lf=0$")
SWITCH = re.compile(r"^@(\d+) P(\d+)\.(\d+) \(hwtile\) router: C(\d+): (input|output) switch:? "
                    r"(\d)=/(.{5})/ -> (\d)=/(.{5})/ \((\w+)\)")


def run(logged, folder, monkeypatch, debug, **settings):
    from cerebras.sdk.runtime.sdkruntimepybind import SdkRuntime

    folder.mkdir(exist_ok=True)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("SIMFABRIC_DEBUG", debug)
    for name, value in settings.items():
        monkeypatch.setenv(name, str(value))
    runtime = SdkRuntime(str(logged[1]))
    runtime.load()
    runtime.run()
    runtime.launch("go", nonblock=False)
    runtime.stop()
    return (folder / "sim.log").read_text().splitlines(), runtime._core.cycles


def instructions(lines):
    return [m.groupdict() for m in map(INSTRUCTION.match, lines) if m]


def test_instruction_lines(logged, tmp_path, monkeypatch):
    lines, _ = run(logged, tmp_path, monkeypatch, "inst_trace")
    wse3 = logged[0] == "wse3"
    found = instructions(lines)
    # Every line about instructions has one of the two forms; none of the others was asked for.
    assert len(found) + sum(IDLE.match(line) is not None for line in lines) == sum(": Id: " in line for line in lines)
    assert not any(" landing " in line or " router: " in line or " wavelet C" in line for line in lines)
    assert [line for line in lines if line.startswith("@0 inst_trace: ")]
    assert {(f["stage"], f["pipe"]) for f in found} == {("IS", "3" if wse3 else "2"), ("EX", "6" if wse3 else "4")}
    assert {(f["x"], f["y"], f["id"]) for f in found} == {("4", "1", "13"), ("5", "1", "14")}
    west = [f for f in found if f["x"] == "4"]

    def shown(stage):
        return [(f["task"], f["thread"], f["name"]) for f in west if f["stage"] == stage]

    launched = "01" if wse3 else "22"
    assert shown("IS") == [(launched, None, "NOP")] + [(launched, None, "FMACS")] * 8 + [
        (launched, None, "LOAD_DSR"), (launched, None, "FADDS"), (launched, "3", "FMOVS"), ("24", None, "NOP"),
        ("24", None, "MOV32"), ("24", None, "UNBLOCK_CMD_STREAM")]
    assert shown("EX") == [(launched, None, "FMACS")] * 8 + [
        (launched, None, "LOAD_DSR"), (launched, None, "FADDS")] + [(launched, "3", "FMOVS")] * 4 + [("24", None, "MOV32"), ("24", None, "UNBLOCK_CMD_STREAM")]
    # What executes was issued under the same number before; numbers count up from 1.
    issued = {f["number"]: f for f in west if f["stage"] == "IS"}
    assert list(issued) == [str(n + 1) for n in range(len(issued))]
    for f in west:
        first = issued[f["number"]]
        assert (f["name"], f["address"], f["task"]) == (first["name"], first["address"], first["task"])
        assert int(first["cycle"]) <= int(f["cycle"])
    fadds = next(f for f in west if f["name"] == "FADDS" and f["stage"] == "IS")
    assert " Src0:[S0DS2] " in fadds["rest"]
    # 1.5 + 8 * 2 * 0.375 + 2, four times, in four cycles.
    sent = [f for f in west if f["name"] == "FMOVS" and f["stage"] == "EX"]
    assert [f["step"] for f in sent] == ["0", "1", "2", "3"]
    assert all(" Dest:41180000 " in f["rest"] for f in sent)
    begin = int(sent[0]["cycle"])
    assert [int(f["cycle"]) - begin for f in sent] == [0, 1, 2, 3]
    # An address is named before it is used, once.
    for address in {f["address"] for f in found}:
        named = [i for i, line in enumerate(lines) if re.match(rf"^@\d+ inst_trace: 0x{address} is .*\.csl:\d+:\d+$", line)]
        used = [i for i, line in enumerate(lines) if f"] 0x{address}: " in line]
        assert len(named) == 1 and named[0] < used[0]


def test_router_lines(logged, tmp_path, monkeypatch):
    lines, _ = run(logged, tmp_path, monkeypatch, "router")
    switches = [m.groups() for m in map(SWITCH.match, lines) if m]
    ways = [m.groups() for m in map(WAY.match, lines) if m]
    assert len(switches) + 1 == sum("router: " in line for line in lines)
    assert len(ways) == sum(" wavelet C" in line for line in lines)
    assert not any(": Id: " in line or " landing C" in line for line in lines)
    assert [s[1:] for s in switches if s[-1] == "init"] == [
        ("4", "1", "3", "input", "1", "    R", "1", "    R", "init"),
        ("4", "1", "3", "output", "1", "E    ", "1", "E    ", "init"),
        ("5", "1", "3", "input", "1", "  W  ", "1", "  W  ", "init"),
        ("5", "1", "3", "output", "1", "    R", "1", "    R", "init")]
    # The command moves the switch of the east PE, which does not see it.
    change, = [s for s in switches if s[-1] != "init"]
    assert change[1:] == ("5", "1", "3", "input", "1", "  W  ", "2", "    R", "advance")
    at_west = [w for w in ways if w[1] == "4"]
    at_east = [w for w in ways if w[1] == "5"]
    assert [(w[4], w[5], w[8], w[9]) for w in at_west] == [("0", "4118", "R", "E    ")] * 4 + [
        ("1", at_west[-1][5], "R", "E    ")]
    # A wavelet keeps its name along its way.
    assert [w[7] for w in at_west] == [w[7] for w in at_east]
    assert len({w[7] for w in ways}) == 5
    assert [(w[4], w[8], w[9]) for w in at_east] == [("0", "W", "    R")] * 4 + [("1", "W", "     ")]
    assert at_east[-1][0] == change[0]
    hop = 2 if logged[0] == "wse3" else 1
    assert [int(e[0]) - int(w[0]) for w, e in zip(at_west, at_east)] == [hop] * 5


def test_lines_are_the_same_for_engines_and_threads(logged, tmp_path, monkeypatch):
    silent, cycles = run(logged, tmp_path / "silent", monkeypatch, "")
    assert not any("Id: " in line or " landing " in line or "router" in line or " wavelet C" in line for line in silent)
    logs = []
    for engine in ("interp", "jit"):
        for threads, edge in ((1, 4), (2, 1)):
            lines, at_end = run(logged, tmp_path / f"{engine}{threads}", monkeypatch, "landing,router,inst_trace",
                                WEFT_ENGINE=engine, WEFT_THREADS=threads, WEFT_BLOCK_EDGE=edge, WEFT_OPT=2)
            # Listening changes no cycle.
            assert at_end == cycles
            log = [line for line in lines if re.match(r"^@\d+ P\d", line)]
            stamps = [int(line[1:].split(" ", 1)[0]) for line in log]
            assert stamps == sorted(stamps)
            assert len(log) > 60
            logs.append(log)
    assert all(log == logs[0] for log in logs[1:])


def test_the_prefix_of_containers(logged, tmp_path):
    script = tmp_path / "run.py"
    script.write_text("import sys\nfrom cerebras.sdk.runtime.sdkruntimepybind import SdkRuntime\n"
                      "runtime = SdkRuntime(sys.argv[1])\nruntime.load()\nruntime.run()\n"
                      "runtime.launch('go', nonblock=False)\nruntime.stop()\n")
    for prefix in ("SINGULARITYENV_", "APPTAINERENV_"):
        subprocess.run(["env", f"{prefix}SIMFABRIC_DEBUG=inst_trace", "cs_python", script, logged[1]], cwd=tmp_path,
                       check=True, timeout=60)
        assert instructions((tmp_path / "sim.log").read_text().splitlines())
