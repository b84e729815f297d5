"""`python -m tiny_transformers_js.whisper`: a tiny Whisper, exported by Optimum itself, and what PyTorch gives.

Needs `requirements-whisper.txt`: Optimum wants an older transformers than the other models do.
"""

import argparse
import shutil
import tempfile
from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray
from optimum.exporters.onnx import main_export
from torch import Tensor
from transformers import WhisperConfig, WhisperFeatureExtractor, WhisperForConditionalGeneration

from .golden import REFERENCE, SAMPLES, read_clip, rounded, segmentwise_exact, write_lines
from .tokenizer import write_byte_tokenizer

PADDING_TOKENS = 150
NEW_TOKENS = 24
SEED = 3

BYTES = 256
SPECIAL = [
    "<|endoftext|>",
    "<|startoftranscript|>",
    "<|en|>",
    "<|de|>",
    "<|translate|>",
    "<|transcribe|>",
    "<|notimestamps|>",
]
IDS = {text: BYTES + i for i, text in enumerate(SPECIAL)}
START = [IDS[text] for text in ("<|startoftranscript|>", "<|en|>", "<|transcribe|>", "<|notimestamps|>")]
END = IDS["<|endoftext|>"]
SUPPRESS = [1, 2, 7, *START]
"""A few bytes, and what is no text."""
SUPPRESS_FIRST = [32, END]


def build() -> WhisperForConditionalGeneration:
    """Whisper's class with random weights, in float32 and with plain attention."""
    torch.manual_seed(SEED)
    config = WhisperConfig(
        vocab_size=BYTES + len(SPECIAL),
        num_mel_bins=80,
        d_model=32,
        encoder_layers=2,
        decoder_layers=2,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=64,
        decoder_ffn_dim=64,
        max_target_positions=64,
        bos_token_id=END,
        eos_token_id=END,
        pad_token_id=END,
        decoder_start_token_id=START[0],
        begin_suppress_tokens=SUPPRESS_FIRST,
        init_std=0.3,
        attn_implementation="eager",
    )
    model = WhisperForConditionalGeneration(config).eval()
    generation = model.generation_config
    generation.suppress_tokens = SUPPRESS
    generation.begin_suppress_tokens = SUPPRESS_FIRST
    generation.is_multilingual = True
    generation.lang_to_id = {"<|en|>": IDS["<|en|>"], "<|de|>": IDS["<|de|>"]}
    generation.task_to_id = {"transcribe": IDS["<|transcribe|>"], "translate": IDS["<|translate|>"]}
    generation.no_timestamps_token_id = IDS["<|notimestamps|>"]
    return model


def export(model: WhisperForConditionalGeneration, folder: Path) -> None:
    """Optimum's own export, its files where transformers.js looks for them."""
    with tempfile.TemporaryDirectory() as work:
        checkpoint, out = Path(work) / "checkpoint", Path(work) / "onnx"
        model.save_pretrained(checkpoint)
        main_export(str(checkpoint), output=out, task="automatic-speech-recognition-with-past", framework="pt")
        (folder / "onnx").mkdir(parents=True, exist_ok=True)
        for name in ("encoder_model.onnx", "decoder_model_merged.onnx"):
            shutil.copy(out / name, folder / "onnx" / name)
        for name in ("config.json", "generation_config.json"):
            shutil.copy(checkpoint / name, folder / name)
    WhisperFeatureExtractor(feature_size=80).save_pretrained(folder)
    config = {"tokenizer_class": "WhisperTokenizer", "bos_token": SPECIAL[0], "eos_token": SPECIAL[0]}
    write_byte_tokenizer(folder, SPECIAL, config)


@torch.no_grad()
def transcribe(model: WhisperForConditionalGeneration, tokens: Tensor) -> dict[str, Any]:
    """First logits and greedy ids of these encoder tokens [n, 32] alone."""
    given, ids, cache, first = START, [], None, None
    while len(ids) < NEW_TOKENS:
        step = model(
            encoder_outputs=(tokens[None],),
            decoder_input_ids=torch.tensor([given]),
            past_key_values=cache,
            use_cache=True,
        )
        cache, logits = step.past_key_values, step.logits[0, -1].clone()
        logits[SUPPRESS + ([] if ids else SUPPRESS_FIRST)] = -torch.inf
        if first is None:
            first = rounded(step.logits[0, -1].numpy())
        token = int(logits.argmax())
        if token == END:
            break
        ids.append(token)
        given = [token]
    return {"logits": first, "ids": ids}


@torch.no_grad()
def attention_to_audio(model: WhisperForConditionalGeneration, tokens: Tensor, ids: list[int]) -> NDArray:
    """Attention of the positions that said `ids` to the tokens [ids, tokens], mean over heads and layers."""
    said = torch.tensor([START + ids[:-1]])
    looked = model(encoder_outputs=(tokens[None],), decoder_input_ids=said, output_attentions=True, use_cache=False)
    return torch.stack([layer[0].mean(0) for layer in looked.cross_attentions]).mean(0)[-len(ids) :].numpy()


@torch.no_grad()
def golden(model: WhisperForConditionalGeneration) -> dict[str, Any]:
    """What the engine's tests compare with."""
    samples = read_clip(SAMPLES)
    mel = WhisperFeatureExtractor(feature_size=80)(samples, sampling_rate=16000, return_tensors="pt").input_features
    heard = model.model.encoder(mel, output_attentions=True)
    tokens = heard.last_hidden_state[0]
    valid = -(-SAMPLES // 320)
    received = heard.attentions[-1][0, :, :valid, :valid].sum(1).numpy()
    padding = tokens[valid : valid + PADDING_TOKENS]
    kept = segmentwise_exact(received.mean(0), valid // 4)
    full = transcribe(model, torch.cat([tokens[:valid], padding]))
    looked = attention_to_audio(model, torch.cat([tokens[:valid], padding]), full["ids"])
    whole = model.generate(
        mel, language="en", task="transcribe", max_new_tokens=NEW_TOKENS, do_sample=False, return_timestamps=False
    )[0].tolist()
    own = transcribe(model, tokens)
    said = [token for token in whole if token not in START and token != END]
    if said[: len(own["ids"])] != own["ids"]:
        raise ValueError(f"generate() says {said}, token by token it is {own['ids']}")
    return {
        "samples": SAMPLES,
        "valid": valid,
        "tokens": rounded(tokens[:valid, :8].numpy()),
        "receivedPerHead": rounded(received),
        "padded": own,
        "full": full,
        "kept": kept,
        "pruned": transcribe(model, torch.cat([tokens[:valid][kept], padding])),
        "decoderAttention": rounded(looked[:, : valid : 8]),
    }


def main() -> None:
    """Folder and golden numbers."""
    parser = argparse.ArgumentParser(prog="tiny_transformers_js.whisper", description=__doc__)
    parser.add_argument("--out", type=Path, default=REFERENCE / "whisper")
    folder = parser.parse_args().out
    model = build()
    export(model, folder)
    write_lines(folder / "golden.json", golden(model))
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            print(f"{file.relative_to(folder)}: {file.stat().st_size} B")


if __name__ == "__main__":
    main()
