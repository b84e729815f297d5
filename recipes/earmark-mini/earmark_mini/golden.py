"""Stage `golden`: numbers for the TypeScript engine's tests, from PyTorch.

Features are WhisperFeatureExtractor's own; all else is computed with the pack's stored weights read back
into PyTorch (float32 activations). `runtime` holds what the pack gave in ONNX Runtime's Python package,
whose 8-bit activations can turn a close choice.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from whisper_base.features import SAMPLE_RATE

from .clips import read_clip, scores_of
from .layout import Layout
from .pack import PROOF, write_compact_json
from .prove import kept_tokens
from .reference import Reference, prompt_ids, stored, tokenizer_of

DIGITS = 6
ROWS = 5
FIRST_DIMENSIONS = 16
DECODER_COLUMNS = 60
MAX_RECEIVED_POSITIONS = 1000


def rounded(values: NDArray) -> list[Any]:
    """Nested lists of numbers with six significant digits."""
    if values.ndim > 1:
        return [rounded(row) for row in values]
    return [float(f"{value:.{DIGITS}g}") for value in values]


def spread(count: int, wanted: int) -> NDArray[np.int64]:
    """Up to `wanted` different indices from 0 to count - 1, both ends among them."""
    return np.unique(np.linspace(0, count - 1, wanted).round().astype(np.int64))


def sample_rows(matrix: NDArray) -> dict[str, Any]:
    """A few rows' first dimensions."""
    rows = spread(len(matrix), ROWS)
    return {"rows": rows.tolist(), "values": rounded(matrix[rows, :FIRST_DIMENSIONS])}


def sample_columns(matrix: NDArray) -> dict[str, Any]:
    """Every row's values at some columns."""
    columns = spread(matrix.shape[1], DECODER_COLUMNS)
    return {"cols": columns.tolist(), "values": rounded(matrix[:, columns])}


def sample_mel(mel: NDArray) -> dict[str, Any]:
    """A grid of values: rows are mel bins, columns frames."""
    rows, columns = spread(mel.shape[0], 10), spread(mel.shape[1], 20)
    return {
        "rows": rows.tolist(),
        "cols": columns.tolist(),
        "values": rounded(mel[np.ix_(rows, columns)]),
    }


def golden_clip(layout: Layout, model: Reference, proven: dict[str, Any], name: str) -> dict[str, Any]:
    """One file's content. The captions are those of the proof."""
    samples = read_clip(layout.samples / name)
    heard = model.hear(samples)
    before, after = prompt_ids(tokenizer_of(layout))

    def answer(version: str, ratio: str) -> dict[str, Any]:
        caption = proven["captions"][ratio]
        return {
            "ids": caption["ids"][version],
            "text": caption["texts"][version],
            "closestChoice": caption["closestChoice"][version],
        }

    def captions(version: str) -> dict[str, Any]:
        kept = kept_tokens(heard, 0.25).tolist()
        return {
            "greedy": {"full": answer(version, "100%")},
            "segmentwise25exact": {"kept": kept, **answer(version, "25%")},
        }

    ids = proven["captions"]["100%"]["ids"]["pack"]
    attention = model.attention_to_audio(heard.embeddings, before, after, ids)
    stride = -(-heard.received.shape[1] // MAX_RECEIVED_POSITIONS)
    return {
        "file": name,
        "sampleRate": SAMPLE_RATE,
        "samples": len(samples),
        "melFrames": heard.mel.shape[1],
        "mel": sample_mel(heard.mel),
        "receivedStride": stride,
        "receivedPerHead": rounded(heard.received[:, ::stride]),
        "scores": rounded(scores_of(heard.received)),
        "tokens": sample_rows(heard.tokens),
        "embeddings": sample_rows(heard.embeddings),
        "prompt": {"before": before, "after": after},
        "decoderAttention": sample_columns(attention),
        **captions("stored"),
        "runtime": captions("pack"),
    }


def golden(layout: Layout) -> None:
    """One JSON file for each sample clip. Needs the proof."""
    layout.reference.mkdir(parents=True, exist_ok=True)
    proof = json.loads((layout.pack / PROOF).read_text("utf-8"))
    model = Reference(layout, stored(layout))
    for name, proven in proof["clips"].items():
        target = layout.reference / f"{Path(name).stem}.json"
        write_compact_json(target, golden_clip(layout, model, proven, name))
        print(f"{target.name}: {target.stat().st_size} B")
