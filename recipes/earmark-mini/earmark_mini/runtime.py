"""The pack as ONNX Runtime runs it, in Python: the same interface as `reference.Reference`."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, helper

from .modules import ENCODER_HEADS
from .reference import Heard

THREADS = 2


def session_options() -> onnxruntime.SessionOptions:
    """As many threads as everything was measured with."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    # Idle threads give way to PyTorch's.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options


def tapped(path: Path) -> bytes:
    """The encoder with a tap: input `queries` [1, 1, 1, positions] (1 for a valid query) times the last
    layer's attention probabilities gives output `received` [1, 8, 1, positions]."""
    model = onnx.load(path)
    graph = model.graph
    softmax = [node for node in graph.node if node.op_type == "Softmax"]
    probabilities = softmax[-1].output[0]
    graph.node.append(helper.make_node("MatMul", ["queries", probabilities], ["received"]))
    graph.input.append(helper.make_tensor_value_info("queries", TensorProto.FLOAT, [1, 1, 1, "positions"]))
    graph.output.append(
        helper.make_tensor_value_info("received", TensorProto.FLOAT, [1, ENCODER_HEADS, 1, "positions"])
    )
    return model.SerializeToString()


def decoder_at_level(path: Path, level: int) -> bytes:
    """The decoder with another MatMulNBits accuracy level. Its external data stays where it is."""
    model = onnx.load(path, load_external_data=False)
    for node in model.graph.node:
        for attribute in node.attribute:
            if node.op_type == "MatMulNBits" and attribute.name == "accuracy_level":
                attribute.i = level
    return model.SerializeToString()


class Runtime:
    """The pack's graphs. `accuracy_level` None leaves the decoder as it is."""

    def __init__(self, pack: Path, accuracy_level: int | None = None) -> None:
        def load(source: Path | bytes) -> onnxruntime.InferenceSession:
            options = session_options()
            if isinstance(source, bytes):
                options.add_session_config_entry(
                    "session.model_external_initializers_file_folder_path", str(pack)
                )
            return onnxruntime.InferenceSession(
                source if isinstance(source, bytes) else str(source),
                options,
                providers=["CPUExecutionProvider"],
            )

        self._features = load(pack / "features.onnx")
        self._encoder = load(tapped(pack / "encoder.onnx"))
        self._adapter = load(pack / "adapter.onnx")
        self._embeddings = load(pack / "embeddings.onnx")
        decoder = pack / "decoder.onnx"
        self._decoder = load(
            decoder if accuracy_level is None else decoder_at_level(decoder, accuracy_level)
        )
        self._past = [i for i in self._decoder.get_inputs() if i.name.startswith("past_key_values")]

    def hear(self, samples: NDArray[np.float32]) -> Heard:
        """The front half, from samples to the adapter's output."""
        (mel,) = self._features.run(None, {"samples": samples[None]})
        queries = np.ones((1, 1, 1, mel.shape[2] // 2), dtype=np.float32)
        tokens, received = self._encoder.run(["tokens", "received"], {"mel": mel, "queries": queries})
        (embeddings,) = self._adapter.run(None, {"tokens": tokens})
        return Heard(mel[0], tokens[0], received[0, :, 0], embeddings[0])

    def embed(self, ids: list[int]) -> NDArray[np.float32]:
        """Embeddings [n, 576] of token ids."""
        return self._embeddings.run(None, {"input_ids": np.array([ids], dtype=np.int64)})[0][0]

    def session(self) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
        """A new context: a function from further embeddings [n, 576] to the last one's logits."""
        cache = {i.name: np.zeros((1, i.shape[1], 0, 64), dtype=np.float32) for i in self._past}
        length = 0

        def step(embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
            nonlocal cache, length
            length += len(embeddings)
            feeds = {
                "inputs_embeds": embeddings[None],
                "attention_mask": np.ones((1, length), dtype=np.int64),
                **cache,
            }
            names = [name.replace("past_key_values", "present") for name in cache]
            logits, *present = self._decoder.run(["logits", *names], feeds)
            cache = dict(zip(cache, present, strict=True))
            return logits[0, -1]

        return step
