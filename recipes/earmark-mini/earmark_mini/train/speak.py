"""Stage `speak`: WordNet's sentences in the voices of `tables/voices.csv`. None of these voices is in the
benchmark."""

import subprocess
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from random import Random
from threading import Lock

from earmark_benchmark.speak import espeak, festival, libraries

from .work import TABLES, Work, read_table, write_table

STRETCH = (0.85, 1.15)
WORDS_A_MINUTE = (130, 185)
NOTED_EVERY = 256
FESTIVAL = Lock()
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
            # Its first call puts its files together.
            with FESTIVAL:
                festival(work.debian, saying.voice, text, file)
        case "flite":
            program = work.debian.packages / "flite/usr/bin/flite"
            options = ["-voice", saying.voice, "--setf", f"duration_stretch={saying.stretch}"]
            command = [str(program), *options, "-t", f"{text}.", "-o", str(file)]
            subprocess.run(command, env=libraries(work.debian, "libflite1"), check=True)
        case other:
            raise ValueError(f"no such synthesiser: {other}")


def speak(work: Work, limit: int | None = None, seconds: float | None = None, threads: int = 1) -> None:
    """Speak the first `limit` sentences, those that are there already left out, so many at once; stop after
    `seconds`."""
    voices = read_table(TABLES / "voices.csv")
    sentences = read_table(work.sentences)[:limit]
    work.spoken.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, str]] = []
    said, begun = 0, time.monotonic()

    def spoken(number: int) -> bool:
        """Whether it was spoken only now."""
        file = work.spoken / f"{number:05d}.wav"
        if file.exists():
            return False
        part = file.with_suffix(".part.wav")
        say(work, plan(number, voices), sentences[number]["text"], part)
        part.rename(file)
        return True

    with ThreadPoolExecutor(threads) as pool:
        for first in range(0, len(sentences), NOTED_EVERY):
            if seconds is not None and time.monotonic() - begun > seconds:
                break
            numbers = range(first, min(first + NOTED_EVERY, len(sentences)))
            said += sum(pool.map(spoken, numbers))
            rows += [_row(number, sentences[number], plan(number, voices)) for number in numbers]
            write_table(work.spoken / "spoken.csv", rows, COLUMNS)
    spent = time.monotonic() - begun
    print(f"{len(rows)} sentences, {said} of them new, {spent / max(said, 1):.3f} s each")


def _row(number: int, sentence: Mapping[str, str], saying: Saying) -> dict[str, str]:
    row = {"file": f"{number:05d}.wav", **sentence, "speaker": saying.speaker}
    return row | {"engine": saying.engine, "voice": saying.voice}
