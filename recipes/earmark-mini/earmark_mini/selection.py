"""Which tokens are kept: the rules of Earmark's strategies that the model is trained and proven with."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

SEGMENTS = 10

Scores = NDArray[np.floating]
Tokens = NDArray[np.int64]


def best_first(scores: Scores, tokens: Tokens) -> Tokens:
    """Tokens by falling score; among equals the earlier first."""
    return tokens[np.argsort(-scores[tokens], kind="stable")]


def segmentwise_exact(scores: Scores, ratio: float, segments: int = SEGMENTS) -> Tokens:
    """The best floor(K / S) tokens of each of S equal segments, then the best of all others until there
    are K = floor(ratio N). In order of time."""
    count = len(scores)
    budget = int(ratio * count)
    bounds = [i * count // segments for i in range(segments + 1)]
    kept = np.concatenate(
        [
            best_first(scores, np.arange(start, end))[: budget // segments]
            for start, end in zip(bounds, bounds[1:])
        ]
    )
    rest = best_first(scores, np.setdiff1d(np.arange(count), kept))
    return np.sort(np.concatenate([kept, rest[: budget - len(kept)]]))


def top_k(scores: Scores, ratio: float) -> Tokens:
    """The K = floor(ratio N) best tokens, in order of time."""
    return np.sort(best_first(scores, np.arange(len(scores)))[: int(ratio * len(scores))])


def random_tokens(scores: Scores, ratio: float, seed: int = 0) -> Tokens:
    """K = floor(ratio N) tokens, every set of them as likely as another, in order of time."""
    count = len(scores)
    return np.sort(np.random.default_rng(seed).choice(count, int(ratio * count), replace=False))


STRATEGIES: dict[str, Callable[[Scores, float], Tokens]] = {
    "segmentwise": segmentwise_exact,
    "top-k": top_k,
    "random": random_tokens,
}
