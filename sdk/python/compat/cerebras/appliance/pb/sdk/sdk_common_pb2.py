"""The two enums of appliance scripts: plain integers there."""
# SPDX-License-Identifier: Apache-2.0


class MemcpyDataType:
    MEMCPY_32BIT = 0
    MEMCPY_16BIT = 1


class MemcpyOrder:
    ROW_MAJOR = 0
    COL_MAJOR = 1
