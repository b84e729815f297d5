"""Reads a Hugging Face checkpoint, a folder of safetensors, tensor by tensor from mapped files.

A safetensors file is a u64 length, so many bytes of JSON that list type, shape and place of each tensor, and
their data behind it, little-endian. Nothing is read before it is asked for, and nothing is held.
"""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

INDEX = "model.safetensors.index.json"
TYPES = {"F32": np.float32, "F16": np.float16, "BF16": np.uint16}


class ExportError(Exception):
    """What is wrong with the checkpoint or the disk, in the person's words."""


@dataclass(frozen=True)
class Place:
    """Where a tensor lies."""

    file: Path
    kind: str
    shape: tuple[int, ...]
    start: int


class Checkpoint:
    """The configuration and the tensors of a folder."""

    def __init__(self, folder: Path) -> None:
        """Raises ExportError where a file is missing or shorter than it says."""
        self.folder = folder
        self.config: dict[str, Any] = self.json("config.json")
        self._places: dict[str, Place] = {}
        for file in self._files():
            self._places.update(read_header(file))

    def json(self, name: str) -> dict[str, Any]:
        """A JSON file of the folder. Raises ExportError where it is missing or damaged."""
        try:
            value = json.loads((self.folder / name).read_text("utf-8"))
        except (FileNotFoundError, NotADirectoryError) as error:
            raise ExportError(f"{self.folder} has no {name}; a whole checkpoint is needed") from error
        except ValueError as error:
            raise ExportError(f"{self.folder / name} is not JSON: {error}") from error
        if not isinstance(value, dict):
            raise ExportError(f"{self.folder / name} is no JSON object")
        return value

    def section(self, name: str) -> dict[str, Any]:
        """A part of the configuration. Raises ExportError where it is missing."""
        section = self.config.get(name)
        if not isinstance(section, dict):
            raise ExportError(f"{self.folder / 'config.json'} has no {name}")
        return section

    def optional_json(self, name: str) -> dict[str, Any]:
        """The same, empty where there is no such file."""
        return self.json(name) if (self.folder / name).exists() else {}

    def _files(self) -> list[Path]:
        if (self.folder / INDEX).exists():
            names = sorted(set(self.json(INDEX).get("weight_map", {}).values()))
        else:
            names = ["model.safetensors"]
        missing = [name for name in names if not (self.folder / name).exists()]
        if missing:
            raise ExportError(
                f"{self.folder} lacks {', '.join(missing)}, {len(missing)} of {len(names)} files"
            )
        return [self.folder / name for name in names]

    def place(self, name: str) -> Place:
        """Where a tensor lies, under its own name or the one that newer or older transformers give it.

        Raises ExportError where it is in none of the files.
        """
        for candidate in spellings(name):
            if candidate in self._places:
                return self._places[candidate]
        raise ExportError(f"{self.folder} has no tensor {name}; a whole checkpoint is needed")

    def has(self, name: str) -> bool:
        """Whether there is such a tensor."""
        return any(candidate in self._places for candidate in spellings(name))

    def parameters(self) -> dict[str, int]:
        """How many numbers each tensor holds."""
        return {name: math.prod(place.shape) for name, place in self._places.items()}

    def tensor(self, name: str, *shape: int) -> NDArray[np.float32]:
        """One tensor, float32. float16 and bfloat16 are widened, which loses nothing.

        Raises ExportError where its shape is not the one that follows from the configuration, or its type not read.
        """
        place = self.place(name)
        if place.shape != shape:
            raise ExportError(f"{name} is {list(place.shape)}; the configuration makes it {list(shape)}")
        if place.kind not in TYPES:
            raise ExportError(f"{name} is {place.kind}; {', '.join(TYPES)} are supported")
        mapped = np.memmap(place.file, TYPES[place.kind], "r", place.start, shape)
        if place.kind == "BF16":
            # bfloat16 is the upper half of a float32.
            return (mapped.astype(np.uint32) << 16).view(np.float32)
        return np.array(mapped, np.float32)


def spellings(name: str) -> list[str]:
    """The names under which transformers 4 and 5 save a tensor of an audio tower, adapter or language model."""
    old = name.removeprefix("model.").replace("language_model.", "language_model.model.", 1)
    if name == "lm_head.weight":
        return [name, "language_model.lm_head.weight"]
    return [name, old]


def read_header(file: Path) -> dict[str, Place]:
    """The places of all tensors of a file. Raises ExportError where the file is damaged or cut short."""
    size = file.stat().st_size
    try:
        with file.open("rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            header: dict[str, Any] = json.loads(stream.read(min(length, size)))
    except ValueError as error:
        raise ExportError(f"{file} is no safetensors file, or it is damaged: {error}") from error
    header.pop("__metadata__", None)
    places = {}
    for name, entry in header.items():
        start, end = (8 + length + offset for offset in entry["data_offsets"])
        if end > size:
            raise ExportError(f"{file} ends after {size} bytes, in the middle of {name}: get it again")
        places[name] = Place(file, entry["dtype"], tuple(entry["shape"]), start)
    return places
