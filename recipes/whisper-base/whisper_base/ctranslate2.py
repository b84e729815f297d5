"""A reader of CTranslate2's model binary, version 6.

Little-endian throughout. A string is a u16 length (which counts its trailing NUL), then its bytes.

    u32 version | string spec | u32 revision | u32 number of variables
    each variable: string name | u8 rank | u32 x rank dims | u8 type | u32 bytes | data
    u32 number of aliases
    each alias: string name | string name of the variable it stands for
"""

import struct

import numpy as np
from numpy.typing import NDArray

SUPPORTED_VERSION = 6
TYPES = {0: np.float32, 1: np.int8, 2: np.int16, 3: np.int32, 4: np.float16}


class _Cursor:
    """Reads values one after another from a buffer."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def number(self, code: str) -> int:
        (value,) = struct.unpack_from("<" + code, self._data, self._at)
        self._at += struct.calcsize("<" + code)
        return value

    def string(self) -> str:
        length = self.number("H")
        value = self._data[self._at : self._at + length]
        self._at += length
        return value.rstrip(b"\0").decode()

    def array(self) -> NDArray:
        dims = [self.number("I") for _ in range(self.number("B"))]
        dtype = np.dtype(TYPES[self.number("B")])
        size = self.number("I")
        array = np.frombuffer(self._data, dtype, count=size // dtype.itemsize, offset=self._at)
        self._at += size
        return array.reshape(dims)


def read_variables(data: bytes) -> dict[str, NDArray]:
    """All variables of a model binary by name, aliases included."""
    cursor = _Cursor(data)
    version = cursor.number("I")
    if version != SUPPORTED_VERSION:
        raise ValueError(f"CTranslate2 binary version {version}, expected {SUPPORTED_VERSION}")
    cursor.string()  # the spec's name
    cursor.number("I")  # the spec's revision
    variables = {}
    for _ in range(cursor.number("I")):
        name = cursor.string()
        variables[name] = cursor.array()
    for _ in range(cursor.number("I")):
        alias, name = cursor.string(), cursor.string()
        variables.setdefault(alias, variables[name])
    return variables
