"""The two networks in front of the language model, as they are exported.

Units: a *frame* is one log-mel column (10 ms), a *position* one encoder step (20 ms), a *token* one
pooled pair of positions (40 ms).
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from whisper_base.features import MEL_BINS

FRAMES_PER_POSITION = 2
POSITIONS_PER_TOKEN = 2
MAX_POSITIONS = 1500

ENCODER_LAYERS = 6
ENCODER_HEADS = 8
ENCODER_WIDTH = 512
TOKEN_WIDTH = 2 * ENCODER_WIDTH
ADAPTER_WIDTH = 1536
EMBEDDING_WIDTH = 576
LAYER_NORM_EPSILON = 1e-5


class SelfAttention(nn.Module):
    """Multi-head self-attention as plain MatMul, Softmax, MatMul, so that the exported graph keeps
    the probabilities where a tap can find them."""

    def __init__(self) -> None:
        super().__init__()
        self.q_proj = nn.Linear(ENCODER_WIDTH, ENCODER_WIDTH)
        self.k_proj = nn.Linear(ENCODER_WIDTH, ENCODER_WIDTH, bias=False)
        self.v_proj = nn.Linear(ENCODER_WIDTH, ENCODER_WIDTH)
        self.out_proj = nn.Linear(ENCODER_WIDTH, ENCODER_WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        """[1, positions, 512] -> the same."""
        head_width = ENCODER_WIDTH // ENCODER_HEADS

        def by_head(projected: Tensor) -> Tensor:
            return projected.unflatten(-1, (ENCODER_HEADS, head_width)).transpose(1, 2)

        query = by_head(self.q_proj(x) * head_width**-0.5)
        key = by_head(self.k_proj(x))
        value = by_head(self.v_proj(x))
        probabilities = (query @ key.transpose(-1, -2)).softmax(-1)
        return self.out_proj((probabilities @ value).transpose(1, 2).flatten(2))


class EncoderLayer(nn.Module):
    """One pre-norm transformer layer of Whisper's encoder."""

    def __init__(self) -> None:
        super().__init__()
        self.self_attn_layer_norm = nn.LayerNorm(ENCODER_WIDTH, LAYER_NORM_EPSILON)
        self.self_attn = SelfAttention()
        self.final_layer_norm = nn.LayerNorm(ENCODER_WIDTH, LAYER_NORM_EPSILON)
        self.fc1 = nn.Linear(ENCODER_WIDTH, 4 * ENCODER_WIDTH)
        self.fc2 = nn.Linear(4 * ENCODER_WIDTH, ENCODER_WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        """[1, positions, 512] -> the same."""
        x = x + self.self_attn(self.self_attn_layer_norm(x))
        return x + self.fc2(F.gelu(self.fc1(self.final_layer_norm(x))))


class Encoder(nn.Module):
    """Whisper base's encoder at the clip's own length, pooled to audio tokens.

    A token is the mean of two positions of: the final LayerNorm's output, then the LayerNorm
    (without scale and shift) of the output of `middle_layer`, counted from 1: Whisper's last layers
    forget what is not speech.
    """

    def __init__(self, middle_layer: int) -> None:
        super().__init__()
        self.middle_layer = middle_layer
        self.conv1 = nn.Conv1d(MEL_BINS, ENCODER_WIDTH, 3, padding=1)
        self.conv2 = nn.Conv1d(ENCODER_WIDTH, ENCODER_WIDTH, 3, stride=FRAMES_PER_POSITION, padding=1)
        self.embed_positions = nn.Embedding(MAX_POSITIONS, ENCODER_WIDTH)
        self.layers = nn.ModuleList(EncoderLayer() for _ in range(ENCODER_LAYERS))
        self.layer_norm = nn.LayerNorm(ENCODER_WIDTH, LAYER_NORM_EPSILON)

    def forward(self, mel: Tensor) -> Tensor:
        """mel [1, 80, 4k] -> tokens [1, k, 1024]."""
        x = F.gelu(self.conv2(F.gelu(self.conv1(mel)))).transpose(1, 2)
        x = x + self.embed_positions.weight[: x.shape[1]]
        for number, layer in enumerate(self.layers, start=1):
            x = layer(x)
            if number == self.middle_layer:
                middle = F.layer_norm(x, (ENCODER_WIDTH,), eps=LAYER_NORM_EPSILON)
        features = torch.cat([self.layer_norm(x), middle], -1)
        return F.avg_pool1d(features.transpose(1, 2), POSITIONS_PER_TOKEN).transpose(1, 2)


class Adapter(nn.Module):
    """Audio token -> language-model embedding, each token by itself (so pruning before or after it
    is the same). The names of its parts are those of `weights/stage3/adapter.safetensors`."""

    def __init__(self, token_width: int = TOKEN_WIDTH) -> None:
        super().__init__()
        self.n = nn.LayerNorm(token_width)
        self.a = nn.Linear(token_width, ADAPTER_WIDTH)
        self.b = nn.Linear(ADAPTER_WIDTH, EMBEDDING_WIDTH)

    def forward(self, tokens: Tensor) -> Tensor:
        """[1, k, 1024] -> [1, k, 576]."""
        return self.b(F.gelu(self.a(self.n(tokens))))
