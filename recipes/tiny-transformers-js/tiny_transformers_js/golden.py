"""What all the tiny models have in common: the sound that they hear, what segmentwise keeps, how numbers are written."""

import json
import wave
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

REPOSITORY = Path(__file__).resolve().parents[3]
REFERENCE = REPOSITORY / "test" / "reference" / "transformers-js"
CLIP = REPOSITORY / "media" / "samples" / "conference-prompt.wav"
SAMPLES = 321 * 160
"""Not a whole number of positions, nor of groups."""
SEGMENTS = 4
DIGITS = 6


def read_clip(samples: int) -> NDArray[np.float32]:
    """The first samples of the clip, which is a 16-bit mono WAV file."""
    with wave.open(str(CLIP)) as file:
        return np.frombuffer(file.readframes(samples), "<i2").astype(np.float32) / 32768


def segmentwise_exact(scores: NDArray, budget: int) -> list[int]:
    """The best floor(K / S) of each of S equal segments, then the best of all others; in order of time."""

    def best_first(tokens: NDArray) -> NDArray:
        return tokens[np.argsort(-scores[tokens], kind="stable")]

    bounds = [i * len(scores) // SEGMENTS for i in range(SEGMENTS + 1)]
    parts = [best_first(np.arange(*pair))[: budget // SEGMENTS] for pair in zip(bounds, bounds[1:])]
    kept = np.concatenate(parts).astype(np.int64)
    rest = best_first(np.setdiff1d(np.arange(len(scores)), kept))
    return np.sort(np.concatenate([kept, rest[: budget - len(kept)]])).tolist()


def rounded(values: NDArray) -> list[Any]:
    """Nested lists of numbers with six significant digits."""
    if values.ndim > 1:
        return [rounded(row) for row in values]
    return [float(f"{value:.{DIGITS}g}") for value in values]


def write_lines(path: Path, content: dict[str, Any]) -> None:
    """JSON with a line for each entry."""
    fields = (f"{json.dumps(key)}:{json.dumps(value, separators=(',', ':'))}" for key, value in content.items())
    path.write_text("{\n" + ",\n".join(fields) + "\n}\n", "utf-8")
