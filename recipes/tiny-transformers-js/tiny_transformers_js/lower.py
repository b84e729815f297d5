"""The graphs in half precision and in 4 bits, as public exports have them, and the weights that these stand for."""

import logging

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper
from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer
from onnxruntime.transformers.float16 import DEFAULT_OP_BLOCK_LIST, convert_float_to_float16

from .graph import constant_name

BLOCK = 32


def half(graph: onnx.ModelProto) -> onnx.ModelProto:
    """Everything in float16: weights, inputs, outputs, the KV cache. Rotary angles stay in float32, in whose place
    float16 could not tell one position from the next."""
    for node in graph.graph.node:
        # Nodes are kept by name.
        node.name = node.output[0]
    made_by = {name: node for node in graph.graph.node for name in node.output}
    angles: set[str] = set()
    waiting = [node for node in graph.graph.node if node.op_type in ("Cos", "Sin")]
    while waiting:
        node = waiting.pop()
        angles.add(node.name)
        waiting += [made_by[name] for name in node.input if name in made_by]
    return convert_float_to_float16(graph, op_block_list=DEFAULT_OP_BLOCK_LIST, node_block_list=sorted(angles))


def four_bits(graph: onnx.ModelProto) -> onnx.ModelProto:
    """Constant matrices in blocks of 32 weights of 4 bits, symmetric."""
    logging.getLogger(MatMulNBitsQuantizer.__module__).setLevel(logging.WARNING)
    quantizer = MatMulNBitsQuantizer(graph, bits=4, block_size=BLOCK, is_symmetric=True)
    quantizer.process()
    return quantizer.model.model


def stands_for(weights: dict[str, NDArray], graph: onnx.ModelProto) -> dict[str, NDArray]:
    """What the weights have become in a lowered graph, as float32: those of MatMulNBits by its definition (low bits
    first, 8 is zero), the others rounded to float16."""
    stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.graph.initializer}
    matrices = {node.input[1]: node for node in graph.graph.node if node.op_type == "MatMulNBits"}

    def lowered(weight: NDArray) -> NDArray:
        node = next((node for name, node in matrices.items() if name.startswith(constant_name(weight.T))), None)
        if node is None:
            return weight.astype(np.float16).astype(np.float32)
        packed, scales = stored[node.input[1]], stored[node.input[2]].astype(np.float32)
        rows, blocks, _ = packed.shape
        digits = np.stack([packed & 15, packed >> 4], axis=-1).reshape(rows, blocks, BLOCK).astype(np.float32) - 8
        columns = weight.shape[1]
        return (digits * scales.reshape(rows, blocks, 1)).reshape(rows, -1)[:, :columns]

    return {name: lowered(weight) for name, weight in weights.items()}
