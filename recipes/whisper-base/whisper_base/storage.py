"""Smaller ways to store a float32 initialiser.

Each puts the stored form and a few nodes in the initialiser's place. Those nodes have constant inputs
only, so ONNX Runtime folds them when it loads the model: what runs is the float32 graph.
"""

from collections.abc import Mapping

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

MIDDLE = 8
"""What stands for zero where 4 bits are stored as a number that is never negative."""


def fits_half(values: NDArray[np.float32]) -> bool:
    """Whether float16 holds every value exactly."""
    return bool(np.array_equal(values.astype(np.float16).astype(np.float32), values))


def as_half(name: str, values: NDArray[np.float32]) -> tuple[list[TensorProto], list[NodeProto]]:
    """float16, widened by a Cast."""
    stored = numpy_helper.from_array(values.astype(np.float16), name + ".half")
    return [stored], [helper.make_node("Cast", [stored.name], [name], to=TensorProto.FLOAT)]


def quantise_blocks(
    weight: NDArray[np.float32], block: int, bits: int = 8
) -> tuple[NDArray[np.int8], NDArray[np.float16]]:
    """[in, out] -> integers [in / block, block, out] and float16 scales [in / block, 1, out], symmetric,
    rounded to nearest. The scales are rounded first, so the integers are the best for them."""
    inputs, outputs = weight.shape
    largest = 2 ** (bits - 1) - 1
    blocks = weight.reshape(inputs // block, block, outputs)
    scales = (np.abs(blocks).max(axis=1, keepdims=True) / largest).astype(np.float16)
    divisor = np.where(scales == 0, 1, scales).astype(np.float32)
    return np.clip(np.rint(blocks / divisor), -largest, largest).astype(np.int8), scales


def dequantise_blocks(integers: NDArray[np.int8], scales: NDArray[np.float16]) -> NDArray[np.float32]:
    """The float32 weight [in, out] that `as_blocks` stands for."""
    blocks = integers.astype(np.float32) * scales.astype(np.float32)
    return blocks.reshape(-1, blocks.shape[-1])


def read_blocks(tensors: Mapping[str, NDArray], name: str) -> NDArray[np.float32] | None:
    """The float32 weight [in, out] that stands under this name among stored tensors, if as blocks."""
    if name + ".int8" in tensors:
        integers = tensors[name + ".int8"]
    elif name + ".int4" in tensors:
        pairs = tensors[name + ".int4"]
        integers = (np.concatenate([pairs & 15, pairs >> 4], axis=1).astype(np.int8)) - MIDDLE
    else:
        return None
    return dequantise_blocks(integers, tensors[name + ".scales"])


def as_blocks(
    name: str, weight: NDArray[np.float32], block: int, bits: int = 8
) -> tuple[list[TensorProto], list[NodeProto]]:
    """`bits` (8 or 4) a weight and one float16 scale for `block` inputs of an output. Of 4 bits, a byte holds one
    of the block's first half and, in its upper half, one of its second."""
    integers, scales = quantise_blocks(weight, block, bits)
    tensors = [
        numpy_helper.from_array(scales, name + ".scales"),
        numpy_helper.from_array(np.array(weight.shape, dtype=np.int64), name + ".shape"),
    ]
    node = helper.make_node
    if bits == 8:
        tensors.append(numpy_helper.from_array(integers, name + ".int8"))
        nodes = [node("Cast", [name + ".int8"], [name + ".integers"], to=TensorProto.FLOAT)]
    else:
        raised = (integers + MIDDLE).astype(np.uint8)
        low, high = np.split(raised, 2, axis=1)
        tensors += [
            numpy_helper.from_array(low | high << 4, name + ".int4"),
            numpy_helper.from_array(np.array(4, dtype=np.uint8), name + ".four"),
            numpy_helper.from_array(np.array(15, dtype=np.uint8), name + ".fifteen"),
            numpy_helper.from_array(np.array(MIDDLE, dtype=np.float32), name + ".middle"),
        ]
        nodes = [
            node("BitwiseAnd", [name + ".int4", name + ".fifteen"], [name + ".low"]),
            node("BitShift", [name + ".int4", name + ".four"], [name + ".high"], direction="RIGHT"),
            node("Concat", [name + ".low", name + ".high"], [name + ".raised"], axis=1),
            node("Cast", [name + ".raised"], [name + ".raised.float"], to=TensorProto.FLOAT),
            node("Sub", [name + ".raised.float", name + ".middle"], [name + ".integers"]),
        ]
    nodes += [
        node("Cast", [name + ".scales"], [name + ".scales.float"], to=TensorProto.FLOAT),
        node("Mul", [name + ".integers", name + ".scales.float"], [name + ".blocks"]),
        node("Reshape", [name + ".blocks", name + ".shape"], [name]),
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
