"""The loop all stages train by: stopped anywhere, it goes on as if it had not been.

What a step sees depends on the seed and the step's number only, so a checkpoint needs no state of chance.
"""

import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from .work import write_whole

WARM_UP = 50
LAST_RATE = 0.03
LARGEST_GRADIENT = 1.0
SAVED_EVERY_SECONDS = 300
NOTED_EVERY = 25


@dataclass(frozen=True)
class Run:
    """How long, from where, and to where."""

    checkpoint: Path
    steps: int
    seed: int
    resume: bool
    seconds: float | None
    settings: dict[str, Any]
    """What the run was asked for; a checkpoint of other settings is not gone on from."""


def rate(step: int, steps: int) -> float:
    """Share of the learning rate: a linear start, then a cosine."""
    warm = min(1.0, (step + 1) / min(WARM_UP, max(1, steps // 4)))
    return warm * (LAST_RATE + (1 - LAST_RATE) * (1 + math.cos(math.pi * step / steps)) / 2)


def seed_of(seed: int, step: int) -> int:
    """The seed of everything that is drawn in a step."""
    return seed * 1_000_003 + step


def train(
    run: Run,
    groups: list[tuple[list[nn.Parameter], float]],
    loss_of: Callable[[int], Tensor],
    state: Callable[[], dict[str, Any]],
    restore: Callable[[dict[str, Any]], None],
) -> bool:
    """Train the parameters of each group at its learning rate. Returns whether all steps are done.

    `loss_of` makes the loss of a step from its seed. A line a step range goes to `<checkpoint>.jsonl`.
    """
    optimiser = torch.optim.AdamW(
        [{"params": parameters, "lr": lr} for parameters, lr in groups],
        betas=(0.9, 0.98),
        weight_decay=0.01,
        fused=True,
    )
    done, spent = 0, 0.0
    if run.resume and run.checkpoint.exists():
        saved = torch.load(run.checkpoint, weights_only=True)
        if saved["settings"] != run.settings:
            raise ValueError(f"{run.checkpoint.name} was trained with {saved['settings']}")
        restore(saved["state"])
        optimiser.load_state_dict(saved["optimiser"])
        done, spent = saved["step"], saved["cpuSeconds"]
    log = run.checkpoint.with_suffix(".jsonl")
    log.parent.mkdir(parents=True, exist_ok=True)
    # A stopped run may have noted steps after its last checkpoint; they are made again.
    noted = (
        [json.loads(line) for line in log.read_text("utf-8").splitlines()] if done and log.exists() else []
    )
    log.write_text("".join(json.dumps(row) + "\n" for row in noted if row["step"] <= done), "utf-8")
    begun, saved_at, cpu = time.monotonic(), time.monotonic(), time.process_time()
    losses: list[float] = []

    def save() -> None:
        content = {
            "state": state(),
            "optimiser": optimiser.state_dict(),
            "step": done,
            "cpuSeconds": spent + time.process_time() - cpu,
            "settings": run.settings,
        }
        write_whole(run.checkpoint, lambda part: torch.save(content, part))

    while done < run.steps:
        if run.seconds is not None and time.monotonic() - begun > run.seconds:
            break
        for group, (_, lr) in zip(optimiser.param_groups, groups, strict=True):
            group["lr"] = lr * rate(done, run.steps)
        torch.manual_seed(seed_of(run.seed, done))
        loss = loss_of(seed_of(run.seed, done))
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_([p for parameters, _ in groups for p in parameters], LARGEST_GRADIENT)
        optimiser.step()
        done += 1
        losses.append(loss.item())
        if done % NOTED_EVERY == 0 or done == run.steps:
            seconds = round(spent + time.process_time() - cpu, 1)
            row = {"step": done, "loss": round(sum(losses) / len(losses), 4), "cpuSeconds": seconds}
            with log.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(row) + "\n")
            print(row, flush=True)
            losses = []
        if time.monotonic() - saved_at > SAVED_EVERY_SECONDS:
            save()
            saved_at = time.monotonic()
    save()
    return done == run.steps
