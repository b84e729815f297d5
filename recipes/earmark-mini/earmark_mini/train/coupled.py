"""Stage `coupled`: trainings that dropped tokens in other ways, from one start, beside each other on the same scenes.

Each is `stage2 --drop DROP --name coupled-DROP`, then `evaluate` and `losses` of that name.
"""

import json
from collections.abc import Mapping
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..selection import STRATEGIES
from .card import COLUMNS, row_name
from .evaluate import GRID, RESAMPLED, SEED, digest, held_scenes, name_of, read_answers, scored
from .losses import read_losses
from .work import DROPS, Work, write_whole

LOSS = "loss of the right answer, nats a token"
SHARES = {
    "eventsBySynonym": "events named, synonyms count",
    **{key: COLUMNS[key] for key in ("wordsWrong", "right.which", "right.heard")},
}
"""What trainings are compared by, beside the loss."""

Counted = NDArray[np.float64]
"""[ways of `GRID`, scenes, 2]: part and whole of a share, or nats and ids of a loss."""


def coupled_name(drop: str) -> str:
    """Of the checkpoint, and of its evaluation."""
    return f"coupled-{drop}"


def coupled(work: Work) -> None:
    """Write `coupled.md`. Each training must have as many steps, and its evaluation as many scenes."""
    found: list[dict[str, Any]] = [
        json.loads((work.results / f"{coupled_name(drop)}.json").read_text("utf-8")) for drop in DROPS
    ]
    lengths = {(result["step"], result["scenes"]) for result in found}
    if len(lengths) > 1:
        raise ValueError(f"trained or evaluated for longer than another: {sorted(lengths)} steps and scenes")
    ((steps, count),) = lengths
    scenes = list(held_scenes(work, count))
    measures: dict[str, dict[str, Counted]] = {LOSS: {}, **{title: {} for title in SHARES.values()}}
    for drop in DROPS:
        name = coupled_name(drop)
        of = digest(work.checkpoint(name))
        lost = read_losses(work, name, of)
        measures[LOSS][drop] = np.array([[lost[which, *way] for which, _ in scenes] for way in GRID])
        said = read_answers(work.results / f"{name}.rows.jsonl")
        pairs = [[scored(scene, said[of, which, *way]).pairs() for which, scene in scenes] for way in GRID]
        for key, title in SHARES.items():
            counted = [[clip.get(key, (0, 0)) for clip in row] for row in pairs]
            measures[title][drop] = np.array(counted, float)
    text = (
        f"Trainings of {steps} steps that differ in nothing but the tokens they drop, on {len(scenes)} held-out "
        f"scenes: {count} described, as many asked about. In parentheses 95 % intervals by bootstrap over scenes; "
        "differences are paired, and bold where 0 is outside, as one in twenty is by chance.\n\n"
    )
    text += "\n".join(table(title, by_drop) for title, by_drop in measures.items() if _is_asked(by_drop))
    write_whole(work.results / "coupled.md", lambda part: part.write_text(text, "utf-8"))
    print(text)


def _is_asked(by_drop: Mapping[str, Counted]) -> bool:
    return all(counted[0, :, 1].any() for counted in by_drop.values())


def table(title: str, by_drop: Mapping[str, Counted]) -> str:
    """A column for each training, and one for each two with their difference. The last rows are of all keep ratios
    below 1 together."""
    twos = list(combinations(by_drop, 2))
    heads = [*by_drop, *(f"{other} - {one}" for one, other in twos)]
    lines = [
        f"**{title.capitalize()}**, by what training dropped, and differences:",
        "",
        "| kept | strategy | " + " | ".join(heads) + " |",
        "|---|---|" + "---|" * len(heads),
    ]
    for start, ways in _rows().items():
        summed = {drop: counted[ways].sum(axis=0) for drop, counted in by_drop.items()}
        cells = ["{:.3f} ({:.3f} to {:.3f})".format(*share(one)) for one in summed.values()]
        cells += [_difference(summed[one], summed[other]) for one, other in twos]
        lines.append(start + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _rows() -> dict[str, list[int]]:
    """How a row begins -> of which ways to prune it is."""
    pruned = {strategy: [i for i, way in enumerate(GRID) if way[0] == strategy] for strategy in STRATEGIES}
    return {
        **{row_name(name_of(way)): [i] for i, way in enumerate(GRID)},
        **{f"| less | {strategy} | ": ways for strategy, ways in pruned.items()},
        "| less | any | ": sum(pruned.values(), []),
    }


def share(counted: Counted, other: Counted | None = None) -> tuple[float, float, float]:
    """[scenes, 2] -> part of the whole, and its 95 % interval by resampled scenes; or by how much the other's is
    more, of the same scenes."""
    drawn = np.random.default_rng(SEED).integers(len(counted), size=(RESAMPLED, len(counted)))
    # The scenes as they are, then as they are drawn.
    drawn = np.concatenate([np.arange(len(counted))[None], drawn])
    sums = np.stack([one[drawn].sum(axis=1) for one in (counted, other) if one is not None])
    sums = sums[:, (sums[..., 1] > 0).all(axis=0)]
    shares = sums[..., 0] / sums[..., 1]
    values = shares[0] if other is None else shares[1] - shares[0]
    return float(values[0]), *(float(end) for end in np.percentile(values[1:], (2.5, 97.5)))


def _difference(counted: Counted, other: Counted) -> str:
    value, low, high = share(counted, other)
    text = f"{value:+.3f} ({low:+.3f} to {high:+.3f})"
    return f"**{text}**" if low > 0 or high < 0 else text
