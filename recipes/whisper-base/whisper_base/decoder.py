"""Whisper's decoder as two ONNX graphs: what is computed once a run, and what is computed for every token.

The decoder looks at encoder tokens through their keys and values. Those depend on nothing else, so a run
projects them once; a token that was dropped is a row that is not there, in every layer.
"""

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto

from .graph import HEAD_WIDTH, HEADS, LAYERS, WIDTH, Graph

HIDDEN = float(np.finfo(np.float32).min)
"""Added to the logit of a position that comes later."""


def cross_graph(weights: dict[str, NDArray]) -> onnx.ModelProto:
    """tokens float32 [1, kept, 512] -> keys [1, 8, 64, kept] and values [1, 8, kept, 64] of each layer.

    Keys come transposed, as every step wants them.
    """
    graph = Graph("cross")
    tokens = graph.input("tokens", [1, "kept", WIDTH])
    for layer in range(LAYERS):
        name = f"decoder/layer_{layer}/attention"
        matrix, bias = weights[f"{name}/linear_1/weight"], weights[f"{name}/linear_1/bias"]
        key = graph.linear(tokens, f"{name}/key", matrix[:WIDTH], None)
        value = graph.linear(tokens, f"{name}/value", matrix[WIDTH:], bias[WIDTH:])
        graph.output(
            f"cross.{layer}.key", graph.by_head(key, transposed=True), [1, HEADS, HEAD_WIDTH, "kept"]
        )
        graph.output(f"cross.{layer}.value", graph.by_head(value), [1, HEADS, "kept", HEAD_WIDTH])
    return graph.model()


def decoder_graph(weights: dict[str, NDArray]) -> onnx.ModelProto:
    """One step: input_ids int64 [1, new] behind `past` positions -> logits [1, vocabulary] of the last one.

    `past.N.key` and `past.N.value` [1, 8, past, 64] come back longer as `present.N.*`; `cross.N.*` are the
    results of `cross_graph`.
    """
    graph = Graph("decoder")
    ids = graph.input("input_ids", [1, "new"], TensorProto.INT64)
    vocabulary = len(weights["decoder/embeddings/weight"])
    # The rows of ids are gathered from what is stored and then widened; widened first, the whole table would
    # stand in memory twice more.
    stored = graph.constant("embeddings.stored", weights["decoder/embeddings/weight"])
    x = graph.node("Cast", graph.node("Gather", stored, ids, axis=0), to=TensorProto.FLOAT)
    caches = [
        [graph.input(f"past.{layer}.{part}", [1, HEADS, "past", HEAD_WIDTH]) for part in ("key", "value")]
        for layer in range(LAYERS)
    ]
    crosses = [
        [
            graph.input(f"cross.{layer}.key", [1, HEADS, HEAD_WIDTH, "kept"]),
            graph.input(f"cross.{layer}.value", [1, HEADS, "kept", HEAD_WIDTH]),
        ]
        for layer in range(LAYERS)
    ]
    past = graph.node("Shape", caches[0][0], start=2, end=3)
    total = graph.node("Add", past, graph.node("Shape", ids, start=1, end=2))
    positions = graph.weight("positions", weights["decoder/position_encodings/encodings"])
    x = graph.node("Add", x, graph.node("Slice", positions, past, total, graph.integers(0)))
    mask = causal_mask(graph, past, total)
    for layer in range(LAYERS):
        name = f"decoder/layer_{layer}"
        x, present = cached_attention(graph, x, f"{name}/self_attention", weights, caches[layer], mask)
        for part, value in zip(("key", "value"), present, strict=True):
            graph.output(f"present.{layer}.{part}", value, [1, HEADS, "total", HEAD_WIDTH])
        x = cross_attention(graph, x, f"{name}/attention", weights, crosses[layer])
        x = graph.feed_forward(x, f"{name}/ffn", weights)
    last = graph.node("Gather", x, graph.constant("last", np.array(-1, np.int64)), axis=1)
    last = graph.layer_norm(last, "decoder/layer_norm", weights)
    # The output matrix is the table of embeddings.
    table = graph.node("Cast", stored, to=TensorProto.FLOAT)
    graph.output("logits", graph.node("Gemm", last, table, transB=1), [1, vocabulary])
    return graph.model()


def causal_mask(graph: Graph, past: str, total: str) -> str:
    """[new, total]: 0 where a position may look, and `HIDDEN` where it would see what comes later."""
    zero, one = (graph.constant(f"index_{value}", np.array(value, np.int64)) for value in (0, 1))
    axis = graph.integers(0)
    first, end = graph.node("Squeeze", past, axis), graph.node("Squeeze", total, axis)
    rows = graph.node("Unsqueeze", graph.node("Range", first, end, one), graph.integers(1))
    later = graph.node("Greater", graph.node("Range", zero, end, one), rows)
    return graph.node("Where", later, graph.number(HIDDEN), graph.number(0.0))


def cached_attention(
    graph: Graph, x: str, name: str, weights: dict[str, NDArray], cache: list[str], mask: str
) -> tuple[str, list[str]]:
    """x + self-attention over the past and what is new, and the keys and values with the new ones behind."""
    matrix, bias = weights[f"{name}/linear_0/weight"], weights[f"{name}/linear_0/bias"]
    query, key, value = (slice(part * WIDTH, (part + 1) * WIDTH) for part in range(3))
    y = graph.layer_norm(x, f"{name}/layer_norm", weights)
    new = [
        graph.by_head(graph.linear(y, f"{name}/key", matrix[key], None)),
        graph.by_head(graph.linear(y, f"{name}/value", matrix[value], bias[value])),
    ]
    present = [graph.node("Concat", *pair, axis=2) for pair in zip(cache, new, strict=True)]
    mixed = graph.attend(
        graph.query(y, f"{name}/query", matrix[query], bias[query]),
        graph.node("Transpose", present[0], perm=[0, 1, 3, 2]),
        present[1],
        mask,
    )
    out = graph.linear(
        mixed, f"{name}/out", weights[f"{name}/linear_1/weight"], weights[f"{name}/linear_1/bias"]
    )
    return graph.node("Add", x, out), present


def cross_attention(graph: Graph, x: str, name: str, weights: dict[str, NDArray], cross: list[str]) -> str:
    """x + attention to the encoder's tokens."""
    y = graph.layer_norm(x, f"{name}/layer_norm", weights)
    query = graph.query(
        y, f"{name}/query", weights[f"{name}/linear_0/weight"], weights[f"{name}/linear_0/bias"]
    )
    mixed = graph.attend(query, *cross)
    out = graph.linear(
        mixed, f"{name}/out", weights[f"{name}/linear_2/weight"], weights[f"{name}/linear_2/bias"]
    )
    return graph.node("Add", x, out)
