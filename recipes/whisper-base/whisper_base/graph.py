"""Writes ONNX graphs node by node: what Whisper's layers are made of, and nothing else.

Weights are stored as float16, which is what was published, and widened by Cast nodes that ONNX Runtime folds
when it loads the graph: what runs is float32.
"""

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from .storage import as_half, fits_half

OPSET = 20
IR_VERSION = 10
SMALLEST_HALF = 256
"""Constants with fewer elements stay as they are: nothing to gain."""

WIDTH = 512
HEADS = 8
HEAD_WIDTH = WIDTH // HEADS
LAYERS = 6
"""The same in encoder and decoder."""
EPSILON = 1e-5

Shape = list[int | str]


class Graph:
    """A graph that grows. Every method adds nodes and returns the name of their result."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[str, TensorProto] = {}
        self._inputs: list[onnx.ValueInfoProto] = []
        self._outputs: list[onnx.ValueInfoProto] = []

    def input(self, name: str, shape: Shape, kind: int = TensorProto.FLOAT) -> str:
        """A size that varies is given by a word."""
        self._inputs.append(helper.make_tensor_value_info(name, kind, shape))
        return name

    def output(self, name: str, value: str, shape: Shape) -> None:
        """Hand a value out under a name."""
        self._nodes.append(helper.make_node("Identity", [value], [name]))
        self._outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))

    def node(self, operation: str, *inputs: str, **attributes: object) -> str:
        """One node with one result."""
        result = f"{operation.lower()}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(operation, inputs, [result], **attributes))
        return result

    def constant(self, name: str, values: NDArray) -> str:
        """A constant as it is. The same name again is the same constant."""
        if name not in self._constants:
            self._constants[name] = numpy_helper.from_array(np.array(values, order="C"), name)
        return name

    def integers(self, *values: int) -> str:
        """A vector of whole numbers."""
        return self.constant("_".join(["int", *map(str, values)]), np.array(values, np.int64))

    def number(self, value: float) -> str:
        """One number, float32."""
        return self.constant(f"float_{value}", np.array(value, np.float32))

    def weight(self, name: str, values: NDArray) -> str:
        """A float32 constant, stored as float16 where that loses nothing and saves something.

        Raises ValueError where float16 would round.
        """
        wide = np.array(values, np.float32, order="C")
        if values.size < SMALLEST_HALF:
            return self.constant(name, wide)
        if not fits_half(wide):
            raise ValueError(f"{name} is not exact in float16")
        tensors, nodes = as_half(name, wide)
        self._constants.update((tensor.name, tensor) for tensor in tensors)
        self._nodes.extend(nodes)
        return name

    def linear(self, x: str, name: str, matrix: NDArray, bias: NDArray | None) -> str:
        """x @ matrix.T + bias, for a matrix [out, in]."""
        product = self.node("MatMul", x, self.weight(name + ".weight", matrix.T))
        return product if bias is None else self.node("Add", product, self.weight(name + ".bias", bias))

    def layer_norm(self, x: str, name: str, weights: dict[str, NDArray]) -> str:
        """LayerNorm over the last axis."""
        scale = self.weight(name + "/gamma", weights[name + "/gamma"])
        shift = self.weight(name + "/beta", weights[name + "/beta"])
        return self.node("LayerNormalization", x, scale, shift, axis=-1, epsilon=EPSILON)

    def feed_forward(self, x: str, name: str, weights: dict[str, NDArray]) -> str:
        """x + the feed-forward part of a layer, whose LayerNorm stands in front."""
        y = self.layer_norm(x, name + "/layer_norm", weights)
        y = self.linear(
            y, name + "/linear_0", weights[name + "/linear_0/weight"], weights[name + "/linear_0/bias"]
        )
        y = self.node("Gelu", y)
        y = self.linear(
            y, name + "/linear_1", weights[name + "/linear_1/weight"], weights[name + "/linear_1/bias"]
        )
        return self.node("Add", x, y)

    def by_head(self, x: str, transposed: bool = False) -> str:
        """[1, n, 512] -> [1, 8, n, 64], or [1, 8, 64, n] as the right side of queries times keys."""
        split = self.node("Reshape", x, self.integers(1, -1, HEADS, HEAD_WIDTH))
        return self.node("Transpose", split, perm=[0, 2, 3, 1] if transposed else [0, 2, 1, 3])

    def attend(self, query: str, key: str, value: str, mask: str | None = None) -> str:
        """Attention as plain MatMul, Softmax, MatMul, so that a tap can find the probabilities.

        query [1, 8, n, 64], key [1, 8, 64, m], value [1, 8, m, 64], mask [n, m] to add -> [1, n, 512].
        """
        logits = self.node("MatMul", query, key)
        if mask is not None:
            logits = self.node("Add", logits, mask)
        mixed = self.node("MatMul", self.node("Softmax", logits, axis=-1), value)
        joined = self.node("Transpose", mixed, perm=[0, 2, 1, 3])
        return self.node("Reshape", joined, self.integers(1, -1, WIDTH))

    def query(self, x: str, name: str, matrix: NDArray, bias: NDArray) -> str:
        """Queries by head, over the root of the head's width."""
        return self.by_head(
            self.node("Mul", self.linear(x, name, matrix, bias), self.number(HEAD_WIDTH**-0.5))
        )

    def model(self) -> onnx.ModelProto:
        """The finished graph, checked."""
        graph = helper.make_graph(
            self._nodes, self._name, self._inputs, self._outputs, list(self._constants.values())
        )
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
            producer_name="earmark",
        )
        onnx.checker.check_model(model, full_check=True)
        return model
