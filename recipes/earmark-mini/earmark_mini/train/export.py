"""Stage `export`: a checkpoint as the float16 files of which the pack's recipe makes a pack.

`python -m earmark_mini merge export quantise pack --weights FOLDER --pack FOLDER` goes on from there.
"""

import torch
from safetensors.torch import save_file

from .work import Work


def export(work: Work, name: str = "stage2-random") -> None:
    """Write `weights/<name>/{adapter,lora}.safetensors`; stage 1 has no LoRA."""
    checkpoint = torch.load(work.checkpoint(name), weights_only=True)
    state = checkpoint["state"]
    settings = checkpoint["settings"]
    metadata = {"middle_layer": str(settings["middleLayer"])}
    if "bits" in settings:
        metadata["bits"] = str(settings["bits"])
    folder = work.root / "weights" / name
    folder.mkdir(parents=True, exist_ok=True)
    for part in ("adapter", "lora") if "lora" in state else ("adapter",):
        tensors = {key: tensor.half().contiguous() for key, tensor in state[part].items()}
        save_file(tensors, folder / f"{part}.safetensors", metadata)
    print(folder)
