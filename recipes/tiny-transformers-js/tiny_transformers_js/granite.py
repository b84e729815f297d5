"""Granite Speech: transformers' class with random weights, its log-mel, and its audio encoder as a graph."""

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers import GraniteSpeechConfig, GraniteSpeechForConditionalGeneration
from transformers.audio_utils import mel_filter_bank, spectrogram, window_function

from .export import Scales
from .graph import Graph
from .models import TEXT, randomise, weights_of
from .sizes import HEADS, LAYERS, LM_WIDTH, SEED, SPECIAL, VOCABULARY, WIDTH

MEL_BINS = 80
N_FFT, WINDOW, HOP = 512, 400, 160
CONTEXT = 40
"""Positions that see one another; 200 in the published model."""
KERNEL = 7
CTC = 10
POSITIONS_PER_WINDOW, POSITIONS_PER_TOKEN = 15, 5
TOKENS_PER_WINDOW = POSITIONS_PER_WINDOW // POSITIONS_PER_TOKEN
SCALES = Scales(embedding=2.0, attention=0.3, residual=0.7)

ENCODER = {
    "model_type": "granite_speech_encoder",
    "input_dim": 2 * MEL_BINS,
    "num_layers": LAYERS,
    "hidden_dim": WIDTH,
    "feedforward_mult": 2,
    "num_heads": HEADS,
    "dim_head": WIDTH // HEADS,
    "output_dim": CTC,
    "context_size": CONTEXT,
    "max_pos_emb": 64,
    "conv_kernel_size": KERNEL,
    "conv_expansion_factor": 2,
}
PROJECTOR = {
    "model_type": "blip_2_qformer",
    "hidden_size": WIDTH,
    "encoder_hidden_size": WIDTH,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": HEADS,
    "intermediate_size": 2 * WIDTH,
    "cross_attention_frequency": 1,
    "hidden_act": "gelu",
    "use_qformer_text_input": False,
    "vocab_size": VOCABULARY,
}
GRANITE_TEXT = TEXT | {
    "model_type": "granite",
    "embedding_multiplier": SCALES.embedding,
    "attention_multiplier": SCALES.attention,
    "residual_multiplier": SCALES.residual,
    # GraniteSpeechForConditionalGeneration does not divide by it.
    "logits_scaling": 1.5,
}


def log_mel(samples: NDArray) -> Tensor:
    """[1, positions, 160], by transformers' NumPy functions: torchaudio's settings are HTK's scale, no norm, a Hann
    window in the middle of the Fourier transform's; two frames are one row, an odd last frame is dropped."""
    window = np.pad(window_function(WINDOW, "hann"), (N_FFT - WINDOW) // 2)
    filters = mel_filter_bank(N_FFT // 2 + 1, MEL_BINS, 0, 8000, 16000, norm=None, mel_scale="htk")
    decades = spectrogram(samples, window, N_FFT, HOP, N_FFT, power=2.0, mel_filters=filters, log_mel="log10").T
    scaled = np.maximum(decades, decades.max() - 8) / 4 + 1
    rows = len(scaled) // 2
    return torch.from_numpy(scaled[: 2 * rows].reshape(1, rows, 2 * MEL_BINS)).float()


class GraniteSpeech:
    """transformers' class as it is."""

    def __init__(self) -> None:
        torch.manual_seed(SEED)
        config = GraniteSpeechConfig(
            encoder_config=ENCODER,
            projector_config=PROJECTOR,
            text_config=GRANITE_TEXT,
            audio_token_index=256 + SPECIAL.index("<|audio|>"),
            has_lora_adapter=False,
            downsample_rate=POSITIONS_PER_TOKEN,
            window_size=POSITIONS_PER_WINDOW,
            tie_word_embeddings=False,
        )
        self.model = GraniteSpeechForConditionalGeneration._from_config(config).eval()
        randomise(self.model)
        for name, values in self.model.named_buffers():
            if name.endswith("running_mean"):
                values.normal_(0, 0.2)
            elif name.endswith("running_var"):
                values.uniform_(0.5, 1.5)
        inner = self.model.model
        self.tower, self.projector = inner.encoder, inner.projector
        self.language, self.output = inner.language_model, self.model.lm_head
        self.encoder, self.adapter = weights_of(self.tower), weights_of(self.projector)
        self.distances = self.tower.attention_dists.numpy()
        self.layers, self.head = weights_of(self.language), weights_of(self.output)["weight"]

    @torch.no_grad()
    def hear(self, mel: Tensor) -> Tensor:
        """[1, positions, 160] -> rows [tokens, LM width]"""
        return self.model.get_audio_features(mel, return_dict=True).pooler_output[0]


def granite_encoder(model: GraniteSpeech) -> onnx.ModelProto:
    """input_features [1, positions, 160] -> audio_features [1, ceil(positions / 15) * 3, LM width]"""
    graph = Graph("audio_encoder")
    weights = model.encoder
    x = graph.linear(graph.input("input_features", [1, "positions", 2 * MEL_BINS]), weights, "input_linear")
    for layer in range(LAYERS):
        name = f"layers.{layer}"
        half = graph.number(0.5)
        x = graph.node("Add", graph.node("Mul", half, feed_forward(graph, x, weights, f"{name}.ff1")), x)
        x = graph.node("Add", block_attention(graph, x, model, f"{name}.attn"), x)
        x = graph.node("Add", convolution(graph, x, weights, f"{name}.conv"), x)
        x = graph.node("Add", graph.node("Mul", half, feed_forward(graph, x, weights, f"{name}.ff2")), x)
        x = graph.layer_norm(x, weights, f"{name}.post_norm")
        if layer + 1 == LAYERS // 2:
            letters = graph.node("Softmax", graph.linear(x, weights, "out"), axis=-1)
            x = graph.node("Add", x, graph.linear(letters, weights, "out_mid"))
    graph.output("audio_features", projected(graph, x, model.adapter), [1, "tokens", LM_WIDTH])
    return graph.model()


def feed_forward(graph: Graph, x: str, weights: dict[str, NDArray], name: str) -> str:
    """LayerNorm, linear, SiLU, linear."""
    y = graph.linear(graph.layer_norm(x, weights, f"{name}.pre_norm"), weights, f"{name}.up_proj")
    return graph.linear(graph.silu(y), weights, f"{name}.down_proj")


def padded(graph: Graph, x: str, block: int) -> tuple[str, str]:
    """[1, n, width] with zeros up to a whole block, and n."""
    length = graph.node("Slice", graph.node("Shape", x), graph.integers(1), graph.integers(2))
    size = graph.integers(block)
    blocks = graph.node("Div", graph.node("Add", length, graph.integers(block - 1)), size)
    more = graph.node("Sub", graph.node("Mul", blocks, size), length)
    pads = graph.node("Concat", graph.integers(0, 0, 0, 0), more, graph.integers(0), axis=0)
    return graph.node("Pad", x, pads), length


def block_attention(graph: Graph, x: str, model: GraniteSpeech, name: str) -> str:
    """Attention within blocks of positions, with Shaw's relative places."""
    weights, scale = model.encoder, graph.number((WIDTH // HEADS) ** -0.5)
    y, length = padded(graph, graph.layer_norm(x, weights, f"{name}.pre_norm"), CONTEXT)
    query = graph.linear(y, weights, f"{name}.to_q")
    key_value = graph.linear(y, weights, f"{name}.to_kv")
    key, value = graph.halves(key_value, axis=2, width=WIDTH)

    def blocks(part: str) -> str:
        """[1, blocks * context, width] -> [blocks, heads, context, head width]"""
        shape = graph.integers(-1, CONTEXT, HEADS, WIDTH // HEADS)
        return graph.node("Transpose", graph.node("Reshape", part, shape), perm=[0, 2, 1, 3])

    query, key, value = blocks(query), blocks(key), blocks(value)
    places = graph.constant(weights[f"{name}.rel_pos_emb.weight"][model.distances])
    near = graph.node("Mul", graph.node("Einsum", query, places, equation="bhcd,crd->bhcr"), scale)
    zero, one = (graph.constant(np.array(i, np.int64)) for i in range(2))
    end = graph.node("Squeeze", graph.node("Slice", graph.node("Shape", y), graph.integers(1), graph.integers(2)))
    there = graph.node("Less", graph.node("Range", zero, end, one), length)
    queries = graph.node("Reshape", there, graph.integers(-1, 1, CONTEXT, 1))
    keys = graph.node("Reshape", there, graph.integers(-1, 1, 1, CONTEXT))
    bias = graph.node("Where", graph.node("And", queries, keys), near, graph.number(-3e38))
    logits = graph.node("Mul", graph.node("MatMul", query, graph.node("Transpose", key, perm=[0, 1, 3, 2])), scale)
    mixed = graph.node("MatMul", graph.node("Softmax", graph.node("Add", logits, bias), axis=-1), value)
    joined = graph.node("Reshape", graph.node("Transpose", mixed, perm=[0, 2, 1, 3]), graph.integers(1, -1, WIDTH))
    heard = graph.node("Slice", joined, graph.integers(0), length, graph.integers(1))
    return graph.linear(heard, weights, f"{name}.to_out")


def convolution(graph: Graph, x: str, weights: dict[str, NDArray], name: str) -> str:
    """LayerNorm, pointwise with gate, depthwise, BatchNorm, SiLU, pointwise."""
    y = graph.node("Transpose", graph.layer_norm(x, weights, f"{name}.norm"), perm=[0, 2, 1])
    kernel, bias = (graph.constant(weights[f"{name}.up_conv.{part}"]) for part in ("weight", "bias"))
    value, gate = graph.halves(graph.node("Conv", y, kernel, bias), axis=1, width=2 * WIDTH)
    y = graph.node("Mul", value, graph.node("Sigmoid", gate))
    depth = graph.constant(weights[f"{name}.depth_conv.conv.weight"])
    y = graph.node("Conv", y, depth, group=2 * WIDTH, pads=[KERNEL // 2, KERNEL // 2 - (KERNEL + 1) % 2])
    statistics = ("weight", "bias", "running_mean", "running_var")
    norm = [graph.constant(weights[f"{name}.batch_norm.{part}"]) for part in statistics]
    y = graph.silu(graph.node("BatchNormalization", y, *norm, epsilon=1e-5))
    kernel, bias = (graph.constant(weights[f"{name}.down_conv.{part}"]) for part in ("weight", "bias"))
    return graph.node("Transpose", graph.node("Conv", y, kernel, bias), perm=[0, 2, 1])


def projected(graph: Graph, x: str, weights: dict[str, NDArray]) -> str:
    """The Q-Former: in each window of 15 positions three learnt queries look at the positions, and become tokens."""
    x, _ = padded(graph, x, POSITIONS_PER_WINDOW)
    windows = graph.node("Reshape", x, graph.integers(-1, POSITIONS_PER_WINDOW, WIDTH))
    y = graph.layer_norm(graph.constant(weights["query"]), weights, "qformer.layernorm", 1e-12)
    for layer in range(LAYERS):
        name = f"qformer.encoder.layer.{layer}"
        y = looked(graph, y, y, weights, f"{name}.attention")
        y = looked(graph, y, windows, weights, f"{name}.crossattention")
        inner = graph.node("Gelu", graph.linear(y, weights, f"{name}.intermediate_query.dense"))
        inner = graph.linear(inner, weights, f"{name}.output_query.dense")
        y = graph.layer_norm(graph.node("Add", inner, y), weights, f"{name}.output_query.LayerNorm", 1e-12)
    tokens = graph.node("Reshape", y, graph.integers(1, -1, WIDTH))
    return graph.linear(tokens, weights, "linear")


def looked(graph: Graph, x: str, at: str, weights: dict[str, NDArray], name: str) -> str:
    """BERT's attention: x looks at other rows, is added to what it sees, and normalised."""
    query = graph.by_head(graph.linear(x, weights, f"{name}.attention.query"), HEADS)
    key = graph.by_head(graph.linear(at, weights, f"{name}.attention.key"), HEADS)
    value = graph.by_head(graph.linear(at, weights, f"{name}.attention.value"), HEADS)
    logits = graph.node("MatMul", query, graph.node("Transpose", key, perm=[0, 1, 3, 2]))
    scaled = graph.node("Mul", logits, graph.number((WIDTH // HEADS) ** -0.5))
    seen = graph.joined(graph.node("MatMul", graph.node("Softmax", scaled, axis=-1), value))
    seen = graph.linear(seen, weights, f"{name}.output.dense")
    return graph.layer_norm(graph.node("Add", seen, x), weights, f"{name}.output.LayerNorm", 1e-12)
