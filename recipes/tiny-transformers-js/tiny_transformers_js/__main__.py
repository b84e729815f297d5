"""`python -m tiny_transformers_js`: tiny Ultravox, Voxtral and Granite Speech in the layout of transformers.js, and what
PyTorch gives.

Voxtral's encoder has plain attention and its weights beside it, and the decoder takes `position_ids` and
`num_logits_to_keep`; Ultravox's encoder has `MultiHeadAttention`, and its decoder takes neither.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerFast, WhisperFeatureExtractor

from . import granite
from .export import decoder, embeddings, ultravox_encoder, voxtral_encoder
from .golden import REFERENCE, SAMPLES, read_clip, rounded, segmentwise_exact, write_lines
from .lower import four_bits, half, stands_for
from .models import TEXT, Ultravox, Voxtral, put
from .sizes import HEADS, LAYERS, MEL_BINS, SPECIAL, WIDTH
from .tokenizer import write_json, write_tokenizer

QUESTION = "What is it?"
NEW_TOKENS = 12
GRAPHS = ("audio_encoder", "embed_tokens", "decoder_model_merged")


@torch.no_grad()
def greedy(model: Any, before: list[int], rows: torch.Tensor, after: list[int]) -> dict[str, Any]:
    """First logits and greedy ids of text, audio rows, text."""
    embed = model.model.get_input_embeddings()
    parts = [embed(torch.tensor(before, dtype=torch.long)), rows, embed(torch.tensor(after, dtype=torch.long))]
    given, cache, ids, first = torch.cat(parts)[None], None, [], None
    while len(ids) < NEW_TOKENS:
        step = model.model(inputs_embeds=given, past_key_values=cache, use_cache=True)
        logits, cache = step.logits[0, -1], step.past_key_values
        first = logits if first is None else first
        token = int(logits.argmax())
        if token == TEXT["eos_token_id"]:
            break
        ids.append(token)
        given = embed(torch.tensor([[token]]))
    return {"logits": rounded(first.numpy()), "ids": ids}


def golden(kind: str, model: Any, folder: Path, kept: list[int] | None = None) -> dict[str, Any]:
    """What the engine's tests compare with.

    kept: the tokens of the pruned prompt, or those that segmentwise keeps
    """
    samples = read_clip(SAMPLES)
    extract = WhisperFeatureExtractor(feature_size=MEL_BINS)
    padding = {"padding": "max_length"} if kind == "voxtral" else {"padding": False}
    mel = extract(samples, sampling_rate=16000, return_tensors="pt", **padding).input_features
    rows, attention = model.hear(mel)
    positions = -(-SAMPLES // 320)
    groups = -(-positions // model.group)
    received = attention[:, :positions].sum(axis=1)
    pooled = np.stack(
        [received[:, i * model.group : min((i + 1) * model.group, positions)].mean(1) for i in range(groups)], axis=1
    )
    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
    placeholder = "[AUDIO]" if kind == "voxtral" else "<|audio|>"
    listed = [{"type": "audio"}, {"type": "text", "text": QUESTION}]
    content = listed if kind == "voxtral" else f"{placeholder}\n{QUESTION}"
    ids = tokenizer.apply_chat_template([{"role": "user", "content": content}], tokenize=True, return_dict=False)
    at = ids.index(256 + SPECIAL.index(placeholder))
    before, after = ids[:at], ids[at + 1 :]
    if kind == "voxtral":
        # Voxtral's processor begins the sound itself.
        before.append(256 + SPECIAL.index("[BEGIN_AUDIO]"))
    heard, extra = rows[:groups], rows[groups : groups + model.extra_groups]
    kept = kept or segmentwise_exact(pooled.mean(0), groups // 4)
    result = {
        "samples": SAMPLES,
        "mel": rounded(mel[0, ::16, :8].numpy()),
        "groups": groups,
        "features": rounded(heard.numpy()[:, :8]),
        "norm": float(heard.norm()),
        "receivedPerHead": rounded(pooled),
        "before": before,
        "after": after,
        "question": QUESTION,
        "full": greedy(model, before, torch.cat([heard, extra]), after),
        "kept": kept,
        "pruned": greedy(model, before, torch.cat([heard[kept], extra]), after),
    }
    if kind == "voxtral":
        result["untrimmed"] = greedy(model, before, rows, after) | own_logits(model, mel, before, after)
    return result


@torch.no_grad()
def own_logits(model: Any, mel: torch.Tensor, before: list[int], after: list[int]) -> dict[str, Any]:
    """First logits of the whole class, which puts its audio in place itself."""
    audio = [256 + SPECIAL.index("[AUDIO]")] * 375
    logits = model.model(input_ids=torch.tensor([before + audio + after]), input_features=mel).logits
    return {"logits": rounded(logits[0, -1].numpy())}


def save(graph: onnx.ModelProto, path: Path, external: bool = False) -> None:
    """One file, or its weights in `.onnx_data` beside it."""
    path.with_name(f"{path.name}_data").unlink(missing_ok=True)
    onnx.save(graph, path, save_as_external_data=external, location=f"{path.name}_data", size_threshold=256)


def build(kind: str, folder: Path) -> None:
    """One model: configurations, tokenizer, graphs, golden numbers."""
    (folder / "onnx").mkdir(parents=True, exist_ok=True)
    model = Voxtral() if kind == "voxtral" else Ultravox()
    write_tokenizer(folder, kind)
    audio = {
        "model_type": "voxtral_encoder" if kind == "voxtral" else "whisper",
        "hidden_size": WIDTH,
        "d_model": WIDTH,
        "num_hidden_layers": LAYERS,
        "encoder_layers": LAYERS,
        "num_attention_heads": HEADS,
        "encoder_attention_heads": HEADS,
        "num_mel_bins": MEL_BINS,
        "max_source_positions": 1500,
    }
    config = {
        "model_type": kind,
        "architectures": ["VoxtralForConditionalGeneration" if kind == "voxtral" else "UltravoxModel"],
        "audio_config": audio,
        "text_config": TEXT,
        "audio_token_id": 256 + SPECIAL.index("[AUDIO]" if kind == "voxtral" else "<|audio|>"),
        **({"stack_factor": 8, "projector_act": "swiglu", "ignore_index": -100} if kind == "ultravox" else {}),
    }
    if kind == "ultravox":
        config["ignore_index"] = config["audio_token_id"]
    front_end = {
        "feature_extractor_type": "WhisperFeatureExtractor",
        "processor_class": "VoxtralProcessor" if kind == "voxtral" else "UltravoxProcessor",
        "feature_size": MEL_BINS,
        "sampling_rate": 16000,
        "hop_length": 160,
        "n_fft": 400,
        "chunk_length": 30,
        "n_samples": 480000,
        "nb_max_frames": 3000,
        "padding_value": 0.0,
    }
    write_json(folder / "config.json", config)
    write_json(folder / "preprocessor_config.json", front_end)
    if kind == "ultravox":
        placing = {"audio_placeholder": "<|audio|>", "encoder_ds_factor": 320, "stack_factor": 8}
        write_json(folder / "processor_config.json", {"processor_class": "UltravoxProcessor", **placing})
        write_json(folder / "preprocessor_config.json", front_end | placing)
    write_json(folder / "generation_config.json", {"bos_token_id": 256, "eos_token_id": [257]})
    if kind == "voxtral":
        save(voxtral_encoder(model.encoder, model.adapter, "plain"), folder / "onnx/audio_encoder.onnx", external=True)
    else:
        save(ultravox_encoder(model.encoder, model.adapter, "fused"), folder / "onnx/audio_encoder.onnx")
    save(embeddings(model.layers), folder / "onnx/embed_tokens.onnx")
    extras = kind == "voxtral"
    save(decoder(model.layers, model.head, extras), folder / "onnx/decoder_model_merged.onnx")
    content = golden(kind, model, folder)
    write_lines(folder / "golden.json", content)
    build_lowered(model, folder, lambda: golden(kind, model, folder, content["kept"]))


def build_lowered(model: Any, folder: Path, compute: Callable[[], dict[str, Any]]) -> None:
    """The same graphs in `fp16` and `q4f16`, in a folder beside, and what PyTorch gives in float32 for the weights
    that they stand for.

    compute: golden numbers of the model as it is
    """
    beside = folder.with_name(f"{folder.name}-half")
    (beside / "onnx").mkdir(parents=True, exist_ok=True)
    read = {name: onnx.load(folder / "onnx" / f"{name}.onnx") for name in GRAPHS}
    own = model.encoder, model.adapter, model.layers, model.head
    result = {}
    for precision in ("fp16", "q4f16"):
        lowered = {name: half(four_bits(graph) if precision == "q4f16" else graph) for name, graph in copied(read)}
        for name, graph in lowered.items():
            save(graph, beside / "onnx" / f"{name}_{precision}.onnx")
        put(model.tower, stands_for(own[0], lowered["audio_encoder"]))
        put(model.projector, stands_for(own[1], lowered["audio_encoder"]))
        put(model.language, stands_for(own[2], lowered["decoder_model_merged"]))
        put(model.output, stands_for({"weight": own[3]}, lowered["decoder_model_merged"]))
        compared = ("features", "norm", "receivedPerHead", "full", "pruned")
        result[precision] = {key: value for key, value in compute().items() if key in compared}
    write_lines(beside / "golden.json", result)


def copied(graphs: dict[str, onnx.ModelProto]) -> list[tuple[str, onnx.ModelProto]]:
    """Graphs that may be changed."""
    return [(name, onnx.ModelProto.FromString(graph.SerializeToString())) for name, graph in graphs.items()]


GRANITE_SAMPLES = 301 * 160
"""151 positions: the last window has but one, so two of its tokens have no share of the sound."""


def build_granite(folder: Path) -> None:
    """Granite Speech, as `build`."""
    (folder / "onnx").mkdir(parents=True, exist_ok=True)
    model = granite.GraniteSpeech()
    write_tokenizer(folder, "granite-speech")
    placeholder = "<|audio|>"
    config = {
        "model_type": "granite_speech",
        "architectures": ["GraniteSpeechForConditionalGeneration"],
        "encoder_config": granite.ENCODER,
        "projector_config": granite.PROJECTOR,
        "text_config": granite.GRANITE_TEXT,
        "audio_token_index": 256 + SPECIAL.index(placeholder),
        "downsample_rate": granite.POSITIONS_PER_TOKEN,
        "window_size": granite.POSITIONS_PER_WINDOW,
        "has_lora_adapter": False,
    }
    front_end = {
        "feature_extractor_type": "GraniteSpeechFeatureExtractor",
        "processor_class": "GraniteSpeechProcessor",
        "melspec_kwargs": {
            "sample_rate": 16000,
            "n_fft": granite.N_FFT,
            "win_length": granite.WINDOW,
            "hop_length": granite.HOP,
            "n_mels": granite.MEL_BINS,
        },
        "projector_window_size": granite.POSITIONS_PER_WINDOW,
        "projector_downsample_rate": granite.POSITIONS_PER_TOKEN,
        "sampling_rate": 16000,
    }
    write_json(folder / "config.json", config)
    write_json(folder / "preprocessor_config.json", front_end)
    write_json(folder / "processor_config.json", {"processor_class": "GraniteSpeechProcessor", "audio_token": placeholder})
    write_json(folder / "generation_config.json", {"bos_token_id": 256, "eos_token_id": [257]})
    save(granite.granite_encoder(model), folder / "onnx/audio_encoder.onnx")
    save(embeddings(model.layers), folder / "onnx/embed_tokens.onnx")
    save(decoder(model.layers, model.head, True, granite.SCALES), folder / "onnx/decoder_model_merged.onnx")
    write_lines(folder / "golden.json", granite_golden(model, folder, placeholder))
    build_lowered(model, folder, lambda: granite_golden(model, folder, placeholder))


def granite_golden(model: granite.GraniteSpeech, folder: Path, placeholder: str) -> dict[str, Any]:
    """What the engine's tests compare with. The pruned prompt has every fourth token, and those behind the sound."""
    samples = read_clip(GRANITE_SAMPLES)
    features = granite.log_mel(samples)
    rows = model.hear(features)
    tokens = -(-features.shape[1] // granite.POSITIONS_PER_TOKEN)
    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
    content = f"{placeholder}{QUESTION}"
    ids = tokenizer.apply_chat_template([{"role": "user", "content": content}], tokenize=True, return_dict=False)
    at = ids.index(256 + SPECIAL.index(placeholder))
    before, after = ids[:at], ids[at + 1 :]
    kept = list(range(2, tokens, 4))
    full = greedy(model, before, rows, after)
    given = torch.tensor([before + [ids[at]] * len(rows) + after])
    with torch.no_grad():
        own = model.model(input_ids=given, input_features=features).logits[0, -1]
    return {
        "samples": GRANITE_SAMPLES,
        "mel": rounded(features[0, ::16, ::20].numpy()),
        "groups": tokens,
        "rows": len(rows),
        "features": rounded(rows.numpy()[:, :8]),
        "norm": float(rows.norm()),
        "before": before,
        "after": after,
        "question": QUESTION,
        "own": rounded(own.numpy()),
        "full": full,
        "kept": kept,
        "pruned": greedy(model, before, torch.cat([rows[kept], rows[tokens:]]), after),
    }


def main() -> None:
    """All models."""
    parser = argparse.ArgumentParser(prog="tiny_transformers_js", description=__doc__)
    parser.add_argument("--out", type=Path, default=REFERENCE)
    out = parser.parse_args().out
    for kind in ("ultravox", "voxtral"):
        build(kind, out / kind)
        for folder in (out / kind, out / f"{kind}-half"):
            size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
            print(f"{folder.name}: {size} B")
    build_granite(out / "granite-speech")


if __name__ == "__main__":
    main()
