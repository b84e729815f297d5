"""Smaller ways to store a float32 initialiser.

Each puts the stored form and a few nodes in the initialiser's place. Those nodes have constant inputs
only, so ONNX Runtime folds them when it loads the model: what runs is the float32 graph.
"""

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper


def fits_half(values: NDArray[np.float32]) -> bool:
    """Whether float16 holds every value exactly."""
    return bool(np.array_equal(values.astype(np.float16).astype(np.float32), values))


def as_half(name: str, values: NDArray[np.float32]) -> tuple[list[TensorProto], list[NodeProto]]:
    """float16, widened by a Cast."""
    stored = numpy_helper.from_array(values.astype(np.float16), name + ".half")
    return [stored], [helper.make_node("Cast", [stored.name], [name], to=TensorProto.FLOAT)]


def quantise_blocks(
    weight: NDArray[np.float32], block: int
) -> tuple[NDArray[np.int8], NDArray[np.float16]]:
    """[in, out] -> int8 [in / block, block, out] and float16 scales [in / block, 1, out], symmetric,
    rounded to nearest. The scales are rounded first, so the integers are the best for them."""
    inputs, outputs = weight.shape
    blocks = weight.reshape(inputs // block, block, outputs)
    scales = (np.abs(blocks).max(axis=1, keepdims=True) / 127).astype(np.float16)
    divisor = np.where(scales == 0, 1, scales).astype(np.float32)
    return np.clip(np.rint(blocks / divisor), -127, 127).astype(np.int8), scales


def dequantise_blocks(integers: NDArray[np.int8], scales: NDArray[np.float16]) -> NDArray[np.float32]:
    """The float32 weight [in, out] that `as_blocks` stands for."""
    blocks = integers.astype(np.float32) * scales.astype(np.float32)
    return blocks.reshape(-1, blocks.shape[-1])


def as_blocks(
    name: str, weight: NDArray[np.float32], block: int
) -> tuple[list[TensorProto], list[NodeProto]]:
    """8 bits a weight and one float16 scale for `block` inputs of an output."""
    integers, scales = quantise_blocks(weight, block)
    tensors = [
        numpy_helper.from_array(integers, name + ".int8"),
        numpy_helper.from_array(scales, name + ".scales"),
        numpy_helper.from_array(np.array(weight.shape, dtype=np.int64), name + ".shape"),
    ]
    nodes = [
        helper.make_node("Cast", [name + ".int8"], [name + ".int8.float"], to=TensorProto.FLOAT),
        helper.make_node("Cast", [name + ".scales"], [name + ".scales.float"], to=TensorProto.FLOAT),
        helper.make_node("Mul", [name + ".int8.float", name + ".scales.float"], [name + ".blocks"]),
        helper.make_node("Reshape", [name + ".blocks", name + ".shape"], [name]),
    ]
    return tensors, nodes


def replace_initialisers(
    model: onnx.ModelProto,
    replacements: dict[str, tuple[list[TensorProto], list[NodeProto]]],
) -> None:
    """Put stored forms in the place of initialisers, their nodes in front of all others."""
    graph = model.graph
    kept = [tensor for tensor in graph.initializer if tensor.name not in replacements]
    nodes = list(graph.node)
    del graph.initializer[:]
    del graph.node[:]
    graph.initializer.extend(kept)
    for tensors, restoring in replacements.values():
        graph.initializer.extend(tensors)
        graph.node.extend(restoring)
    graph.node.extend(nodes)
