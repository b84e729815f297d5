"""Stage `features`: what the encoder makes of all speech, and of scenes with events, on disk, in shards.

A shard holds `SHARD` utterances or scenes one after another. One of utterances is made anew only when more of
them are there than when it was made.
"""

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, dataclass
from functools import partial
from pathlib import Path
from random import Random

import numpy as np
import torch
from numpy.typing import NDArray

from ..clips import SAMPLES_PER_TOKEN
from .clips import Library
from .models import Ear, load_encoder
from .scene import EVENTS, KINDS, Scene, Span, varied
from .speech import Utterance, is_short, prompts, readings, sentences
from .words import Event
from .work import Work, write_whole

SHARD = 64
SMALL_SHARD = 8
SCENE_SHARDS = {"train": 160, "held": 10}
SECONDS = (3.0, 5.0, 8.0)
"""Of a shard's scenes: one of these."""

SCENE_KINDS = {kind: KINDS[kind] for kind in (*EVENTS, "nothing")}
AT_ONCE = 8
"""Scenes that are encoded together."""

SYNTHETIC = "sentences"
SOURCES = {"prompts": prompts, "readings": readings, SYNTHETIC: sentences}


@dataclass(frozen=True)
class Features:
    """An utterance as the adapter gets it."""

    tokens: NDArray[np.float16]
    """[k, 1024]"""
    utterance: Utterance
    source: str
    """One of `SOURCES`"""


@dataclass(frozen=True)
class Named:
    """A sound where it is heard: the first token and the one after the last. Speech has no name, "": what is
    said is not learnt from scenes."""

    kind: str
    clause: str
    start: int
    end: int


@dataclass(frozen=True)
class SceneFeatures:
    """A scene as the adapter gets it."""

    tokens: NDArray[np.float16]
    """[k, 1024]; in stage `layers` of another width"""
    named: tuple[Named, ...]


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
    """Encode what has not been encoded, at most `limit` utterances and all scenes, for about `seconds`, so
    many shards at once."""
    # An utterance is too short to be shared out among threads.
    torch.set_num_threads(1)
    ear = Ear(load_encoder(work, bf16))
    begun, cpu, missing, wanted = time.monotonic(), time.process_time(), [], 0
    for path, _, utterances, first in shards(work):
        if wanted < (limit or 1 << 62) and not _is_whole(path, len(utterances)):
            missing.append(partial(_write_utterances, ear, path, utterances, first))
            wanted += len(utterances)
    for side in SCENE_SHARDS:
        files = [(n, path) for n, path in enumerate(_scene_shards(work, side)) if not path.exists()]
        if files:
            library = Library(work, held=side == "held")
            missing += [partial(_write_scenes, work, ear, path, library, n) for n, path in files]

    def encoded(write: Callable[[], int]) -> int:
        """How many."""
        return 0 if seconds is not None and time.monotonic() - begun > seconds else write()

    with ThreadPoolExecutor(threads) as pool:
        done = sum(pool.map(encoded, missing))
    print(f"{done} clips encoded, {(time.process_time() - cpu) / max(done, 1):.3f} CPU seconds each")


def _write_utterances(ear: Ear, path: Path, utterances: list[Utterance], first: int) -> int:
    tokens = [_encode(ear, utterance, first + i) for i, utterance in enumerate(utterances)]
    lengths = np.array([len(t) for t in tokens])
    content = {"tokens": np.concatenate(tokens), "lengths": lengths}
    write_whole(path, lambda part: np.savez(part, **content))
    return len(utterances)


def _scene_shards(work: Work, side: str) -> list[Path]:
    count = 1 if work.small else SCENE_SHARDS[side]
    return [work.features / f"scenes-{side}-{number:03d}.npz" for number in range(count)]


def _write_scenes(work: Work, ear: Ear, path: Path, library: Library, number: int) -> int:
    chance, source = Random(number), library.scenes(number)
    seconds = 2.0 if work.small else chance.choice(SECONDS)
    kinds = chance.choices(
        list(SCENE_KINDS), list(SCENE_KINDS.values()), k=SMALL_SHARD if work.small else SHARD
    )
    scenes = [source.scene(seconds, kind) for kind in kinds]
    found = scene_features(ear, scenes)
    named = json.dumps([[astuple(event) for event in scene.named] for scene in found])
    tokens = np.stack([scene.tokens for scene in found])
    write_whole(path, lambda part: np.savez(part, tokens=tokens, named=np.array(named)))
    return len(scenes)


def scene_features(ear: Ear, scenes: list[Scene]) -> list[SceneFeatures]:
    """Scenes of one length as the adapter gets them."""
    samples = torch.from_numpy(np.stack([scene.samples for scene in scenes]))
    # Without scores: an `Ear` keeps those of one thread only.
    tokens = [token for batch in samples.split(AT_ONCE) for token in ear(batch)[0].numpy().astype(np.float16)]
    return [
        SceneFeatures(one, tuple(_named(span) for span in scene.spans))
        for one, scene in zip(tokens, scenes, strict=True)
    ]


def _named(span: Span) -> Named:
    names = (span.what.kind, span.what.clause) if isinstance(span.what, Event) else ("", "")
    return Named(*names, span.start // SAMPLES_PER_TOKEN, -(-span.end // SAMPLES_PER_TOKEN))


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


def read_scenes(work: Work, side: str) -> list[SceneFeatures]:
    """All scenes of `train` or `held` that are on disk."""
    found = []
    for path in _scene_shards(work, side):
        if path.exists():
            content = np.load(path)
            for tokens, named in zip(content["tokens"], json.loads(str(content["named"])), strict=True):
                found.append(SceneFeatures(tokens, tuple(Named(*event) for event in named)))
    return found
