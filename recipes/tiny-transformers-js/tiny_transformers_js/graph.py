"""Writes ONNX graphs node by node."""

import hashlib

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

OPSET = 20
IR_VERSION = 10
CONTRIB = "com.microsoft"

Shape = list[int | str]


def constant_name(values: NDArray) -> str:
    """The name of a constant, which is made of its values."""
    tensor = numpy_helper.from_array(np.array(values, order="C"))
    key = f"{tensor.data_type} {list(tensor.dims)} ".encode() + tensor.raw_data
    return f"constant_{hashlib.sha256(key).hexdigest()[:16]}"


class Graph:
    """A graph that grows. Methods that add a node return the name of its result."""

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

    def node(self, operation: str, *inputs: str, domain: str = "", **attributes: object) -> str:
        """One node with one result."""
        result = f"{operation.lower()}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(operation, inputs, [result], domain=domain, **attributes))
        return result

    def constant(self, values: NDArray) -> str:
        """A constant; the same values again are the same constant."""
        name = constant_name(values)
        tensor = numpy_helper.from_array(np.array(values, order="C"), name)
        self._constants[name] = tensor
        return name

    def integers(self, *values: int) -> str:
        """A vector of whole numbers."""
        return self.constant(np.array(values, np.int64))

    def number(self, value: float) -> str:
        """One number, float32."""
        return self.constant(np.array(value, np.float32))

    def linear(self, x: str, weights: dict[str, NDArray], name: str) -> str:
        """x @ weight.T + bias, where there is a bias."""
        product = self.node("MatMul", x, self.constant(weights[f"{name}.weight"].T))
        bias = weights.get(f"{name}.bias")
        return product if bias is None else self.node("Add", product, self.constant(bias))

    def layer_norm(self, x: str, weights: dict[str, NDArray], name: str, epsilon: float = 1e-5) -> str:
        """LayerNorm over the last axis."""
        scale = self.constant(weights[f"{name}.weight"])
        shift = self.constant(weights[f"{name}.bias"])
        return self.node("LayerNormalization", x, scale, shift, axis=-1, epsilon=epsilon)

    def rms_norm(self, x: str, weight: NDArray, epsilon: float) -> str:
        """x / rms(x) * weight over the last axis."""
        mean = self.node("ReduceMean", self.node("Mul", x, x), self.integers(-1), keepdims=1)
        root = self.node("Sqrt", self.node("Add", mean, self.number(epsilon)))
        return self.node("Mul", self.node("Div", x, root), self.constant(weight))

    def silu(self, x: str) -> str:
        """x * sigmoid(x)"""
        return self.node("Mul", x, self.node("Sigmoid", x))

    def halves(self, x: str, axis: int, width: int) -> tuple[str, str]:
        """The first `width` along an axis, and the second."""
        first, second = (
            self.node("Slice", x, self.integers(i * width), self.integers((i + 1) * width), self.integers(axis))
            for i in range(2)
        )
        return first, second

    def by_head(self, x: str, heads: int) -> str:
        """[1, n, heads * width] -> [1, heads, n, width]"""
        return self.node("Transpose", self.node("Reshape", x, self.integers(0, 0, heads, -1)), perm=[0, 2, 1, 3])

    def joined(self, x: str) -> str:
        """[1, heads, n, width] -> [1, n, heads * width]"""
        return self.node("Reshape", self.node("Transpose", x, perm=[0, 2, 1, 3]), self.integers(0, 0, -1))

    def model(self) -> onnx.ModelProto:
        """The finished graph, checked."""
        graph = helper.make_graph(
            self._nodes, self._name, self._inputs, self._outputs, list(self._constants.values())
        )
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(CONTRIB, 1)]
        model = helper.make_model(
            graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="earmark"
        )
        onnx.checker.check_model(model)
        return model
