"""Greedy decoding, the same for every implementation of the model."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .pack import STOP_TOKENS
from .reference import Heard

MAX_NEW_TOKENS = 96

Step = Callable[[NDArray[np.float32]], NDArray[np.float32]]


class Model(Protocol):
    """What `reference.Reference` and `runtime.Runtime` have in common."""

    def hear(self, samples: NDArray[np.float32]) -> Heard: ...
    def embed(self, ids: list[int]) -> NDArray[np.float32]: ...
    def session(self) -> Step: ...


@dataclass(frozen=True)
class Caption:
    """A decoded answer."""

    ids: list[int]
    """Without the stop token"""
    first_logits: NDArray[np.float32]
    """[vocabulary]: after the prompt"""
    closest: float
    """The smallest lead of a chosen token's logit over the runner-up's: below the logits' error, the
    choice is a coin's toss"""


def prompt_embeddings(
    model: Model, audio: NDArray[np.float32], before: list[int], after: list[int]
) -> NDArray[np.float32]:
    """[before + audio + after, 576]."""
    return np.concatenate([model.embed(before), audio, model.embed(after)])


def decode(model: Model, prompt: NDArray[np.float32], most: int = MAX_NEW_TOKENS) -> Caption:
    """The most likely token each time, until a stop token or `most` of them."""
    step = model.session()
    logits = first = step(prompt)
    ids: list[int] = []
    closest = np.inf
    while True:
        second, best = np.argsort(logits)[-2:]
        closest = min(closest, float(logits[best] - logits[second]))
        if int(best) in STOP_TOKENS or len(ids) == most:
            return Caption(ids, first, closest)
        ids.append(int(best))
        logits = step(model.embed([int(best)]))


def agreement(model: Model, prompt: NDArray[np.float32], ids: list[int]) -> int:
    """How many of `ids` (with the stop token) the model would choose too, each after the true ones."""
    step = model.session()
    logits = step(prompt)
    agreed = 0
    for token in [*ids, STOP_TOKENS[0]]:
        agreed += int(np.argmax(logits)) == token
        logits = step(model.embed([token]))
    return agreed
