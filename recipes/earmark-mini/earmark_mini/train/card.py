"""Stage `card`: the numbers of the model card, from the evaluation, as a table in Markdown."""

import json
from typing import Any

from .evaluate import REFERENCE
from .words import FORMS
from .work import Work, write_whole

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
