"""Stage 2: adapter and LoRA, on scenes made on the fly, some of their audio tokens dropped.

`drop`: `none`; `random`, any set of tokens as likely as another; or `segmentwise`, the strategy itself.
The three see the same scenes and keep ratios, so that what they learn can be compared.
"""

from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..selection import Scores, Tokens, random_tokens, segmentwise_exact
from .clips import Conversations, Library, converse, hear, last_states
from .loop import Run, train
from .models import Ear, Trained, compile_layers, load_encoder, load_tokenizer, read_checkpoint
from .scene import Scene
from .work import Work

STEPS = 2600
BATCHES = {3.0: (16, 38), 5.0: (10, 36), 8.0: (6, 18), 12.0: (4, 5), 20.0: (3, 3)}
"""By a clip's seconds: how many in a batch, and how often such a batch. A batch's places, on which its time
depends, are about as many for each."""

SMALL_BATCHES = {2.0: (2, 1)}
DROPPED = {"events": 0.8, "speech": 0.5}
"""The share of clips, without words and with them, of which tokens are dropped."""

KEPT = {"events": (0.1, 0.85), "speech": (0.2, 0.85)}
"""The keep ratios that they are pruned to. Words that are dropped cannot be learnt, only guessed."""

SLIPS = 0.12
"""The share of an answer's ids that stand before the next one as another answer's: from what is always right nobody
learns to go on after an error, and of words many are wrong."""

ADAPTER_RATE = 5e-4
LORA_RATE = 1.2e-3


def answer_loss(model: Trained, conversations: Conversations) -> Tensor:
    """Cross-entropy on the wanted ids; logits are computed at their places only."""
    wanted = conversations.wanted[:, 1:]
    places = wanted != -100
    states = last_states(model, conversations)[:, :-1][places]
    return model.cross_entropy(states, model.language_model.lm_head.weight, wanted[places])


def seconds_of(seed: int, batches: dict[float, tuple[int, int]]) -> float:
    """A clip's, in a step. By a generator of its own: `Scenes` starts one from the same seed, and what a clip holds
    must not follow from how long it is."""
    return Random(f"step {seed}").choices(list(batches), [weight for _, weight in batches.values()])[0]


def keep_ratio(seed: int, scene: Scene) -> float:
    """What a clip is pruned to in training; 1 where nothing is dropped."""
    chance, of = Random(f"clip {seed}"), "speech" if scene.heard.speech else "events"
    return chance.uniform(*KEPT[of]) if chance.random() < DROPPED[of] else 1.0


def kept_tokens(drop: str, scores: Scores, ratio: float, seed: int) -> Tokens:
    """The tokens of a clip that are left."""
    match drop:
        case "random" if ratio < 1:
            return random_tokens(scores, ratio, seed)
        case "segmentwise" if ratio < 1:
            return segmentwise_exact(scores, ratio)
    return np.arange(len(scores))


def train_answers(
    work: Work,
    bits: int | None,
    drop: str,
    rates: tuple[float, float],
    start: dict[str, Any],
    run: Run,
    bf16: bool,
) -> None:
    """Train from what `read_checkpoint` gives."""
    torch.manual_seed(run.seed)
    model = Trained(work, bits, bf16)
    model.load(start["state"])
    ear = Ear(load_encoder(work, bf16, start["settings"]["middleLayer"], bits))
    if not work.small:
        compile_layers(model, ear)
    tokenizer = load_tokenizer(work)
    library = Library(work, held=False)
    batches = SMALL_BATCHES if work.small else BATCHES

    def loss_of(seed: int) -> Tensor:
        seconds = seconds_of(seed, batches)
        source = library.scenes(seed)
        scenes = [source.scene(seconds) for _ in range(batches[seconds][0])]
        tokens, scores = hear(ear, scenes, scored=drop == "segmentwise")
        kept = [
            t[torch.from_numpy(kept_tokens(drop, clip, keep_ratio(seed + i, scene), seed + i))]
            for i, (t, clip, scene) in enumerate(zip(tokens, scores, scenes, strict=True))
        ]
        model.merge()
        return answer_loss(model, converse(model, tokenizer, kept, scenes, SLIPS))

    train(
        run,
        [(list(model.adapter.parameters()), rates[0]), (list(model.lora().values()), rates[1])],
        loss_of,
        model.published,
        model.load,
    )


def stage2(
    work: Work,
    drop: str = "random",
    steps: int | None = None,
    seed: int = 1,
    name: str | None = None,
    resume: bool = False,
    seconds: float | None = None,
    start: Path | None = None,
    bf16: bool = True,
) -> None:
    """From stage 1's adapter."""
    steps = steps or (2 if work.small else STEPS)
    begun = read_checkpoint(start or work.checkpoint("stage1"))
    settings = {"steps": steps, "seed": seed, "drop": drop, "bf16": bf16}
    settings |= {"middleLayer": begun["settings"]["middleLayer"]}
    run = Run(work.checkpoint(name or f"stage2-{drop}"), steps, seed, resume, seconds, settings)
    rates = (ADAPTER_RATE, LORA_RATE)
    train_answers(work, None, drop, rates, begun, run, bf16)
