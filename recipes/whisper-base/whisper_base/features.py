"""The log-mel front end as an ONNX graph.

Whisper's features: 16 kHz samples, Hann window of 400 (periodic), hop 160, centred with reflection,
the last frame dropped; power spectrum; 80 mel filters (slaney scale and norm, 0 to 8000 Hz); log10 of
at least 1e-10; nothing more than 8 below the clip's maximum; (x + 4) / 4.

The frames are cut by three slices of rows of 160 samples (400 = 160 + 160 + 80) and transformed by one
MatMul with the windowed Fourier basis. That MatMul is float64: a pure tone's leakage into far bins
would drown in float32 rounding, and the 8 decades under the maximum would show it.
"""

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

MEL_BINS = 80
SAMPLE_RATE = 16_000
WINDOW = 400
HOP = 160
BINS = WINDOW // 2 + 1
OPSET = 18


def mel_of(hertz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Slaney's mel scale: linear up to 1000 Hz (15 mel), 27 mel for each factor of 6.4 above."""
    above = 15 + 27 / np.log(6.4) * np.log(np.maximum(hertz, 1000) / 1000)
    return np.where(hertz >= 1000, above, 3 * hertz / 200)


def hertz_of(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    """The inverse of `mel_of`."""
    return np.where(mel >= 15, 1000 * np.exp(np.log(6.4) / 27 * (mel - 15)), 200 * mel / 3)


def mel_filters(mel_bins: int = MEL_BINS) -> NDArray[np.float64]:
    """[201, mel_bins]: triangles over the mel scale, each of area 1, as WhisperFeatureExtractor has them."""
    nyquist = SAMPLE_RATE / 2
    corners = hertz_of(np.linspace(0, mel_of(np.array(nyquist)), mel_bins + 2))
    slopes = corners[None, :] - np.linspace(0, nyquist, BINS)[:, None]
    widths = np.diff(corners)
    triangles = np.maximum(0, np.minimum(-slopes[:, :-2] / widths[:-1], slopes[:, 2:] / widths[1:]))
    return triangles * (2 / (corners[2:] - corners[:-2]))


def fourier_basis() -> NDArray[np.float64]:
    """[400, 402]: the windowed cosines of all 201 bins, then the sines."""
    time = np.arange(WINDOW)
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * time / WINDOW)
    # The product is reduced modulo the window first, so that no angle loses digits by being large.
    angle = 2 * np.pi * (np.outer(time, np.arange(BINS)) % WINDOW) / WINDOW
    return hann[:, None] * np.concatenate([np.cos(angle), np.sin(angle)], axis=1)


def features_graph(mel_bins: int = MEL_BINS) -> onnx.ModelProto:
    """samples float32 [1, n] -> mel float32 [1, mel_bins, n / 160], for n a multiple of 160, at least 320."""
    constants: list[TensorProto] = []

    def constant(name: str, value: NDArray) -> str:
        constants.append(numpy_helper.from_array(value, name))
        return name

    def integers(name: str, *values: int) -> str:
        return constant(name, np.array(values, dtype=np.int64))

    def scalar(name: str, value: float) -> str:
        return constant(name, np.array(value, dtype=np.float32))

    node = helper.make_node
    # Half a window of reflection on the left; on the right what the last kept frame needs, which
    # makes the whole exactly two rows of 160 longer than the clip.
    left, right = WINDOW // 2, 2 * HOP - WINDOW // 2
    first, last, zero = integers("first", 0), integers("last", np.iinfo(np.int64).max), integers("axis0", 0)
    nodes = [
        node("Cast", ["samples"], ["samples64"], to=TensorProto.DOUBLE),
        node("Pad", ["samples64", integers("pads", 0, left, 0, right)], ["padded"], mode="reflect"),
        node("Reshape", ["padded", integers("rows_shape", -1, HOP)], ["rows"]),
        node("Slice", ["rows", first, integers("minus2", -2), zero], ["frame_a"]),
        node("Slice", ["rows", integers("one", 1), integers("minus1", -1), zero], ["frame_b"]),
        node("Slice", ["rows", integers("two", 2), last, zero], ["frame_c_long"]),
        node("Slice", ["frame_c_long", first, integers("c_end", WINDOW - 2 * HOP), "one"], ["frame_c"]),
        node("Concat", ["frame_a", "frame_b", "frame_c"], ["frames"], axis=1),
        node("MatMul", ["frames", constant("basis", fourier_basis())], ["spectrum"]),
        node("Mul", ["spectrum", "spectrum"], ["squares"]),
        # The filters stand twice, so that this product also adds the squared cosines and sines.
        node("MatMul", ["squares", constant("filters", np.tile(mel_filters(mel_bins), (2, 1)))], ["mel64"]),
        node("Cast", ["mel64"], ["mel32"], to=TensorProto.FLOAT),
        node("Max", ["mel32", scalar("floor", 1e-10)], ["floored"]),
        node("Log", ["floored"], ["natural"]),
        node("Mul", ["natural", scalar("per_decade", 1 / np.log(10))], ["decades"]),
        node("ReduceMax", ["decades"], ["loudest"], keepdims=0),
        node("Sub", ["loudest", scalar("range", 8.0)], ["threshold"]),
        node("Max", ["decades", "threshold"], ["limited"]),
        node("Add", ["limited", scalar("four", 4.0)], ["shifted"]),
        node("Mul", ["shifted", scalar("quarter", 0.25)], ["scaled"]),
        node("Transpose", ["scaled"], ["by_bin"], perm=[1, 0]),
        node("Unsqueeze", ["by_bin", zero], ["mel"]),
    ]
    graph = helper.make_graph(
        nodes,
        "features",
        [helper.make_tensor_value_info("samples", TensorProto.FLOAT, [1, "samples"])],
        [helper.make_tensor_value_info("mel", TensorProto.FLOAT, [1, mel_bins, "frames"])],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=9)
    onnx.checker.check_model(model)
    return model
