"""Questions with choices, in the words that the default model was trained on."""

from collections.abc import Iterator
from random import Random
from typing import Any

from .captions import capitalised
from .compose import SEED, Clip, Sound, wording
from .tables import Recording, Utterance, recordings, utterances

WHICH = "Which is heard?"
FIRST = "What is heard first?"
SPEAKING = "Is anyone speaking?"

ALIKE = (
    {"rain", "water", "splash", "wind", "waterfall"},
    {"thunder", "explosion", "rocks"},
    {"hammer", "chisel", "chopping"},
    {"bell", "chimes", "triangle", "telephone", "alarm", "beeps", "gong"},
    {"snare", "tabla", "bongo", "timpani"},
    {"maracas", "tambourine", "castanets", "applause"},
    {"helicopter", "jet", "car"},
    {"door", "chest"},
)
"""Kinds that a listener may take for one another: never one as a wrong choice for the other."""

MAY_HOLD = {"crowd": {"human", "household", "instrument", "music"}, "music": {"instrument", "music"}}
"""Families that may be heard within a recording of these kinds."""

Item = dict[str, Any]


def questions(clips: list[Clip]) -> list[Item]:
    """All questions, their right answers spread evenly."""
    asker = _Asker(clips)
    return list(asker.all())


class _Asker:
    def __init__(self, clips: list[Clip]) -> None:
        self._random = Random(SEED + 1)
        self._events = recordings()
        self._utterances = utterances()
        self._parts = {
            part: [clip for clip in clips if clip.part == part]
            for part in dict.fromkeys(c.part for c in clips)
        }
        self._letters: dict[int, list[int]] = {}
        self._asked: dict[str, int] = {}

    def all(self) -> Iterator[Item]:
        events, sequences, speech, mixed = self._parts.values()
        for number, clip in enumerate(events):
            if number % 3 < 2:
                yield self._which(clip, ("easy", "medium", "hard")[number // 2 % 3])
            else:
                yield self._heard(clip, number // 3 % 2 == 0, ("easy", "hard")[number // 6 % 2])
        for number, clip in enumerate(sequences):
            if number % 3 < 2:
                yield self._first(clip, ("hard", "medium")[number // 3 % 2])
            else:
                yield self._heard(clip, number // 3 % 2 == 0, ("easy", "hard")[number // 6 % 2])
        for number, clip in enumerate(speech):
            if number % 2 == 0:
                yield self._said(clip, ("easy", "medium", "hard")[number // 2 % 3])
        for number, clip in enumerate(mixed):
            if len({heard.sound for heard in clip.heard}) > 1 and clip.captions[0].count(", while ") == 0:
                yield self._first(clip, ("hard", "medium")[number % 2])
        talking = [clip for number, clip in enumerate(speech) if number % 2 == 1][:8] + mixed[1::3][:8]
        silent = [
            clip for clip in events[::4] + sequences[1::4] if all(r.family != "human" for r in clip.events)
        ]
        for clip in talking:
            yield self._yes_or_no(
                clip, SPEAKING, True, "speech", "medium" if len(clip.sounds) > 1 else "easy"
            )
        for clip in silent[: len(talking)]:
            yield self._yes_or_no(clip, SPEAKING, False, "speech", "easy")

    def _item(self, clip: Clip, category: str, difficulty: str, **rest: Any) -> Item:
        self._asked[clip.id] = number = self._asked.get(clip.id, 0) + 1
        return {
            "id": f"{clip.id}-q{number}",
            "clip": clip,
            **rest,
            "groups": {"category": category, "difficulty": difficulty},
        }

    def _choices(
        self, clip: Clip, question: str, answer: str, wrong: list[str], category: str, difficulty: str
    ) -> Item:
        size = len(wrong) + 1
        if not self._letters.get(size):
            self._letters[size] = list(range(size))
            self._random.shuffle(self._letters[size])
        wrong = self._random.sample(wrong, len(wrong))
        wrong.insert(self._letters[size].pop(), answer)
        choices = [capitalised(choice) for choice in wrong]
        return self._item(
            clip, category, difficulty, question=question, answer=capitalised(answer), choices=choices
        )

    def _yes_or_no(self, clip: Clip, question: str, yes: bool, category: str, difficulty: str) -> Item:
        return self._item(
            clip,
            category,
            difficulty,
            question=question,
            answer="Yes" if yes else "No",
            choices=["Yes", "No"],
            lettered=False,
        )

    def _absent(self, clip: Clip, near: Recording, difficulty: str, count: int) -> list[Recording]:
        """Events that are certainly not in a clip; hard ones are of the family of `near`."""
        kinds = {event.kind for event in clip.events}
        for alike in ALIKE:
            if kinds & alike:
                kinds = kinds | alike
        families = set().union(*(MAY_HOLD.get(event.kind, set()) for event in clip.events))
        others = [
            e for e in self._events if e.kind not in kinds | {"crowd", "music"} and e.family not in families
        ]
        self._random.shuffle(others)
        close = [e for e in others if e.family == near.family]
        far = [e for e in others if e.family not in {event.family for event in clip.events}]
        wanted = {"easy": 0, "medium": count // 2, "hard": count}[difficulty]
        chosen: list[Recording] = []
        for pool, enough in ((close, wanted), (far, count), (others, count)):
            for event in pool:
                if len(chosen) < enough and event.kind not in {c.kind for c in chosen}:
                    chosen.append(event)
        return chosen

    def _which(self, clip: Clip, difficulty: str) -> Item:
        event = clip.events[0]
        wrong = [other.clause for other in self._absent(clip, event, difficulty, 3)]
        return self._choices(clip, WHICH, event.clause, wrong, "sound", difficulty)

    def _heard(self, clip: Clip, yes: bool, difficulty: str) -> Item:
        event = self._random.choice(clip.events)
        asked = event if yes else self._absent(clip, event, difficulty, 1)[0]
        return self._yes_or_no(clip, f"Is this heard: {asked.clause}?", yes, "sound", difficulty)

    def _first(self, clip: Clip, difficulty: str) -> Item:
        """Hard: among what is heard. Medium: two heard and two absent."""
        names = [_named(sound) for sound in clip.sounds]
        wrong = names[1:]
        if difficulty == "medium":
            wrong = [names[1], *(e.clause for e in self._absent(clip, clip.events[0], "easy", 2))]
        elif len(names) == 3:
            wrong = [*wrong, *(e.clause for e in self._absent(clip, clip.events[0], "hard", 1))]
        return self._choices(clip, FIRST, names[0], wrong, "order", difficulty)

    def _said(self, clip: Clip, difficulty: str) -> Item:
        """Hard: others say as many words in the same voice. Medium: the same sex. Easy: the other sex."""
        said = clip.sounds[0]
        assert isinstance(said, Utterance)
        length = len(said.text.split())
        others = [u for u in self._utterances if u.text != said.text and len(u.text) < 90]
        if difficulty == "easy":
            others = [u for u in others if u.speaker != said.speaker]
        else:
            others = [u for u in others if u.speaker == said.speaker]
        others.sort(key=lambda u: (u.package != said.package, abs(len(u.text.split()) - length)))
        pool = others[:6] if difficulty == "hard" else others
        wrong = [wording(u).clause for u in self._random.sample(pool, 3)]
        return self._choices(clip, WHICH, wording(said).clause, wrong, "speech", difficulty)


def _named(sound: Sound) -> str:
    return f"a {sound.speaker} speaks" if isinstance(sound, Utterance) else sound.clause
