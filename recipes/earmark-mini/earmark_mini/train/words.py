"""What is said of a clip and asked about it, and how an answer is scored. Text only."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from random import Random

from earmark_benchmark.captions import capitalised, sentence
from earmark_benchmark.questions import ALIKE

CAPTION = "Describe the audio."
WORDS = "What does the person say?"
ANYONE = "Is anyone speaking?"
FIRST = "What is heard first?"
WHICH = "Which is heard?"
LETTERS = "ABCD"
FORMS = ("words", "anyone", "heard", "first", "which")
"""Of questions; a caption is wanted otherwise."""

ALSO_ALIKE = (
    {"drums", "kick", "snare", "tabla", "bongo", "conga", "timpani", "music", "beatbox"},
    {"cymbal", "hi-hat", "drums"},
    {"strings", "string", "violin", "cello", "music"},
    {"guitar", "banjo", "koto", "sitar", "tambura", "string"},
    {"bell", "glockenspiel", "vibraphone", "music box", "kalimba", "chimes", "agogo", "cowbell"},
    {"xylophone", "woodblock", "kalimba", "steel drum"},
    {"trumpet", "trombone", "fanfare", "horn", "tuba"},
    {"flute", "whistle", "kettle", "bird"},
    {"oboe", "bassoon", "clarinet", "saxophone"},
    {"accordion", "harmonica", "organ", "bagpipe"},
    {"piano", "harpsichord", "harp"},
    {"maracas", "shaker", "tambourine", "sleigh bells", "guiro"},
    {"noise", "water", "waves", "applause", "rain", "wind", "fire", "whoosh"},
    {"water", "splash", "bubbles", "waves"},
    {"clap", "applause", "crowd", "cheer"},
    {"gunshot", "explosion", "fireworks", "laser", "cannon", "machine gun", "thunder"},
    {"tone", "hum", "beeps", "whoop"},
    {"singing", "choir"},
    {"car", "motorcycle", "tank", "train", "machine", "helicopter", "plane", "jet"},
    {"horn", "car horn", "ship", "train"},
    {"siren", "alarm", "whistle"},
    {"monster", "bear", "wolf", "dog", "tiger", "pig"},
    {"clang", "hammer", "sword", "bell"},
    {"typing", "clock", "footsteps"},
    {"coins", "dice", "glass", "rattle", "chimes"},
    {"hawk", "seagull", "bird"},
    {"whip", "clap", "gunshot"},
)
"""Beside the benchmark's: sounds of which none is asked about where another is heard."""


@dataclass(frozen=True)
class Event:
    """A sound that has a name."""

    kind: str
    clause: str
    synonyms: tuple[str, ...] = ()
    """Words by which the class is recognised"""
    paraphrases: tuple[str, ...] = ()
    """The clause in other words"""
    kin: tuple[str, ...] = ()
    """Words of all classes of its family"""

    def put(self, share: float, random: Random) -> "Event":
        """The same event; in other words in so many cases."""
        if not self.paraphrases or random.random() >= share:
            return self
        return replace(self, clause=random.choice(self.paraphrases))


@dataclass(frozen=True)
class Speech:
    """Somebody's words."""

    speaker: str
    text: str

    @property
    def words(self) -> str:
        """With a capital, without the final period."""
        return capitalised(self.text.strip().rstrip(".").strip())

    @property
    def clause(self) -> str:
        """Who says what."""
        return f'a {self.speaker} says, "{self.words}"'


@dataclass(frozen=True)
class Heard:
    """What is in a clip, in order of time; or at once."""

    sounds: tuple[Event | Speech, ...]
    at_once: bool = False
    events: tuple[Event, ...] = field(init=False)
    speech: Speech | None = field(init=False)

    def __post_init__(self) -> None:
        spoken = [sound for sound in self.sounds if isinstance(sound, Speech)]
        object.__setattr__(self, "events", tuple(s for s in self.sounds if isinstance(s, Event)))
        object.__setattr__(self, "speech", spoken[0] if spoken else None)


@dataclass(frozen=True)
class Asked:
    """A question and its right answer. `form`: caption, words, anyone, heard, first or which."""

    form: str
    question: str
    answer: str


def caption(heard: Heard) -> str:
    """`A dog barks, then a bell rings.`; nothing at all is silence."""
    if not heard.sounds:
        return "Nothing is heard."
    return sentence((" while " if heard.at_once else ", then ").join(s.clause for s in heard.sounds))


def ask(heard: Heard, form: str, others: Sequence[Event], random: Random) -> Asked:
    """A question of this form. `others` are events to ask about that may be absent.

    Raises ValueError where the clip has no answer to it.
    """
    kinds = {event.kind for event in heard.events}
    kinds = kinds.union(*(alike for alike in (*ALIKE, *ALSO_ALIKE) if kinds & alike))
    absent = [event for event in others if event.kind not in kinds]
    match form:
        case "caption":
            return Asked(form, CAPTION, caption(heard))
        case "words" if heard.speech:
            return Asked(form, WORDS, sentence(heard.speech.words))
        case "anyone":
            return Asked(form, ANYONE, "Yes." if heard.speech else "No.")
        case "heard" if heard.events and absent:
            yes = random.random() < 0.5
            event = random.choice(heard.events if yes else absent)
            return Asked(form, f"Is this heard: {event.clause}?", "Yes." if yes else "No.")
        case "first" if len(heard.events) == len(heard.sounds) >= 2 and not heard.at_once:
            return Asked(form, FIRST, sentence(heard.events[0].clause))
        case "which" if heard.events and len({event.clause for event in absent}) >= 3:
            right = random.choice(heard.events).clause
            choices = [right, *random.sample(sorted({event.clause for event in absent}), 3)]
            random.shuffle(choices)
            listed = " ".join(f"({a}) {capitalised(c)}" for a, c in zip(LETTERS, choices, strict=True))
            answer = f"({LETTERS[choices.index(right)]}) {capitalised(right)}"
            return Asked(form, f"{WHICH} {listed}", answer)
    raise ValueError(f"no {form} question about this clip")


def forms_of(heard: Heard) -> list[str]:
    """The forms of question, captions apart, that this clip has an answer to."""
    forms = ["anyone"]
    forms += ["words"] if heard.speech else []
    forms += ["heard", "which"] if heard.events else []
    forms += ["first"] if len(heard.events) == len(heard.sounds) >= 2 and not heard.at_once else []
    return forms


def tokens(text: str) -> list[str]:
    """Words without case and punctuation, apostrophes kept."""
    return re.sub(r"[^a-z0-9' ]", " ", text.lower()).split()


def word_errors(reference: Sequence[str], hypothesis: Sequence[str]) -> int:
    """Substitutions, deletions and insertions of the shortest edit."""
    row = list(range(len(hypothesis) + 1))
    for i, word in enumerate(reference, start=1):
        diagonal, row[0] = row[0], i
        for j, other in enumerate(hypothesis, start=1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (word != other))
    return row[-1]


def quoted(text: str) -> str:
    """The words between the first and the last quotation mark; to the end where the last is missing."""
    found = re.search(r'"(.*)"|"(.*)', text)
    return (found.group(1) or found.group(2) or "") if found else ""


def names_clause(event: Event, said: str) -> bool:
    """Whether the event's own words are said, or a paraphrase of them."""
    text = " ".join(said.lower().split())
    return any(clause.lower() in text for clause in (event.clause, *event.paraphrases))


def names_class(event: Event, said: str) -> bool:
    """Whether the class, the clause or a synonym is said."""
    return names_clause(event, said) or _says((event.kind, *event.synonyms), said)


def names_family(event: Event, said: str) -> bool:
    """Whether at least another class of its family is said: an animal for an animal."""
    return names_class(event, said) or _says(event.kin, said)


def _says(words: Iterable[str], said: str) -> bool:
    """Whether one of the words is said, outside of what somebody is quoted with. A plural or a form of a verb
    counts, not any longer word: no hornet is a horn."""
    outside = re.sub(r'"[^"]*("|$)', " ", said.lower())
    return any(re.search(rf"\b{re.escape(word)}{_endings(word)}\b", outside) for word in words)


def _endings(word: str) -> str:
    """What may follow a word that is a noun or a verb, as a pattern: dogs, sneezed, knocking, drummers."""
    return "(?:s|d|rs?)?" if word.endswith("e") else f"(?:e?s|{re.escape(word[-1])}?(?:ed|ing|ers?))?"


def is_right(heard: Heard, asked: Asked, said: str) -> bool:
    """Whether an answer in the wanted form is right: the letter, yes or no; of what is first, that the first event is
    named, by a synonym too, and no other one."""
    if asked.form == "first":
        first, *others = heard.events
        return names_class(first, said) and not any(names_class(event, said) for event in others)
    return tokens(said)[:1] == tokens(asked.answer)[:1]


NAMED = {"eventsNamed": names_clause, "eventsBySynonym": names_class, "eventsByFamily": names_family}
"""Ways to name an event: its own words, or a word of its class, or one of its family."""

Counts = dict[str, tuple[int, int]]
"""Of an answer, by the name of a share: part and whole, of each share that it counts for."""


def counts(heard: Heard, asked: Asked, said: str) -> Counts:
    """Score one answer."""
    found: Counts = {}
    if heard.speech and asked.form in ("caption", "words"):
        reference = tokens(heard.speech.words)
        spoken = tokens(quoted(said) if asked.form == "caption" else said)
        # At most all words of a clip.
        wrong = min(word_errors(reference, spoken), len(reference))
        found["wordsWrong"] = (wrong, len(reference))
    if asked.form == "caption":
        if events := heard.events:
            for share, names in NAMED.items():
                found[share] = (sum(names(event, said) for event in events), len(events))
        if not heard.sounds:
            found["silencesNamed"] = (int(tokens(said) == tokens(asked.answer)), 1)
        found["captionsExact"] = (int(said.strip() == asked.answer), 1)
    elif asked.form != "words":
        found[f"right.{asked.form}"] = (int(is_right(heard, asked, said)), 1)
    return found
