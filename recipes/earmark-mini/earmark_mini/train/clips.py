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
from .speech import prompts, readings, sentences
from .words import Event
from .work import TABLES, Work, read_table

LONGEST = 10 * RATE
REAL = 15
"""How many times a prompt or reading counts for each time a sentence does: real speech is scarce."""


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
        spoken = [u for u in (*prompts(self.work), *readings(self.work)) if u.held == self.held]
        spoken = spoken * (1 if self.held else REAL)
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


def hear(ear: Ear, scenes: list[Scene], scored: bool = True) -> tuple[Tensor, NDArray[np.float32]]:
    """Tokens [B, k, 1024] and scores [B, k] of scenes of one length; where they are not wanted, zeros, which cost
    nothing."""
    tokens, scores = ear(torch.from_numpy(np.stack([scene.samples for scene in scenes])), scores=scored)
    return tokens, np.zeros(tokens.shape[:2], np.float32) if scores is None else scores.numpy()


@dataclass(frozen=True)
class Conversations:
    """Clips, each with what is asked of it and answered. Every question stands behind its clip as if it were
    the only one: that costs much less than the clip again. Padded on the right."""

    inputs: Tensor
    """[B, L, 576]"""
    wanted: Tensor
    """[B, L]: ids, -100 for none"""
    positions: Tensor
    """[B, L]"""
    question: Tensor
    """[B, L]: 0 before and in the audio, then the question's number"""

    def mask(self) -> Tensor:
        """[B, 1, L, L], to be added: a place sees what is before it, but not other questions."""
        of, length = self.question, self.question.shape[1]
        seen = (of[:, None] == 0) | (of[:, None] == of[:, :, None])
        seen = seen & torch.ones(length, length, dtype=torch.bool).tril()
        lowest = torch.finfo(self.inputs.dtype).min
        return torch.zeros(seen.shape, dtype=self.inputs.dtype).masked_fill(~seen, lowest)[:, None]


def converse(
    model: Trained, tokenizer: Tokenizer, kept: list[Tensor], scenes: list[Scene], slips: float = 0.0
) -> Conversations:
    """The conversations about scenes of which these tokens [K, 1024] are kept. Of the answers, this share of ids is
    given as some other id of them; wanted are the right ones."""
    rows: list[tuple[Tensor, list[int], list[int], list[int]]] = []
    answers = [[tokenizer.encode(asked.answer).ids for asked in scene.conversation] for scene in scenes]
    pool = torch.tensor([i for conversation in answers for answer in conversation for i in answer])

    def given(answer: list[int]) -> list[int]:
        others = pool[torch.randint(len(pool), (len(answer),))]
        return torch.where(torch.rand(len(answer)) < slips, others, torch.tensor(answer)).tolist()

    for tokens, scene, said in zip(kept, scenes, answers, strict=True):
        before, _ = prompt_ids(tokenizer, "")
        audio = model.adapter(tokens)
        parts = [(words := model.embed(before)), audio.to(words.dtype)]
        start = len(before) + len(audio)
        wanted, positions, question = [-100] * start, list(range(start)), [0] * start
        for number, (asked, answer) in enumerate(zip(scene.conversation, said, strict=True), start=1):
            _, after = prompt_ids(tokenizer, asked.question)
            ids = after + given(answer) + STOP_TOKENS[:1]
            parts.append(model.embed(ids))
            wanted += [-100] * len(after) + answer + STOP_TOKENS[:1]
            positions += range(start, start + len(ids))
            question += [number] * len(ids)
        rows.append((torch.cat(parts), wanted, positions, question))

    def padded(column: int, value: int) -> Tensor:
        ids = [torch.tensor(row[column]) for row in rows]
        return torch.nn.utils.rnn.pad_sequence(ids, batch_first=True, padding_value=value)

    inputs = torch.nn.utils.rnn.pad_sequence([row[0] for row in rows], batch_first=True)
    return Conversations(inputs, padded(1, -100), padded(2, 0), padded(3, -1))


def last_states(model: Trained, conversations: Conversations) -> Tensor:
    """[B, L, 576]: what the language model makes of each place, to tell the next one by."""
    return model.language_model.model(
        inputs_embeds=conversations.inputs,
        attention_mask=conversations.mask(),
        position_ids=conversations.positions,
        use_cache=False,
    ).last_hidden_state
