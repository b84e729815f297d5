"""Whisper's encoder as an ONNX graph."""

import onnx
from numpy.typing import NDArray

from .features import MEL_BINS
from .graph import LAYERS, WIDTH, Graph

FRAMES_PER_POSITION = 2


def encoder_graph(weights: dict[str, NDArray]) -> onnx.ModelProto:
    """mel float32 [1, 80, frames] -> tokens float32 [1, frames / 2, 512], for at most 3,000 frames (30 s)."""
    graph = Graph("encoder")
    x = graph.input("mel", [1, MEL_BINS, "frames"])
    for name, stride in (("conv1", 1), ("conv2", FRAMES_PER_POSITION)):
        x = graph.node(
            "Conv",
            x,
            graph.weight(f"{name}.weight", weights[f"encoder/{name}/weight"]),
            graph.weight(f"{name}.bias", weights[f"encoder/{name}/bias"]),
            kernel_shape=[3],
            pads=[1, 1],
            strides=[stride],
        )
        x = graph.node("Gelu", x)
    x = graph.node("Transpose", x, perm=[0, 2, 1])
    positions = graph.weight("positions", weights["encoder/position_encodings/encodings"])
    length = graph.node("Shape", x, start=1, end=2)
    x = graph.node("Add", x, graph.node("Slice", positions, graph.integers(0), length, graph.integers(0)))
    for layer in range(LAYERS):
        name = f"encoder/layer_{layer}"
        x = self_attention(graph, x, f"{name}/self_attention", weights)
        x = graph.feed_forward(x, f"{name}/ffn", weights)
    graph.output("tokens", graph.layer_norm(x, "encoder/layer_norm", weights), [1, "positions", WIDTH])
    return graph.model()


def self_attention(graph: Graph, x: str, name: str, weights: dict[str, NDArray]) -> str:
    """x + self-attention over all positions. Query, key and value are stacked; the key has no bias."""
    matrix, bias = weights[f"{name}/linear_0/weight"], weights[f"{name}/linear_0/bias"]
    query, key, value = (slice(part * WIDTH, (part + 1) * WIDTH) for part in range(3))
    y = graph.layer_norm(x, f"{name}/layer_norm", weights)
    mixed = graph.attend(
        graph.query(y, f"{name}/query", matrix[query], bias[query]),
        graph.by_head(graph.linear(y, f"{name}/key", matrix[key], None), transposed=True),
        graph.by_head(graph.linear(y, f"{name}/value", matrix[value], bias[value])),
    )
    out = graph.linear(
        mixed, f"{name}/out", weights[f"{name}/linear_1/weight"], weights[f"{name}/linear_1/bias"]
    )
    return graph.node("Add", x, out)
