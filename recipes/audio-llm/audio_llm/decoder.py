"""Qwen2, the language model of Qwen2-Audio and Audio Flamingo 3, as two ONNX graphs."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from onnx import TensorProto

from .checkpoint import Checkpoint, ExportError
from .encoder import linear
from .graph import PartGraph, Size

MODEL = "model.language_model"
MOST_CONTEXT = 32_768
"""The tables of rotations grow with the context; no model of this kind was trained beyond."""


@dataclass(frozen=True)
class DecoderShape:
    """The numbers of a Qwen2 configuration."""

    layers: int
    heads: int
    kv_heads: int
    width: int
    inner: int
    vocabulary: int
    context: int
    theta: float
    epsilon: float
    tied: bool

    @property
    def head_width(self) -> int:
        """Width of one head."""
        return self.width // self.heads

    @property
    def kv_width(self) -> int:
        """Width of the keys, and of the values, of all heads."""
        return self.kv_heads * self.head_width

    @staticmethod
    def of(config: dict[str, Any]) -> "DecoderShape":
        """What a configuration leaves out has Qwen2Config's default.

        Raises ExportError where the language model is no Qwen2, or computes something that is not exported.
        """
        kind = config.get("model_type", "qwen2")
        if kind != "qwen2":
            raise ExportError(f"the language model is {kind}; qwen2 is supported")
        rope = config.get("rope_parameters") or config.get("rope_scaling") or {}
        scaling = rope.get("rope_type", rope.get("type", "default"))
        if scaling != "default" or config.get("use_sliding_window"):
            raise ExportError(f"rotations of type {scaling} or a sliding window are not supported")
        heads = config.get("num_attention_heads", 32)
        width = config.get("hidden_size", 4096)
        if config.get("head_dim", width // heads) * heads != width:
            raise ExportError("heads that do not share the width are not supported")
        return DecoderShape(
            layers=config.get("num_hidden_layers", 32),
            heads=heads,
            kv_heads=config.get("num_key_value_heads") or heads,
            width=width,
            inner=config.get("intermediate_size", 22016),
            vocabulary=config.get("vocab_size", 151936),
            context=min(config.get("max_position_embeddings", 32768), MOST_CONTEXT),
            theta=rope.get("rope_theta", config.get("rope_theta", 10000.0)),
            epsilon=config.get("rms_norm_eps", 1e-6),
            tied=config.get("tie_word_embeddings", False),
        )


def write_embeddings(checkpoint: Checkpoint, shape: DecoderShape, folder: Path, precision: str) -> Size:
    """input_ids int64 [1, ids] -> inputs_embeds float32 [1, ids, width]. Returns its size."""
    graph = PartGraph("embeddings", folder, precision)
    ids = graph.input("input_ids", [1, "ids"], TensorProto.INT64)
    table = checkpoint.tensor(f"{MODEL}.embed_tokens.weight", shape.vocabulary, shape.width)
    rows = graph.table_rows("embeddings", table, ids)
    graph.output("inputs_embeds", rows, [1, "ids", shape.width])
    return graph.save()


def write_decoder(checkpoint: Checkpoint, shape: DecoderShape, folder: Path, precision: str) -> Size:
    """One step: inputs_embeds float32 [1, new, width] behind `past` positions -> logits [1, vocabulary] of the last.

    attention_mask int64 [1, past + new] is all ones; only its length counts. `past_key_values.N.key` and `.value`
    [1, kv heads, past, head width] come back longer as `present.N.*`. Returns its size.
    """
    graph = PartGraph("decoder", folder, precision)
    x = graph.input("inputs_embeds", [1, "new", shape.width])
    mask = graph.input("attention_mask", [1, "total"], TensorProto.INT64)
    total = graph.node("Cast", graph.node("Shape", mask, start=1, end=2), to=TensorProto.INT32)
    last = graph.node("Sub", total, graph.constant("one", np.array([1], np.int32)))
    lengths = [last, graph.node("Squeeze", total, graph.integers(0))]
    tables = rotation_tables(shape)
    graph.memory += sum(table.nbytes for table in tables.values())
    rotations = [graph.stored(*table) for table in tables.items()]
    for layer in range(shape.layers):
        x = decoder_layer(graph, x, checkpoint, layer, shape, lengths, rotations)
    x = graph.node("Gather", x, graph.constant("last", np.array(-1, np.int64)), axis=1)
    x = rms_norm(graph, x, checkpoint, f"{MODEL}.norm", shape)
    head = f"{MODEL}.embed_tokens.weight" if shape.tied else "lm_head.weight"
    logits = graph.linear(x, "lm_head", checkpoint.tensor(head, shape.vocabulary, shape.width), None)
    graph.output("logits", logits, [1, shape.vocabulary])
    return graph.save()


def rotation_tables(shape: DecoderShape) -> dict[str, np.ndarray]:
    """Cosine and sine of every position and pair of a head: float32 [context, head width / 2]."""
    frequencies = shape.theta ** (-np.arange(0, shape.head_width, 2) / shape.head_width)
    angles = np.outer(np.arange(shape.context), frequencies)
    return {"cosines": np.cos(angles).astype(np.float32), "sines": np.sin(angles).astype(np.float32)}


def decoder_layer(
    graph: PartGraph,
    x: str,
    checkpoint: Checkpoint,
    layer: int,
    shape: DecoderShape,
    lengths: list[str],
    rotations: list[str],
) -> str:
    """Rotated causal self-attention with the cache, then the gated feed-forward part; each on top of its input."""
    name = f"{MODEL}.layers.{layer}"
    y = rms_norm(graph, x, checkpoint, f"{name}.input_layernorm", shape)
    outputs = {"q": shape.width, "k": shape.kv_width, "v": shape.kv_width}
    inputs = [
        linear(graph, y, checkpoint, f"{name}.self_attn.{part}_proj", width, shape.width)
        for part, width in outputs.items()
    ]
    cache = {part: f"past_key_values.{layer}.{part}" for part in ("key", "value")}
    for past in cache.values():
        graph.input(past, [1, shape.kv_heads, "past", shape.head_width])
    present = {part: f"present.{layer}.{part}" for part in cache}
    mixed = graph.attention(
        [*inputs, *cache.values(), *lengths, *rotations],
        list(present.values()),
        [1, shape.kv_heads, "total", shape.head_width],
        num_heads=shape.heads,
        kv_num_heads=shape.kv_heads,
    )
    x = graph.node("Add", x, linear(graph, mixed, checkpoint, f"{name}.self_attn.o_proj", shape.width, shape.width))
    y = rms_norm(graph, x, checkpoint, f"{name}.post_attention_layernorm", shape)
    gate = linear(graph, y, checkpoint, f"{name}.mlp.gate_proj", shape.inner, shape.width)
    gate = graph.node("Mul", gate, graph.node("Sigmoid", gate))
    up = graph.node("Mul", gate, linear(graph, y, checkpoint, f"{name}.mlp.up_proj", shape.inner, shape.width))
    return graph.node("Add", x, linear(graph, up, checkpoint, f"{name}.mlp.down_proj", shape.width, shape.inner))


def rms_norm(graph: PartGraph, x: str, checkpoint: Checkpoint, name: str, shape: DecoderShape) -> str:
    """An RMSNorm of the checkpoint."""
    return graph.rms_norm(x, name, checkpoint.tensor(f"{name}.weight", shape.width), shape.epsilon)
