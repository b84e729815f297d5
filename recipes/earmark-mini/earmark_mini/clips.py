"""The sample clips and the rules every implementation shares: padding and scores."""

from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray
from whisper_base.features import HOP, SAMPLE_RATE

from .modules import FRAMES_PER_POSITION, POSITIONS_PER_TOKEN

SAMPLES_PER_TOKEN = HOP * FRAMES_PER_POSITION * POSITIONS_PER_TOKEN


def read_clip(path: Path) -> NDArray[np.float32]:
    """Mono samples at 16 kHz, zero-padded to a whole token."""
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    mono = samples.mean(axis=1, dtype=np.float32)
    if rate != SAMPLE_RATE:
        mono = soxr.resample(mono, rate, SAMPLE_RATE)
    return np.pad(mono, (0, -len(mono) % SAMPLES_PER_TOKEN))


def scores_of(received: NDArray) -> NDArray[np.float64]:
    """Attention received per head [H, positions] -> scores [tokens]: the mean over heads, then over the
    positions of a token."""
    by_position = received.astype(np.float64).mean(axis=0)
    return by_position.reshape(-1, POSITIONS_PER_TOKEN).mean(axis=1)
