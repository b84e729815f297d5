"""Stage `losses`: how likely a checkpoint finds the right answers about held-out scenes, whole and pruned.

Where answers are rarely right, as after a short training, this still tells two trainings apart.
"""

import json
from itertools import groupby

from .evaluate import GRID, SCENES, Checkpoint, digest, held_scenes, kept_of
from .work import Work

Loss = tuple[float, int]
"""-log p of an answer's ids, summed, in nats; and how many ids there are."""


def losses(work: Work, name: str = "stage2-random", limit: int = SCENES, bf16: bool = False) -> None:
    """Write `<name>.losses.jsonl`: a line a scene, strategy and keep ratio, of the scenes of `evaluate`."""
    path = work.checkpoint(name)
    checkpoint, of = Checkpoint(work, path, bf16), digest(path)
    work.results.mkdir(parents=True, exist_ok=True)
    with (work.results / f"{name}.losses.jsonl").open("w", encoding="utf-8") as stream:
        for which, scene in held_scenes(work, limit):
            tokens, scores = checkpoint.hear(scene)
            # Strategies of one keep ratio leave as many tokens: nothing is padded.
            for ratio, ways in groupby(GRID, key=lambda way: way[1]):
                strategies = [strategy for strategy, _ in ways]
                kept = [kept_of(strategy, scores, ratio) for strategy in strategies]
                nats, ids = checkpoint.nats(tokens, kept, scene)
                for strategy, lost in zip(strategies, nats, strict=True):
                    row = {"of": of, "scene": which, "strategy": strategy, "ratio": ratio}
                    stream.write(json.dumps({**row, "nats": round(lost, 4), "ids": ids}) + "\n")
            stream.flush()


def read_losses(work: Work, name: str, of: str) -> dict[tuple[str, str, float], Loss]:
    """Scene, strategy, keep ratio -> what was written of it. Raises ValueError where that is not of the weights that
    have the digest `of`."""
    rows = list(map(json.loads, (work.results / f"{name}.losses.jsonl").read_text("utf-8").splitlines()))
    if {row["of"] for row in rows} != {of}:
        raise ValueError(f"{name}.losses.jsonl is not of the checkpoint {name}")
    return {(row["scene"], row["strategy"], row["ratio"]): (row["nats"], row["ids"]) for row in rows}
