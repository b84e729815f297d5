"""The model in PyTorch: what the pack is measured against.

It shares no code with the exported modules where transformers has its own: the features are
WhisperFeatureExtractor's, the encoder's layers are WhisperEncoder's, the language model is
LlamaForCausalLM. Two versions: the unquantised weights, and the weights read back from the pack.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from onnx import numpy_helper
from safetensors.torch import load_file
from torch import Tensor, nn
from transformers import (
    AutoTokenizer,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerBase,
    WhisperConfig,
    WhisperFeatureExtractor,
)
from transformers.models.whisper.modeling_whisper import WhisperEncoder
from whisper_base.features import MEL_BINS, SAMPLE_RATE
from whisper_base.storage import read_blocks

from .export import float_weights, middle_layer
from .layout import Layout
from .modules import (
    ENCODER_HEADS,
    ENCODER_LAYERS,
    ENCODER_WIDTH,
    LAYER_NORM_EPSILON,
    POSITIONS_PER_TOKEN,
    Adapter,
)
from .pack import QUESTION, TEMPLATE
from .quantise import OUTPUT, decoder_products, stored_matrix

State = dict[str, Tensor]


@dataclass(frozen=True)
class Heard:
    """What the front half makes of a clip."""

    mel: NDArray[np.float32]
    """[80, frames]"""
    tokens: NDArray[np.float32]
    """[N, 1024]"""
    received: NDArray[np.float32]
    """[8, 2 N]: attention each position receives in the last layer, summed over queries"""
    embeddings: NDArray[np.float32]
    """[N, 576]"""


def extract_features(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """transformers' own log-mel at the clip's own length: [80, frames]."""
    extractor = WhisperFeatureExtractor(feature_size=MEL_BINS)
    result = extractor(
        samples, sampling_rate=SAMPLE_RATE, padding=False, truncation=False, return_tensors="np"
    )
    return result.input_features[0]


def tokenizer_of(layout: Layout) -> PreTrainedTokenizerBase:
    """The tokenizer used in training."""
    return AutoTokenizer.from_pretrained(layout.merged)


def prompt_ids(tokenizer: PreTrainedTokenizerBase) -> tuple[list[int], list[int]]:
    """Ids before and after the audio, each text tokenized by itself as in training."""
    before, after = TEMPLATE.replace("{question}", QUESTION).split("{audio}")
    return tokenizer(before).input_ids, tokenizer(after).input_ids


def stored_tensors(layout: Layout, graph: str) -> dict[str, NDArray]:
    """What a graph of the pack holds, by name."""
    model = onnx.load(layout.pack / graph)
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}


def stored_encoder(layout: Layout) -> State:
    """The encoder's weights as the pack's encoder.onnx stores them."""
    arrays = stored_tensors(layout, "encoder.onnx")
    state = float_weights(layout.encoder_weights)
    for name, published in state.items():
        blocks = read_blocks(arrays, name)
        if blocks is not None:
            values = blocks.T
        else:
            values = arrays[name + ".half"] if name + ".half" in arrays else arrays[name]
        state[name] = torch.from_numpy(np.array(values, dtype=np.float32)).reshape(published.shape)
    return state


def stored_adapter(layout: Layout) -> State:
    """The adapter's weights as the pack's adapter.onnx stores them."""
    arrays = stored_tensors(layout, "adapter.onnx")
    state = float_weights(layout.trained_adapter)
    for name in state:
        blocks = read_blocks(arrays, name)
        if blocks is not None:
            state[name] = torch.from_numpy(blocks.T.copy())
    return state


def stored_decoder(layout: Layout) -> State:
    """The decoder's weights as the pack's decoder.onnx stores them."""
    model = onnx.load(layout.pack / "decoder.onnx")
    arrays = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}

    products = decoder_products(model)

    def matrix(name: str) -> Tensor:
        return stored_matrix(arrays, products[name])

    def norm(name: str) -> Tensor:
        return torch.from_numpy(arrays[name].copy())

    config = LlamaConfig.from_pretrained(layout.merged)
    heads = [config.num_attention_heads, config.num_key_value_heads, config.num_key_value_heads]
    state = {
        "model.embed_tokens.weight": matrix(OUTPUT),
        "model.norm.weight": norm(f"model.layers.{config.num_hidden_layers}.final_norm_layernorm.weight"),
    }
    for i in range(config.num_hidden_layers):
        layer = f"model.layers.{i}."
        for part in ("input_layernorm", "post_attention_layernorm"):
            state[f"{layer}{part}.weight"] = norm(f"{layer}{part}.weight")
        for part in ("qkv_proj", "o_proj"):
            state[f"{layer}self_attn.{part}.weight"] = matrix(f"{layer}attn.{part}")
        stacked = state.pop(f"{layer}self_attn.qkv_proj.weight")
        rows = [count * config.head_dim for count in heads]
        for part, values in zip(("q_proj", "k_proj", "v_proj"), stacked.split(rows), strict=True):
            state[f"{layer}self_attn.{part}.weight"] = values
        for part in ("gate_proj", "up_proj", "down_proj"):
            state[f"{layer}mlp.{part}.weight"] = matrix(f"{layer}mlp.{part}")
    return state


@dataclass(frozen=True)
class Weights:
    """All that is multiplied with, float32."""

    encoder: State
    adapter: State
    decoder: State


def unquantised(layout: Layout) -> Weights:
    """As published and trained, the LoRA merged."""
    decoder = load_file(layout.merged / "model.safetensors")
    return Weights(float_weights(layout.encoder_weights), float_weights(layout.trained_adapter), decoder)


def stored(layout: Layout) -> Weights:
    """Read back from the pack."""
    return Weights(stored_encoder(layout), stored_adapter(layout), stored_decoder(layout))


class Reference:
    """Encoder, adapter and language model in float32."""

    def __init__(self, layout: Layout, weights: Weights) -> None:
        config = WhisperConfig(
            d_model=ENCODER_WIDTH,
            encoder_layers=ENCODER_LAYERS,
            encoder_attention_heads=ENCODER_HEADS,
            encoder_ffn_dim=4 * ENCODER_WIDTH,
            num_mel_bins=MEL_BINS,
            attn_implementation="eager",
        )
        self._encoder = WhisperEncoder(config).eval()
        self._encoder.load_state_dict(weights.encoder)
        self._adapter = Adapter().eval()
        self._adapter.load_state_dict(weights.adapter)
        self._middle_layer = middle_layer(layout.trained_adapter)
        language_model = LlamaForCausalLM(LlamaConfig.from_pretrained(layout.merged)).eval()
        language_model.load_state_dict(weights.decoder, strict=False)
        language_model.tie_weights()
        self._language_model = language_model

    @torch.no_grad()
    def hear(self, samples: NDArray[np.float32]) -> Heard:
        """The front half, from samples to the adapter's output."""
        mel = extract_features(samples)
        encoder = self._encoder
        x = F.gelu(encoder.conv1(torch.from_numpy(mel)[None]))
        x = F.gelu(encoder.conv2(x)).transpose(1, 2)
        x = x + encoder.embed_positions.weight[: x.shape[1]]
        probabilities: list[Tensor] = []

        def keep(_: nn.Module, __: object, output: tuple[Tensor, Tensor]) -> None:
            probabilities.append(output[1])

        hook = encoder.layers[-1].self_attn.register_forward_hook(keep)
        for number, layer in enumerate(encoder.layers, start=1):
            output = layer(x, attention_mask=None)
            x = output[0] if isinstance(output, tuple) else output
            if number == self._middle_layer:
                middle = F.layer_norm(x, (ENCODER_WIDTH,), eps=LAYER_NORM_EPSILON)
        hook.remove()
        features = torch.cat([encoder.layer_norm(x), middle], -1)
        tokens = features.unflatten(1, (-1, POSITIONS_PER_TOKEN)).mean(2)
        return Heard(
            mel,
            tokens[0].numpy(),
            probabilities[0][0].sum(1).numpy(),
            self._adapter(tokens)[0].numpy(),
        )

    @torch.no_grad()
    def embed(self, ids: list[int]) -> NDArray[np.float32]:
        """Embeddings [n, 576] of token ids."""
        return self._language_model.get_input_embeddings()(torch.tensor(ids)).numpy()

    @torch.no_grad()
    def attention_to_audio(
        self, audio: NDArray[np.float32], before: list[int], after: list[int], ids: list[int]
    ) -> NDArray[np.float32]:
        """Attention that the position which said each of `ids` pays to the audio, mean over heads and layers.

        [ids, audio tokens]. The position that says a token stands before it, so the last token is not fed.
        """
        parts = [self.embed(before), audio, self.embed(after), self.embed(ids)[:-1]]
        embeddings = torch.from_numpy(np.concatenate(parts))[None]
        self._language_model.set_attn_implementation("eager")
        layers = self._language_model(inputs_embeds=embeddings, output_attentions=True).attentions
        mean = torch.stack([layer[0].mean(0) for layer in layers]).mean(0)
        return mean[-len(ids) :, len(before) : len(before) + len(audio)].numpy()

    def session(self) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
        """A new context: a function from further embeddings [n, 576] to the last one's logits."""
        cache = None

        @torch.no_grad()
        def step(embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
            nonlocal cache
            output = self._language_model(
                inputs_embeds=torch.from_numpy(embeddings)[None],
                past_key_values=cache,
                use_cache=True,
                logits_to_keep=1,
            )
            cache = output.past_key_values
            return output.logits[0, -1].numpy()

        return step
