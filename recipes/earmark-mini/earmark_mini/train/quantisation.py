"""The shipped format's rounding, with gradients that pass it as if it were not there."""

import torch
from torch import Tensor

from ..rounding import DECODER_BLOCK, rounded_blocks


def fake_quantised(weight: Tensor, bits: int) -> Tensor:
    """[out, in] -> the same, each block of inputs multiples of its scale."""
    with torch.no_grad():
        integers, scales = rounded_blocks(weight, bits)
        change = (integers * scales).flatten(-2) - weight
    return weight + change


def rounded_activations(x: Tensor, block: int = DECODER_BLOCK) -> Tensor:
    """What MatMulNBits does to its input at accuracy level 4: 8 bits, symmetric, in blocks."""
    blocks = x.unflatten(-1, (-1, block))
    with torch.no_grad():
        scales = blocks.abs().amax(-1, keepdim=True) / 127
        divisors = torch.where(scales == 0, torch.ones_like(scales), scales)
        change = (blocks / divisors).round() * scales - blocks
    return (blocks + change).flatten(-2)
