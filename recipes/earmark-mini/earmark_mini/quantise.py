"""Stage `quantise`: store the exported graphs small, in the pack's folder.

* Encoder: its matrices as integers in blocks of 64, of 4 bits in the feed-forward parts and of 8 in the
  attention, for which the adapter was trained; the convolutions and the positions as float16, which is what was
  published. It runs in float32.
* Adapter: 8-bit integers in blocks of 64. It runs in float32.
* Decoder: MatMulNBits in blocks of 64 from the model builder, of 4 bits and of 8 in the output matrix, rounded
  here as in the training, its scales as float16; the weights in two external files.
* Embeddings: a graph of their own over the bytes of the decoder's tied output matrix.
"""

import shutil
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from onnx.external_data_helper import set_external_data
from safetensors.torch import load_file
from torch import Tensor
from whisper_base.storage import as_blocks, as_half, fits_half, replace_initialisers

from .export import float_weights, strip_provenance
from .layout import Layout
from .modules import EMBEDDING_WIDTH
from .rounding import (
    DECODER_BLOCK,
    EMBEDDING_BITS,
    ENCODER_BITS,
    ENCODER_BLOCK,
    packed,
    rounded_blocks,
    unpacked,
)

SMALLEST_STORED = 256
"""Initialisers with fewer elements stay float32: nothing to gain."""

ALIGNMENT = 4096
"""External tensors start at a page, so that a runtime can map them."""

OUTPUT = "lm_head"
# The output matrix is the same whatever is trained: a pack that was trained anew differs from the last in one of
# these files only. What belongs to a graph has a name that begins with the graph's.
BLOCKS_FILE = "decoder.onnx.blocks"
OUTPUT_FILE = "decoder.onnx.output"
ZERO_POINT = 2 ** (EMBEDDING_BITS - 1)


def name_matrices(model: onnx.ModelProto, state: dict[str, Tensor]) -> None:
    """Give the matrices back the names the exporter dropped when it transposed them."""
    by_bytes = {values.numpy().T.tobytes(): name for name, values in state.items() if values.ndim == 2}
    renamed = {}
    for tensor in model.graph.initializer:
        name = by_bytes.get(numpy_helper.to_array(tensor).tobytes())
        if name and len(tensor.dims) == 2 and tensor.name not in state:
            renamed[tensor.name] = name
            tensor.name = name
    for node in model.graph.node:
        node.input[:] = [renamed.get(name, name) for name in node.input]


def store_encoder(layout: Layout) -> None:
    """encoder.onnx: its layers' matrices in blocks of 4 or 8 bits, float16 elsewhere."""
    model = onnx.load(layout.exported / "encoder.onnx")
    name_matrices(model, float_weights(layout.encoder_weights))
    replacements = {}
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if tensor.name in ENCODER_BITS:
            bits = ENCODER_BITS[tensor.name]
            replacements[tensor.name] = as_blocks(tensor.name, values, ENCODER_BLOCK, bits)
        elif values.size >= SMALLEST_STORED and values.dtype == np.float32:
            if not fits_half(values):
                raise ValueError(f"{tensor.name} is not exact in float16")
            replacements[tensor.name] = as_half(tensor.name, values)
    missing = ENCODER_BITS.keys() - replacements.keys()
    if missing:
        raise ValueError(f"not found in the exported encoder: {sorted(missing)}")
    replace_initialisers(model, replacements)
    name_axis(model, "mel", 2, "frames")
    name_axis(model, "tokens", 1, "tokens")
    save(model, layout.pack / "encoder.onnx")


def store_adapter(layout: Layout) -> None:
    """adapter.onnx: its matrices in 8 bits, all else in float16."""
    model = onnx.load(layout.exported / "adapter.onnx")
    name_matrices(model, float_weights(layout.trained_adapter))
    replacements = {}
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.ndim == 2 and values.size >= SMALLEST_STORED:
            replacements[tensor.name] = as_blocks(tensor.name, values, ENCODER_BLOCK)
        elif values.size >= SMALLEST_STORED and fits_half(values):
            replacements[tensor.name] = as_half(tensor.name, values)
    replace_initialisers(model, replacements)
    name_axis(model, "tokens", 1, "tokens")
    name_axis(model, "embeddings", 1, "tokens")
    save(model, layout.pack / "adapter.onnx")


def name_axis(model: onnx.ModelProto, value: str, axis: int, name: str) -> None:
    """Name one dynamic axis of an input or output; shapes inside the graph are left to inference."""
    for info in [*model.graph.input, *model.graph.output]:
        if info.name == value:
            info.type.tensor_type.shape.dim[axis].dim_param = name
    del model.graph.value_info[:]


def save(model: onnx.ModelProto, path: Path) -> None:
    """Check and write a model without external data."""
    onnx.checker.check_model(model)
    onnx.save(model, path)


def move_out(tensors: Iterable[TensorProto], path: Path) -> None:
    """Write the tensors' bytes to a file beside the graph and leave references to them."""
    with path.open("wb") as stream:
        for tensor in tensors:
            stream.write(b"\0" * (-stream.tell() % ALIGNMENT))
            set_external_data(tensor, path.name, stream.tell(), len(tensor.raw_data))
            stream.write(tensor.raw_data)
            tensor.ClearField("raw_data")
            tensor.data_location = TensorProto.EXTERNAL


def decoder_products(model: onnx.ModelProto) -> dict[str, onnx.NodeProto]:
    """The MatMulNBits nodes by what they multiply with: `model.layers.0.attn.qkv_proj`, `lm_head`."""
    return {
        node.input[1].partition(".MatMul.")[0]: node
        for node in model.graph.node
        if node.op_type == "MatMulNBits"
    }


def bits_of(node: onnx.NodeProto) -> int:
    """Of the weights of a MatMulNBits."""
    return next(attribute.i for attribute in node.attribute if attribute.name == "bits")


def matrix_of(state: dict[str, Tensor], name: str) -> Tensor:
    """What `decoder_products` names, among transformers' weights."""
    if name == OUTPUT:
        return state["model.embed_tokens.weight"]
    name = name.replace(".attn.", ".self_attn.")
    if name.endswith("qkv_proj"):
        return torch.cat([state[f"{name.removesuffix('qkv_proj')}{part}_proj.weight"] for part in "qkv"])
    return state[f"{name}.weight"]


def stored_matrix(tensors: dict[str, np.ndarray], node: onnx.NodeProto) -> Tensor:
    """[out, in]: the weights that a stored MatMulNBits stands for."""
    integers = unpacked(torch.from_numpy(tensors[node.input[1]].copy()), bits_of(node))
    scales = torch.from_numpy(tensors[node.input[2] + ".half"].astype(np.float32))
    return (integers * scales.reshape(*integers.shape[:2], 1)).flatten(-2)


def round_weights(model: onnx.ModelProto, state: dict[str, Tensor]) -> None:
    """Put the integers and scales that `rounded_blocks` makes in the place of the model builder's."""
    tensors = {tensor.name: tensor for tensor in model.graph.initializer}
    for name, node in decoder_products(model).items():
        bits = bits_of(node)
        integers, scales = rounded_blocks(matrix_of(state, name), bits)
        weight, scale = (tensors[node.input[place]] for place in (1, 2))
        for tensor, values in ((weight, packed(integers, bits)), (scale, scales.reshape(list(scale.dims)))):
            if list(tensor.dims) != list(values.shape):
                raise ValueError(f"{tensor.name} has shape {list(tensor.dims)}, not {list(values.shape)}")
            tensor.CopyFrom(numpy_helper.from_array(values.numpy(), tensor.name))


def store_decoder(layout: Layout) -> onnx.ModelProto:
    """decoder.onnx and its two data files. Returns the model, whose large tensors point into those files."""
    model = onnx.load(layout.decoder_build / "model.onnx")
    strip_provenance(model)
    round_weights(model, load_file(layout.merged / "model.safetensors"))
    replacements = {
        tensor.name: as_half(tensor.name, numpy_helper.to_array(tensor))
        for tensor in model.graph.initializer
        if tensor.name.endswith("weight_scales")
    }
    replace_initialisers(model, replacements)
    large = [tensor for tensor in model.graph.initializer if len(tensor.raw_data) >= ALIGNMENT]
    move_out((tensor for tensor in large if not tensor.name.startswith(OUTPUT)), layout.pack / BLOCKS_FILE)
    move_out((tensor for tensor in large if tensor.name.startswith(OUTPUT)), layout.pack / OUTPUT_FILE)
    onnx.save(model, layout.pack / "decoder.onnx")
    return model


def store_embeddings(layout: Layout, decoder: onnx.ModelProto) -> None:
    """embeddings.onnx: rows of the decoder's tied output matrix, dequantised."""
    tensors = {tensor.name: tensor for tensor in decoder.graph.initializer}
    product = decoder_products(decoder)[OUTPUT]
    weight, scales = tensors[product.input[1]], tensors[product.input[2] + ".half"]
    vocabulary, blocks, block = weight.dims
    if block != DECODER_BLOCK or blocks * block != EMBEDDING_WIDTH:
        raise ValueError(f"unexpected shape of the output matrix: {list(weight.dims)}")
    shared = []
    for tensor, shape in ((weight, weight.dims), (scales, [vocabulary, blocks, 1])):
        copy = TensorProto()
        copy.CopyFrom(tensor)
        copy.dims[:] = shape
        shared.append(copy)
    small = [
        numpy_helper.from_array(np.array(ZERO_POINT, dtype=np.float32), "zero_point"),
        numpy_helper.from_array(np.array([1, -1, EMBEDDING_WIDTH], dtype=np.int64), "shape"),
    ]
    node = helper.make_node
    nodes = [
        node("Gather", [weight.name, "input_ids"], ["rows"], axis=0),
        node("Cast", ["rows"], ["rows_float"], to=TensorProto.FLOAT),
        node("Sub", ["rows_float", "zero_point"], ["centred"]),
        node("Gather", [shared[1].name, "input_ids"], ["row_scales"], axis=0),
        node("Cast", ["row_scales"], ["row_scales_float"], to=TensorProto.FLOAT),
        node("Mul", ["centred", "row_scales_float"], ["blocks"]),
        node("Reshape", ["blocks", "shape"], ["inputs_embeds"]),
    ]
    graph = helper.make_graph(
        nodes,
        "embeddings",
        [helper.make_tensor_value_info("input_ids", TensorProto.INT64, [1, "ids"])],
        [helper.make_tensor_value_info("inputs_embeds", TensorProto.FLOAT, [1, "ids", EMBEDDING_WIDTH])],
        [*shared, *small],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.save(model, layout.pack / "embeddings.onnx")
    onnx.checker.check_model(str(layout.pack / "embeddings.onnx"))


def quantise(layout: Layout) -> None:
    """Write every graph of the pack."""
    layout.pack.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(layout.exported / "features.onnx", layout.pack / "features.onnx")
    store_encoder(layout)
    store_adapter(layout)
    store_embeddings(layout, store_decoder(layout))
