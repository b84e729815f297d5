"""The three graphs of the layout: audio encoder with adapter, embeddings, decoder with its KV cache."""

from typing import Literal, NamedTuple

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto

from .graph import CONTRIB, Graph, Shape
from .sizes import (
    ADAPTER_EPSILON,
    HEADS,
    HEAD_WIDTH,
    KV_HEADS,
    LAYERS,
    LM_EPSILON,
    LM_HEADS,
    LM_LAYERS,
    LM_WIDTH,
    MEL_BINS,
    ROPE_THETA,
    VOCABULARY,
    WIDTH,
)

Weights = dict[str, NDArray]
Attention = Literal["plain", "fused"]


class Scales(NamedTuple):
    """Factors of Granite's language model; a Llama has none of its own."""

    embedding: float = 1.0
    attention: float = HEAD_WIDTH**-0.5
    residual: float = 1.0


def encoder_layers(graph: Graph, mel: str, weights: Weights, attention: Attention) -> str:
    """[1, bins, frames] -> [1, positions, width], after the last LayerNorm."""
    x = mel
    for name, stride in (("conv1", 1), ("conv2", 2)):
        kernel, bias = (graph.constant(weights[f"{name}.{part}"]) for part in ("weight", "bias"))
        x = graph.node("Gelu", graph.node("Conv", x, kernel, bias, pads=[1, 1], strides=[stride]))
    x = graph.node("Transpose", x, perm=[0, 2, 1])
    length = graph.node("Slice", graph.node("Shape", x), *(graph.integers(i) for i in (1, 2)))
    table = graph.constant(weights["embed_positions.weight"])
    zero = graph.integers(0)
    x = graph.node("Add", x, graph.node("Slice", table, zero, length, zero))
    for layer in range(LAYERS):
        name = f"layers.{layer}"
        y = graph.layer_norm(x, weights, f"{name}.self_attn_layer_norm")
        query, key, value = (graph.linear(y, weights, f"{name}.self_attn.{part}_proj") for part in "qkv")
        if attention == "fused":
            y = graph.node("MultiHeadAttention", query, key, value, domain=CONTRIB, num_heads=HEADS)
        else:
            scaled = graph.node("Mul", query, graph.number((WIDTH // HEADS) ** -0.5))
            keys = graph.node("Transpose", graph.by_head(key, HEADS), perm=[0, 1, 3, 2])
            logits = graph.node("MatMul", graph.by_head(scaled, HEADS), keys)
            probabilities = graph.node("Softmax", logits, axis=-1)
            y = graph.joined(graph.node("MatMul", probabilities, graph.by_head(value, HEADS)))
        x = graph.node("Add", x, graph.linear(y, weights, f"{name}.self_attn.out_proj"))
        y = graph.layer_norm(x, weights, f"{name}.final_layer_norm")
        y = graph.node("Gelu", graph.linear(y, weights, f"{name}.fc1"))
        x = graph.node("Add", x, graph.linear(y, weights, f"{name}.fc2"))
    return graph.layer_norm(x, weights, "layer_norm")


def voxtral_encoder(weights: Weights, adapter: Weights, attention: Attention) -> onnx.ModelProto:
    """audio_values [1, bins, 3000] -> audio_features [375, LM width]: groups of 4, two linear layers."""
    graph = Graph("audio_encoder")
    x = encoder_layers(graph, graph.input("audio_values", [1, MEL_BINS, 3000]), weights, attention)
    x = graph.node("Reshape", x, graph.integers(-1, 4 * WIDTH))
    x = graph.linear(graph.node("Gelu", graph.linear(x, adapter, "linear_1")), adapter, "linear_2")
    graph.output("audio_features", x, ["groups", LM_WIDTH])
    return graph.model()


def ultravox_encoder(weights: Weights, adapter: Weights, attention: Attention) -> onnx.ModelProto:
    """audio_values [1, bins, frames] -> audio_features [1, ceil(positions / 8) + 1, LM width]: zeros up to a whole
    group and one group more, RMSNorm, linear, SwiGLU (the gate behind), RMSNorm, linear."""
    graph = Graph("audio_encoder")
    x = encoder_layers(graph, graph.input("audio_values", [1, MEL_BINS, "frames"]), weights, attention)
    eight = graph.integers(8)
    length = graph.node("Slice", graph.node("Shape", x), *(graph.integers(i) for i in (1, 2)))
    whole = graph.node("Mul", graph.node("Div", graph.node("Add", length, graph.integers(15)), eight), eight)
    end = graph.node("Sub", whole, length)
    pads = graph.node("Concat", graph.integers(0, 0, 0, 0), end, graph.integers(0), axis=0)
    x = graph.node("Reshape", graph.node("Pad", x, pads), graph.integers(1, -1, 8 * WIDTH))
    x = graph.rms_norm(x, adapter["ln_pre.weight"], ADAPTER_EPSILON)
    x = graph.linear(x, adapter, "linear_1")
    half = adapter["linear_1.weight"].shape[0] // 2
    last = graph.integers(-1)
    value = graph.node("Slice", x, graph.integers(0), graph.integers(half), last)
    gate = graph.node("Slice", x, graph.integers(half), graph.integers(2 * half), last)
    x = graph.node("Mul", graph.silu(gate), value)
    x = graph.linear(graph.rms_norm(x, adapter["ln_mid.weight"], ADAPTER_EPSILON), adapter, "linear_2")
    graph.output("audio_features", x, [1, "groups", LM_WIDTH])
    return graph.model()


def embeddings(weights: Weights) -> onnx.ModelProto:
    """input_ids [1, n] -> inputs_embeds [1, n, width]"""
    graph = Graph("embed_tokens")
    ids = graph.input("input_ids", ["batch", "length"], TensorProto.INT64)
    rows = graph.node("Gather", graph.constant(weights["embed_tokens.weight"]), ids)
    graph.output("inputs_embeds", rows, ["batch", "length", LM_WIDTH])
    return graph.model()


def decoder(weights: Weights, head: NDArray, extras: bool, scales: Scales = Scales()) -> onnx.ModelProto:
    """A Llama with rotary positions and a KV cache, or a Granite.

    extras: whether it takes `position_ids` and `num_logits_to_keep`, as some exports do and others do not.
    """
    graph = Graph("decoder_model_merged")
    x = graph.input("inputs_embeds", [1, "length", LM_WIDTH])
    mask = graph.input("attention_mask", [1, "total"], TensorProto.INT64)
    past = graph.node("Sub", shape_of(graph, mask, 1), shape_of(graph, x, 1))
    first = graph.node("Squeeze", past)
    total = graph.node("Squeeze", shape_of(graph, mask, 1))
    one = graph.constant(np.array(1, np.int64))
    keys_at = graph.node("Range", graph.constant(np.array(0, np.int64)), total, one)
    queries_at = graph.node("Range", first, total, one)
    if extras:
        positions = graph.input("position_ids", [1, "length"], TensorProto.INT64)
        kept = graph.input("num_logits_to_keep", [], TensorProto.INT64)
    else:
        positions, kept = graph.node("Unsqueeze", queries_at, graph.integers(0)), None
    frequencies = ROPE_THETA ** -(np.arange(0, HEAD_WIDTH, 2, dtype=np.float32) / HEAD_WIDTH)
    angles = graph.node(
        "Mul",
        graph.node("Unsqueeze", graph.node("Cast", positions, to=TensorProto.FLOAT), graph.integers(2)),
        graph.constant(frequencies[None, None]),
    )
    angles = graph.node("Unsqueeze", graph.node("Concat", angles, angles, axis=-1), graph.integers(1))
    cosine, sine = graph.node("Cos", angles), graph.node("Sin", angles)
    later = graph.node(
        "Greater",
        graph.node("Unsqueeze", keys_at, graph.integers(0)),
        graph.node("Unsqueeze", queries_at, graph.integers(1)),
    )
    causal = graph.node("Where", later, graph.number(-1e9), graph.number(0.0))

    def rotated(value: str) -> str:
        axis, half = graph.integers(-1), graph.integers(HEAD_WIDTH // 2)
        low = graph.node("Slice", value, graph.integers(0), half, axis)
        high = graph.node("Slice", value, half, graph.integers(HEAD_WIDTH), axis)
        turned = graph.node("Concat", graph.node("Neg", high), low, axis=-1)
        return graph.node("Add", graph.node("Mul", value, cosine), graph.node("Mul", turned, sine))

    def widened(value: str) -> str:
        """Each key-value head once for every query head that shares it."""
        repeat = LM_HEADS // KV_HEADS
        tiled = graph.node(
            "Tile", graph.node("Unsqueeze", value, graph.integers(2)), graph.integers(1, 1, repeat, 1, 1)
        )
        return graph.node("Reshape", tiled, graph.integers(1, LM_HEADS, -1, HEAD_WIDTH))

    def times(value: str, factor: float) -> str:
        return value if factor == 1 else graph.node("Mul", value, graph.number(factor))

    cache: Shape = [1, KV_HEADS, "past", HEAD_WIDTH]
    x = times(x, scales.embedding)
    for layer in range(LM_LAYERS):
        name = f"layers.{layer}"
        y = graph.rms_norm(x, weights[f"{name}.input_layernorm.weight"], LM_EPSILON)
        query, key, value = (graph.linear(y, weights, f"{name}.self_attn.{part}_proj") for part in "qkv")
        query = rotated(graph.by_head(query, LM_HEADS))
        states = {"key": rotated(graph.by_head(key, KV_HEADS)), "value": graph.by_head(value, KV_HEADS)}
        for kind, state in states.items():
            before = graph.input(f"past_key_values.{layer}.{kind}", cache)
            states[kind] = graph.node("Concat", before, state, axis=2)
            graph.output(f"present.{layer}.{kind}", states[kind], [1, KV_HEADS, "total", HEAD_WIDTH])
        scaled = graph.node("Mul", query, graph.number(scales.attention))
        keys = graph.node("Transpose", widened(states["key"]), perm=[0, 1, 3, 2])
        logits = graph.node("Add", graph.node("MatMul", scaled, keys), causal)
        mixed = graph.node("MatMul", graph.node("Softmax", logits, axis=-1), widened(states["value"]))
        y = graph.linear(graph.joined(mixed), weights, f"{name}.self_attn.o_proj")
        x = graph.node("Add", x, times(y, scales.residual))
        y = graph.rms_norm(x, weights[f"{name}.post_attention_layernorm.weight"], LM_EPSILON)
        gate = graph.silu(graph.linear(y, weights, f"{name}.mlp.gate_proj"))
        y = graph.node("Mul", gate, graph.linear(y, weights, f"{name}.mlp.up_proj"))
        x = graph.node("Add", x, times(graph.linear(y, weights, f"{name}.mlp.down_proj"), scales.residual))
    x = graph.rms_norm(x, weights["norm.weight"], LM_EPSILON)
    if kept is not None:
        start = graph.node("Neg", graph.node("Unsqueeze", kept, graph.integers(0)))
        x = graph.node("Slice", x, start, graph.integers(np.iinfo(np.int64).max), graph.integers(1))
    logits = graph.node("MatMul", x, graph.constant(head.T))
    graph.output("logits", logits, [1, "kept", VOCABULARY])
    return graph.model()


def shape_of(graph: Graph, value: str, axis: int) -> str:
    """The size of one axis, [1]."""
    return graph.node("Slice", graph.node("Shape", value), graph.integers(axis), graph.integers(axis + 1))
