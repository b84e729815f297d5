"""Stage `speak`: WordNet's sentences in the voices of `tables/voices.csv`. None of these voices is in the
benchmark."""

import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from earmark_benchmark.speak import espeak, festival, libraries

from .work import TABLES, Work, read_table, write_table

STRETCH = (0.85, 1.15)
WORDS_A_MINUTE = (130, 185)
NOTED_EVERY = 50
COLUMNS = ("file", "text", "split", "speaker", "engine", "voice")


@dataclass(frozen=True)
class Saying:
    """Who says a sentence, and how fast."""

    engine: str
    voice: str
    speaker: str
    stretch: float
    """flite's: more is slower"""
    words_a_minute: int
    """espeak-ng's"""


def plan(number: int, voices: Sequence[Mapping[str, str]]) -> Saying:
    """The voice of sentence `number`: by weight, and always the same."""
    chance = Random(number)
    voice = chance.choices(voices, [float(row["weight"]) for row in voices])[0]
    return Saying(
        voice["engine"],
        voice["voice"],
        voice["speaker"],
        round(chance.uniform(*STRETCH), 2),
        chance.randint(*WORDS_A_MINUTE),
    )


def say(work: Work, saying: Saying, text: str, file: Path) -> None:
    """Speak into a WAV file."""
    match saying.engine:
        case "espeak-ng":
            espeak(work.debian, saying.voice, text, file, saying.words_a_minute)
        case "festival":
            festival(work.debian, saying.voice, text, file)
        case "flite":
            program = work.debian.packages / "flite/usr/bin/flite"
            options = ["-voice", saying.voice, "--setf", f"duration_stretch={saying.stretch}"]
            command = [str(program), *options, "-t", f"{text}.", "-o", str(file)]
            subprocess.run(command, env=libraries(work.debian, "libflite1"), check=True)
        case other:
            raise ValueError(f"no such synthesiser: {other}")


def speak(work: Work, limit: int | None = None, seconds: float | None = None) -> None:
    """Speak the first `limit` sentences, those that are there already left out; stop after `seconds`."""
    voices = read_table(TABLES / "voices.csv")
    sentences = read_table(work.sentences)[:limit]
    work.spoken.mkdir(parents=True, exist_ok=True)
    rows = []
    said, begun = 0, time.monotonic()
    for number, sentence in enumerate(sentences):
        saying = plan(number, voices)
        file = work.spoken / f"{number:05d}.wav"
        if not file.exists():
            if seconds is not None and time.monotonic() - begun > seconds:
                break
            part = file.with_suffix(".part.wav")
            say(work, saying, sentence["text"], part)
            part.rename(file)
            said += 1
        rows.append(
            {"file": file.name, **sentence, "speaker": saying.speaker}
            | {"engine": saying.engine, "voice": saying.voice}
        )
        if said and said % NOTED_EVERY == 0:
            write_table(work.spoken / "spoken.csv", rows, COLUMNS)
    write_table(work.spoken / "spoken.csv", rows, COLUMNS)
    print(
        f"{len(rows)} sentences, {said} of them new, {(time.monotonic() - begun) / max(said, 1):.2f} s each"
    )
