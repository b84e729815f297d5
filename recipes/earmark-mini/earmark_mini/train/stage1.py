"""Stage 1: into the language model's own embedding table.

The adapter's output at each audio token, times the frozen embeddings of text plus one blank vector, is
trained by CTC to spell what is said, and in scenes to name what is heard at that very token: audio tokens
become near-copies of text embeddings before the language model hears any.

What is spelt are the language model's own tokens, but few and short ones: a word that training said twice is
learnt by heart, its parts are learnt from many words.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from random import Random
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from tokenizers import Tokenizer
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel
from tokenizers.trainers import BpeTrainer
from torch import Tensor, nn

from ..modules import EMBEDDING_WIDTH, TOKEN_WIDTH, Adapter
from .features import SOURCES, SYNTHETIC, Features, SceneFeatures, read_features, read_scenes
from .loop import Run, train
from .models import MIDDLE_LAYER, load_language_model, load_tokenizer
from .words import tokens as tokens_of
from .words import word_errors
from .work import Work, write_whole

STEPS = 9000
BATCH = 32
SCENES = 16
"""In a batch, beside the utterances."""

POOL = 6 * BATCH
"""Utterances drawn for a batch, of which those of about one length are taken: less padding."""

RATE = 1.2e-3
PARTS = 1000
"""Tokens that words are spelt with."""

DROPPED = 0.15
"""Of the adapter's inputs, in training."""

COMMON = frozenset("a an the is are of in on to with at by its their someone and".split())

REAL = 6
"""How many times an utterance of real speech counts for each time a synthetic one does: it is scarce."""

HELD = 400
"""Held-out utterances of each source that the result is measured on."""


class Speller(nn.Module):
    """Adapter, blank and the scale of the logits."""

    def __init__(self, embeddings: Tensor, token_width: int = TOKEN_WIDTH) -> None:
        super().__init__()
        self.adapter = Adapter(token_width)
        self.blank = nn.Parameter(torch.randn(1, EMBEDDING_WIDTH) * embeddings.std())
        self.scale = nn.Parameter(torch.ones(()))
        self.blank_bias = nn.Parameter(torch.zeros(()))

    def forward(self, tokens: Tensor, words: Tensor, bf16: bool = False) -> Tensor:
        """tokens [B, k, 1024], words [V, 576] -> log-probabilities [B, k, 1 + V], the blank first. With
        `bf16` the products are of that precision."""
        tokens = F.dropout(tokens, DROPPED, self.training)
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            logits = self.adapter(tokens) @ torch.cat([self.blank, words]).T
        bias = F.pad(self.blank_bias[None], (0, len(words)))
        return (logits.float() * self.scale + bias).log_softmax(-1)


class Spelling:
    """Words in a thousand of the language model's tokens: those of a byte-pair encoding of what training says
    that the language model has, single letters elsewhere."""

    def __init__(self, texts: Iterable[str], tokenizer: Tokenizer) -> None:
        self._bpe = Tokenizer(BPE())
        self._bpe.pre_tokenizer = ByteLevel(add_prefix_space=True)
        trainer = BpeTrainer(vocab_size=PARTS, show_progress=False)
        self._bpe.train_from_iterator((_plain(text) for text in texts), trainer)
        self._tokenizer = tokenizer
        parts = self._bpe.get_vocab()
        letters = {letter for part in parts for letter in part}
        known = {part: tokenizer.token_to_id(part) for part in (*parts, *letters)}
        self.ids = sorted({id_ for id_ in known.values() if id_ is not None})
        self._place = {id_: place for place, id_ in enumerate(self.ids, start=1)}
        self._of = {part: [self._place[i] for i in self._split(part, known)] for part in parts}

    @staticmethod
    def _split(part: str, known: Mapping[str, int | None]) -> list[int]:
        whole = known[part]
        return [i for letter in part if (i := known[letter]) is not None] if whole is None else [whole]

    def spell(self, text: str) -> list[int]:
        """Places among blank and `ids`, from 1."""
        return [place for part in self._bpe.encode(_plain(text)).tokens for place in self._of[part]]

    def read(self, places: Iterable[int]) -> list[str]:
        """The words that places spell; 0 is the blank."""
        return tokens_of(self._tokenizer.decode([self.ids[place - 1] for place in places if place]))


def _plain(text: str) -> str:
    return " ".join(tokens_of(text))


def padded(batch: Sequence[Features] | Sequence[SceneFeatures]) -> Tensor:
    """[B, longest, width]: the tokens of each, zeros behind."""
    tokens = [torch.from_numpy(item.tokens.astype(np.float32)) for item in batch]
    return torch.nn.utils.rnn.pad_sequence(tokens, batch_first=True)


def spelling_loss(
    speller: Speller, batch: list[Features], targets: list[list[int]], parts: Tensor, bf16: bool = False
) -> Tensor:
    """CTC. `parts` [n, 576]: the embeddings of `Spelling.ids`."""
    lengths = torch.tensor([len(item.tokens) for item in batch])
    return F.ctc_loss(
        speller(padded(batch), parts, bf16).transpose(0, 1),
        torch.tensor([place for target in targets for place in target]),
        lengths,
        torch.tensor([len(target) for target in targets]),
        zero_infinity=True,
    )


class Names:
    """The events of scenes by name."""

    def __init__(self, scenes: list[SceneFeatures], embeddings: Tensor, tokenizer: Tokenizer) -> None:
        kind_of = {event.clause: event.kind for scene in scenes for event in scene.named if event.clause}
        self.clauses = sorted(kind_of)
        self.kinds = [kind_of[clause] for clause in self.clauses]
        self.places = {clause: place for place, clause in enumerate(self.clauses)}
        """The row of each clause in `vectors`"""
        self.vectors = name_vectors(self.clauses, embeddings, tokenizer)
        """[n, 576]"""


def name_vectors(clauses: list[str], embeddings: Tensor, tokenizer: Tokenizer) -> Tensor:
    """[n, 576]: the mean of the embeddings of each clause's words, without those of any clause."""
    vectors = []
    for clause in clauses:
        words = [word for word in clause.split() if word not in COMMON]
        vectors.append(embeddings[tokenizer.encode("".join(f" {word}" for word in words)).ids].mean(0))
    return torch.stack(vectors)


def naming_loss(speller: Speller, batch: list[SceneFeatures], names: Names, bf16: bool = False) -> Tensor:
    """Cross-entropy a token: what is heard there by name, names alike where several are, blank where nothing
    is. Where somebody speaks nothing is wanted."""
    tokens = padded(batch)
    wanted = torch.zeros(*tokens.shape[:2], 1 + len(names.clauses))
    for target, item in zip(wanted, batch, strict=True):
        for event in item.named:
            if event.clause:
                target[event.start : event.end, 1 + names.places[event.clause]] = 1
        target[: len(item.tokens), 0] = (target[: len(item.tokens)].sum(-1) == 0).float()
        for event in item.named:
            if not event.clause:
                target[event.start : event.end] = 0
    shares = wanted / wanted.sum(-1, keepdim=True).clamp(min=1)
    return -(shares * speller(tokens, names.vectors, bf16)).sum() / shares.sum().clamp(min=1)


@torch.no_grad()
def named(speller: Speller, held: list[SceneFeatures], names: Names) -> dict[str, Any]:
    """On held-out scenes: the share of events whose likeliest name, blank apart, over all their tokens
    together is theirs, and of those whose class it is."""
    events, right_clause, right_kind = 0, 0, 0
    for item in held:
        likely = speller(torch.from_numpy(item.tokens.astype(np.float32))[None], names.vectors)[0, :, 1:]
        for event in item.named:
            if event.clause and event.end > event.start:
                best = int(likely[event.start : event.end].mean(0).argmax())
                events += 1
                right_clause += names.clauses[best] == event.clause
                right_kind += names.kinds[best] == event.kind
    shares = {"clauseRight": right_clause / max(events, 1), "classRight": right_kind / max(events, 1)}
    return {"events": events, **shares}


@torch.no_grad()
def measured(speller: Speller, held: list[Features], spelling: Spelling, parts: Tensor) -> dict[str, Any]:
    """On held-out speech: CTC's loss for a part of a word, mean over utterances, and the share of words wrong
    where the likeliest part of each token is read, repetitions and blanks left out."""
    losses, wrong, words = [], 0, 0
    for item in held:
        likely = speller(torch.from_numpy(item.tokens.astype(np.float32))[None], parts)
        target = torch.tensor(spelling.spell(item.utterance.what.words))
        lengths = (torch.tensor([len(item.tokens)]), torch.tensor([len(target)]))
        losses.append(F.ctc_loss(likely.transpose(0, 1), target, *lengths, zero_infinity=True).item())
        said = spelling.read(likely[0].argmax(-1).unique_consecutive().tolist())
        reference = tokens_of(item.utterance.what.words)
        wrong += min(word_errors(reference, said), len(reference))
        words += len(reference)
    return {"utterances": len(held), "loss": float(np.mean(losses)), "wordsWrong": wrong / max(words, 1)}


def stage1(
    work: Work,
    steps: int | None = None,
    seed: int = 1,
    resume: bool = False,
    seconds: float | None = None,
    bf16: bool = True,
) -> None:
    """Train the adapter on all encoded speech and scenes."""
    steps = steps or (4 if work.small else STEPS)
    torch.manual_seed(seed)
    embeddings = load_language_model(work).get_input_embeddings().weight.detach()
    tokenizer = load_tokenizer(work)
    learnt, held = (read_features(work, held=side) for side in (False, True))
    scenes, held_scenes = (read_scenes(work, side) for side in ("train", "held"))
    names = Names(scenes, embeddings, tokenizer)
    spelling = Spelling((item.utterance.what.words for item in learnt), tokenizer)
    parts = embeddings[spelling.ids]
    targets = [spelling.spell(item.utterance.what.words) for item in learnt]
    speller = Speller(embeddings)
    drawn = [i for i, item in enumerate(learnt) for _ in range(1 if item.source == SYNTHETIC else REAL)]
    batch_size = min(BATCH, len(drawn))

    def loss_of(chance_seed: int) -> Tensor:
        chance = Random(chance_seed)
        pool = sorted(chance.sample(drawn, min(POOL, len(drawn))), key=lambda i: len(learnt[i].tokens))
        first = chance.randint(0, len(pool) - batch_size)
        chosen = pool[first : first + batch_size]
        spelt = spelling_loss(speller, [learnt[i] for i in chosen], [targets[i] for i in chosen], parts, bf16)
        heard = chance.sample(scenes, min(SCENES, len(scenes)))
        return spelt + naming_loss(speller, heard, names, bf16)

    settings = {"steps": steps, "seed": seed, "bf16": bf16, "middleLayer": MIDDLE_LAYER}
    run = Run(work.checkpoint("stage1"), steps, seed, resume, seconds, settings)
    train(
        run,
        [(list(speller.parameters()), RATE)],
        loss_of,
        lambda: {"adapter": speller.adapter.state_dict(), "speller": speller.state_dict()},
        lambda state: speller.load_state_dict(state["speller"]),
    )
    speller.eval()
    saved = torch.load(run.checkpoint, weights_only=True)
    facts: dict[str, Any] = {**settings, "step": saved["step"], "cpuSeconds": saved["cpuSeconds"]}
    facts |= {"learnt": len(learnt), "parts": len(spelling.ids)}
    for source in SOURCES:
        some = [item for item in held if item.source == source][:HELD]
        if some:
            facts[source] = measured(speller, some, spelling, parts)
    facts["scenes"] = named(speller, held_scenes, names)
    text = json.dumps(facts, indent=2) + "\n"
    write_whole(work.results / "stage1.json", lambda part: part.write_text(text, "utf-8"))
    print(text)
