"""How weights are rounded to ship, and what stage 3 of the training trains for: the decoder's as MatMulNBits
does, the encoder's in blocks of `whisper_base.storage`."""

import torch
from torch import Tensor
from whisper_base.storage import dequantise_blocks, quantise_blocks

from .modules import ENCODER_LAYERS

DECODER_BITS = 4
"""Of the matrices that the LoRA changes."""

DECODER_BLOCK = 64
"""Weights that share a scale: 576 and 1536 are both multiples of it."""

ENCODER_BLOCK = 64
EMBEDDING_BITS = 8
"""Of the output matrix, whose rows are also the embeddings."""

FEED_FORWARD = ("fc1", "fc2")
ATTENTION = ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.out_proj")
ENCODER_BITS = {
    f"layers.{i}.{part}.weight": bits
    for i in range(ENCODER_LAYERS)
    for parts, bits in ((FEED_FORWARD, 4), (ATTENTION, 8))
    for part in parts
}
"""Of the encoder's matrices that are stored in blocks, by their names in `modules.Encoder`. The adapter is trained
for them."""


def rounded_blocks(weight: Tensor, bits: int, block: int = DECODER_BLOCK) -> tuple[Tensor, Tensor]:
    """[out, in] -> integers [out, in / block, block] and their scales [out, in / block, 1], which float16
    holds; all float32.

    Symmetric: the scale is the value of largest magnitude, with its sign, over -2^(bits - 1), so that value
    is all but exact.
    """
    blocks = weight.unflatten(-1, (-1, block))
    largest = blocks.gather(-1, blocks.abs().argmax(-1, keepdim=True))
    lowest = -(2 ** (bits - 1))
    scales = (largest / lowest).half().float()
    divisors = torch.where(scales == 0, torch.ones_like(scales), scales)
    return (blocks / divisors).round().clamp(lowest, -lowest - 1), scales


def packed(integers: Tensor, bits: int) -> Tensor:
    """As MatMulNBits stores integers of `rounded_blocks`: bytes [out, blocks, block * bits / 8], zero in the
    middle; of two in a byte the first is the lower half."""
    raised = (integers + 2 ** (bits - 1)).to(torch.uint8)
    return raised if bits == 8 else raised[..., ::2] | raised[..., 1::2] << 4


def unpacked(stored: Tensor, bits: int) -> Tensor:
    """The inverse of `packed`."""
    raised = stored if bits == 8 else torch.stack([stored & 15, stored >> 4], -1).flatten(-2)
    return raised.float() - 2 ** (bits - 1)


def rounded_encoder(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The encoder's weights, float32, as they ship."""
    rounded = dict(state)
    for name, bits in ENCODER_BITS.items():
        integers, scales = quantise_blocks(state[name].float().numpy().T, ENCODER_BLOCK, bits)
        rounded[name] = torch.from_numpy(dequantise_blocks(integers, scales).T.copy())
    return rounded
