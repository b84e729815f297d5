"""Sounds placed in a clip, and where they are heard in it."""

from dataclasses import dataclass, field

import numpy as np

from .sounds import FRAME, RATE, Samples, extent

PEAK = 0.9
NOISE_CORNER = 40
"""Where the noise starts to fall, in bins of its spectrum at one second."""


@dataclass(frozen=True)
class Heard:
    """A stretch of a clip in seconds, and which of its sounds is heard there."""

    start: float
    end: float
    sound: int


@dataclass
class Mix:
    """A clip while it is put together."""

    seconds: float
    noise_db: float
    """Root mean square of the noise behind everything."""
    random: np.random.Generator
    samples: Samples = field(init=False)
    heard: list[Heard] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        length = round(self.seconds * RATE) // FRAME * FRAME
        self.samples = noise(length, self.noise_db, self.random)

    def add(self, sound: int, samples: Samples, at: float, gain_db: float = 0.0) -> float:
        """Place a sound and return when it ends. It starts on a whole 20 ms."""
        first = round(at * RATE / FRAME) * FRAME
        placed = (samples * np.float32(10 ** (gain_db / 20)))[: len(self.samples) - first]
        start, end = extent(placed, self.noise_db)
        self.samples[first : first + len(placed)] += placed
        offset = first / RATE
        self.heard.append(Heard(round(offset + start, 2), round(offset + end, 2), sound))
        return offset + len(placed) / RATE

    def finish(self) -> Samples:
        """The clip, made softer where it would clip."""
        peak = float(np.abs(self.samples).max())
        return self.samples * np.float32(min(1.0, PEAK / peak))

    def activity(self) -> float:
        """The share of the clip in which something is heard."""
        active = np.zeros(len(self.samples) // FRAME, dtype=bool)
        for heard in self.heard:
            active[round(heard.start * RATE / FRAME) : round(heard.end * RATE / FRAME)] = True
        return float(active.mean())


def noise(length: int, level_db: float, random: np.random.Generator) -> Samples:
    """Noise that falls by 3 dB an octave."""
    spectrum = np.fft.rfft(random.standard_normal(length))
    bins = np.arange(len(spectrum)) * RATE / length
    shaped = np.fft.irfft(spectrum / np.sqrt(np.maximum(bins, NOISE_CORNER)), length)
    return (shaped / np.sqrt((shaped**2).mean()) * 10 ** (level_db / 20)).astype(np.float32)
