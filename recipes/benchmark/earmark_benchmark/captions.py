"""Five reference captions of a clip, in different words that are all true."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from .tables import Recording, Utterance


@dataclass(frozen=True)
class Wording:
    """How one sound may be put. All but `phrase` are clauses."""

    clause: str
    """`a dog barks`: what the default model was trained to say"""
    progressive: str
    """`a dog is barking`"""
    phrase: str
    """`a dog barking`"""
    other: str
    another: str

    @staticmethod
    def of_event(recording: Recording) -> "Wording":
        """The words of the table."""
        phrase = recording.progressive
        for verb in (" is ", " are "):
            phrase = phrase.replace(verb, " ", 1)
        return Wording(recording.clause, recording.progressive, phrase, *recording.alternatives)

    @staticmethod
    def of_speech(utterance: Utterance) -> "Wording":
        """Who says what."""
        speaker, words = f"a {utterance.speaker}", f'"{spoken(utterance)}"'
        return Wording(
            f"{speaker} says, {words}",
            f"{speaker} is saying, {words}",
            f"{speaker} saying, {words}",
            f"{speaker}'s voice says, {words}",
            f"{speaker} speaks the words {words}",
        )


def spoken(utterance: Utterance) -> str:
    """Capitalised, without the final period: what the default model was trained to say."""
    return capitalised(utterance.text.strip().rstrip(".").strip())


def capitalised(text: str) -> str:
    """With a capital."""
    return text[0].upper() + text[1:]


def sentence(text: str) -> str:
    """A sentence; its period stands within the quotation it ends with."""
    if text.endswith(('?"', '!"')):
        return capitalised(text)
    return capitalised(text[:-1] + '."' if text.endswith('"') else text + ".")


def single(sound: Wording) -> list[str]:
    """Captions of one sound."""
    last = sound.phrase if '"' in sound.phrase else f"there is the sound of {sound.phrase}"
    return [sentence(text) for text in (sound.clause, sound.progressive, sound.other, sound.another, last)]


def sequence(sounds: Sequence[Wording], random: Random) -> list[str]:
    """Captions of sounds one after another."""
    first, second, *rest = sounds
    before, last = sounds[:-1], sounds[-1]
    captions = [", then ".join(sound.clause for sound in sounds)]
    if not rest:
        captions += random.sample(
            [
                f"first {first.progressive}, then {second.progressive}",
                f"{first.clause}, followed by {second.phrase}",
                f"{first.other}, after which {second.other}",
                f"{first.another}, and then {second.clause}",
                f"{first.clause} before {second.other}",
                f"{second.clause} after {first.other}",
            ],
            4,
        )
        return [sentence(caption) for caption in captions]
    middle = ", then ".join(sound.progressive for sound in sounds[1:-1])
    phrases = ", ".join(sound.phrase for sound in sounds[1:-1])
    captions += [
        f"first {first.progressive}, then {middle}, and finally {last.progressive}",
        f"{first.clause}, followed by {phrases} and {last.phrase}",
        ", after that ".join(sound.other for sound in before) + f", and in the end {last.other}",
        ", next ".join(sound.another for sound in before) + f", and then {last.clause}",
    ]
    return [sentence(caption) for caption in captions]


def together(speech: Wording, event: Wording) -> list[str]:
    """Captions of speech over an event."""
    return [
        sentence(caption)
        for caption in (
            f"{speech.clause}, while {event.clause}",
            f"while {event.progressive}, {speech.clause}",
            f"{event.clause} as {speech.clause}",
            f"{speech.other}, with {event.phrase} in the background",
            f"{event.progressive} while {speech.progressive}",
        )
    ]
