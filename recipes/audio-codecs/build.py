"""Builds src/engine/audio/codecs-wasm.ts: `pip install ziglang==0.17.1 && python recipes/audio-codecs/build.py`.

The sources of the decoders come from PyPI's source package of miniaudio, checked by its SHA-256; the resampler's are in
speexdsp/. The compiler is pinned, so the same module comes out everywhere.
"""

import base64
import gzip
import hashlib
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
TARGET = HERE.parent.parent / "src" / "engine" / "audio" / "codecs-wasm.ts"
MINIAUDIO = "1.71"
MINIAUDIO_SHA256 = "ff51e2887bb673e2e757752b586b3dc924d59aa5fbcae9bbc45f4a111bd3262b"

FLAGS = ["-target", "wasm32-wasi", "-mexec-model=reactor", "-O3", "-msimd128", "-DNDEBUG", "-w"]
LINK = ["-Wl,--gc-sections", "-Wl,--strip-all", "-Wl,--max-memory=1073741824"]


def sources(folder: Path) -> Path:
    """Downloads miniaudio's source package into `folder` and returns where its headers are."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:"]
    subprocess.run([*command, "--dest", str(folder), f"miniaudio=={MINIAUDIO}"], check=True)
    archive = folder / f"miniaudio-{MINIAUDIO}.tar.gz"
    found = hashlib.sha256(archive.read_bytes()).hexdigest()
    if found != MINIAUDIO_SHA256:
        raise SystemExit(f"{archive.name} has SHA-256 {found}, not {MINIAUDIO_SHA256}")
    with tarfile.open(archive) as files:
        files.extractall(folder, filter="data")
    return folder / f"miniaudio-{MINIAUDIO}" / "miniaudio"


def main() -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        module = folder / "codecs.wasm"
        units = [str(HERE / name) for name in ("codecs.c", "resample-direct.c", "resample-interpolated.c")]
        includes = ["-I", str(sources(folder)), "-I", str(HERE)]
        compiler = [sys.executable, "-m", "ziglang", "cc"]
        subprocess.run([*compiler, *FLAGS, *includes, *LINK, "-o", str(module), *units], check=True)
        packed = gzip.compress(module.read_bytes(), 9, mtime=0)
    text = base64.b64encode(packed).decode()
    lines = [
        "// Written by recipes/audio-codecs/build.py; not to be edited. MP3, FLAC and Vorbis decoders and a resampler as one",
        "// WebAssembly module, packed with gzip, in base64: inside the bundle it needs no path to be found by.",
        f"export const codecsWasm =\n  '{text}';",
    ]
    TARGET.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{TARGET.name}: {len(text)} characters")


if __name__ == "__main__":
    main()
