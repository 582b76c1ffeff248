"""Helpers of host scripts: views, packing, time stamps, exported signatures. Pure NumPy."""
# SPDX-License-Identifier: Apache-2.0
import json
import os
import struct

import numpy as np

MAX_MESSAGE_LENGTH = 2147482624

_PRIMITIVE = {
    "f32": np.float32,
    "f16": np.float16,
    "i32": np.int32,
    "u32": np.uint32,
    "i16": np.int16,
    "u16": np.uint16,
}


def memcpy_view(arr, datatype):
    """A writable view of the low bytes of every 32-bit element, same shape."""
    dtype = np.dtype(datatype)
    if arr.dtype.itemsize != 4:
        raise RuntimeError(f"the array must have 32-bit elements, not {arr.dtype}")
    if dtype.itemsize not in (1, 2, 4):
        raise RuntimeError(f"the view must have elements of 8, 16 or 32 bits, not {dtype}")
    return np.ndarray(shape=arr.shape, dtype=dtype, buffer=arr, strides=arr.strides) \
        if arr.flags.c_contiguous else _strided_view(arr, dtype)


def _strided_view(arr, dtype):
    words = arr.view(np.dtype([("low", dtype), ("rest", np.uint8, (4 - dtype.itemsize,))]))
    return words["low"].reshape(arr.shape)


def input_array_to_u32(np_arr, sentinel, fast_dim_sz):
    """Packs a 1-D array into uint32: 32-bit elements as they are, 16-bit ones in the low half.

    The high half of a 16-bit element is 0 without a sentinel, else its index modulo fast_dim_sz.
    """
    assert np_arr.ndim == 1, "the array must have one dimension"
    size = np_arr.dtype.itemsize
    assert size in (2, 4), "the elements must have 16 or 32 bits"
    packed = np.ascontiguousarray(np_arr)
    if size == 4:
        return packed.view(np.uint32).copy()
    words = packed.view(np.uint16).astype(np.uint32)
    if sentinel is not None:
        index = np.arange(words.size, dtype=np.uint32) % np.uint32(fast_dim_sz)
        words |= (index & np.uint32(0xFFFF)) << np.uint32(16)
    return words


def float_to_hex(f):
    """The bits of a float32 as hexadecimal text."""
    return hex(struct.unpack("<I", struct.pack("<f", f))[0])


def make_u48(words):
    """Three 16-bit words, lowest first, as one integer."""
    return int(words[0]) + (int(words[1]) << 16) + (int(words[2]) << 32)


def sub_ts(words):
    """Cycles between two time stamps in six 16-bit words: start, then end."""
    return make_u48(words[3:]) - make_u48(words[0:3])


def calculate_cycles(timestamp_buf):
    """Cycles between the two time stamps packed into three 32-bit words, normally float32."""
    words = np.asarray(timestamp_buf).ravel()[:3]
    if words.dtype.kind == "f":
        words = words.astype(np.float32)
    pairs = np.ascontiguousarray(words.view(np.uint32) if words.dtype.itemsize == 4 else words.astype(np.uint32))
    words = []
    for pair in pairs:
        words += [int(pair) & 0xFFFF, int(pair) >> 16]
    return sub_ts(words)


def cast_uint32(x):
    """The bits of a number as np.uint32."""
    if isinstance(x, (np.float16, np.int16, np.uint16)):
        return np.uint32(x.view(np.uint16))
    if isinstance(x, (np.float32, np.int32, np.uint32)):
        return x.view(np.uint32)
    if isinstance(x, (int, np.integer)) and not isinstance(x, bool):
        return np.uint32(int(x) & 0xFFFFFFFF)
    if isinstance(x, float):
        return np.float32(x).view(np.uint32)
    raise RuntimeError(f"type of x {type(x)} is not supported")


def is_valid_primitive_type(text):
    return text in _PRIMITIVE


def parse_host_callable_api(symbols):
    """{function: (argument names, argument types)} from the list in out_rpc.json."""
    api = {}
    for entry in symbols:
        if entry.get("kind") == "Func":
            inputs = entry.get("inputs", [])
            api[entry["name"]] = ([i["name"] for i in inputs], [i["type"] for i in inputs])
    return api


def get_api_info_dict_from_json(path):
    with open(path, encoding="utf-8") as f:
        return parse_host_callable_api(json.load(f)["rpc_symbols"])


def get_api_info_dict(directory):
    return get_api_info_dict_from_json(os.path.join(directory, "bin", "out_rpc.json"))


def check_rpc_api(name, args, info):
    """Checks number and types of a call's arguments."""
    if name not in info:
        raise RuntimeError(f"Cannot find exported function with name {name}")
    names, types = info[name]
    if len(args) != len(types):
        raise RuntimeError(
            f"API call requires a different number of arguments ({len(types)}) than given ({len(args)})"
        )
    for arg_name, kind, value in zip(names, types, args):
        wanted = _PRIMITIVE.get(kind)
        fits = wanted is not None and isinstance(value, wanted)
        fits = fits or (kind == "f32" and isinstance(value, float))
        fits = fits or (kind in ("i32", "u32") and isinstance(value, int))
        if not fits:
            raise RuntimeError(f"Error: type of {arg_name} should be {kind}, not {type(value)}")


def getOutputNameFromCompileOptions(options):  # noqa: N802  (the name scripts use)
    """The directory behind -o in a list of compile options; `out` without one."""
    for i, word in enumerate(options):
        if word == "-o" and i + 1 < len(options):
            return options[i + 1]
        if word.startswith("-o="):
            return word[3:]
    return "out"
