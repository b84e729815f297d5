"""Everything that somebody says: Asterisk's prompts, names and letters read aloud, WordNet's sentences."""

from dataclasses import dataclass
from pathlib import Path

from earmark_benchmark.sounds import RATE, Samples, decode

from .fetch import SPEECH
from .scene import prepared
from .words import Speech
from .work import Work, read_table

LONGEST_SECONDS = 8.0


@dataclass(frozen=True)
class Utterance:
    """Words, and where they are heard."""

    file: Path
    what: Speech
    held: bool

    def samples(self) -> Samples:
        """At the common level, without silence around."""
        return prepared(decode(self.file))


def prompts(work: Work) -> list[Utterance]:
    """Real speech: what a telephone exchange says. Long prompts are left out."""
    return _labelled(work, prompts=True)


def readings(work: Work) -> list[Utterance]:
    """Real speech: names of things, and letters."""
    return _labelled(work, prompts=False)


def sentences(work: Work) -> list[Utterance]:
    """Synthetic speech, as far as it has been spoken."""
    table = work.spoken / "spoken.csv"
    return [_utterance(work.spoken / row["file"], row) for row in read_table(table)] if table.exists() else []


def _labelled(work: Work, prompts: bool) -> list[Utterance]:
    rows = [row for row in read_table(work.labels) if row["kind"] == "speech"]
    return [_utterance(work.recording(row), row) for row in rows if (row["package"] in SPEECH) == prompts]


def _utterance(file: Path, row: dict[str, str]) -> Utterance:
    return Utterance(file, Speech(row["speaker"], row["text"]), row["split"] == "held")


def is_short(samples: Samples) -> bool:
    """Whether it is short enough to be learnt from."""
    return len(samples) <= LONGEST_SECONDS * RATE
