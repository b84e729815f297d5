"""The shipped format's rounding, with gradients that pass it as if it were not there."""

import torch
from torch import Tensor

from ..export import DECODER_BLOCK


def fake_quantised(weight: Tensor, bits: int, block: int = DECODER_BLOCK) -> Tensor:
    """MatMulNBits' symmetric blocks: [out, in] -> the same, each block of inputs a multiple of its scale.

    The scale is the value of largest magnitude, with its sign, over -2^(bits - 1): that value is exact.
    """
    blocks = weight.unflatten(-1, (-1, block))
    with torch.no_grad():
        largest = blocks.gather(-1, blocks.abs().argmax(-1, keepdim=True))
        lowest = -(2 ** (bits - 1))
        scales = (largest / lowest).half().float()
        divisors = torch.where(scales == 0, torch.ones_like(scales), scales)
        change = (blocks / divisors).round().clamp(lowest, -lowest - 1) * scales - blocks
    return (blocks + change).flatten(-2)


def rounded_activations(x: Tensor, block: int = DECODER_BLOCK) -> Tensor:
    """What MatMulNBits does to its input at accuracy level 4: 8 bits, symmetric, in blocks."""
    blocks = x.unflatten(-1, (-1, block))
    with torch.no_grad():
        scales = blocks.abs().amax(-1, keepdim=True) / 127
        divisors = torch.where(scales == 0, torch.ones_like(scales), scales)
        change = (blocks / divisors).round() * scales - blocks
    return (blocks + change).flatten(-2)
