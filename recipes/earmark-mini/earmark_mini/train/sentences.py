"""WordNet's example sentences, and which of them are held out."""

import hashlib
import re
from collections.abc import Iterable

from .work import Work, write_table

PARTS = ("verb", "noun", "adj", "adv")
PLAIN = re.compile(r"[A-Za-z' ,]+")
FEWEST_WORDS, MOST_WORDS, MOST_LETTERS = 3, 9, 59
HELD_SHARE = 60
"""One sentence in so many is held out."""


def held_out(text: str, share: int = HELD_SHARE) -> bool:
    """Whether these words belong to the held-out part: always the same, in whatever order they come, and
    the same for every take and voice that says them."""
    return int.from_bytes(hashlib.sha256(letters(text).encode()).digest()[:8], "big") % share == 0


def letters(text: str) -> str:
    """The words without case and punctuation."""
    return re.sub(r"[^a-z]+", " ", text.lower()).strip()


def examples(lines: Iterable[str]) -> set[str]:
    """The quoted examples of WordNet's data files that are short and plain enough to be spoken, with a
    capital."""
    found = set()
    for line in lines:
        _, bar, gloss = line.partition("|")
        for quoted in re.findall(r'"([^"]+)"', gloss) if bar else ():
            text = " ".join(quoted.split())
            words = len(text.split())
            if PLAIN.fullmatch(text) and FEWEST_WORDS <= words <= MOST_WORDS and len(text) <= MOST_LETTERS:
                found.add(text[0].upper() + text[1:])
    return found


def write_sentences(work: Work) -> int:
    """sentences.csv, in an order that is random yet always the same: by the words' hash, so that any first
    part of it is a fair sample."""
    folder = work.debian.packages / "wordnet-base/usr/share/wordnet"
    found: set[str] = set()
    for part in PARTS:
        found |= examples((folder / f"data.{part}").read_text("utf-8").splitlines())
    ordered = sorted(found, key=lambda text: hashlib.sha256(text.encode()).digest())
    rows = ({"text": text, "split": "held" if held_out(text) else "train"} for text in ordered)
    write_table(work.sentences, rows, ("text", "split"))
    return len(ordered)
