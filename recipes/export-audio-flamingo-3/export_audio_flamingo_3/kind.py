"""What is Audio Flamingo 3's own: its adapter, its prompt, its words."""

from audio_llm.checkpoint import Checkpoint, ExportError
from audio_llm.encoder import linear
from audio_llm.graph import PartGraph
from audio_llm.pack import Kind


def write_adapter(graph: PartGraph, tokens: str, checkpoint: Checkpoint, inputs: int, outputs: int) -> str:
    """Two linear layers with GELU between. Raises ExportError where something else stands between."""
    activation = checkpoint.config.get("projector_hidden_act", "gelu")
    if activation != "gelu":
        raise ExportError(f"the adapter's activation is {activation}; gelu is supported")
    name = "model.multi_modal_projector"
    inner = graph.node("Gelu", linear(graph, tokens, checkpoint, f"{name}.linear_1", outputs, inputs))
    return linear(graph, inner, checkpoint, f"{name}.linear_2", outputs, outputs)


KIND = Kind(
    architecture="AudioFlamingo3ForConditionalGeneration",
    id="audio-flamingo-3",
    title="Audio Flamingo 3",
    description="Audio Flamingo 3 as NVIDIA published it: describes sounds and music, answers questions about them, "
    "writes down speech. 25 audio tokens a second.",
    limits="For non-commercial research only. Needs tens of gigabytes of memory unless it is exported as int4. "
    "Longer sounds are cut into windows of 30 s, each asked by itself. Transcription suffers from pruning more than "
    "captions do.",
    licence="NVIDIA OneWay Noncommercial License",
    source="Hugging Face: nvidia/audio-flamingo-3-hf",
    audio_token="<sound>",
    usual_template=None,
    question="Describe the audio.",
    write_adapter=write_adapter,
)
