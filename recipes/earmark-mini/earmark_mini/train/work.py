"""Where every stage of the training reads and writes, and how it writes."""

import csv
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from earmark_benchmark.layout import Layout as Debian

from ..layout import RECIPE, Layout

TABLES = RECIPE / "tables"
DROPS = ("none", "random", "segmentwise")
"""Which audio tokens are dropped in training."""

PLAYED = "played"
"""In place of a Debian package's name: recordings that stage `play` made."""


@dataclass(frozen=True)
class Work:
    """The folders of one training. Base weights are where the pack's recipe has them."""

    root: Path
    small: bool = False
    """Tiny models and few steps: proves that every stage runs, trains nothing of use."""

    @property
    def base(self) -> Layout:
        """The stages `fetch` and `convert` of the pack's recipe write here."""
        return Layout(self.root)

    @property
    def debian(self) -> Debian:
        """Debian packages, downloaded and unpacked."""
        return Debian(self.root)

    @property
    def archives(self) -> Path:
        """Hashes of the Debian packages."""
        return self.root / "archives.csv"

    @property
    def sentences(self) -> Path:
        """What is spoken: sentence, split."""
        return self.root / "sentences.csv"

    @property
    def labels(self) -> Path:
        """One row a recording."""
        return self.root / "labels.csv"

    @property
    def played(self) -> Path:
        """Recordings that were made: WAV files and `played.csv`."""
        return self.root / PLAYED

    def recording(self, row: Mapping[str, str]) -> Path:
        """A labelled file."""
        return (self.played if row["package"] == PLAYED else self.debian.packages / row["package"]) / row[
            "file"
        ]

    @property
    def spoken(self) -> Path:
        """Synthetic speech: WAV files and `spoken.csv`."""
        return self.root / "spoken"

    @property
    def features(self) -> Path:
        """Shards of encoder features of the speech."""
        return self.root / "features"

    def checkpoint(self, name: str) -> Path:
        """A stage's state, by which it goes on, and its result."""
        return self.root / "checkpoints" / f"{name}.pt"

    @property
    def results(self) -> Path:
        """Evaluations."""
        return self.root / "results"


def read_table(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def write_table(path: Path, rows: Iterable[Mapping[str, object]], columns: tuple[str, ...]) -> None:
    """A CSV file, whole or not at all."""

    def write(part: Path) -> None:
        with part.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)

    write_whole(path, write)


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """A file that appears only when all of it is written, so that a stage can be stopped anywhere."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.stem}.part{path.suffix}")
    write(part)
    os.replace(part, path)
