# SPDX-License-Identifier: Apache-2.0
"""Port maps of releases before 1.0: text that says which element of a tensor lives where on which PE.

    { name[i=lo:hi][j=lo:hi] -> [PE[x(i,j), y(i,j)] -> index[k(i,j), ...]] }

The bounds are inclusive; the expressions are integer arithmetic over the loop names.
"""
import ast
import operator
import re

import numpy as np

_OPERATORS = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_FORM = re.compile(r"\s*\{\s*\w+\s*((?:\[[^\]]*\]\s*)+)->\s*\[\s*PE\s*\[(.*?)\]\s*->\s*index\s*\[(.*)\]\s*\]\s*\}\s*$", re.S)
_RANGE = re.compile(r"\[\s*(\w+)\s*=\s*([^:\]]+):([^\]]+)\]")


def _value(node, names):
    if isinstance(node, ast.Expression):
        return _value(node.body, names)
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        return node.value
    if isinstance(node, ast.Name) and node.id in names:
        return names[node.id]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_value(node.operand, names)
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        return _OPERATORS[type(node.op)](_value(node.left, names), _value(node.right, names))
    raise ValueError(f"port map: unsupported expression '{ast.unparse(node)}'")


def _evaluate(text, names):
    return _value(ast.parse(text.strip(), mode="eval"), names)


class PortMap:
    """Where each element of a tensor lives: PE rectangle, words per PE, and the place of every element in them."""

    def __init__(self, text):
        form = _FORM.match(text)
        ranges = _RANGE.findall(form.group(1)) if form else []
        if not ranges:
            raise ValueError(f"port map: expected '{{ name[i=a:b] -> [PE[x, y] -> index[k]] }}', got '{text}'")
        low = [int(_evaluate(a, {})) for _, a, _ in ranges]
        high = [int(_evaluate(b, {})) for _, _, b in ranges]
        self.shape = tuple(b - a + 1 for a, b in zip(low, high))
        grids = np.meshgrid(*[np.arange(a, b + 1) for a, b in zip(low, high)], indexing="ij")
        names = {name: grid for (name, _, _), grid in zip(ranges, grids)}

        def each(expressions):
            parts = ast.parse(f"({expressions},)".strip(), mode="eval").body.elts
            return [np.broadcast_to(_value(part, names), self.shape).ravel() for part in parts]

        x, y = each(form.group(2))
        index = each(form.group(3))
        self.x, self.y = int(x.min()), int(y.min())
        self.width, self.height = int(x.max()) - self.x + 1, int(y.max()) - self.y + 1
        extents = [int(k.max()) + 1 for k in index]
        self.per_pe = int(np.prod(extents))
        offset = np.ravel_multi_index(index, extents)
        self.place = ((y - self.y) * self.width + (x - self.x)) * self.per_pe + offset

    @property
    def rectangle(self):
        return self.x, self.y, self.width, self.height, self.per_pe

    @property
    def words(self):
        return self.width * self.height * self.per_pe


def convert_input_tensor(port_map, tensor, np_arr_dtype=None):
    """(x, y, width, height, words per PE, words in row-major order) for a memcpy_h2d of `tensor`."""
    where = PortMap(port_map)
    values = np.asarray(tensor)
    if np_arr_dtype is not None:
        values = values.astype(np_arr_dtype)
    values = np.ascontiguousarray(values).reshape(where.shape).ravel()
    if values.dtype.itemsize == 2:
        values = values.view(np.uint16).astype(np.uint32)
    data = np.zeros(where.words, dtype=values.dtype)
    data[where.place] = values
    return (*where.rectangle, data)


def prepare_output_tensor(port_map, np_arr_dtype=np.float32):
    """The same with an empty array, for a memcpy_d2h."""
    where = PortMap(port_map)
    dtype = np.dtype(np_arr_dtype)
    return (*where.rectangle, np.zeros(where.words, dtype=np.uint32 if dtype.itemsize == 2 else dtype))


def format_output_tensor(port_map, np_arr_dtype, data):
    """The tensor behind the words that memcpy_d2h has filled in."""
    where = PortMap(port_map)
    dtype = np.dtype(np_arr_dtype)
    words = np.ascontiguousarray(data).ravel()
    if dtype.itemsize == 2:
        words = words.view(np.uint32).astype(np.uint16)
    return words.view(dtype)[where.place].reshape(where.shape)
