"""Stage `features`: what the encoder makes of all speech, on disk, in shards.

A shard holds `SHARD` utterances one after another. It is made anew only when more of its utterances are
there than when it was made.
"""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from .models import Ear, load_encoder
from .scene import varied
from .speech import Utterance, is_short, prompts, sentences
from .work import Work, write_whole

SHARD = 64
SOURCES = {"prompts": prompts, "sentences": sentences}


@dataclass(frozen=True)
class Features:
    """An utterance as the adapter gets it."""

    tokens: NDArray[np.float16]
    """[k, 1024]"""
    utterance: Utterance
    source: str
    """One of `SOURCES`"""


def shards(work: Work) -> Iterator[tuple[Path, str, list[Utterance], int]]:
    """File, source, utterances and the number of the first, of each shard."""
    for name, source in SOURCES.items():
        everything = source(work)
        for first in range(0, len(everything), SHARD):
            yield work.features / f"{name}-{first:05d}.npz", name, everything[first : first + SHARD], first


def features(
    work: Work,
    limit: int | None = None,
    seconds: float | None = None,
    bf16: bool = True,
    threads: int = 1,
) -> None:
    """Encode what has not been encoded, at most `limit` utterances, for about `seconds`, so many shards at
    once."""
    # An utterance is too short to be shared out among threads.
    torch.set_num_threads(1)
    ear = Ear(load_encoder(work, bf16))
    begun, cpu, missing, wanted = time.monotonic(), time.process_time(), [], 0
    for path, _, utterances, first in shards(work):
        if wanted < (limit or 1 << 62) and not _is_whole(path, len(utterances)):
            missing.append((path, utterances, first))
            wanted += len(utterances)

    def encoded(shard: tuple[Path, list[Utterance], int]) -> int:
        """How many."""
        path, utterances, first = shard
        if seconds is not None and time.monotonic() - begun > seconds:
            return 0
        tokens = [_encode(ear, utterance, first + i) for i, utterance in enumerate(utterances)]
        lengths = np.array([len(t) for t in tokens])
        content = {"tokens": np.concatenate(tokens), "lengths": lengths}
        write_whole(path, lambda part: np.savez(part, **content))
        return len(utterances)

    with ThreadPoolExecutor(threads) as pool:
        done = sum(pool.map(encoded, missing))
    print(f"{done} utterances encoded, {(time.process_time() - cpu) / max(done, 1):.3f} CPU seconds each")


def _is_whole(path: Path, utterances: int) -> bool:
    return path.exists() and len(np.load(path)["lengths"]) == utterances


def _encode(ear: Ear, utterance: Utterance, number: int) -> NDArray[np.float16]:
    """[k, 1024]; nothing of what is too long. Training speech is put into rooms."""
    samples = utterance.samples()
    if not is_short(samples):
        return np.zeros((0, 1024), np.float16)
    if not utterance.held:
        samples = varied(samples, np.random.default_rng(number))
    tokens, _ = ear(torch.from_numpy(np.ascontiguousarray(samples))[None])
    return tokens[0].numpy().astype(np.float16)


def read_features(work: Work, held: bool) -> list[Features]:
    """All that is on disk of one side of the split. Shards are mapped, not read, as far as NumPy does."""
    found = []
    for path, source, utterances, _ in shards(work):
        if not path.exists():
            continue
        content = np.load(path)
        ends = np.cumsum(content["lengths"])
        pieces = np.split(content["tokens"], ends[:-1])
        # A shard made when fewer sentences were spoken is the first part of what is there now.
        for piece, utterance in zip(pieces, utterances, strict=False):
            if len(piece) and utterance.held == held:
                found.append(Features(piece, utterance, source))
    return found
