"""The random models in PyTorch: transformers' Voxtral, and Ultravox put together from transformers' parts.

Ultravox's projector is code on the hub; here it is written from its description: frames in groups of 8
with zeros up to a whole group and one group more, RMSNorm, linear, SwiGLU with the gate behind, RMSNorm,
linear.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    VoxtralConfig,
    VoxtralForConditionalGeneration,
    WhisperConfig,
)
from transformers.models.whisper.modeling_whisper import WhisperEncoder

from .sizes import (
    ADAPTER_EPSILON,
    ADAPTER_WIDTH,
    HEAD_WIDTH,
    HEADS,
    KV_HEADS,
    LAYERS,
    LM_EPSILON,
    LM_FEED_FORWARD,
    LM_HEADS,
    LM_LAYERS,
    LM_WIDTH,
    MEL_BINS,
    MOST_CONTEXT,
    MOST_POSITIONS,
    ROPE_THETA,
    SEED,
    SPECIAL,
    VOCABULARY,
    WIDTH,
)

TEXT = {
    "vocab_size": VOCABULARY,
    "hidden_size": LM_WIDTH,
    "intermediate_size": LM_FEED_FORWARD,
    "num_hidden_layers": LM_LAYERS,
    "num_attention_heads": LM_HEADS,
    "num_key_value_heads": KV_HEADS,
    "head_dim": HEAD_WIDTH,
    "max_position_embeddings": MOST_CONTEXT,
    "rms_norm_eps": LM_EPSILON,
    "rope_theta": ROPE_THETA,
    "attention_bias": False,
    "tie_word_embeddings": False,
    "bos_token_id": 256,
    "eos_token_id": 257,
    "model_type": "llama",
}


def randomise(model: nn.Module) -> None:
    """Weights that make attention and choices uneven; norms stay near one."""
    generator = torch.Generator().manual_seed(SEED)
    for name, weight in model.named_parameters():
        if weight.ndim > 1 and "embed_positions" not in name:
            looks = any(part in name for part in ("q_proj", "k_proj", "to_q", "query", "attention.key"))
            spread = 1.6 if looks else 0.9
            fan_in = 1 if "embed_tokens" in name else weight[0].numel()
            weight.data = torch.randn(weight.shape, generator=generator) * spread / fan_in**0.5
        elif weight.ndim == 1:
            base = 1.0 if "norm" in name.lower() or "ln_" in name else 0.0
            base = 0.0 if name.endswith("bias") else base
            weight.data = base + 0.1 * torch.randn(weight.shape, generator=generator)


class Voxtral:
    """transformers' class as it is."""

    group = 4
    extra_groups = 0

    def __init__(self) -> None:
        self.config = VoxtralConfig(
            audio_config={
                "vocab_size": VOCABULARY,
                "hidden_size": WIDTH,
                "intermediate_size": 4 * WIDTH,
                "num_hidden_layers": LAYERS,
                "num_attention_heads": HEADS,
                "num_mel_bins": MEL_BINS,
                "max_source_positions": MOST_POSITIONS,
            },
            text_config=TEXT,
            audio_token_id=256 + SPECIAL.index("[AUDIO]"),
            projector_hidden_act="gelu",
        )
        self.config._attn_implementation = "eager"
        self.model = VoxtralForConditionalGeneration._from_config(self.config, attn_implementation="eager").eval()
        randomise(self.model)
        tower, projector = self._part("audio_tower"), self._part("multi_modal_projector")
        self.encoder, self.adapter = weights_of(tower), weights_of(projector)
        language = self._part("language_model")
        self.tower, self.projector = tower, projector
        self.language = getattr(language, "model", language)
        # Newer versions keep the output matrix beside the language model, not in it.
        self.output = language.lm_head if hasattr(language, "lm_head") else self.model.lm_head
        self.layers, self.head = weights_of(self.language), weights_of(self.output)["weight"]

    def _part(self, name: str) -> nn.Module:
        return getattr(self.model, name) if hasattr(self.model, name) else getattr(self.model.model, name)

    @torch.no_grad()
    def hear(self, mel: Tensor) -> tuple[Tensor, NDArray]:
        """mel [1, bins, 3000] -> rows [375, LM width], attention of the last layer [heads, queries, keys]"""
        attention = watch(self.tower.layers[-1].self_attn)
        states = self.tower(mel).last_hidden_state
        return self.projector(states.reshape(-1, self.group * WIDTH)), attention()


class UltravoxProjector(nn.Module):
    """See the top of the file."""

    def __init__(self) -> None:
        super().__init__()
        self.ln_pre = nn.RMSNorm(8 * WIDTH, eps=ADAPTER_EPSILON)
        self.linear_1 = nn.Linear(8 * WIDTH, ADAPTER_WIDTH, bias=False)
        self.ln_mid = nn.RMSNorm(ADAPTER_WIDTH // 2, eps=ADAPTER_EPSILON)
        self.linear_2 = nn.Linear(ADAPTER_WIDTH // 2, LM_WIDTH, bias=False)

    def forward(self, states: Tensor) -> Tensor:
        """[1, positions, width] -> [1, ceil(positions / 8) + 1, LM width]"""
        length = states.shape[1]
        end = -(-length // 8) * 8 + 8 - length
        x = nn.functional.pad(states, (0, 0, 0, end)).reshape(1, -1, 8 * WIDTH)
        value, gate = self.linear_1(self.ln_pre(x)).chunk(2, dim=-1)
        return self.linear_2(self.ln_mid(nn.functional.silu(gate) * value))


class Ultravox(nn.Module):
    """Whisper's encoder without its fixed length, the projector, a Llama."""

    group = 8
    extra_groups = 1

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(SEED)
        config = WhisperConfig(
            vocab_size=VOCABULARY,
            num_mel_bins=MEL_BINS,
            d_model=WIDTH,
            encoder_layers=LAYERS,
            encoder_attention_heads=HEADS,
            encoder_ffn_dim=4 * WIDTH,
            max_source_positions=MOST_POSITIONS,
            pad_token_id=0,
            bos_token_id=0,
            eos_token_id=0,
            decoder_start_token_id=0,
        )
        config._attn_implementation = "eager"
        self.tower = WhisperEncoder(config)
        self.projector = UltravoxProjector()
        self.model = LlamaForCausalLM._from_config(LlamaConfig(**TEXT), attn_implementation="eager")
        self.eval()
        randomise(self)
        self.language, self.output = self.model.model, self.model.lm_head
        self.layers, self.head = weights_of(self.language), weights_of(self.output)["weight"]
        self.encoder, self.adapter = weights_of(self.tower), weights_of(self.projector)

    @torch.no_grad()
    def hear(self, mel: Tensor) -> tuple[Tensor, NDArray]:
        """mel [1, bins, frames] -> rows [groups, LM width], attention of the last layer [heads, queries, keys]"""
        tower = self.tower
        attention = watch(tower.layers[-1].self_attn)
        gelu = nn.functional.gelu
        states = gelu(tower.conv2(gelu(tower.conv1(mel)))).permute(0, 2, 1)
        states = states + tower.embed_positions.weight[: states.shape[1]]
        for layer in tower.layers:
            result = layer(states, None)
            states = result[0] if isinstance(result, tuple) else result
        return self.projector(tower.layer_norm(states))[0], attention()


def put(module: nn.Module, weights: dict[str, NDArray]) -> None:
    """Other weights in place of a module's own."""
    module.load_state_dict({name: torch.from_numpy(np.array(values)) for name, values in weights.items()})


def watch(attention: nn.Module):
    """A function that gives the probabilities [heads, queries, keys] of the next call."""
    seen: list[Tensor] = []
    handle = attention.register_forward_hook(lambda _module, _given, result: seen.append(result[1]))

    def probabilities() -> NDArray:
        handle.remove()
        return seen[0][0].numpy()

    return probabilities


def weights_of(module: nn.Module) -> dict[str, NDArray]:
    """Every weight by name, float32."""
    return {name: value.detach().numpy().astype(np.float32) for name, value in module.state_dict().items()}
