"""Which sounds make which clip. The same seed and tables give the same clips."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from random import Random

import numpy as np

from .captions import Wording, sequence, single, together
from .layout import Layout
from .licences import combine, of_clip
from .mix import Heard, Mix
from .sounds import RATE, Samples, event_samples, speech_samples
from .tables import Recording, Utterance, recordings, utterances

SEED = 2511
QUIET_DB = -66.0
NOISY_DB = -41.0
SPARSE = 0.35
"""A clip in which something is heard for less of the time than this is sparse."""

SHORT = 1.3
"""Seconds; a shorter event is heard three times in a dense clip."""

BEHIND_DB = -9.0
"""How much softer than speech an event behind it is."""

EVENTS = 34
SEQUENCES = (2,) * 16 + (3,) * 12 + (4,) * 6
SPEECHES = 30
MIXED = ("after", "before", "over", "both") * 7 + ("after", "over")

Sound = Recording | Utterance


@dataclass(frozen=True)
class Clip:
    """A clip and everything that is known about it."""

    id: str
    part: str
    samples: Samples
    sounds: tuple[Sound, ...]
    """In the order in which they begin."""
    heard: tuple[Heard, ...]
    captions: tuple[str, ...]
    activity: float
    noisy: bool

    @property
    def shape(self) -> str:
        """Whether something is heard most of the time."""
        return "sparse" if self.activity < SPARSE else "dense"

    @property
    def licence(self) -> str:
        """Of the whole clip."""
        return of_clip(sound.licence for sound in self.sounds)

    @property
    def speech(self) -> Utterance | None:
        """What is said, where something is."""
        return next((sound for sound in self.sounds if isinstance(sound, Utterance)), None)

    @property
    def events(self) -> list[Recording]:
        """Its sounds that are no speech."""
        return [sound for sound in self.sounds if isinstance(sound, Recording)]


def wording(sound: Sound) -> Wording:
    """How a sound may be put."""
    return Wording.of_event(sound) if isinstance(sound, Recording) else Wording.of_speech(sound)


class Composer:
    """Draws sounds so that all are used about equally often."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._random = Random(SEED)
        self._events = recordings()
        self._utterances = utterances()
        self._random.shuffle(self._events)
        self._random.shuffle(self._utterances)
        self._used: Counter[str] = Counter()
        self._clips = 0

    def compose(self) -> list[Clip]:
        """All clips."""
        return [
            *(self._event(number) for number in range(EVENTS)),
            *(self._sequence(number, count) for number, count in enumerate(SEQUENCES)),
            *self._speeches(),
            *(self._mixed(number, how) for number, how in enumerate(MIXED)),
        ]

    def _take(self, partners: Iterable[Sound], fits: Callable[[Recording], bool]) -> Recording:
        """The recording used least among those that fit and may be in one clip with its partners; among
        equals, of the kind used least."""
        sounds = list(partners)
        licences = [sound.licence for sound in sounds]
        kinds = {sound.kind for sound in sounds if isinstance(sound, Recording)}
        chosen = min(
            (
                recording
                for recording in self._events
                if recording.kind not in kinds and combine([*licences, recording.licence]) and fits(recording)
            ),
            key=lambda recording: (self._used[recording.id], self._used[recording.kind]),
        )
        self._used.update((chosen.id, chosen.kind))
        return chosen

    def _mix(self, seconds: float, noisy: bool) -> Mix:
        self._clips += 1
        return Mix(seconds, NOISY_DB if noisy else QUIET_DB, np.random.default_rng([SEED, self._clips]))

    def _finish(
        self, number: int, part: str, mix: Mix, sounds: Iterable[Sound], captions: Iterable[str] = ()
    ) -> Clip:
        return Clip(
            f"{part.split()[0] if part != 'speech with events' else 'mixed'}-{number + 1:03}",
            part,
            mix.finish(),
            tuple(sounds),
            tuple(sorted(mix.heard, key=lambda heard: heard.start)),
            tuple(captions),
            mix.activity(),
            mix.noise_db == NOISY_DB,
        )

    def _event(self, number: int) -> Clip:
        sparse = number % 3 == 2
        recording = self._take([], lambda candidate: not self._used[candidate.kind])
        sound = event_samples(self._layout, recording, 3.5 if sparse else 8)
        length = len(sound) / RATE
        if sparse:
            seconds = max(self._random.choice((8, 10, 12, 20)), length * 4)
            mix = self._mix(seconds, noisy=number % 6 == 5)
            mix.add(0, sound, self._random.uniform(0.3, seconds - length - 0.3))
        else:
            times = 3 if length < SHORT else 1
            gaps = [self._random.uniform(0.15, 0.5) for _ in range(times)]
            mix = self._mix(sum(gaps) + times * length + 0.4, noisy=False)
            at = 0.0
            for gap in gaps:
                at = mix.add(0, sound, at + gap)
        return self._finish(number, "events", mix, [recording], single(wording(recording)))

    def _sequence(self, number: int, count: int) -> Clip:
        sparse = number % 3 == 2
        chosen: list[Recording] = []
        for _ in range(count):
            chosen.append(self._take(chosen, lambda candidate: True))
        longest = 1.6 if sparse else {2: 4.5, 3: 3.4, 4: 2.8}[count]
        sounds = [event_samples(self._layout, recording, longest) for recording in chosen]
        total = sum(map(len, sounds)) / RATE
        if sparse:
            seconds = max(30.0 if number == 32 else self._random.choice((12.0, 14.0, 20.0)), total / 0.3)
            free = seconds - total - 0.6
            shares = [self._random.uniform(0.3, 1) for _ in range(count + 1)]
            gaps = [
                free * share / sum(shares) + (0.3 if place == 0 else 0) for place, share in enumerate(shares)
            ]
        else:
            gaps = [self._random.uniform(0.25, 0.7) for _ in range(count + 1)]
            seconds = total + sum(gaps)
        mix = self._mix(seconds, noisy=sparse and number % 2 == 1)
        at = 0.0
        for place, sound in enumerate(sounds):
            at = mix.add(place, sound, at + gaps[place], self._random.uniform(-6, 0))
        captions = sequence([wording(recording) for recording in chosen], self._random)
        return self._finish(number, "sequences", mix, chosen, captions)

    def _speeches(self) -> Iterable[Clip]:
        """Every long utterance, then others; the rest is left for speech with events."""
        lengths = {u.id: len(speech_samples(self._layout, u)) / RATE for u in self._utterances}
        long = [u for u in self._utterances if lengths[u.id] > 6]
        rest = [u for u in self._utterances if lengths[u.id] <= 6]
        enough = SPEECHES - len(long)
        self._left = sorted(rest[enough:], key=lambda u: lengths[u.id] < 1.2)
        for number, utterance in enumerate(rest[:enough] + long):
            sound = speech_samples(self._layout, utterance)
            length = len(sound) / RATE
            if number % 3 == 2 and length < 4:
                seconds = max(self._random.choice((8, 12, 16, 20)), length * 3.2)
                mix = self._mix(seconds, noisy=number % 2 == 1)
                mix.add(0, sound, self._random.uniform(0.3, seconds - length - 0.3))
            else:
                before, after = self._random.uniform(0.2, 0.6), self._random.uniform(0.3, 0.8)
                mix = self._mix(before + length + after, noisy=number % 5 == 1)
                mix.add(0, sound, before)
            yield self._finish(number, "speech", mix, [utterance])

    def _mixed(self, number: int, how: str) -> Clip:
        utterance = self._left[number]
        speech = speech_samples(self._layout, utterance)
        spoken = len(speech) / RATE
        if how == "over":
            return self._over(number, utterance, speech)
        sparse = number % 4 == 1 or number == 27
        first = self._take([utterance], lambda candidate: candidate.kind != "crowd")
        chosen: list[Sound] = {"after": [utterance, first], "before": [first, utterance]}.get(how, [])
        if how == "both":
            second = self._take([utterance, first], lambda candidate: candidate.kind != "crowd")
            chosen = [first, utterance, second]
        longest = 1.6 if sparse else 3.2
        sounds = [
            speech if isinstance(sound, Utterance) else event_samples(self._layout, sound, longest)
            for sound in chosen
        ]
        total = sum(map(len, sounds)) / RATE
        gaps = [self._random.uniform(0.25, 0.6) for _ in range(len(sounds) + 1)]
        if sparse:
            seconds = 30.0 if number == 27 else max(self._random.choice((14.0, 20.0)), min(total / 0.3, 20.0))
            free = seconds - total - 0.6
            gaps = [
                0.3 + free * gap / sum(gaps) if place == 0 else free * gap / sum(gaps)
                for place, gap in enumerate(gaps)
            ]
        mix = self._mix(
            total + sum(gaps) + (0.3 if sparse else 0), noisy=sparse and spoken > 1.5 and number % 8 == 1
        )
        at = 0.0
        for place, sound in enumerate(sounds):
            soft = isinstance(chosen[place], Recording)
            at = mix.add(place, sound, at + gaps[place], self._random.uniform(-5, 0) if soft else 0.0)
        captions = sequence([wording(sound) for sound in chosen], self._random)
        return self._finish(number, "speech with events", mix, chosen, captions)

    def _over(self, number: int, utterance: Utterance, speech: Samples) -> Clip:
        spoken = len(speech) / RATE
        families = {"nature", "vehicle", "instrument", "work", "music"}

        def lasts(candidate: Recording) -> bool:
            if candidate.family not in families or candidate.kind in ("explosion", "splash"):
                return False
            return len(event_samples(self._layout, candidate, spoken + 1.2)) / RATE > spoken + 0.4

        allowed = [r for r in self._events if combine([utterance.licence, r.licence])]
        fitting = {r.id for r in allowed if lasts(r)} or {"rain-flare", "wind-flare", "accordion"}
        event = self._take([utterance], lambda candidate: candidate.id in fitting)
        behind = event_samples(self._layout, event, spoken + 1.2)
        mix = self._mix(len(behind) / RATE + 0.5, noisy=False)
        mix.add(0, behind, 0.2, BEHIND_DB)
        mix.add(1, speech, 0.2 + (len(behind) / RATE - spoken) / 2)
        captions = together(wording(utterance), wording(event))
        return self._finish(number, "speech with events", mix, [event, utterance], captions)
