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
from .evaluate import GRID, Counted, answers_path, counted, digest, held_scenes, name_of, read_rows, share
from .losses import losses_path
from .words import counts
from .work import DROPS, Work, write_whole

LOSS = "loss of the right answer, nats a token"
SHARES = {
    "eventsBySynonym": "events named, synonyms count",
    **{key: COLUMNS[key] for key in ("wordsWrong", "right.which", "right.heard")},
}
"""What trainings are compared by, beside the loss."""

ByWay = NDArray[np.float64]
"""[ways of `GRID`, clips, 2]: what `share` takes of each."""


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
    measures: dict[str, dict[str, ByWay]] = {LOSS: {}, **{title: {} for title in SHARES.values()}}
    for drop in DROPS:
        name = coupled_name(drop)
        of = digest(work.checkpoint(name))
        lost, said = read_rows(losses_path(work, name)), read_rows(answers_path(work, name))
        keys = [[(of, which, *way) for which, _ in scenes] for way in GRID]
        measures[LOSS][drop] = np.array(
            [[(lost[key]["nats"], lost[key]["ids"]) for key in row] for row in keys]
        )
        clips = [
            [
                counts(scene.heard, scene.asked, said[key]["said"])
                for (_, scene), key in zip(scenes, row, strict=True)
            ]
            for row in keys
        ]
        for key, title in SHARES.items():
            measures[title][drop] = np.stack([counted(row, key) for row in clips])
    text = (
        f"Trainings of {steps} steps that differ in nothing but the tokens they drop, on {len(scenes)} held-out "
        f"scenes: {count} described, as many asked about. In parentheses 95 % intervals by bootstrap over scenes; "
        "differences are paired, and bold where 0 is outside, as one in twenty is by chance.\n\n"
    )
    text += "\n".join(table(title, by_drop) for title, by_drop in measures.items() if _is_asked(by_drop))
    write_whole(work.results / "coupled.md", lambda part: part.write_text(text, "utf-8"))
    print(text)


def _is_asked(by_drop: Mapping[str, ByWay]) -> bool:
    return all(by_way[0, :, 1].any() for by_way in by_drop.values())


def table(title: str, by_drop: Mapping[str, ByWay]) -> str:
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
        summed = {drop: by_way[ways].sum(axis=0) for drop, by_way in by_drop.items()}
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


def _difference(one: Counted, other: Counted) -> str:
    value, low, high = share(one, other)
    text = f"{value:+.3f} ({low:+.3f} to {high:+.3f})"
    return f"**{text}**" if low > 0 or high < 0 else text
