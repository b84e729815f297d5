"""Stage `play`: recordings that are made: instruments of soundfonts, played by chance, and what has no
recording because it is computed: noise, hums and tones.

`tables/instruments.csv` says which sounds of a soundfont have which name, in what range and manner: their numbers are
General MIDI's, and so the same in all of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

import numpy as np
from earmark_benchmark.sounds import RATE, Samples
from numpy.typing import NDArray

from .work import TABLES, Work, read_table, write_table, write_whole

DRUMS = 128
"""The bank whose keys are different instruments."""

COMPUTED_TAKES = {"train": 6, "held": 2}
SYNTHESIS_RATE = 48_000
SCALE = (0, 2, 4, 5, 7, 9, 11)
CHORDS = ((0, 4, 7), (0, 3, 7), (0, 5, 9))
TAIL = 0.5
"""Seconds in which what was played last fades."""

COLUMNS = ("file", "class", "clause", "licence", "split")


@dataclass(frozen=True)
class Soundfont:
    """Where one is, and how many takes of each of its instruments there are."""

    package: str
    file: str
    licence: str
    takes: int
    mark: str = ""
    """Before the names of its takes, and so of their sources: another soundfont's instrument is another source."""


SOUNDFONTS = (
    Soundfont("fluid-soundfont-gm", "FluidR3_GM.sf2", "MIT", takes=5),
    Soundfont("timgm6mb-soundfont", "TimGM6mb.sf2", "GPL-2", takes=3, mark="tim-"),
    Soundfont("csound-soundfont", "sf_GMbank.sf2", "public domain", takes=3, mark="bank-"),
)


def unmarked(name: str) -> str:
    """The name of the same instrument's take by the first soundfont."""
    for soundfont in SOUNDFONTS:
        name = name.removeprefix(soundfont.mark)
    return name


@dataclass(frozen=True)
class Note:
    """Keys pressed together."""

    start: float
    seconds: float
    keys: tuple[int, ...]
    velocity: int


def score(manner: str, lowest: int, highest: int, random: Random) -> list[Note]:
    """Two to four seconds of a melody, of chords, of strokes or of one key held."""
    notes: list[Note] = []
    at, end = 0.0, random.uniform(2, 4)
    if manner == "held":
        return [Note(0, end, (random.randint(lowest, highest),), random.randint(80, 120))]
    base = random.randint(lowest, max(lowest, highest - 12))
    pace = random.uniform(0.15, 0.5)
    degree = random.randrange(len(SCALE))
    while at < end:
        velocity = random.randint(70, 120)
        match manner:
            case "melody":
                seconds = pace * random.choice((1, 1, 2))
                degree = min(max(degree + random.randint(-2, 2), 0), len(SCALE) - 1)
                keys: tuple[int, ...] = (min(base + SCALE[degree], highest),)
            case "chords":
                seconds = pace * random.choice((2, 3, 4))
                root = base + random.choice((0, 2, 5, 7))
                keys = tuple(min(root + step, highest) for step in random.choice(CHORDS))
            case "hits":
                seconds = pace * random.choice((1, 1, 2, 3))
                keys = (random.randint(lowest, highest),)
            case other:
                raise ValueError(f"no such manner: {other}")
        notes.append(Note(at, seconds, keys, velocity))
        at += seconds
    return notes


class Player:
    """Plays a soundfont."""

    def __init__(self, work: Work, soundfont: Soundfont) -> None:
        # Imported here, so that what makes no sound needs no synthesiser.
        import tinysoundfont

        self._synth = tinysoundfont.Synth(samplerate=SYNTHESIS_RATE, gain=-6)
        file = work.debian.packages / soundfont.package / "usr/share/sounds/sf2" / soundfont.file
        self._font = self._synth.sfload(str(file))

    def play(self, bank: int, program: int, notes: list[Note]) -> Samples:
        """Mono at 16 kHz."""
        import soxr

        self._synth.sounds_off()
        self._synth.program_select(0, self._font, 0, program, is_drums=bank == DRUMS)
        pieces = []
        for note in notes:
            for key in note.keys:
                self._synth.noteon(0, key, note.velocity)
            pieces.append(self._generate(note.seconds))
            for key in note.keys:
                self._synth.noteoff(0, key)
        pieces.append(self._generate(TAIL))
        return soxr.resample(np.concatenate(pieces), SYNTHESIS_RATE, RATE)

    def _generate(self, seconds: float) -> NDArray[np.float32]:
        stereo = np.frombuffer(self._synth.generate(round(seconds * SYNTHESIS_RATE)), np.float32)
        return stereo.reshape(-1, 2).mean(axis=1)


def computed(clause: str, random: np.random.Generator) -> Samples:
    """Noise, a hum or a tone."""
    length = round(random.uniform(1.5, 4) * RATE)
    time = np.arange(length) / RATE
    match clause:
        case "static hisses":
            spectrum = np.fft.rfft(random.standard_normal(length))
            # From white to noise that falls by 3 dB an octave.
            falling = np.maximum(np.arange(len(spectrum)) * RATE / length, 50) ** -random.uniform(0, 0.5)
            samples = np.fft.irfft(spectrum * falling, length)
        case "a low hum sounds":
            base = random.choice((50, 60, 100, 120)) * random.uniform(0.97, 1.03)
            samples = sum(
                random.uniform(0.3, 1) / i * np.sin(2 * np.pi * (i * base * time + random.random()))
                for i in range(1, 7)
            )
        case "a steady tone sounds":
            samples = np.sin(2 * np.pi * random.uniform(300, 3000) * time)
        case "a tone rises" | "a tone falls":
            low = random.uniform(200, 900)
            high = low * random.uniform(2, 4)
            course = np.geomspace(low, high, length)[:: 1 if clause == "a tone rises" else -1]
            samples = np.sin(2 * np.pi * np.cumsum(course) / RATE)
        case other:
            raise ValueError(f"cannot be computed: {other}")
    return np.asarray(samples / np.abs(samples).max(), np.float32)


COMPUTED = {
    "static hisses": "noise",
    "a low hum sounds": "hum",
    "a steady tone sounds": "tone",
    "a tone rises": "tone",
    "a tone falls": "tone",
}
"""Clause and class."""


def _write(work: Work, name: str, samples: Samples) -> None:
    import soundfile

    loud = samples / max(float(np.abs(samples).max()), 1e-6) * 0.7
    write_whole(work.played / name, lambda part: soundfile.write(part, loud, RATE, "PCM_16"))


def play(work: Work) -> None:
    """Write the recordings and played.csv. Takes of one instrument share the beginning of their name: its
    source. Noise for training and noise that is held out are different draws."""
    rows: list[Mapping[str, str]] = []
    for which, soundfont in enumerate(SOUNDFONTS):
        player = Player(work, soundfont)
        for number, row in enumerate(read_table(TABLES / "instruments.csv")):
            keys = int(row["lowest"]), int(row["highest"])
            for take in range(soundfont.takes):
                name = f"{soundfont.mark}{number:03d}-{row['class'].replace(' ', '')}-{take}.wav"
                seed = which * 1000 + number * soundfont.takes + take
                notes = score(row["manner"], *keys, Random(seed))
                _write(work, name, player.play(int(row["bank"]), int(row["program"]), notes))
                rows.append(_row(name, row["class"], row["clause"], soundfont.licence, "train"))
    for number, (clause, kind) in enumerate(COMPUTED.items()):
        for split, takes in COMPUTED_TAKES.items():
            for take in range(takes):
                name = f"{split}-{clause.replace(' ', '-')}-{take}.wav"
                random = np.random.default_rng((number, len(split), take))
                _write(work, name, computed(clause, random))
                rows.append(_row(name, kind, clause, "CC0-1.0", split))
    write_table(work.played / "played.csv", rows, COLUMNS)
    print(f"{len(rows)} recordings")


def _row(file: str, kind: str, clause: str, licence: str, split: str) -> dict[str, str]:
    return {"file": file, "class": kind, "clause": clause, "licence": licence, "split": split}
