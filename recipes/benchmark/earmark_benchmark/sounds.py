"""Recordings as samples: checked, cut, trimmed to what is audible, levelled."""

import hashlib
import io
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .layout import Layout
from .rcc import read_resources
from .tables import Recording, Source, Utterance

Samples = NDArray[np.float32]

RATE = 16_000
FRAME = RATE // 50
AUDIBLE_DB = -40.0
"""Below an event's loudest 20 ms; quieter is silence."""

LEVEL = 0.1
"""Root mean square of the loudest 0.4 s."""

CEILING = 0.7
FADE_IN = RATE // 200
FADE_OUT = RATE // 25


def read_bytes(layout: Layout, source: Source) -> bytes:
    """A recording as it lies in its package.

    Raises ValueError where it is not the recording that the table was written for.
    """
    container, _, member = source.file.partition("!")
    path = layout.packages / source.package / container
    data = _resources(path)[member] if member else path.read_bytes()
    found = hashlib.sha256(data).hexdigest()
    if found != source.sha256:
        raise ValueError(f"{source.id}: SHA-256 of {source.file} is {found}, expected {source.sha256}")
    return data


@cache
def _resources(path: Path) -> dict[str, bytes]:
    return read_resources(path)


def decode(data: bytes | Path, raw: bool = False) -> Samples:
    """A file, or its bytes, mono at 16 kHz. `raw`: 16-bit samples at that rate without a header."""
    # Imported here, so that what needs no codec needs no codec's library either.
    import soundfile
    import soxr

    if raw:
        return np.frombuffer(data, "<i2").astype(np.float32) / 32_768  # type: ignore[arg-type]
    samples, rate = soundfile.read(
        io.BytesIO(data) if isinstance(data, bytes) else data, dtype="float32", always_2d=True
    )
    mono = samples.mean(axis=1, dtype=np.float32)
    return mono if rate == RATE else soxr.resample(mono, rate, RATE)


@cache
def _recorded(layout: Layout, source: Source) -> Samples:
    return decode(read_bytes(layout, source), source.file.endswith(".raw"))


def event_samples(layout: Layout, recording: Recording, longest: float) -> Samples:
    """A recording's audible part, at most `longest` seconds of it."""
    samples = _recorded(layout, recording)
    samples = samples[round(recording.start * RATE) :]
    seconds = min(recording.seconds or longest, longest)
    return levelled(trimmed(trimmed(samples)[: round(seconds * RATE)]))


def speech_samples(layout: Layout, utterance: Utterance) -> Samples:
    """An utterance without the silence around it."""
    if utterance.voice:
        return levelled(trimmed(decode(layout.spoken / f"{utterance.id}.wav")))
    return levelled(trimmed(_recorded(layout, utterance)))


def loudness(samples: Samples) -> NDArray[np.float64]:
    """Energy of each whole 20 ms in dB of full scale."""
    frames = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME).astype(np.float64)
    return 10 * np.log10((frames**2).mean(axis=1) + 1e-12)


def extent(samples: Samples, floor: float = -120.0) -> tuple[float, float]:
    """Seconds from the first to the last audible 20 ms: within 40 dB of the loudest, and above `floor` dB."""
    level = loudness(samples)
    audible = np.flatnonzero(level > max(level.max() + AUDIBLE_DB, floor))
    return float(audible[0] * FRAME / RATE), float((audible[-1] + 1) * FRAME / RATE)


def trimmed(samples: Samples) -> Samples:
    """Without the silence around it."""
    start, end = extent(samples)
    return samples[round(start * RATE) : round(end * RATE)]


def levelled(samples: Samples) -> Samples:
    """At the common level, with short fades."""
    window = min(len(samples), 2 * RATE // 5)
    energy = np.concatenate([[0.0], np.cumsum(samples.astype(np.float64) ** 2)])
    power = (energy[window:] - energy[:-window]).max() / window
    gain = min(LEVEL / np.sqrt(power), CEILING / np.abs(samples).max())
    faded = samples * np.float32(gain)
    # The shortest recordings are a single frame of 20 ms.
    rising, falling = (min(fade, len(faded) // 2) for fade in (FADE_IN, FADE_OUT))
    faded[:rising] *= np.linspace(0, 1, rising, dtype=np.float32)
    faded[len(faded) - falling :] *= np.linspace(1, 0, falling, dtype=np.float32)
    return faded
