"""The audio tower of Qwen2-Audio and Audio Flamingo 3 as an ONNX graph: Whisper's encoder, then a pool of two
positions, then LayerNorm.

transformers pads the log-mel to 30 s, runs all layers over all positions, and hides the padding from attention.
Here the convolutions run over the padded log-mel too, whose padding reaches into the last position, and the layers
over the clip's own positions only. No own position looks at a padded one, so nothing changes but the time.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onnx import TensorProto

from .checkpoint import Checkpoint, ExportError
from .graph import PartGraph, Size

EPSILON = 1e-5
FRAMES_PER_POSITION = 2
POSITIONS_PER_TOKEN = 2
TOWER = "model.audio_tower"


@dataclass(frozen=True)
class EncoderShape:
    """The numbers of an encoder's configuration."""

    mel_bins: int
    layers: int
    heads: int
    width: int
    inner: int
    positions: int

    @staticmethod
    def of(config: dict[str, Any]) -> "EncoderShape":
        """Raises ExportError where the encoder computes something that is not exported."""
        activation = config.get("activation_function", "gelu")
        if activation != "gelu":
            raise ExportError(f"the encoder's activation is {activation}; gelu is supported")
        # Qwen2-Audio and Audio Flamingo 3 call the same things by different names.
        return EncoderShape(
            mel_bins=config.get("num_mel_bins", 128),
            layers=config.get("encoder_layers", config.get("num_hidden_layers", 32)),
            heads=config.get("encoder_attention_heads", config.get("num_attention_heads", 20)),
            width=config.get("d_model", config.get("hidden_size", 1280)),
            inner=config.get("encoder_ffn_dim", config.get("intermediate_size", 5120)),
            positions=config.get("max_source_positions", 1500),
        )


def write_encoder(checkpoint: Checkpoint, shape: EncoderShape, folder: Path, precision: str) -> Size:
    """mel float32 [1, bins, frames] of 30 s, valid_positions int64 [1] -> tokens float32 [1, tokens, width].

    Returns its size.
    """
    graph = PartGraph("encoder", folder, precision)
    frames = shape.positions * FRAMES_PER_POSITION
    x = graph.input("mel", [1, shape.mel_bins, frames])
    valid = graph.input("valid_positions", [1], TensorProto.INT64)
    for name, inputs, stride in (("conv1", shape.mel_bins, 1), ("conv2", shape.width, FRAMES_PER_POSITION)):
        x = graph.node(
            "Conv",
            x,
            graph.weight(f"{name}.weight", checkpoint.tensor(f"{TOWER}.{name}.weight", shape.width, inputs, 3)),
            graph.weight(f"{name}.bias", checkpoint.tensor(f"{TOWER}.{name}.bias", shape.width)),
            kernel_shape=[3],
            pads=[1, 1],
            strides=[stride],
        )
        x = graph.node("Gelu", x)
    x = graph.node("Transpose", x, perm=[0, 2, 1])
    table = checkpoint.tensor(f"{TOWER}.embed_positions.weight", shape.positions, shape.width)
    x = graph.node("Add", x, graph.weight("positions", table))
    x = graph.node("Slice", x, graph.integers(0), valid, graph.integers(1))
    for layer in range(shape.layers):
        x = encoder_layer(graph, x, checkpoint, f"{TOWER}.layers.{layer}", shape)
    x = graph.node("Transpose", x, perm=[0, 2, 1])
    x = graph.node("AveragePool", x, kernel_shape=[POSITIONS_PER_TOKEN], strides=[POSITIONS_PER_TOKEN])
    x = graph.node("Transpose", x, perm=[0, 2, 1])
    graph.output("tokens", norm(graph, x, checkpoint, f"{TOWER}.layer_norm", shape.width), [1, "tokens", shape.width])
    return graph.save()


def encoder_layer(graph: PartGraph, x: str, checkpoint: Checkpoint, name: str, shape: EncoderShape) -> str:
    """Self-attention over all positions, then the feed-forward part; each on top of its input."""
    width = shape.width
    head_width = width // shape.heads
    y = norm(graph, x, checkpoint, f"{name}.self_attn_layer_norm", width)
    query = graph.node(
        "Mul", linear(graph, y, checkpoint, f"{name}.self_attn.q_proj", width, width), graph.number(head_width**-0.5)
    )
    key = linear(graph, y, checkpoint, f"{name}.self_attn.k_proj", width, width)
    value = linear(graph, y, checkpoint, f"{name}.self_attn.v_proj", width, width)

    def by_head(states: str, perm: list[int]) -> str:
        split = graph.node("Reshape", states, graph.integers(1, -1, shape.heads, head_width))
        return graph.node("Transpose", split, perm=perm)

    # Plain MatMul, Softmax, MatMul, so that the engine's tap finds the probabilities.
    logits = graph.node("MatMul", by_head(query, [0, 2, 1, 3]), by_head(key, [0, 2, 3, 1]))
    mixed = graph.node("MatMul", graph.node("Softmax", logits, axis=-1), by_head(value, [0, 2, 1, 3]))
    joined = graph.node(
        "Reshape", graph.node("Transpose", mixed, perm=[0, 2, 1, 3]), graph.integers(1, -1, width)
    )
    x = graph.node("Add", x, linear(graph, joined, checkpoint, f"{name}.self_attn.out_proj", width, width))
    y = norm(graph, x, checkpoint, f"{name}.final_layer_norm", width)
    y = graph.node("Gelu", linear(graph, y, checkpoint, f"{name}.fc1", shape.inner, width))
    return graph.node("Add", x, linear(graph, y, checkpoint, f"{name}.fc2", width, shape.inner))


def linear(graph: PartGraph, x: str, checkpoint: Checkpoint, name: str, outputs: int, inputs: int) -> str:
    """A linear layer of the checkpoint, with a bias where it has one."""
    bias = checkpoint.tensor(f"{name}.bias", outputs) if checkpoint.has(f"{name}.bias") else None
    return graph.linear(x, name, checkpoint.tensor(f"{name}.weight", outputs, inputs), bias)


def norm(graph: PartGraph, x: str, checkpoint: Checkpoint, name: str, width: int) -> str:
    """A LayerNorm of the checkpoint."""
    scale, shift = (checkpoint.tensor(f"{name}.{part}", width) for part in ("weight", "bias"))
    return graph.norm(x, name, scale, shift, EPSILON)
