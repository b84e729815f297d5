"""Whether two recordings are the same sound under different names.

A fingerprint is the log-mel spectrogram of the audible part, each frame made free of loudness. Two
recordings are twins where the shorter, slid over the longer, correlates with it above a line.
"""

import numpy as np
from earmark_benchmark.sounds import RATE, Samples, trimmed
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from whisper_base.features import WINDOW, mel_filters

HOP = RATE // 50
LONGEST = 6 * RATE
BANDS = 20
"""Whisper's 80 bins in groups of 4: coding and resampling blur more than that."""

FLOOR = 1e-6
"""Of the loudest energy: fainter is noise of coding."""

TWINS = 0.93
"""Correlation from which two recordings are taken for one."""

SHORT = 25
SHORT_TWINS = 0.985
"""Frames (0.5 s), and the line for what is shorter: all hits of a drum resemble one another."""

SHORTEST = 5
"""Frames (0.1 s): anything resembles a shorter one."""

Fingerprint = NDArray[np.float32]


def fingerprint(samples: Samples) -> Fingerprint:
    """[frames of 20 ms, 20]: logarithmic energies, each band's mean taken away. Peaks and gain do not
    matter."""
    audible = trimmed(samples)[:LONGEST]
    padded = np.pad(audible, (0, max(0, WINDOW - len(audible))))
    frames = sliding_window_view(padded, WINDOW)[::HOP] * np.hanning(WINDOW)
    energies = np.abs(np.fft.rfft(frames, axis=1)) ** 2 @ mel_filters()
    grouped = energies.reshape(len(frames), BANDS, -1).sum(axis=2)
    decades = np.log10(np.maximum(grouped, FLOOR * grouped.max() + 1e-20))
    return (decades - decades.mean()).astype(np.float32)


def resemblance(one: Fingerprint, other: Fingerprint) -> float:
    """The highest correlation of the shorter with a stretch of the longer; 0 where that says nothing."""
    short, long = sorted((one, other), key=len)
    length = len(short)
    if length < SHORTEST or length < len(long) / 4:
        return 0.0
    stretches = sliding_window_view(long, length, axis=0)
    products = np.einsum("sbt,tb->s", stretches, short - short.mean(), optimize=True)
    counts = length * BANDS
    sums = np.concatenate([[0.0], np.cumsum(long.sum(axis=1, dtype=np.float64))])
    squares = np.concatenate([[0.0], np.cumsum((long.astype(np.float64) ** 2).sum(axis=1))])
    mean = (sums[length:] - sums[:-length]) / counts
    variance = (squares[length:] - squares[:-length]) / counts - mean**2
    scale = counts * np.sqrt(np.maximum(variance, 1e-9)) * max(float(short.std()), 1e-6)
    return float((products / scale).max())


def are_twins(one: Fingerprint, other: Fingerprint) -> bool:
    """Whether two recordings are taken for one."""
    line = SHORT_TWINS if min(len(one), len(other)) < SHORT else TWINS
    return resemblance(one, other) >= line


def twins(prints: list[Fingerprint]) -> list[int]:
    """The number of each recording's group: recordings joined by chains of resemblance share one."""
    groups = list(range(len(prints)))

    def root(i: int) -> int:
        while groups[i] != i:
            i = groups[i]
        return i

    for i in range(len(prints)):
        for j in range(i):
            if root(i) != root(j) and are_twins(prints[i], prints[j]):
                groups[root(i)] = root(j)
    return [root(i) for i in range(len(prints))]
