"""Stage `losses`: how likely a checkpoint finds the right answers about held-out scenes, whole and pruned.

Where answers are rarely right, as after a short training, this still tells two trainings apart.
"""

import json
from itertools import groupby
from pathlib import Path

from .evaluate import (
    GRID,
    SCENES,
    Checkpoint,
    digest,
    held_scenes,
    is_of,
    kept_of,
    read_rows,
    written_with,
)
from .work import Work


def losses(
    work: Work,
    name: str = "stage2-random",
    limit: int = SCENES,
    bf16: bool = False,
    start: Path | None = None,
) -> None:
    """Write `<name>.losses.jsonl`: -log p of an answer's ids, summed, in nats, and how many ids there
    are; a line a scene of `evaluate`, strategy and keep ratio. `start`: other weights than the checkpoint of this name."""
    weights = start or work.checkpoint(name)
    checkpoint, of = Checkpoint(work, weights, bf16), digest(weights)
    path = losses_path(work, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    done = read_rows(path)
    with path.open("a", encoding="utf-8") as stream:
        for which, scene in held_scenes(work, limit):
            if all(is_of(done.get((of, which, *way)), scene) for way in GRID):
                continue
            tokens, scores = checkpoint.hear(scene)
            # Strategies of one keep ratio leave as many tokens: nothing is padded.
            for ratio, ways in groupby(GRID, key=lambda way: way[1]):
                strategies = [strategy for strategy, _ in ways]
                kept = [kept_of(strategy, scores, ratio) for strategy in strategies]
                nats, ids = checkpoint.nats(tokens, kept, scene)
                for strategy, lost in zip(strategies, nats, strict=True):
                    row = {"of": of, "scene": which, "strategy": strategy, "ratio": ratio, **written_with(scene)}
                    stream.write(json.dumps({**row, "nats": round(lost, 4), "ids": ids}) + "\n")
            stream.flush()


def losses_path(work: Work, name: str) -> Path:
    """Where they are written."""
    return work.results / f"{name}.losses.jsonl"
