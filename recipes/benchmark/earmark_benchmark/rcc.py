"""A reader of Qt's binary resource files, in which GCompris keeps its sounds.

Big-endian. `qres` | u32 version | u32 offset of the tree | of the data | of the names. A node of the tree is
u32 name, u16 flags, then u32 children, u32 first child for a folder, or u16 country, u16 language, u32 data
for a file, and 8 more bytes from version 2 on. Data is u32 length and bytes.
"""

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

COMPRESSED = 1
FOLDER = 2


def read_resources(path: Path) -> dict[str, bytes]:
    """The files of a resource file by their path in it."""
    data = path.read_bytes()
    if data[:4] != b"qres":
        raise ValueError(f"{path.name} is no Qt resource file")
    version, tree, contents, names = struct.unpack_from(">4I", data, 4)
    size = 22 if version >= 2 else 14

    def name(offset: int) -> str:
        (length,) = struct.unpack_from(">H", data, names + offset)
        start = names + offset + 6
        return data[start : start + 2 * length].decode("utf-16-be")

    def walk(number: int, folder: str) -> Iterator[tuple[str, bytes]]:
        at = tree + number * size
        named, flags = struct.unpack_from(">IH", data, at)
        here = f"{folder}/{name(named)}" if number else ""
        if flags & FOLDER:
            count, first = struct.unpack_from(">II", data, at + 6)
            for child in range(first, first + count):
                yield from walk(child, here)
            return
        (offset,) = struct.unpack_from(">I", data, at + 10)
        (length,) = struct.unpack_from(">I", data, contents + offset)
        start = contents + offset + 4
        held = data[start : start + length]
        yield here, zlib.decompress(held[4:]) if flags & COMPRESSED else held

    return dict(walk(0, ""))
