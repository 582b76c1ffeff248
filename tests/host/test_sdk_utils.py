"""The pure helpers of host scripts."""
# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest


def test_memcpy_view_writes_the_low_bytes():
    from cerebras.sdk.sdk_utils import memcpy_view

    words = np.full((2, 3), 0x7FFF0000, np.uint32)
    view = memcpy_view(words, np.dtype(np.float16))
    view[:] = 1.0
    assert view.shape == (2, 3)
    assert (words == 0x7FFF3C00).all()
    strided = np.zeros((3, 4), np.uint32)[:, 1:3]
    memcpy_view(strided, np.uint16)[:] = 5
    assert (strided == 5).all()
    with pytest.raises(RuntimeError):
        memcpy_view(np.zeros(2), np.float16)


def test_input_array_to_u32():
    from cerebras.sdk.sdk_utils import input_array_to_u32

    half = np.array([1, 2, 3], np.float16)
    assert list(input_array_to_u32(half, None, 2)) == [0x3C00, 0x4000, 0x4200]
    assert list(input_array_to_u32(half, 0, 2)) == [0x3C00, 0x14000, 0x4200]
    assert list(input_array_to_u32(half, 1, 1)) == [0x3C00, 0x4000, 0x4200]
    single = np.array([1.0], np.float32)
    assert list(input_array_to_u32(single, None, 1)) == [0x3F800000]
    with pytest.raises(AssertionError):
        input_array_to_u32(np.zeros((2, 2), np.float32), None, 1)


def test_time_stamps():
    from cerebras.sdk.sdk_utils import calculate_cycles

    start, end = 0x0001_FFFF_FFF0, 0x0002_0000_0010
    words = np.array([start >> s & 0xFFFF for s in (0, 16, 32)] + [end >> s & 0xFFFF for s in (0, 16, 32)], np.uint16)
    assert calculate_cycles(words.view(np.float32)) == 32


@pytest.mark.parametrize("value, bits", [
    (np.float16(1), 0x3C00), (np.int16(-1), 0xFFFF), (np.uint16(7), 7), (np.float32(1), 0x3F800000),
    (np.int32(-1), 0xFFFFFFFF), (5, 5), (1.0, 0x3F800000)])
def test_cast_uint32(value, bits):
    from cerebras.sdk.sdk_utils import cast_uint32

    assert int(cast_uint32(value)) == bits


def test_trace_records():
    from cerebras.sdk.debug.debug_util import decode_trace

    words = [ord("?") | 1 << 8, ord("b") | 0xFE << 8, ord("h"), 0xFFFF, ord("f"), 0, 0x3F80, ord("t"), 1, 2, 3,
             ord("s") | 4 << 8, ord("a") | ord("b") << 8, ord("c")]
    assert decode_trace(np.array(words, np.uint16)) == [True, -2, -1, 1.0, 1 | 2 << 16 | 3 << 32, "abc"]


def test_port_maps_move_a_tensor_to_pes_and_back():
    from cerebras.sdk.runtime import runtime_utils

    rows, columns, height, width = 4, 6, 2, 3
    port_map = (
        f"{{ A[i=0:{rows - 1}][j=0:{columns - 1}] -> [PE[j // 2 + 1, i // 2] -> index[j % 2, i % 2]] }}"
    )
    a = np.arange(rows * columns, dtype=np.float32).reshape(rows, columns)
    x, y, w, h, words, data = runtime_utils.convert_input_tensor(port_map, a)
    assert (x, y, w, h, words) == (1, 0, width, height, 4)
    # The words of PE (2, 1): columns 2 and 3 of rows 2 and 3, column by column.
    np.testing.assert_array_equal(data.reshape(height, width, words)[1, 1], [14, 20, 15, 21])

    x, y, w, h, words, out = runtime_utils.prepare_output_tensor(port_map, np.float32)
    assert (x, y, w, h, words) == (1, 0, width, height, 4) and out.size == data.size
    np.testing.assert_array_equal(runtime_utils.format_output_tensor(port_map, np.float32, data), a)


def test_port_maps_carry_16_bit_elements_in_words():
    from cerebras.sdk.runtime import runtime_utils

    port_map = "{ v[i=0:3] -> [PE[0, i // 2] -> index[i % 2]] }"
    v = np.array([1.5, -2.0, 0.25, 8.0], dtype=np.float16)
    *_, data = runtime_utils.convert_input_tensor(port_map, v)
    assert data.dtype == np.uint32
    np.testing.assert_array_equal(runtime_utils.format_output_tensor(port_map, np.float16, data), v)


def test_port_maps_refuse_what_they_cannot_read():
    from cerebras.sdk.runtime import runtime_utils

    with pytest.raises(ValueError, match="port map: expected"):
        runtime_utils.prepare_output_tensor("A[i] -> PE[0, 0]", np.float32)
    with pytest.raises(ValueError, match="unsupported expression"):
        runtime_utils.prepare_output_tensor("{ v[i=0:3] -> [PE[0, open(i)] -> index[0]] }", np.float32)
