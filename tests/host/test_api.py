"""The names, signatures and small rules of the Python API that existing scripts rely on."""
# SPDX-License-Identifier: Apache-2.0
import importlib
import subprocess
import sys

import numpy as np
import pytest

from conftest import BUILD, HEIGHT, SIZE, WIDTH
from test_runtime import copy_options, where

NAMES = {
    "cerebras.sdk.runtime.sdkruntimepybind": (
        "SdkRuntime SdkLayout SdkTarget SdkCompileArtifacts SdkExecutionPlatform SimfabConfig Task CodeRegion Color Edge "
        "EdgeRouteInfo FP16TYPE MemcpyDataType MemcpyOrder PortHandle Route RoutingPosition get_edge_routing get_platform "
        "get_simulator get_system MEMCPY_16BIT MEMCPY_32BIT ROW_MAJOR COL_MAJOR WSE2 WSE3 TOP BOTTOM LEFT RIGHT RAMP "
        "EAST WEST NORTH SOUTH F16 BF16 CB16"),
    "cerebras.sdk.sdk_utils": (
        "memcpy_view input_array_to_u32 calculate_cycles sub_ts make_u48 float_to_hex cast_uint32 get_api_info_dict "
        "get_api_info_dict_from_json parse_host_callable_api check_rpc_api is_valid_primitive_type "
        "getOutputNameFromCompileOptions MAX_MESSAGE_LENGTH"),
    "cerebras.sdk.client": "SdkCompiler SdkLauncher SdkRuntime sdk_utils",
    "cerebras.sdk.client._version": "__version__",
    "cerebras.sdk.client.sdk_utils": "input_array_to_u32",
    "cerebras.sdk.client.debug_util": "debug_util",
    "cerebras.sdk.debug.debug_util": "debug_util",
    "cerebras.geometry.geometry": "IntVector IntRectangle CardinalDirection",
    "cerebras.appliance": "logger log __version__",
    "cerebras.appliance.errors": "ApplianceUnknownError",
    "cerebras.appliance.pb.sdk.sdk_common_pb2": "MemcpyDataType MemcpyOrder",
    "cerebras.sdk.runtime.runtime_utils": "memcpy_view input_array_to_u32",
}
METHODS = (
    "load run stop get_id memcpy_h2d memcpy_d2h memcpy_h2d_rowbcast memcpy_h2d_colbcast memcpy_h2d_stride launch call "
    "task_wait is_task_done send receive receive_tofile get_port_id report_port_infos read_symbol dump_core dump "
    "dump_elf_core coord_logical_to_physical")


@pytest.mark.parametrize("module", NAMES)
def test_names(module):
    if module == "cerebras.sdk.client":
        importlib.import_module("cerebras.sdk.client.sdk_utils")
    found = importlib.import_module(module)
    assert [name for name in NAMES[module].split() if not hasattr(found, name)] == []


def test_methods():
    from cerebras.sdk.runtime.sdkruntimepybind import SdkRuntime

    assert [name for name in METHODS.split() if not callable(getattr(SdkRuntime, name, None))] == []


@pytest.mark.parametrize("enum, members", [
    ("MemcpyDataType", {"MEMCPY_32BIT": 0, "MEMCPY_16BIT": 1}), ("MemcpyOrder", {"ROW_MAJOR": 0, "COL_MAJOR": 1}),
    ("SdkTarget", {"WSE2": 0, "WSE3": 1}), ("Edge", {"TOP": 0, "BOTTOM": 1, "LEFT": 2, "RIGHT": 3}),
    ("Route", {"RAMP": 0, "EAST": 1, "WEST": 2, "NORTH": 3, "SOUTH": 4}), ("FP16TYPE", {"F16": 0, "BF16": 1, "CB16": 2})])
def test_enums(enum, members):
    from cerebras.sdk.runtime import sdkruntimepybind as sdk

    kind = getattr(sdk, enum)
    assert {name: int(member) for name, member in kind.__members__.items()} == members
    for name, number in members.items():
        member = getattr(sdk, name)
        assert member == kind(number) and member.name == name and member.value == number
        assert len({member, kind(number)}) == 1


def test_the_packages_work_in_a_plain_python():
    script = f"import sys; sys.path.insert(0, {str(BUILD / 'lib' / 'weft' / 'python')!r})\n" \
             "from cerebras.sdk.runtime.sdkruntimepybind import SdkRuntime; print(SdkRuntime.__name__)"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert result.stdout == "SdkRuntime\n", result.stderr


def test_platforms():
    from cerebras.sdk.runtime import sdkruntimepybind as sdk

    simulator = sdk.get_platform(None, sdk.SimfabConfig(), sdk.SdkTarget.WSE2)
    assert simulator.is_simulation() and not simulator.is_system()
    assert sdk.get_platform("").is_simulation()
    assert sdk.get_simulator().is_simulation()
    assert sdk.get_system("1.2.3.4:9000").is_system()
    with pytest.raises(RuntimeError, match="E0617"):
        sdk.get_system("")
    assert sdk.get_platform(cmaddr="1.2.3.4:9000", config=None, target=sdk.SdkTarget.WSE2).is_system()
    with pytest.raises(RuntimeError, match="E0617.*SimfabConfig"):
        sdk.get_simulator(sdk.SdkTarget.WSE2)
    with pytest.raises(RuntimeError, match="E0617.*SdkTarget"):
        sdk.get_platform(None, sdk.SimfabConfig(), "wse3")
    config = sdk.SimfabConfig()
    assert (config.num_threads, config.suppress_trace, config.dump_core, config.core_path) == (16, False, False, None)


def test_an_address_runs_on_the_emulator(arrays, tmp_path, monkeypatch, capfd):
    from cerebras.sdk.runtime import sdkruntimepybind as sdk

    monkeypatch.chdir(tmp_path)
    for arguments, keywords in (((), {"cmaddr": "1.2.3.4:9000"}), ((sdk.get_system("1.2.3.4:9000"),), {})):
        with sdk.SdkRuntime(str(arrays), *arguments, **keywords) as runtime:
            runtime.launch("fill", nonblock=False)
        assert "1.2.3.4:9000" in capfd.readouterr().err


def test_calls_by_name_and_by_id(runner):
    symbol = runner.get_id("A")
    ones, back = np.ones(WIDTH * HEIGHT * SIZE, np.float32), np.zeros(WIDTH * HEIGHT * SIZE, np.float32)
    runner.memcpy_h2d(np.int64(symbol), ones, *where(), **copy_options())
    three = int(np.float32(3).view(np.uint32))
    # What is missing is 0; the keywords of a copy are allowed.
    runner.call("scale", np.array([three], np.uint32), nonblock=True)
    runner.call("scale", [three, 1], **copy_options(nonblock=True))
    runner.call("scale", np.array([2.0], np.float32), nonblock=True)
    runner.launch(runner.get_id("scale"), 1.0, -4, nonblock=False)
    runner.memcpy_d2h(back, symbol, *where(), order=0, data_type=0, streaming=False, nonblock=False)
    np.testing.assert_array_equal(back, 16)
    assert runner.coord_logical_to_physical((2, 1)) == (6, 2)
    assert runner.get_port_id("any") is None


@pytest.mark.parametrize("order", ["ROW_MAJOR", "COL_MAJOR"])
def test_broadcasts_to_a_part_and_on_streams(runner, order):
    symbol = runner.get_id("A")
    runner.memcpy_h2d(symbol, np.zeros(WIDTH * HEIGHT * SIZE, np.float32), *where(), **copy_options())
    row = np.arange(2 * SIZE, dtype=np.float32)
    runner.memcpy_h2d_colbcast(symbol, row, 1, 0, 2, 2, SIZE, **copy_options(order))
    back = np.zeros((HEIGHT, WIDTH, SIZE), np.float32)
    runner.memcpy_d2h(back, symbol, *where(), **copy_options())
    sent = row.reshape(2, SIZE) if order == "ROW_MAJOR" else row.reshape(SIZE, 2).T
    np.testing.assert_array_equal(back[:, 1:], np.broadcast_to(sent, (2, 2, SIZE)))
    np.testing.assert_array_equal(back[:, 0], 0)
    column, echo = np.arange(2 * HEIGHT, dtype=np.uint32), np.zeros((HEIGHT, WIDTH, 2), np.uint32)
    options = copy_options(order, streaming=True)
    runner.memcpy_h2d_rowbcast(5, column, 0, 0, WIDTH, HEIGHT, 2, **{**options, "nonblock": True})
    runner.memcpy_d2h(echo, 6, 0, 0, WIDTH, HEIGHT, 2, **copy_options(streaming=True))
    sent = column.reshape(HEIGHT, 2) if order == "ROW_MAJOR" else column.reshape(2, HEIGHT).T
    np.testing.assert_array_equal(echo, np.broadcast_to(sent[:, None] + 1, echo.shape))


def test_runtimes_follow_each_other_in_one_process(arrays, tmp_path, monkeypatch):
    from cerebras.sdk.debug.debug_util import debug_util
    from cerebras.sdk.runtime.sdkruntimepybind import SdkRuntime

    monkeypatch.chdir(tmp_path)
    for turn in range(2):
        runtime = SdkRuntime(arrays)
        assert runtime.get_id("H") == 2
        runtime.load()
        runtime.run()
        assert debug_util(str(arrays)).get_symbol(4, 1, "received", np.uint32)[0] == 0
        for _ in range(turn + 1):
            runtime.memcpy_h2d(5, np.zeros(WIDTH * HEIGHT, np.uint32), 0, 0, WIDTH, HEIGHT, 1,
                               **copy_options(streaming=True, nonblock=True))
            runtime.memcpy_d2h(np.zeros(WIDTH * HEIGHT, np.uint32), 6, 0, 0, WIDTH, HEIGHT, 1,
                               **copy_options(streaming=True, nonblock=True))
        runtime.stop()
        assert debug_util(str(arrays)).get_symbol(4, 1, "received", np.uint32)[0] == turn + 1
