"""Graphs whose weights are too big for memory: each goes to a file beside the graph as soon as it is read.

Linear layers come in three precisions. `fp32` is stored and runs as it is. `fp16` is stored in half of that and
widened by Cast nodes, which ONNX Runtime folds when it loads the graph. `int4` is MatMulNBits.
"""

from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper
from onnx.external_data_helper import set_external_data
from whisper_base.graph import IR_VERSION, OPSET, Graph, Shape

from .checkpoint import ExportError
from .int4 import BLOCK, quantise

MICROSOFT = "com.microsoft"
SMALLEST_EXTERNAL = 1024
"""Bytes. What is smaller stays in the graph."""
MOST_FILE_BYTES = 1_900_000_000
"""No file grows beyond: many file systems, hubs and readers stop at 2 GB."""
ALIGNMENT = 4096
"""Tensors start at a page, so that a runtime can map them."""
TYPES = {
    np.dtype(np.float32): TensorProto.FLOAT,
    np.dtype(np.float16): TensorProto.FLOAT16,
    np.dtype(np.uint8): TensorProto.UINT8,
}

Size = dict[str, int]
"""`parameters`, and `memoryBytes`: what they take when the graph is loaded and runs."""


class PartGraph(Graph):
    """One part of a pack: `NAME.onnx`, and its weights in `NAME.onnx.data`, `NAME.onnx.data_1` and so on."""

    def __init__(self, name: str, folder: Path, precision: str) -> None:
        super().__init__(name)
        self._path = folder / f"{name}.onnx"
        self._precision = precision
        self._file = 0
        self.memory = 0
        """Bytes that the weights take when the graph is loaded and runs."""
        self.parameters = 0

    def stored(self, name: str, values: NDArray) -> str:
        """A constant as it is, in a file beside the graph unless it is small."""
        if name in self._constants:
            return name
        if values.nbytes < SMALLEST_EXTERNAL:
            return self.constant(name, values)
        if values.nbytes > MOST_FILE_BYTES:
            raise ExportError(
                f"{name} takes {values.nbytes / 1e9:.1f} GB as {values.dtype}, more than a file may hold; "
                "choose --precision fp16 or int4"
            )
        offset = self._append(values)
        tensor = TensorProto(name=name, dims=values.shape, data_type=TYPES[values.dtype])
        tensor.raw_data = b""
        set_external_data(tensor, self._data_file().name, offset, values.nbytes)
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        self._constants[name] = tensor
        return name

    def _data_file(self) -> Path:
        return self._path.with_name(f"{self._path.name}.data{f'_{self._file}' if self._file else ''}")

    def _append(self, values: NDArray) -> int:
        """Writes values behind what is there, or to the next file. Returns where they start."""
        path = self._data_file()
        size = path.stat().st_size if path.exists() else 0
        offset = -(-size // ALIGNMENT) * ALIGNMENT
        if offset + values.nbytes > MOST_FILE_BYTES:
            self._file += 1
            path, size, offset = self._data_file(), 0, 0
        with path.open("ab") as stream:
            stream.write(b"\0" * (offset - size))
            stream.write(np.ascontiguousarray(values))
        return offset

    def weight(self, name: str, values: NDArray) -> str:
        """A float32 constant, stored as float16 unless the precision is fp32.

        Raises ExportError where a value is too large for float16.
        """
        self.parameters += values.size
        self.memory += values.size * 4
        if self._precision == "fp32" or values.nbytes < SMALLEST_EXTERNAL:
            return self.stored(name, np.ascontiguousarray(values, np.float32))
        half = self.stored(f"{name}.half", as_half(name, values))
        self._nodes.append(helper.make_node("Cast", [half], [name], to=TensorProto.FLOAT))
        return name

    def linear(self, x: str, name: str, matrix: NDArray, bias: NDArray | None) -> str:
        """x @ matrix.T + bias, for a matrix [out, in]."""
        if self._precision == "int4":
            product = self._linear_int4(x, name, matrix)
        else:
            product = self.node("MatMul", x, self.weight(f"{name}.weight", matrix.T))
        return product if bias is None else self.node("Add", product, self.weight(f"{name}.bias", bias))

    def _linear_int4(self, x: str, name: str, matrix: NDArray) -> str:
        outputs, inputs = matrix.shape
        packed, scales = quantise(np.asarray(matrix, np.float32))
        weight = self.stored(f"{name}.int4", packed)
        # Beside the scales, which count as they are added.
        self.parameters += matrix.size - scales.size
        self.memory += packed.nbytes
        return self.node(
            "MatMulNBits",
            x,
            weight,
            self.weight(f"{name}.scales", scales.astype(np.float32)),
            domain=MICROSOFT,
            K=inputs,
            N=outputs,
            bits=4,
            block_size=BLOCK,
            accuracy_level=4,
        )

    def table_rows(self, name: str, table: NDArray, ids: str) -> str:
        """Rows of a table. They are gathered as they are stored and then widened, so that no wide table is made."""
        self.parameters += table.size
        if self._precision == "fp32":
            self.memory += table.nbytes
            return self.node("Gather", self.stored(name, table), ids, axis=0)
        half = as_half(name, table)
        self.memory += half.nbytes
        rows = self.node("Gather", self.stored(name, half), ids, axis=0)
        return self.node("Cast", rows, to=TensorProto.FLOAT)

    def norm(self, x: str, name: str, scale: NDArray, shift: NDArray, epsilon: float) -> str:
        """LayerNorm over the last axis."""
        inputs = [self.weight(f"{name}.weight", scale), self.weight(f"{name}.bias", shift)]
        return self.node("LayerNormalization", x, *inputs, axis=-1, epsilon=epsilon)

    def rms_norm(self, x: str, name: str, scale: NDArray, epsilon: float) -> str:
        """x over the root of the mean of its squares, times a scale. ONNX Runtime makes one node of it."""
        mean = self.node("ReduceMean", self.node("Pow", x, self.number(2.0)), self.integers(-1))
        root = self.node("Sqrt", self.node("Add", mean, self.number(epsilon)))
        return self.node("Mul", self.node("Div", x, root), self.weight(f"{name}.weight", scale))

    def attention(
        self, inputs: list[str], presents: list[str], shape: Shape, num_heads: int, kv_num_heads: int
    ) -> str:
        """GroupQueryAttention with rotation; keys and values with the new ones behind are outputs of the graph."""
        result = f"attention_{len(self._nodes)}"
        self._nodes.append(
            helper.make_node(
                "GroupQueryAttention",
                inputs,
                [result, *presents],
                domain=MICROSOFT,
                num_heads=num_heads,
                kv_num_heads=kv_num_heads,
                do_rotary=1,
            )
        )
        self._outputs += [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in presents]
        return result

    def save(self) -> Size:
        """Write the graph, checked, beside its weights. Returns what `pack.json` says of the part's size."""
        graph = helper.make_graph(
            self._nodes, self._name, self._inputs, self._outputs, list(self._constants.values())
        )
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET), helper.make_opsetid(MICROSOFT, 1)],
            ir_version=IR_VERSION,
            producer_name="earmark",
        )
        self._path.write_bytes(model.SerializeToString(deterministic=True))
        onnx.checker.check_model(str(self._path))
        return {"parameters": self.parameters, "memoryBytes": self.memory}


def as_half(name: str, values: NDArray) -> NDArray[np.float16]:
    """Rounded to float16. Raises ExportError where a value is too large for it."""
    with np.errstate(over="ignore"):
        half = np.ascontiguousarray(values, np.float16)
    if not np.isfinite(half).all():
        raise ExportError(f"{name} has values that float16 does not hold; choose --precision fp32")
    return half
