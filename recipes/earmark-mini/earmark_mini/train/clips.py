"""Scenes from what is labelled and spoken, and as the language model gets them."""

from collections import defaultdict
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from earmark_benchmark.sounds import RATE, decode, read_bytes
from earmark_benchmark.tables import recordings
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor

from ..pack import STOP_TOKENS, TEMPLATE
from .models import Ear, Trained
from .scene import Scene, Scenes, Sound, prepared
from .speech import prompts, sentences
from .words import Event
from .work import TABLES, Work, read_table

LONGEST = 10 * RATE
PROMPTS = 3
"""How many times a prompt counts for each time a sentence does: real speech is scarce."""


@dataclass
class Library:
    """One side of the split, its recordings in memory."""

    work: Work
    held: bool

    def __post_init__(self) -> None:
        rows = [row for row in read_table(self.work.labels) if row["kind"] == "event"]
        learnt = {row["class"] for row in rows if row["split"] == "train"}
        side = "held" if self.held else "train"
        # What no training recording has a name for cannot be named.
        chosen = [row for row in rows if row["split"] == side and row["class"] in learnt]
        of = Namer()
        self._events = [Sound(of.event(row), self._recording(row)) for row in chosen]
        spoken = [u for u in prompts(self.work) if u.held == self.held]
        spoken = spoken * (1 if self.held else PROMPTS)
        spoken += [u for u in sentences(self.work) if u.held == self.held]
        self._speech = [lambda u=u: Sound(u.what, u.samples()) for u in spoken]

    def _recording(self, row: dict[str, str]) -> NDArray[np.float32]:
        known = _benchmark().get(row["sha256"])
        data = read_bytes(self.work.debian, known) if known else self.work.recording(row)
        return prepared(decode(data))[:LONGEST]

    def scenes(self, seed: int) -> Scenes:
        """A source of scenes; held-out recordings stay as they are."""
        return Scenes(self._events, self._speech, seed, vary=not self.held)


@cache
def _benchmark() -> dict[str, object]:
    return {recording.sha256: recording for recording in recordings()}


class Namer:
    """What labelled recordings are called: `tables/classes.csv` and `tables/paraphrases.csv`."""

    def __init__(self) -> None:
        self._paraphrases = {
            row["clause"]: tuple(row["paraphrases"].split("|"))
            for row in read_table(TABLES / "paraphrases.csv")
        }
        classes = read_table(TABLES / "classes.csv")
        self._family = {row["class"]: row["family"] for row in classes}
        self._kin: dict[str, list[str]] = defaultdict(list)
        for row in classes:
            self._kin[row["family"]] += [row["class"], *filter(None, row["synonyms"].split("|"))]

    def event(self, row: dict[str, str]) -> Event:
        """Of a row of labels.csv."""
        return Event(
            row["class"],
            row["text"],
            tuple(filter(None, row["synonyms"].split("|"))),
            self._paraphrases.get(row["text"], ()),
            tuple(self._kin[self._family[row["class"]]]) if row["class"] in self._family else (),
        )


def prompt_ids(tokenizer: Tokenizer, question: str) -> tuple[list[int], list[int]]:
    """Ids before and after the audio, each text tokenized by itself."""
    before, after = TEMPLATE.replace("{question}", question).split("{audio}")
    return tokenizer.encode(before).ids, tokenizer.encode(after).ids


def hear(ear: Ear, scenes: list[Scene]) -> tuple[Tensor, NDArray[np.float32]]:
    """Tokens [B, k, 1024] and scores [B, k] of scenes of one length."""
    tokens, scores = ear(torch.from_numpy(np.stack([scene.samples for scene in scenes])), scores=True)
    assert scores is not None
    return tokens, scores.numpy()


def answer_inputs(
    model: Trained, tokenizer: Tokenizer, kept: list[Tensor], scenes: list[Scene]
) -> tuple[Tensor, Tensor]:
    """Embeddings [B, L, 576] of prompt and answer around the kept tokens [K, 1024] of each scene, and the
    ids [B, L] wanted there, -100 for none. Padded on the right: the mask is causal, so padding needs none."""
    parts, wanted = [], []
    for tokens, scene in zip(kept, scenes, strict=True):
        before, after = prompt_ids(tokenizer, scene.asked.question)
        answer = [*tokenizer.encode(scene.asked.answer).ids, STOP_TOKENS[0]]
        words = model.embed(before), model.embed(after + answer)
        parts.append(torch.cat([words[0], model.adapter(tokens).to(words[0].dtype), words[1]]))
        wanted.append(torch.tensor([-100] * (len(parts[-1]) - len(answer)) + answer))
    pad = torch.nn.utils.rnn.pad_sequence
    return pad(parts, batch_first=True), pad(wanted, batch_first=True, padding_value=-100)
