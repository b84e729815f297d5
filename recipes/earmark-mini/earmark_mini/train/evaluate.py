"""Stage `evaluate`: what a checkpoint makes of held-out scenes, whole and pruned.

Scenes are made of recordings, prompts, sentences and voices' takes that training never had. Each is described
once, and asked one question. `<name>.rows.jsonl` has every answer, so that a stopped evaluation goes on.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from random import Random
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor

from ..pack import STOP_TOKENS
from ..selection import STRATEGIES
from .clips import Library, hear, prompt_ids
from .models import Ear, Trained, load_encoder, load_tokenizer
from .scene import Scene
from .words import Tally
from .work import Work, write_whole

SCENES = 300
SEED = 77
SECONDS = (4.0, 6.0, 10.0, 20.0)
SHARES = (25, 30, 35, 10)
RATIOS = (0.5, 0.25, 0.1)
MOST_NEW = 48
SMALL_MOST_NEW = 4
RESAMPLED = 1000
"""Bootstrap samples of scenes behind each interval."""


def held_scenes(work: Work, count: int) -> Iterator[Scene]:
    """Captions of all scenes, then the same kinds of scene with a question."""
    library = Library(work, held=True)
    for form in ("caption", None):
        source, chance = library.scenes(SEED), Random(SEED)
        for _ in range(count):
            seconds = 2.0 if work.small else chance.choices(SECONDS, SHARES)[0]
            scene = source.scene(seconds, form=form)
            if form or scene.asked.form != "caption":
                yield scene


@torch.no_grad()
def answer(model: Trained, tokenizer: Tokenizer, tokens: Tensor, question: str, most: int) -> str:
    """Greedy: tokens [K, 1024] -> text of at most so many ids."""
    before, after = prompt_ids(tokenizer, question)
    inputs = torch.cat([model.embed(before), model.adapter(tokens), model.embed(after)])[None]
    ids = model.language_model.generate(
        inputs_embeds=inputs,
        attention_mask=torch.ones(inputs.shape[:2], dtype=torch.long),
        max_new_tokens=most,
        do_sample=False,
        eos_token_id=STOP_TOKENS[0],
        pad_token_id=STOP_TOKENS[0],
    )
    return tokenizer.decode(ids[0].tolist(), skip_special_tokens=True).strip()


def evaluate(work: Work, name: str = "stage2-random", limit: int = SCENES) -> None:
    """Write `<name>.json`: for each strategy and keep ratio shares with 95 % intervals."""
    checkpoint = torch.load(work.checkpoint(name), weights_only=True)
    model = Trained(work, checkpoint["settings"].get("bits")).eval()
    model.load(checkpoint["state"])
    ear, tokenizer = Ear(load_encoder(work)), load_tokenizer(work)
    most = SMALL_MOST_NEW if work.small else MOST_NEW
    grid = [("all", 1.0), *((s, r) for r in RATIOS for s in STRATEGIES)]
    rows_path = work.results / f"{name}.rows.jsonl"
    rows_path.parent.mkdir(parents=True, exist_ok=True)
    lines = rows_path.read_text("utf-8").splitlines() if rows_path.exists() else []
    done = {(r["step"], r["scene"], r["strategy"], r["ratio"]): r["said"] for r in map(json.loads, lines)}
    tallies: dict[str, list[Tally]] = defaultdict(list)
    with rows_path.open("a", encoding="utf-8") as stream:
        for number, scene in enumerate(held_scenes(work, limit)):
            tokens, scores = hear(ear, [scene])
            for strategy, ratio in grid:
                key = (checkpoint["step"], number, strategy, ratio)
                said = done.get(key)
                if said is None:
                    kept = torch.from_numpy(kept_of(strategy, scores[0], ratio))
                    said = answer(model, tokenizer, tokens[0][kept], scene.asked.question, most)
                    row = dict(zip(("step", "scene", "strategy", "ratio"), key, strict=True))
                    row |= {"asked": scene.asked.question, "wanted": scene.asked.answer, "said": said}
                    stream.write(json.dumps(row) + "\n")
                    stream.flush()
                tally = Tally()
                tally.add(scene.heard, scene.asked, said)
                tallies[f"{strategy}@{ratio}"].append(tally)
    result = {
        "checkpoint": name,
        "settings": checkpoint["settings"],
        "step": checkpoint["step"],
        "cpuSeconds": checkpoint["cpuSeconds"],
        "scenes": limit,
        "results": {key: with_intervals(found) for key, found in tallies.items()},
    }
    text = json.dumps(result, indent=2) + "\n"
    write_whole(work.results / f"{name}.json", lambda part: part.write_text(text, "utf-8"))
    for key, shares in result["results"].items():
        print(key, {share: value[0] for share, value in shares.items()})


def kept_of(strategy: str, scores: NDArray[np.float32], ratio: float) -> NDArray[np.int64]:
    """The tokens a strategy leaves."""
    return np.arange(len(scores)) if ratio == 1 else STRATEGIES[strategy](scores, ratio)


def with_intervals(tallies: list[Tally]) -> dict[str, list[Any]]:
    """Each share with the 2.5 and 97.5 percentile of it over resampled scenes."""
    shares = Tally.sum(tallies).shares()
    chance = Random(SEED)
    drawn = [Tally.sum(chance.choices(tallies, k=len(tallies))).shares() for _ in range(RESAMPLED)]
    result = {}
    for share, value in shares.items():
        low, high = np.percentile([d[share] for d in drawn if share in d], (2.5, 97.5))
        result[share] = [value, round(float(low), 3), round(float(high), 3)]
    return result
