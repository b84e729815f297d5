"""The pack: graphs, tokenizer and manifest, from a checkpoint."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx
from jinja2 import TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from whisper_base.features import HOP, SAMPLE_RATE, features_graph
from whisper_base.pack import write_json
from whisper_base.weights import sha256_of

from .checkpoint import Checkpoint, ExportError
from .decoder import DecoderShape, write_decoder, write_embeddings
from .encoder import FRAMES_PER_POSITION, POSITIONS_PER_TOKEN, EncoderShape, write_encoder
from .graph import PartGraph

PRECISIONS = ("fp32", "fp16", "int4")
WORDS = {
    "fp32": "float32",
    "fp16": "stored as float16; runs in float32",
    "int4": "4-bit weights in blocks of 32, 8-bit activations in matrix products (MatMulNBits, accuracy level 4), "
    "float32 elsewhere",
}
BYTES_PER_WEIGHT = {"fp32": 4.0, "fp16": 2.0, "int4": 4.5 / 8}
ROOM = 50_000_000
"""Bytes beside the weights: graphs, tokenizer, rotations, and what a disk keeps for itself."""
QUESTION = "{question}"


@dataclass(frozen=True)
class Kind:
    """What tells one kind of audio language model from another."""

    architecture: str
    """The class in transformers."""
    id: str
    title: str
    description: str
    limits: str
    licence: str
    source: str
    audio_token: str
    """What the chat template has where the audio goes."""
    usual_template: str | None
    """The prompt where the checkpoint brings no chat template; None where transformers has none either."""
    question: str
    write_adapter: Callable[[PartGraph, str, Checkpoint, int, int], str]
    """tokens [1, n, encoder's width] -> embeddings [1, n, decoder's width]"""


def export(kind: Kind, folder: Path, out: Path, precision: str) -> None:
    """Write the pack. It takes the place of an older one only when it is whole.

    Raises ExportError where the checkpoint or the disk does not allow it.
    """
    checkpoint = Checkpoint(folder)
    require_kind(kind, checkpoint.config)
    if holds_something_else(out):
        raise ExportError(f"{out} holds something else; name another folder")
    draft = out.with_name(f".{out.name}.draft")
    try:
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        require_room(checkpoint, draft, precision)
        write_pack(kind, checkpoint, draft, precision)
        shutil.rmtree(out, ignore_errors=True)
        draft.rename(out)
    except OSError as error:
        raise ExportError(f"{out} is not written: {error}") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def require_kind(kind: Kind, config: dict[str, Any]) -> None:
    """Raises ExportError where the checkpoint is of another class."""
    found = config.get("architectures") or [config.get("model_type", "no class")]
    if kind.architecture not in found:
        raise ExportError(f"the checkpoint is {', '.join(found)}; this recipe exports {kind.architecture}")


def require_room(checkpoint: Checkpoint, folder: Path, precision: str) -> None:
    """Raises ExportError where the disk has not the room that the pack will take."""
    weights = checkpoint.parameters()
    decoder = BYTES_PER_WEIGHT[precision]
    rest = BYTES_PER_WEIGHT[precision_of("encoder", precision)]
    inside = sum(count for name, count in weights.items() if in_decoder(name))
    needed = int(inside * decoder + (sum(weights.values()) - inside) * rest) + ROOM
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise ExportError(
            f"the pack takes {needed / 1e9:.1f} GB, and {free / 1e9:.1f} GB are free at {folder.parent}"
        )


def in_decoder(name: str) -> bool:
    """Whether a tensor becomes a part of decoder.onnx."""
    return "lm_head" in name or ("language_model" in name and "embed_tokens" not in name)


def precision_of(part: str, precision: str) -> str:
    """What a part is stored in: 4 bits are for the decoder, which is nearly all of it."""
    return "fp16" if precision == "int4" and part != "decoder" else precision


def write_pack(kind: Kind, checkpoint: Checkpoint, folder: Path, precision: str) -> None:
    """Every file of the pack. One tensor is in memory at a time."""
    encoder = EncoderShape.of(checkpoint.section("audio_config"))
    decoder = DecoderShape.of(checkpoint.section("text_config"))
    # What is wrong with small files is said before the large ones are read.
    for name in ("tokenizer.json", "tokenizer_config.json"):
        write_json(folder / name, checkpoint.json(name))
    described = manifest(kind, checkpoint, encoder, decoder, precision)
    onnx.save(features_graph(encoder.mel_bins), folder / "features.onnx")
    other = precision_of("encoder", precision)
    adapter = PartGraph("adapter", folder, other)
    tokens = adapter.input("tokens", [1, "tokens", encoder.width])
    rows = kind.write_adapter(adapter, tokens, checkpoint, encoder.width, decoder.width)
    adapter.output("embeddings", rows, [1, "tokens", decoder.width])
    described["parts"] = {
        "encoder": write_encoder(checkpoint, encoder, folder, other),
        "adapter": adapter.save(),
        "embeddings": write_embeddings(checkpoint, decoder, folder, other),
        "decoder": write_decoder(checkpoint, decoder, folder, precision),
    }
    described["files"] = [
        {"path": path.name, "bytes": path.stat().st_size, "sha256": sha256_of(path)}
        for path in sorted(folder.iterdir())
    ]
    write_json(folder / "pack.json", described, indent=2)


def manifest(
    kind: Kind, checkpoint: Checkpoint, encoder: EncoderShape, decoder: DecoderShape, precision: str
) -> dict[str, Any]:
    """pack.json without its files."""
    return {
        "schemaVersion": 1,
        "id": f"{kind.id}-{precision}",
        "title": f"{kind.title} ({precision})",
        "description": kind.description,
        "limits": kind.limits,
        "family": "prefix",
        "licence": kind.licence,
        "weights": [{"part": "all", "name": kind.title, "source": kind.source, "licence": kind.licence}],
        "frontEnd": {
            "file": "features.onnx",
            "input": "samples",
            "output": "mel",
            "sampleRate": SAMPLE_RATE,
            "melBins": encoder.mel_bins,
            "hopSamples": HOP,
            "windowSeconds": encoder.positions * FRAMES_PER_POSITION * HOP // SAMPLE_RATE,
            "padding": "window",
        },
        "encoder": {
            "file": "encoder.onnx",
            "input": "mel",
            "output": "tokens",
            "validPositions": "valid_positions",
            "layers": encoder.layers,
            "heads": encoder.heads,
            "width": encoder.width,
            "framesPerPosition": FRAMES_PER_POSITION,
            "positionsPerToken": POSITIONS_PER_TOKEN,
            "attention": {"kind": "tap"},
        },
        "adapter": {"file": "adapter.onnx", "input": "tokens", "output": "embeddings", "tokensPerStep": 1},
        "embeddings": {"file": "embeddings.onnx", "input": "input_ids", "output": "inputs_embeds"},
        "decoder": {
            "file": "decoder.onnx",
            "layers": decoder.layers,
            "kvHeads": decoder.kv_heads,
            "headDim": decoder.head_width,
            "width": decoder.width,
            "maxContext": decoder.context,
            "logits": "logits",
            "inputsEmbeds": "inputs_embeds",
            "attentionMask": "attention_mask",
            "pastKey": "past_key_values.{layer}.key",
            "pastValue": "past_key_values.{layer}.value",
            "presentKey": "present.{layer}.key",
            "presentValue": "present.{layer}.value",
        },
        "tokenizer": {"file": "tokenizer.json", "config": "tokenizer_config.json"},
        "prompt": {"template": prompt_template(kind, checkpoint), "question": kind.question},
        "stopTokens": stop_tokens(checkpoint),
        "precision": {
            "features": "float64 spectrum, float32 output",
            **{
                part: WORDS[precision_of(part, precision)]
                for part in ("encoder", "adapter", "embeddings", "decoder")
            },
        },
    }


def prompt_template(kind: Kind, checkpoint: Checkpoint) -> str:
    """The checkpoint's chat template, filled in with one sound and one question.

    Raises ExportError where there is none, or it does not name the audio once.
    """
    source = chat_template(checkpoint)
    if source is None:
        if kind.usual_template is None:
            raise ExportError(f"{checkpoint.folder} has no chat template (chat_template.jinja)")
        return kind.usual_template
    content = [{"type": "audio", "audio": ""}, {"type": "text", "text": QUESTION}]
    # As transformers renders them.
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    try:
        text = environment.from_string(source).render(
            messages=[{"role": "user", "content": content}], add_generation_prompt=True
        )
    except TemplateError as error:
        raise ExportError(f"the chat template does not work: {error}") from error
    if text.count(kind.audio_token) != 1 or text.count(QUESTION) != 1:
        raise ExportError(
            f"the chat template does not have {kind.audio_token} and the question once: {text!r}"
        )
    return text.replace(kind.audio_token, "{audio}")


def chat_template(checkpoint: Checkpoint) -> str | None:
    """The processor's template, from where the versions of transformers keep it."""
    file = checkpoint.folder / "chat_template.jinja"
    if file.exists():
        return file.read_text("utf-8")
    for name in ("chat_template.json", "processor_config.json"):
        template = checkpoint.optional_json(name).get("chat_template")
        if template is not None:
            return template
    return None


def stop_tokens(checkpoint: Checkpoint) -> list[int]:
    """Ids that end an answer."""
    for config in (
        checkpoint.optional_json("generation_config.json"),
        checkpoint.config,
        checkpoint.section("text_config"),
    ):
        ids = config.get("eos_token_id")
        if ids is not None:
            return ids if isinstance(ids, list) else [ids]
    raise ExportError(f"{checkpoint.folder} does not say what token ends an answer (eos_token_id)")


def holds_something_else(folder: Path) -> bool:
    """Whether writing the pack there would delete what is no pack."""
    try:
        if not folder.exists() or not any(folder.iterdir()):
            return False
        return "schemaVersion" not in json.loads((folder / "pack.json").read_text("utf-8"))
    except (OSError, ValueError):
        return True
