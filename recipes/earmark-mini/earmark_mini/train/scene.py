"""Clips made on the fly: recordings and speech placed in time, with rooms and noise. NumPy only."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

import numpy as np
from earmark_benchmark.mix import noise
from earmark_benchmark.sounds import RATE, Samples, levelled, trimmed

from .words import Asked, Event, Heard, Speech, ask, forms_of

KINDS = {"one": 28, "two": 18, "many": 6, "at once": 8, "speech": 30, "speech and event": 12, "nothing": 2}
"""What a held-out clip holds, by weight; of events also what stage 1 hears."""

LEARNT = {"one": 12, "two": 8, "many": 4, "at once": 4, "speech": 50, "speech and event": 20, "nothing": 4}
"""What a clip of stages 2 and 3 holds: mostly speech, since events are soon known by heart (README.md, *Tried*)."""

EVENTS = ("one", "two", "many", "at once", "speech and event")
ADMIT = {"words": ("speech", "speech and event"), "heard": EVENTS, "which": EVENTS, "first": ("two", "many")}
"""Which clips a form of question has an answer to; all others have to all."""

QUESTIONS = 0.9
"""The share of clips, in training, that are described and also asked about."""

HARD = {"which": 3, "words": 3, "heard": 2, "first": 2}
"""How often a form of question is asked for each time that `anyone` is, which is learnt soon."""

PARAPHRASED = 0.25
"""How often an event is put in other words, in captions and questions."""

PITCH = (0.82, 1.22)
PITCHED = 0.5
COLOUR_HZ = (60, 200, 600, 1800, 5000, 8000)
COLOUR_DB = 8.0
COLOURED = 0.4
IN_A_ROOM = 0.4
GAIN_DB = (-12.0, 2.0)
NOISE_DB = (-75.0, -38.0)
SILENT = 0.4
"""The share of clips of nothing, in training, that are zeros."""

REVERBERATION = (0.1, 0.6)
"""Seconds in which an echo falls by 60 dB."""

LARGEST_PART = 0.9
"""Of its share of the clip, that a sound may take at most."""


@dataclass(frozen=True)
class Sound:
    """Samples and what they are."""

    what: Event | Speech
    samples: Samples


@dataclass(frozen=True)
class Span:
    """Where a sound is in a clip: its first sample, and the one after its last."""

    what: Event | Speech
    start: int
    end: int


@dataclass(frozen=True)
class Scene:
    """A clip with a question. `kind` is one of `KINDS`."""

    kind: str
    samples: Samples
    heard: Heard
    asked: Asked
    also: Asked | None = None
    """Asked of the same clip, in training"""

    spans: tuple[Span, ...] = ()
    """Of every sound, by its own name also where `heard` puts it in other words"""

    @property
    def conversation(self) -> tuple[Asked, ...]:
        """All that is asked."""
        return (self.asked,) if self.also is None else (self.asked, self.also)


def room(samples: Samples, random: np.random.Generator) -> Samples:
    """The sound in a room: an echo that is noise, falling exponentially, 10 to 25 dB under the sound."""
    seconds = random.uniform(*REVERBERATION)
    length = int(seconds * RATE)
    echo = random.standard_normal(length) * 10 ** (-3 * np.arange(length) / length)
    echo *= 10 ** (-random.uniform(10, 25) / 20) / np.sqrt((echo**2).sum())
    echo[0] += 1
    size = 1 << (len(samples) + length - 1).bit_length()
    wet = np.fft.irfft(np.fft.rfft(samples, size) * np.fft.rfft(echo, size), size)
    return wet[: len(samples) + length // 2].astype(np.float32)


def coloured(samples: Samples, random: np.random.Generator) -> Samples:
    """The sound through another microphone: some frequencies louder, some fainter."""
    octaves = np.log2(np.maximum(np.fft.rfftfreq(len(samples), 1 / RATE), COLOUR_HZ[0]))
    gains_db = random.uniform(-COLOUR_DB, COLOUR_DB, len(COLOUR_HZ))
    gains = 10 ** (np.interp(octaves, np.log2(COLOUR_HZ), gains_db) / 20)
    return np.fft.irfft(np.fft.rfft(samples) * gains, len(samples)).astype(np.float32)


def varied(samples: Samples, random: np.random.Generator) -> Samples:
    """The same sound, somewhat higher or lower, by some microphone, in some room."""
    if random.random() < PITCHED:
        at = np.arange(0, len(samples) - 1, random.uniform(*PITCH))
        samples = np.interp(at, np.arange(len(samples)), samples).astype(np.float32)
    if random.random() < COLOURED:
        samples = coloured(samples, random)
    return room(samples, random) if random.random() < IN_A_ROOM else samples


def prepared(samples: Samples) -> Samples:
    """A recording as it goes into clips: audible part, common level."""
    return levelled(trimmed(samples))


class Scenes:
    """An endless source of scenes. With `vary` sounds and their words are varied and noise is added, as in
    training."""

    def __init__(
        self, events: Sequence[Sound], speech: Sequence[Callable[[], Sound]], seed: int, vary: bool
    ) -> None:
        self._random = Random(seed)
        self._noise = np.random.default_rng(seed)
        self._vary = vary
        self._speech = speech
        self._by_kind: dict[str, list[Sound]] = defaultdict(list)
        for sound in events:
            assert isinstance(sound.what, Event)
            self._by_kind[sound.what.kind].append(sound)
        self._kinds = sorted(self._by_kind)
        self._all = [sound.what for sound in events if isinstance(sound.what, Event)]

    def scene(self, seconds: float, kind: str | None = None, form: str | None = None) -> Scene:
        """The next scene. `form` of the question: one of `words.ask`'s. Where none is named, a description is
        wanted, and some clips are also asked about."""
        weights = LEARNT if self._vary else KINDS
        kinds = ADMIT.get(form, weights) if form else weights
        kind = kind or self._random.choices(list(kinds), [weights[name] for name in kinds])[0]
        length = round(seconds * RATE)
        sounds = self._sounds(kind, length)
        samples, spans = (self._at_once if kind == "at once" else self._in_sequence)(sounds, length)
        names = tuple(self._put(s.what) if isinstance(s.what, Event) else s.what for s in spans)
        heard = Heard(names, at_once=kind == "at once")
        if sounds:
            if self._vary and self._random.random() < 0.6:
                samples = samples + noise(length, self._random.uniform(*NOISE_DB), self._noise)
            samples = samples / np.abs(samples).max() * np.float32(self._random.uniform(0.3, 0.95))
        elif not (self._vary and self._random.random() < SILENT):
            # As faint as it is, or a loud noise would be nothing.
            samples = noise(length, self._random.uniform(*NOISE_DB), self._noise)
        also = None
        if form is None and self._random.random() < QUESTIONS:
            forms = forms_of(heard)
            (other,) = self._random.choices(forms, [HARD.get(f, 1) for f in forms])
            also = self._ask(heard, other)
        return Scene(kind, samples, heard, self._ask(heard, form or "caption"), also, spans)

    def _ask(self, heard: Heard, form: str) -> Asked:
        others = [self._put(event) for event in self._all] if form in ("heard", "which") else []
        return ask(heard, form, others, self._random)

    def _put(self, event: Event) -> Event:
        return event.put(PARAPHRASED, self._random) if self._vary else event

    def _sounds(self, kind: str, length: int) -> list[Sound]:
        match kind:
            case "nothing":
                return []
            case "one":
                return self._events(1)
            case "two" | "at once":
                return self._events(2)
            case "many":
                return self._events(self._random.randint(3, 4))
            case "speech":
                return [self._said(length)]
            case _:
                sounds = [self._said(length // 2), *self._events(1)]
                self._random.shuffle(sounds)
                return sounds

    def _events(self, count: int) -> list[Sound]:
        """Of different kinds; the square root of a kind's recordings is its weight."""
        chosen: list[Sound] = []
        weights = [min(len(self._by_kind[kind]), 4) ** 0.5 for kind in self._kinds]
        while len(chosen) < count:
            kind = self._random.choices(self._kinds, weights)[0]
            if all(isinstance(c.what, Event) and c.what.kind != kind for c in chosen):
                chosen.append(self._varied(self._random.choice(self._by_kind[kind])))
        return chosen

    def _said(self, length: int) -> Sound:
        """Speech that fits as it is varied: words that are cut off cannot be transcribed."""
        for _ in range(100):
            sound = self._varied(self._random.choice(self._speech)())
            if len(sound.samples) <= LARGEST_PART * length:
                return sound
        raise ValueError(f"no speech is shorter than {LARGEST_PART * length / RATE:.1f} s")

    def _varied(self, sound: Sound) -> Sound:
        return Sound(sound.what, varied(sound.samples, self._noise)) if self._vary else sound

    def _at_a_level(self, sound: Sound) -> Samples:
        return sound.samples * np.float32(10 ** (self._random.uniform(*GAIN_DB) / 20))

    def _at_once(self, sounds: list[Sound], length: int) -> tuple[Samples, tuple[Span, ...]]:
        clip = np.zeros(length, np.float32)
        starts = sorted(int(self._random.uniform(0, 0.2) * length) for _ in sounds)
        spans = [
            _place(clip, sound.what, self._at_a_level(sound), start)
            for start, sound in zip(starts, sounds, strict=True)
        ]
        return clip, tuple(spans)

    def _in_sequence(self, sounds: list[Sound], length: int) -> tuple[Samples, tuple[Span, ...]]:
        clip = np.zeros(length, np.float32)
        pieces = []
        for sound in sounds:
            share = length if isinstance(sound.what, Speech) and len(sounds) == 1 else length // len(sounds)
            pieces.append(self._at_a_level(sound)[: int(share * LARGEST_PART) if len(sounds) > 1 else share])
        free = max(0, length - sum(map(len, pieces)))
        gaps = sorted(self._random.uniform(0, free) for _ in pieces)
        spans, at = [], 0
        for gap, sound, piece in zip(gaps, sounds, pieces, strict=True):
            spans.append(_place(clip, sound.what, piece, at + int(gap)))
            at += len(piece)
        return clip, tuple(spans)


def _place(clip: Samples, what: Event | Speech, samples: Samples, start: int) -> Span:
    piece = samples[: len(clip) - start]
    clip[start : start + len(piece)] += piece
    return Span(what, start, start + len(piece))
