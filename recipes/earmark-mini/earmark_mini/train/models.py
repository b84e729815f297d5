"""The networks that are trained and those that they are trained between."""

from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import LlamaConfig, LlamaForCausalLM
from whisper_base.features import HOP, WINDOW, mel_filters

from ..clips import SAMPLES_PER_TOKEN
from ..export import float_weights, middle_layer, trained_bits
from ..export import load_encoder as load_published_encoder
from ..merge import LORA_SCALE
from ..modules import EMBEDDING_WIDTH, ENCODER_HEADS, POSITIONS_PER_TOKEN, Adapter, Encoder, SelfAttention
from ..rounding import EMBEDDING_BITS, rounded_encoder
from .quantisation import fake_quantised, rounded_activations
from .work import Work

RANK = 32
MATRICES = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
SMALL_LAYERS = 2
MIDDLE_LAYER = 2
"""Of six, beside the last. Of single ones, the first and the second name most of what was not learnt."""

ATTENTION = "eager"
"""On a processor three times as fast as PyTorch's fused attention, forward and backward, at these lengths."""


def load_encoder(
    work: Work, bf16: bool = False, middle: int = MIDDLE_LAYER, bits: int | None = None
) -> Encoder:
    """Whisper base's encoder, frozen. Random weights in a small run. With `bf16` its matrices, most of its
    time, are multiplied in that precision; what they are added to stays float32. With `bits` they are rounded
    as they ship."""
    encoder = Encoder(middle).eval() if work.small else load_published_encoder(work.base, middle)
    if bits is not None:
        encoder.load_state_dict(rounded_encoder(encoder.state_dict()))
    if bf16:
        for module in list(encoder.modules()):
            if isinstance(module, nn.Linear | nn.Conv1d):
                module.bfloat16().register_forward_pre_hook(_to_bf16)
                module.register_forward_hook(_to_float32)
    return encoder.requires_grad_(False)


def _to_bf16(_: nn.Module, inputs: tuple[Tensor]) -> tuple[Tensor]:
    return (inputs[0].bfloat16(),)


def _to_float32(_: nn.Module, __: tuple[Tensor], output: Tensor) -> Tensor:
    return output.float()


def load_language_model(work: Work, bf16: bool = False) -> LlamaForCausalLM:
    """SmolLM2, frozen, in float32 or bfloat16. Two layers of random weights in a small run."""
    if work.small:
        config = LlamaConfig(
            hidden_size=EMBEDDING_WIDTH,
            intermediate_size=1536,
            num_hidden_layers=SMALL_LAYERS,
            num_attention_heads=9,
            num_key_value_heads=3,
            vocab_size=49_152,
            tie_word_embeddings=True,
            attn_implementation=ATTENTION,
        )
        model = LlamaForCausalLM(config)
    else:
        model = LlamaForCausalLM.from_pretrained(
            work.base.smollm2, dtype=torch.float32, attn_implementation=ATTENTION
        )
    return model.to(torch.bfloat16 if bf16 else torch.float32).eval().requires_grad_(False)


def load_tokenizer(work: Work) -> Tokenizer:
    """The pack's tokenizer, which is SmolLM2's."""
    return Tokenizer.from_file(str(work.base.pack / "tokenizer.json"))


def log_mel(samples: Tensor) -> Tensor:
    """Whisper's features at the clips' own length: [B, n] -> [B, 80, n / 160], n a multiple of 640."""
    filters = torch.from_numpy(mel_filters()).float()
    spectrum = torch.stft(samples, WINDOW, HOP, window=torch.hann_window(WINDOW), return_complex=True)
    power = spectrum[..., :-1].abs() ** 2
    decades = (filters.T @ power).clamp(min=1e-10).log10()
    return (torch.maximum(decades, decades.amax((1, 2), keepdim=True) - 8) + 4) / 4


def read_checkpoint(path: Path) -> dict[str, Any]:
    """A checkpoint, or a folder of published weights as one that was never trained here. An adapter is
    enough: stage 1 has no LoRA."""
    if not path.is_dir():
        return torch.load(path, weights_only=True)
    files = {part: path / f"{part}.safetensors" for part in ("adapter", "lora")}
    state = {part: float_weights(file) for part, file in files.items() if file.exists()}
    settings = {"middleLayer": middle_layer(files["adapter"])}
    if "lora" in state and (bits := trained_bits(files["lora"])):
        settings["bits"] = bits
    return {"state": state, "settings": settings, "step": 0, "cpuSeconds": 0.0}


class Ear(nn.Module):
    """Encoder with the attention that its last layer's positions receive."""

    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        self.encoder = encoder
        self._received: Tensor | None = None
        self._wanted = False
        encoder.layers[-1].self_attn.register_forward_pre_hook(self._note)

    @torch.no_grad()
    def forward(self, samples: Tensor, scores: bool = False) -> tuple[Tensor, Tensor | None]:
        """samples [B, n] -> tokens [B, k, 1024], and where wanted scores [B, k]: attention received, mean
        over heads and over the positions of a token, summed over queries. k = n / 640, rounded up."""
        samples = F.pad(samples, (0, -samples.shape[1] % SAMPLES_PER_TOKEN))
        self._wanted = scores
        tokens = self.encoder(log_mel(samples))
        received, self._received = self._received, None
        return tokens, received

    def _note(self, attention: SelfAttention, inputs: tuple[Tensor]) -> None:
        if not self._wanted:
            return
        (x,) = inputs
        query, key = (
            projected.unflatten(-1, (ENCODER_HEADS, -1)).transpose(1, 2)
            for projected in (attention.q_proj(x), attention.k_proj(x))
        )
        probabilities = (query @ key.transpose(-1, -2) * query.shape[-1] ** -0.5).softmax(-1)
        received = probabilities.sum(2).mean(1)
        self._received = received.unflatten(-1, (-1, POSITIONS_PER_TOKEN)).mean(-1)


def compile_layers(model: "Trained", ear: Ear) -> None:
    """Makes steps 1.5 times as fast, after a minute at the first. Needs a C++ compiler."""
    # The encoder's last layer notes what attention its positions receive: that cannot be compiled.
    for layer in (*model.language_model.model.layers, *ear.encoder.layers[:-1]):
        layer.compile(dynamic=True)
    model.cross_entropy = torch.compile(cross_entropy, dynamic=True)
    rounded = torch.compile(rounded_sum, dynamic=False)
    for matrix in model.changed:
        matrix.rounded = rounded


def cross_entropy(states: Tensor, output: Tensor, wanted: Tensor) -> Tensor:
    """Last states [n, 576], output matrix [49152, 576], ids [n] -> the mean loss. Compiled, its many logits are read
    and written less often."""
    return F.cross_entropy(F.linear(states, output).float(), wanted)


def rounded_sum(base: Tensor, a: Tensor, b: Tensor, bits: int) -> Tensor:
    """W + s B A as it ships, rounded to so many bits. One function, so that it is compiled as one: what it costs is
    reading and writing all weights of the model."""
    return fake_quantised(base + LORA_SCALE * (b @ a), bits).to(base.dtype)


class Merged(torch.autograd.Function):
    """x M^T, where M = W + s B A was merged before, with gradients for A and B as if it were merged here.

    A product with W alone and another with B A would cost the same sums twice, and two more additions.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, merged: Tensor, a: Tensor, b: Tensor) -> Tensor:
        ctx.save_for_backward(x, merged, a, b)
        return F.linear(x, merged)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, Tensor, Tensor]:
        x, merged, a, b = ctx.saved_tensors
        out = gradients[0].flatten(0, -2)
        flat, narrow_a, narrow_b = x.flatten(0, -2), a.to(x.dtype), b.to(x.dtype)
        for_b = out.T @ F.linear(flat, narrow_a)
        for_a = (out @ narrow_b).T @ flat
        return (
            (out @ merged).view_as(x),
            None,
            (LORA_SCALE * for_a).to(a.dtype),
            (LORA_SCALE * for_b).to(b.dtype),
        )


class LowRank(nn.Module):
    """A frozen matrix W with a trained change: x (W + s B A)^T. With `bits` the sum is used as it ships,
    rounded to that many bits; gradients pass the rounding."""

    def __init__(self, base: nn.Linear, bits: int | None) -> None:
        super().__init__()
        self.base = base
        self.bits = bits
        self.rounded = rounded_sum
        self.lora_A = nn.Parameter(torch.randn(RANK, base.in_features) / base.in_features**0.5)
        self.lora_B = nn.Parameter(torch.zeros(base.out_features, RANK))
        self.merge()

    @torch.no_grad()
    def merge(self) -> None:
        """Compute the sum anew: due whenever A and B have changed."""
        dtype = self.base.weight.dtype
        if self.bits is None:
            narrow = (self.lora_B.to(dtype), self.lora_A.to(dtype))
            self.merged = torch.addmm(self.base.weight, *narrow, alpha=LORA_SCALE)
        else:
            self.merged = self.rounded(self.base.weight, self.lora_A, self.lora_B, self.bits)

    def forward(self, x: Tensor) -> Tensor:
        """[…, in] -> […, out]."""
        if self.bits is not None:
            x = rounded_activations(x.float()).to(x.dtype)
        return Merged.apply(x, self.merged, self.lora_A, self.lora_B)


class Trained(nn.Module):
    """Adapter and LoRA, by the names they are published under, around the frozen language model. What is
    trained is float32; with `bf16` all else is not."""

    def __init__(self, work: Work, bits: int | None = None, bf16: bool = False) -> None:
        super().__init__()
        self.adapter = Adapter()
        self.language_model = load_language_model(work, bf16)
        for layer in self.language_model.model.layers:
            for part in (layer.self_attn, layer.mlp):
                for name in MATRICES:
                    if hasattr(part, name):
                        setattr(part, name, LowRank(getattr(part, name), bits))
        self.cross_entropy = cross_entropy
        self.changed = [m for m in self.language_model.modules() if isinstance(m, LowRank)]
        if bits is not None:
            embeddings = self.language_model.get_input_embeddings().weight
            embeddings.data = fake_quantised(embeddings.data, EMBEDDING_BITS).to(embeddings.dtype)

    def lora(self) -> dict[str, Tensor]:
        """`model.layers.I.self_attn.q_proj.lora_A` and so on."""
        return {name: p for name, p in self.language_model.named_parameters() if p.requires_grad}

    def published(self) -> dict[str, dict[str, Tensor]]:
        """Adapter and LoRA as they are stored."""
        return {"adapter": self.adapter.state_dict(), "lora": self.lora()}

    def load(self, state: dict[str, dict[str, Tensor]]) -> None:
        """The inverse of `published`; a checkpoint of stage 1 has no LoRA."""
        self.adapter.load_state_dict(state["adapter"])
        if "lora" in state:
            missing, unknown = self.language_model.load_state_dict(state["lora"], strict=False)
            if unknown or set(missing) & self.lora().keys():
                raise ValueError("the LoRA is for another model")
            self.merge()

    def merge(self) -> None:
        """Due after every step of the training."""
        for matrix in self.changed:
            matrix.merge()

    def embed(self, ids: list[int]) -> Tensor:
        """[n, 576]."""
        return self.language_model.get_input_embeddings()(torch.tensor(ids))
