"""Stage `check`: what benchmark.json says against what the clips hold.

Fails with every sentence that is not true; prints what the benchmark consists of.
"""

import json
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from .layout import Layout
from .sounds import FRAME, RATE, Samples, loudness
from .tables import recordings, trained, utterances

SMALLEST = 120
PARTS = ("events", "sequences", "speech", "speech with events")
LARGEST_BYTES = 12_000_000
LOUDER_DB = 10.0
"""How much louder at least the loudest of an event is than what is outside of all events."""

GUARD = 3
"""Frames around events that belong to neither: coding smears."""

SOFTEST_DB = -45.0
DECODERS_DIFFER = 0.02

Item = dict[str, Any]


def check(layout: Layout) -> None:
    """Raises SystemExit where something is not as it should be."""
    items = json.loads(layout.document.read_text(encoding="utf-8"))["items"]
    problems = [
        *_of_sources(),
        *_of_counts(layout, items),
        *_of_answers(items),
        *(problem for item in items for problem in _of_words(item)),
        *_of_clips(layout, items),
    ]
    _print_summary(layout, items)
    if problems:
        raise SystemExit("\n".join(problems))


def _of_sources() -> Iterator[str]:
    learnt = trained()
    for source in [*recordings(), *utterances()]:
        if source.sha256 in learnt:
            yield f"{source.id}: the default model was trained on it."


def _of_counts(layout: Layout, items: list[Item]) -> Iterator[str]:
    clips = {item["audio"] for item in items}
    found = {path.name for path in layout.clips.iterdir()}
    if clips != found:
        yield f"clips without items or items without clips: {sorted(clips ^ found)}"
    if len(clips) < SMALLEST:
        yield f"{len(clips)} clips, expected {SMALLEST}"
    if {item["groups"]["part"] for item in items} != set(PARTS):
        yield "not all parts are there"
    if len({item["id"] for item in items}) != len(items):
        yield "ids are used twice"
    size = sum(path.stat().st_size for path in layout.benchmark.rglob("*") if path.is_file())
    if size > LARGEST_BYTES:
        yield f"{size} bytes, allowed {LARGEST_BYTES}"
    attribution = layout.attribution.read_text(encoding="utf-8")
    yield from (
        f"{clip}: not in ATTRIBUTION.md" for clip in sorted(clips) if f"| {clip} |" not in attribution
    )


def _of_answers(items: list[Item]) -> Iterator[str]:
    asked = [item for item in items if "answer" in item]
    if len(asked) < 100:
        yield f"{len(asked)} questions, expected 100"
    positions: dict[Any, Counter[int]] = {}
    for item in asked:
        if item["answer"] not in item["choices"] or len(set(item["choices"])) != len(item["choices"]):
            yield f"{item['id']}: its answer is no choice, or a choice stands twice"
            continue
        key = item["question"].split(":")[0] if item.get("lettered") is False else len(item["choices"])
        positions.setdefault(key, Counter())[item["choices"].index(item["answer"])] += 1
    for key, counts in positions.items():
        if max(counts.values()) - min(counts.values()) > 2:
            yield f"{key}: the right answers are not spread evenly: {dict(counts)}"


def _of_words(item: Item) -> Iterator[str]:
    captions = item.get("captions", [])
    if "captions" in item and (len(captions) != 5 or len(set(captions)) != 5):
        yield f"{item['id']}: five different captions are expected"
    for caption in captions:
        if not caption[0].isupper() or not caption.endswith((".", '."', '?"', '!"')):
            yield f"{item['id']}: no sentence: {caption}"


def decode(path: Path, decoder: str = "libopus") -> Samples:
    """A clip as a player hears it, at 16 kHz."""
    command = [
        "ffmpeg",
        "-v",
        "error",
        "-c:a",
        decoder,
        "-i",
        str(path),
        "-f",
        "f32le",
        "-ar",
        str(RATE),
        "-ac",
        "1",
        "pipe:1",
    ]
    return np.frombuffer(subprocess.run(command, capture_output=True, check=True).stdout, dtype="<f4")


def _of_clips(layout: Layout, items: list[Item]) -> Iterator[str]:
    for name, events in {item["audio"]: item["events"] for item in items}.items():
        samples = decode(layout.clips / name)
        other = decode(layout.clips / name, "opus")[: len(samples)]
        if np.abs(samples[: len(other)] - other).max() > DECODERS_DIFFER:
            yield f"{name}: FFmpeg's own decoder and libopus hear different things"
        level = loudness(samples)
        seconds = len(samples) / RATE
        if level.max() < SOFTEST_DB or np.abs(samples).max() > 1.2:
            yield f"{name}: silent or clipped"
        if not events:
            yield f"{name}: nothing is heard"
        outside = np.ones(len(level), dtype=bool)
        for event in events:
            first, last = round(event["start"] * RATE / FRAME), round(event["end"] * RATE / FRAME)
            outside[max(0, first - GUARD) : last + GUARD] = False
            if not 0 <= event["start"] < event["end"] <= seconds + 0.001:
                yield f"{name}: {event} is outside of its {seconds:.2f} s"
        if outside.sum() < 10:
            continue
        behind = level[outside].max()
        for event in events:
            first, last = round(event["start"] * RATE / FRAME), round(event["end"] * RATE / FRAME)
            if level[first:last].max() < behind + LOUDER_DB:
                yield f"{name}: {event} is not louder than the rest: {level[first:last].max():.0f}, {behind:.0f} dB"


def _print_summary(layout: Layout, items: list[Item]) -> None:
    clips = {item["audio"]: item for item in items}
    seconds = {name: len(decode(layout.clips / name)) / RATE for name in clips}
    for group in ("part", "shape", "background"):
        print(group, dict(Counter(item["groups"][group] for item in clips.values())), "clips")
    for group in ("task", "category", "difficulty"):
        print(
            group, dict(Counter(item["groups"][group] for item in items if group in item["groups"])), "items"
        )
    print(
        f"{len(clips)} clips, {len(items)} items, {sum(seconds.values()):.0f} s, "
        f"{min(seconds.values()):.1f} to {max(seconds.values()):.1f} s a clip, "
        f"{sum(4 <= length <= 12 for length in seconds.values())} of 4 to 12 s"
    )
