"""The tables beside this package: what is recorded, what is said, what the model was trained on."""

import csv
from dataclasses import dataclass
from typing import Any

from .layout import RECIPE


def _rows(name: str) -> list[dict[str, str]]:
    with (RECIPE / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@dataclass(frozen=True)
class Source:
    """One recording of a Debian package."""

    id: str
    package: str
    file: str
    """In the package; after `!` the file within a Qt resource file."""
    licence: str
    author: str
    sha256: str


@dataclass(frozen=True)
class Recording(Source):
    """A recording of an event."""

    start: float
    seconds: float
    """How much of it is used at most; 0 for all."""
    kind: str
    """Two recordings of one kind are not told apart: never one as a wrong choice for the other."""
    family: str
    """Kinds of one family make hard choices."""
    clause: str
    progressive: str
    alternatives: tuple[str, ...]


@dataclass(frozen=True)
class Utterance(Source):
    """Recorded or synthetic speech. Synthetic speech has a voice and no file."""

    speaker: str
    """`woman` or `man`."""
    text: str
    voice: str = ""


def recordings() -> list[Recording]:
    """All recordings of events."""
    return [
        Recording(
            **_source(row),
            start=float(row["start"] or 0),
            seconds=float(row["seconds"] or 0),
            kind=row["class"],
            family=row["family"],
            clause=row["clause"],
            progressive=row["progressive"],
            alternatives=tuple(part.strip() for part in row["alternatives"].split("|")),
        )
        for row in _rows("recordings.csv")
    ]


def utterances() -> list[Utterance]:
    """All speech: recorded, then synthetic."""
    recorded = [
        Utterance(**_source(row), speaker=row["speaker"], text=row["text"]) for row in _rows("speech.csv")
    ]
    return recorded + sentences()


def sentences() -> list[Utterance]:
    """What is synthesised."""
    return [
        Utterance(
            id=row["id"],
            package=row["voice"].partition(":")[0],
            file="",
            licence="Apache-2.0",
            author="written for Earmark",
            sha256="",
            speaker=row["speaker"],
            text=row["text"],
            voice=row["voice"],
        )
        for row in _rows("sentences.csv")
    ]


def trained() -> set[str]:
    """SHA-256 of every recording that the default model was trained on."""
    return {row["sha256"] for row in _rows("trained.csv")}


def packages() -> set[str]:
    """Debian packages that hold the recordings."""
    return {row["package"] for name in ("recordings.csv", "speech.csv") for row in _rows(name)}


def _source(row: dict[str, str]) -> dict[str, Any]:
    return {name: row[name] for name in ("id", "package", "file", "licence", "author", "sha256")}
