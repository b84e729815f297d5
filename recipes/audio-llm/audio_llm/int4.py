"""4 bits a weight and one float16 scale for 32 of them, as MatMulNBits reads them."""

import numpy as np
from numpy.typing import NDArray

from .checkpoint import ExportError

BLOCK = 32
ZERO = 8
ROWS_AT_ONCE = 4096
"""So many rows are quantised at once: what is between is several times as large as they are."""


def quantise(matrix: NDArray[np.float32]) -> tuple[NDArray[np.uint8], NDArray[np.float16]]:
    """[out, in] -> integers [out, in / 32, 16] of two weights a byte, the first one in the low half, and scales
    [out * in / 32].

    A block's largest weight becomes -8, with its sign in the scale, so that none of the 16 values is wasted. The
    scales are rounded first, so the integers are the best for them. Raises ExportError where a row is no whole
    number of blocks.
    """
    outputs, inputs = matrix.shape
    if inputs % BLOCK:
        raise ExportError(
            f"rows of {inputs} weights are no whole number of blocks of {BLOCK}; choose --precision fp16"
        )
    packed = np.empty((outputs, inputs // BLOCK, BLOCK // 2), np.uint8)
    scales = np.empty((outputs, inputs // BLOCK), np.float16)
    for start in range(0, outputs, ROWS_AT_ONCE):
        rows = slice(start, start + ROWS_AT_ONCE)
        blocks = matrix[rows].reshape(-1, inputs // BLOCK, BLOCK)
        largest = np.take_along_axis(blocks, np.abs(blocks).argmax(axis=2)[..., None], axis=2)
        scales[rows] = (largest / -ZERO)[..., 0].astype(np.float16)
        divisor = np.where(scales[rows] == 0, 1, scales[rows]).astype(np.float32)[..., None]
        integers = np.clip(np.rint(blocks / divisor) + ZERO, 0, 15).astype(np.uint8)
        packed[rows] = integers[..., 0::2] | (integers[..., 1::2] << 4)
    return packed, scales.reshape(-1)


def dequantise(packed: NDArray[np.uint8], scales: NDArray[np.float16]) -> NDArray[np.float32]:
    """The matrix [out, in] that `quantise` stands for."""
    outputs, blocks, _ = packed.shape
    integers = np.stack([packed & 15, packed >> 4], axis=-1).reshape(outputs, blocks, BLOCK)
    values = (integers.astype(np.float32) - ZERO) * scales.reshape(outputs, blocks, 1).astype(np.float32)
    return values.reshape(outputs, -1)
