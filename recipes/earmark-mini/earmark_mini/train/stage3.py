"""Stage 3: as stage 2, with the merged weights rounded as they ship: what ships is what was trained."""

from pathlib import Path

from ..rounding import DECODER_BITS
from .loop import Run
from .models import read_checkpoint
from .stage2 import ADAPTER_RATE, LORA_RATE, train_answers
from .work import Work

STEPS = 1500
SLOWER = 0.6
"""Of stage 2's learning rates."""


def stage3(
    work: Work,
    drop: str = "random",
    steps: int | None = None,
    seed: int = 2,
    name: str | None = None,
    resume: bool = False,
    seconds: float | None = None,
    start: Path | None = None,
    bf16: bool = True,
) -> None:
    """From stage 2's adapter and LoRA."""
    steps = steps or (2 if work.small else STEPS)
    begun = read_checkpoint(start or work.checkpoint(f"stage2-{drop}"))
    settings = {"steps": steps, "seed": seed, "drop": drop, "bits": DECODER_BITS, "bf16": bf16}
    settings |= {"middleLayer": begun["settings"]["middleLayer"]}
    run = Run(work.checkpoint(name or f"stage3-{drop}"), steps, seed, resume, seconds, settings)
    rates = (SLOWER * ADAPTER_RATE, SLOWER * LORA_RATE)
    train_answers(work, DECODER_BITS, drop, rates, begun, run, bf16)
