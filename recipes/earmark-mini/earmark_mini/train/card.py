"""Stage `card`: the numbers of the model card, from the evaluation: a table in Markdown."""

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


def table(result: dict[str, Any]) -> str:
    """One row a strategy and keep ratio; each cell a share and its 95 % interval."""
    found = result["results"]
    columns = [key for key in COLUMNS if any(key in shares for shares in found.values())]
    lines = [
        "| kept | strategy | " + " | ".join(COLUMNS[key] for key in columns) + " |",
        "|---|---|" + "---|" * len(columns),
    ]
    for key, shares in found.items():
        strategy, _, ratio = key.partition("@")
        cells = ["{} ({} to {})".format(*shares[c]) if c in shares else "" for c in columns]
        named = "" if strategy == "all" else strategy
        lines.append(f"| {float(ratio):.0%} | {named} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def card(work: Work, name: str = "stage2-random") -> None:
    """Write `<name>.md` beside the evaluation."""
    result = json.loads((work.results / f"{name}.json").read_text("utf-8"))
    settings = ", ".join(f"{key} {value}" for key, value in result["settings"].items()) or "as published"
    whisper = work.results / f"{REFERENCE}.json"
    if whisper.exists():
        share = json.loads(whisper.read_text("utf-8"))["results"]["all@1.0"]["wordsWrong"]
        result["results"]["Whisper base's own decoder@1.0"] = {"wordsWrong": share}
    text = (
        f"Checkpoint {name} ({settings}), {result['cpuSeconds'] / 3600:.1f} CPU hours in its last stage; "
        f"{result['scenes']} held-out scenes described, as many asked about in {len(FORMS)} forms; greedy. "
        f"In parentheses 95 % intervals.\n\n{table(result)}\n"
    )
    write_whole(work.results / f"{name}.md", lambda part: part.write_text(text, "utf-8"))
    print(text)
