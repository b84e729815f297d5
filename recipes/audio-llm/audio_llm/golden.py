"""Tiny checkpoints with random weights, and numbers of transformers for the engine's tests.

The classes, the processor, the front end, the pool and the placeholders are the real ones; widths, layers and
vocabulary are small. Nothing here comes from the pack: all numbers are transformers', in float32, with eager
attention. Needs `requirements-golden.txt`.
"""

import json
import math
import shutil
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from torch import Tensor
from transformers import (
    GenerationConfig,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    ProcessorMixin,
    Qwen2Config,
    WhisperFeatureExtractor,
)

from .int4 import dequantise, quantise

REPOSITORY = Path(__file__).resolve().parents[3]
CLIPS = ("conference-prompt.wav", "half-minute.wav")
QUESTION_ASKED = "What is heard?"
RATIO = 0.25
MAX_NEW_TOKENS = 12
ROWS = 5
FIRST_DIMENSIONS = 16
ATTENTION_COLUMNS = 12
DIGITS = 6
VOCABULARY = 384
ODD_SAMPLES = 320
"""Cut off a clip so that it has an odd number of positions, whose last one is in no token."""

# As Qwen2's tokenizer cuts words.
WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
    r"|\s+(?!\S)|\s+"
)
TEXTS = [
    "You are a helpful assistant. system user assistant Audio 1: Describe the audio. What is heard? A dog barks."
]


def tiny_tokenizer(special: list[str]) -> PreTrainedTokenizerFast:
    """Byte-level BPE with Qwen2's cuts, special tokens last."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(WORDS), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=VOCABULARY - 32, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(TEXTS, trainer)
    tokenizer.add_special_tokens(special)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token="<|im_end|>", pad_token="<|endoftext|>", bos_token=None
    )


def tiny_text() -> Qwen2Config:
    """Two layers of Qwen2, with grouped heads and biases as the real one has."""
    return Qwen2Config(
        vocab_size=VOCABULARY,
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=2048,
        rope_theta=1_000_000.0,
        tie_word_embeddings=False,
    )


def feature_extractor() -> WhisperFeatureExtractor:
    """The front end of both models."""
    return WhisperFeatureExtractor(feature_size=128, return_attention_mask=True)


def save_checkpoint(
    model: PreTrainedModel, processor: ProcessorMixin, folder: Path, dtype: torch.dtype, shard: str
) -> None:
    """Random weights, large enough that attention is far from even, saved as a real checkpoint is."""
    torch.manual_seed(6)
    for name, parameter in model.named_parameters():
        noise = torch.randn_like(parameter)
        if name.endswith("bias"):
            value = 0.1 * noise
        elif "norm" in name:
            value = 1 + 0.2 * noise
        elif "embed" in name:
            value = 0.5 * noise
        else:
            value = noise * 1.5 / math.sqrt(parameter[0].numel())
        parameter.data.copy_(value)
    tokenizer = processor.tokenizer
    model.generation_config = GenerationConfig(
        eos_token_id=[tokenizer.eos_token_id], pad_token_id=tokenizer.pad_token_id, do_sample=False
    )
    shutil.rmtree(folder, ignore_errors=True)
    model.to(dtype).save_pretrained(folder, max_shard_size=shard)
    processor.save_pretrained(folder)


def read_clip(name: str) -> NDArray[np.float32]:
    """One of the sample clips: 16 kHz, mono, 16 bits."""
    with wave.open(str(REPOSITORY / "media" / "samples" / name)) as sound:
        return np.frombuffer(sound.readframes(sound.getnframes()), "<i2").astype(np.float32) / 32768


class Reference:
    """A checkpoint in transformers."""

    def __init__(self, model_class: type[PreTrainedModel], processor: ProcessorMixin, folder: Path) -> None:
        self.model = model_class.from_pretrained(
            folder, dtype=torch.float32, attn_implementation="eager"
        ).eval()
        self.processor = processor
        self.audio_token_id: int = self.model.config.audio_token_id
        self.seen: dict[str, Any] = {}
        inner = self.model.model
        self._watch("attention", inner.audio_tower.layers[-1].self_attn, lambda result: result[1])
        self._watch("tokens", inner.audio_tower, lambda result: result.last_hidden_state)
        self._watch("adapted", inner.multi_modal_projector, lambda result: result)

    def _watch(self, name: str, module: torch.nn.Module, take: Callable[[Any], Tensor]) -> None:
        module.register_forward_hook(
            lambda _module, _inputs, result: self.seen.__setitem__(name, take(result).detach())
        )

    def inputs(self, samples: NDArray[np.float32]) -> dict[str, Tensor]:
        """What the processor makes of a clip and the question, by its chat template."""
        content = [{"type": "audio", "audio": "clip"}, {"type": "text", "text": QUESTION_ASKED}]
        text = self.processor.apply_chat_template(
            [{"role": "user", "content": content}], add_generation_prompt=True, tokenize=False
        )
        return self.processor(text=text, audio=samples, sampling_rate=16_000, return_tensors="pt")

    def generate(self, embeddings: Tensor) -> list[int]:
        """Greedy ids behind a prompt, without the token that ends it."""
        mask = torch.ones(embeddings.shape[:2], dtype=torch.long)
        result = self.model.generate(
            inputs_embeds=embeddings, attention_mask=mask, max_new_tokens=MAX_NEW_TOKENS
        )
        return self.without_end(result[0])

    def without_end(self, ids: Tensor) -> list[int]:
        """Ids before the one that ends an answer."""
        end = self.processor.tokenizer.eos_token_id
        return ids[: -1 if ids[-1] == end else None].tolist()

    @torch.no_grad()
    def describe(self, name: str, cut: int, quantised: "Reference") -> dict[str, Any]:
        """The numbers of one clip, without its last `cut` samples, and what another decoder answers."""
        samples = read_clip(name)
        samples = samples[: len(samples) - cut]
        inputs = self.inputs(samples)
        logits = self.model(**inputs).logits[0, -1]
        ids = inputs["input_ids"][0]
        is_audio = ids == self.audio_token_id
        valid = int(is_audio.sum())
        first = int(is_audio.nonzero()[0, 0])
        positions = -(-len(samples) // 320)
        received = self.seen["attention"][0, :, :positions].sum(1)[:, :positions]
        tokens = self.seen["tokens"].reshape(-1, self.seen["tokens"].shape[-1])[:valid]
        adapted = self.seen["adapted"].reshape(-1, self.seen["adapted"].shape[-1])[:valid]
        full = self.without_end(self.model.generate(**inputs, max_new_tokens=MAX_NEW_TOKENS)[0, len(ids) :])
        table = self.model.get_input_embeddings()
        before, after = table(ids[:first]), table(ids[first + valid :])
        scores = received.mean(0)[: 2 * valid].reshape(valid, 2).mean(1)
        kept = sorted(scores.argsort(descending=True)[: int(RATIO * valid)].tolist())
        everything = torch.cat([before, adapted, after])
        pruned = torch.cat([before, adapted[kept], after])
        return {
            "file": name,
            "samples": len(samples),
            "valid": valid,
            "positions": positions,
            "receivedPerHead": rounded(received),
            "tokens": some_rows(tokens),
            "adapted": some_rows(adapted),
            "question": QUESTION_ASKED,
            "prompt": {"before": ids[:first].tolist(), "after": ids[first + valid :].tolist()},
            "kept": kept,
            "all": {"logits": rounded(logits), "ids": full},
            "pruned": self.answer(pruned),
            "decoderAttention": self.decoder_attention(everything, full, first, valid),
            "int4": {"all": quantised.answer(everything), "pruned": quantised.answer(pruned)},
        }

    @torch.no_grad()
    def answer(self, embeddings: Tensor) -> dict[str, Any]:
        """Logits of what comes first behind a prompt [positions, width], and greedy ids."""
        logits = self.model(inputs_embeds=embeddings[None]).logits[0, -1]
        return {"logits": rounded(logits), "ids": self.generate(embeddings[None])}

    def quantise_decoder(self) -> None:
        """Give the decoder the weights that 4 bits stand for."""
        layers = [*self.model.model.language_model.modules(), self.model.lm_head]
        for layer in layers:
            if isinstance(layer, torch.nn.Linear):
                restored = dequantise(*quantise(layer.weight.detach().numpy()))
                layer.weight.data.copy_(torch.from_numpy(restored))

    def decoder_attention(self, prompt: Tensor, ids: list[int], first: int, valid: int) -> dict[str, Any]:
        """Attention of every generated token to some audio tokens, mean over heads and layers."""
        said = self.model.get_input_embeddings()(torch.tensor(ids[:-1], dtype=torch.long))
        result = self.model(inputs_embeds=torch.cat([prompt, said])[None], output_attentions=True)
        mean = torch.stack(result.attentions).mean((0, 1, 2))[-len(ids) :, first : first + valid]
        columns = np.linspace(0, valid - 1, ATTENTION_COLUMNS).astype(int).tolist()
        return {"cols": columns, "values": rounded(mean[:, columns])}


def some_rows(values: Tensor) -> dict[str, Any]:
    """Some rows of a matrix, each with its first values."""
    rows = np.linspace(0, len(values) - 1, ROWS).astype(int).tolist()
    return {"rows": rows, "values": rounded(values[rows, :FIRST_DIMENSIONS])}


def rounded(values: Tensor) -> Any:
    """To a few digits behind the point."""
    return np.round(values.double().numpy(), DIGITS).tolist()


def write_golden(
    folder: Path, model: PreTrainedModel, processor: ProcessorMixin, dtype: torch.dtype, shard: str
) -> None:
    """The checkpoint, and the numbers of two clips; the second one is cut so that its positions are odd."""
    checkpoint = folder / "checkpoint"
    save_checkpoint(model, processor, checkpoint, dtype, shard)
    reference, quantised = (Reference(type(model), processor, checkpoint) for _ in range(2))
    quantised.quantise_decoder()
    for name, cut in zip(CLIPS, (0, ODD_SAMPLES), strict=True):
        described = reference.describe(name, cut, quantised)
        (folder / f"{Path(name).stem}.json").write_text(json.dumps(described) + "\n", "utf-8")
        print(
            name,
            described["valid"],
            described["positions"],
            described["all"]["ids"],
            described["pruned"]["ids"],
        )
