"""Stage `export`: the float32 ONNX graphs of the front end, the encoder and the adapter, and the
decoder from onnxruntime-genai's model builder."""

import subprocess
import sys
from pathlib import Path

import onnx
import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch import Tensor, nn
from whisper_base.features import MEL_BINS, features_graph

from .layout import Layout
from .modules import MAX_POSITIONS, POSITIONS_PER_TOKEN, TOKEN_WIDTH, Adapter, Encoder
from .rounding import DECODER_BITS, DECODER_BLOCK, EMBEDDING_BITS

OPSET = 18
FRAMES_PER_TOKEN = 4
ACCURACY_LEVEL = 4
"""MatMulNBits: 4 quantises the activations to 8 bits too, 1 keeps them in float32."""


def middle_layer(adapter: Path) -> int:
    """The layer of the encoder that a trained adapter listens to beside the last one."""
    with safe_open(adapter, "numpy") as file:
        return int(file.metadata()["middle_layer"])


def trained_bits(lora: Path) -> int | None:
    """Of the merged weights, where the LoRA was trained with them rounded."""
    with safe_open(lora, "numpy") as file:
        bits = (file.metadata() or {}).get("bits")
    return int(bits) if bits else None


def float_weights(path: Path) -> dict[str, Tensor]:
    """Published or trained weights, float32 whatever they are stored as."""
    return {name: tensor.float() for name, tensor in load_file(path).items()}


def load_encoder(layout: Layout, middle: int) -> Encoder:
    """The encoder with its published weights, float32."""
    encoder = Encoder(middle)
    encoder.load_state_dict(float_weights(layout.encoder_weights))
    return encoder.eval()


def load_adapter(layout: Layout) -> Adapter:
    """The adapter with Earmark's trained weights, float32."""
    adapter = Adapter()
    adapter.load_state_dict(float_weights(layout.trained_adapter))
    return adapter.eval()


def export_module(
    module: nn.Module,
    example: torch.Tensor,
    names: tuple[str, str],
    dynamic: dict[int, object],
    path: Path,
) -> None:
    """Write one module with one input and one output as a single-file ONNX model."""
    torch.onnx.export(
        module,
        (example,),
        path,
        input_names=[names[0]],
        output_names=[names[1]],
        dynamic_shapes=(dynamic,),
        opset_version=OPSET,
        dynamo=True,
        external_data=False,
        verbose=False,
    )
    model = onnx.load(path)
    strip_provenance(model)
    onnx.save(model, path)


def strip_provenance(model: onnx.ModelProto) -> None:
    """Remove stack traces and other metadata the exporter leaves (they hold file paths)."""
    model.doc_string = ""
    model.graph.doc_string = ""
    del model.metadata_props[:]
    del model.graph.metadata_props[:]
    for item in [*model.graph.node, *model.graph.input, *model.graph.output, *model.graph.value_info]:
        item.doc_string = ""
        del item.metadata_props[:]
    for tensor in model.graph.initializer:
        tensor.doc_string = ""
        del tensor.metadata_props[:]


def build_decoder(layout: Layout) -> None:
    """Run the model builder on the merged weights. Embeddings stay out (audio tokens go in as
    embeddings), and only the last position's logits are computed."""
    options = {
        "exclude_embeds": "true",
        "prune_lm_head": "true",
        "block_size": str(DECODER_BLOCK),
        "accuracy_level": str(ACCURACY_LEVEL),
        "matmul_mixed_precision": f"last_matmul:int{EMBEDDING_BITS}",
    }
    subprocess.run(
        [
            *(sys.executable, "-m", "onnxruntime_genai.models.builder"),
            *("-m", str(layout.merged), "-o", str(layout.decoder_build)),
            *("-e", "cpu", "-p", f"int{DECODER_BITS}", "-c", str(layout.work / "cache")),
            *("--extra_options", *(f"{key}={value}" for key, value in options.items())),
        ],
        check=True,
        stderr=subprocess.DEVNULL,
    )


def export(layout: Layout) -> None:
    """Write every graph into the build folder."""
    layout.exported.mkdir(parents=True, exist_ok=True)
    onnx.save(features_graph(), layout.exported / "features.onnx")
    most = MAX_POSITIONS // POSITIONS_PER_TOKEN
    export_module(
        load_encoder(layout, middle_layer(layout.trained_adapter)),
        torch.randn(1, MEL_BINS, FRAMES_PER_TOKEN * 150),
        ("mel", "tokens"),
        {2: FRAMES_PER_TOKEN * torch.export.Dim("tokens", min=1, max=most)},
        layout.exported / "encoder.onnx",
    )
    export_module(
        load_adapter(layout),
        torch.randn(1, 150, TOKEN_WIDTH),
        ("tokens", "embeddings"),
        {1: torch.export.Dim("kept", min=1, max=most)},
        layout.exported / "adapter.onnx",
    )
    build_decoder(layout)
