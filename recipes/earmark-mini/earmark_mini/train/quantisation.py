"""The shipped format's rounding, as training has it."""

import torch
from torch import Tensor

from ..rounding import DECODER_BLOCK, rounded_blocks


def fake_quantised(weight: Tensor, bits: int) -> Tensor:
    """[out, in] -> the same, each block of inputs multiples of its scale."""
    integers, scales = rounded_blocks(weight, bits)
    return (integers * scales).flatten(-2)


def rounded_activations(x: Tensor, block: int = DECODER_BLOCK) -> Tensor:
    """What MatMulNBits does to its input at accuracy level 4: 8 bits, symmetric, in blocks. Gradients pass it as if
    it were not there."""
    blocks = x.unflatten(-1, (-1, block))
    with torch.no_grad():
        scales = blocks.abs().amax(-1, keepdim=True) / 127
        divisors = torch.where(scales == 0, torch.ones_like(scales), scales)
        change = (blocks / divisors).round() * scales - blocks
    return (blocks + change).flatten(-2)
