"""Stage `merge`: SmolLM2 with Earmark's LoRA added to its weights."""

import json
import shutil

from safetensors.torch import load_file, save_file

from .export import float_weights, trained_bits
from .layout import Layout
from .rounding import DECODER_BITS

LORA_SCALE = 2.0
MAX_CONTEXT = 4096
"""Positions that the decoder's rotary table will cover: thirty seconds are 750. SmolLM2's 8192 take twice as many
bytes."""


def merge(layout: Layout) -> None:
    """Write W + 2 B A for every matrix the LoRA covers, in float32.

    Raises ValueError where the LoRA was not trained with these sums rounded as they ship.
    """
    bits = trained_bits(layout.trained_lora)
    if bits != DECODER_BITS:
        found = f"rounded to {bits} bits" if bits else "not rounded"
        raise ValueError(
            f"{layout.trained_lora} was trained with weights {found}; a pack needs stage 3 of the training, "
            f"which rounds them to {DECODER_BITS}"
        )
    state = load_file(layout.smollm2 / "model.safetensors")
    lora = float_weights(layout.trained_lora)
    names = sorted(name.removesuffix(".lora_A") for name in lora if name.endswith(".lora_A"))
    for name in names:
        weight = state[name + ".weight"]
        state[name + ".weight"] = weight + LORA_SCALE * (lora[name + ".lora_B"] @ lora[name + ".lora_A"])
    if len(lora) != 2 * len(names) or len(names) != 7 * 30:
        raise ValueError(f"the LoRA covers {len(names)} matrices, expected {7 * 30}")
    layout.merged.mkdir(parents=True, exist_ok=True)
    save_file(state, layout.merged / "model.safetensors", metadata={"format": "pt"})
    for path in layout.smollm2.iterdir():
        if path.name != "model.safetensors":
            shutil.copy(path, layout.merged)
    config = layout.merged / "config.json"
    changed = json.loads(config.read_text("utf-8")) | {"max_position_embeddings": MAX_CONTEXT}
    config.write_text(json.dumps(changed, indent=2) + "\n", "utf-8")
    print(f"merged {len(names)} matrices")
