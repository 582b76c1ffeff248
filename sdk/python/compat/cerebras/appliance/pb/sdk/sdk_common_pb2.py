"""The two enums of appliance scripts: plain integers there, with what protobuf offers beside them."""
# SPDX-License-Identifier: Apache-2.0


class _Enum:
    """Names and numbers, as a protobuf enum wrapper has them."""

    def __init__(self, name, **values):
        self._name = name
        self._values = values
        self.__dict__.update(values)

    def Name(self, number):  # noqa: N802  (the name of protobuf)
        for name, value in self._values.items():
            if value == number:
                return name
        raise ValueError(f"Enum {self._name} has no name defined for value {number!r}")

    def Value(self, name):  # noqa: N802
        if name not in self._values:
            raise ValueError(f"Enum {self._name} has no value defined for name {name!r}")
        return self._values[name]

    def keys(self):
        return list(self._values)

    def values(self):
        return list(self._values.values())

    def items(self):
        return list(self._values.items())


MemcpyDataType = _Enum("MemcpyDataType", MEMCPY_32BIT=0, MEMCPY_16BIT=1)
MemcpyOrder = _Enum("MemcpyOrder", ROW_MAJOR=0, COL_MAJOR=1)
MEMCPY_32BIT, MEMCPY_16BIT = MemcpyDataType.values()
ROW_MAJOR, COL_MAJOR = MemcpyOrder.values()
