"""Stages `card`: the numbers of the model card, from the evaluation, and `coupled`: trainings that dropped tokens in
other ways beside each other. Tables in Markdown."""

import json
from typing import Any

from .evaluate import REFERENCE
from .words import FORMS
from .work import DROPS, Work, write_whole

COLUMNS = {
    "wordsWrong": "words wrong",
    "eventsNamed": "events named",
    "eventsBySynonym": "or by a synonym",
    "eventsByFamily": "or of its family",
    "silencesNamed": "silence named",
    "captionsExact": "captions exact",
    "right.which": "letter right",
    "right.heard": "yes or no right",
    "right.anyone": "anyone speaking",
    "right.first": "what is first",
}


COUPLED = ("eventsBySynonym", "wordsWrong", "right.which", "right.heard")
"""What trainings are compared by."""


def cell(shares: dict[str, list[float]], key: str) -> str:
    """A share and its 95 % interval, if there is one."""
    return "{} ({} to {})".format(*shares[key]) if key in shares else ""


def row_name(key: str) -> str:
    """The first two cells of a row: keep ratio and strategy, of what the evaluation calls `strategy@ratio`."""
    strategy, _, ratio = key.partition("@")
    return f"| {float(ratio):.0%} | {'' if strategy == 'all' else strategy} | "


def table(result: dict[str, Any]) -> str:
    """One row a strategy and keep ratio; each cell a share and its 95 % interval."""
    found = result["results"]
    columns = [key for key in COLUMNS if any(key in shares for shares in found.values())]
    lines = [
        "| kept | strategy | " + " | ".join(COLUMNS[key] for key in columns) + " |",
        "|---|---|" + "---|" * len(columns),
    ]
    for key, shares in found.items():
        lines.append(row_name(key) + " | ".join(cell(shares, column) for column in columns) + " |")
    return "\n".join(lines)


def card(work: Work, name: str = "stage2-random") -> None:
    """Write `<name>.md` beside the evaluation."""
    result = json.loads((work.results / f"{name}.json").read_text("utf-8"))
    settings = ", ".join(f"{key} {value}" for key, value in result["settings"].items()) or "as published"
    whisper = work.results / f"{REFERENCE}.json"
    if whisper.exists():
        share = json.loads(whisper.read_text("utf-8"))["results"]["all@1.0"]["wordsWrong"]
        result["results"]["Whisper base's own decoder@1.0"] = {"wordsWrong": share}
    hours = result["cpuSeconds"] / 3600
    spent = f", {hours:.1f} CPU hours in its last stage" if hours else ""
    text = (
        f"{name} ({settings}){spent}; "
        f"{result['scenes']} held-out scenes described, as many asked about in {len(FORMS)} forms; greedy. "
        f"In parentheses 95 % intervals.\n\n{table(result)}\n"
    )
    write_whole(work.results / f"{name}.md", lambda part: part.write_text(text, "utf-8"))
    print(text)


def coupled_name(drop: str) -> str:
    """Of the checkpoint that `stage2 --drop DROP --name NAME` trains for the comparison."""
    return f"coupled-{drop}"


def coupled(work: Work) -> None:
    """Write `coupled.md`: a table for each share, a column for each way to drop tokens in training. Each training
    must have as many steps, from one start, and its evaluation as many scenes."""
    found = {
        drop: json.loads((work.results / f"{coupled_name(drop)}.json").read_text("utf-8")) for drop in DROPS
    }
    lengths = {(result["step"], result["scenes"]) for result in found.values()}
    if len(lengths) > 1:
        raise ValueError(f"trained or evaluated for longer than another: {sorted(lengths)} steps and scenes")
    parts = []
    for share in COUPLED:
        lines = [
            f"**{COLUMNS[share].capitalize()}**, by what training dropped:",
            "",
            "| kept | strategy | " + " | ".join(DROPS) + " |",
            "|---|---|" + "---|" * len(DROPS),
        ]
        for key in found[DROPS[0]]["results"]:
            cells = (cell(result["results"][key], share) for result in found.values())
            lines.append(row_name(key) + " | ".join(cells) + " |")
        parts.append("\n".join(lines) + "\n")
    text = "\n".join(parts)
    write_whole(work.results / "coupled.md", lambda part: part.write_text(text, "utf-8"))
    print(text)
