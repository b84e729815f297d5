"""What is Qwen2-Audio's own: its adapter, its prompt, its words."""

from audio_llm.checkpoint import Checkpoint
from audio_llm.encoder import linear
from audio_llm.graph import PartGraph
from audio_llm.pack import Kind


def write_adapter(graph: PartGraph, tokens: str, checkpoint: Checkpoint, inputs: int, outputs: int) -> str:
    """One linear layer."""
    return linear(graph, tokens, checkpoint, "model.multi_modal_projector.linear", outputs, inputs)


KIND = Kind(
    architecture="Qwen2AudioForConditionalGeneration",
    id="qwen2-audio",
    title="Qwen2-Audio-7B-Instruct",
    description="Qwen2-Audio as Alibaba Cloud published it: describes sounds, answers questions about them, writes "
    "down speech. 25 audio tokens a second.",
    limits="Needs tens of gigabytes of memory unless it is exported as int4. Longer sounds are cut into windows of "
    "30 s. Transcription suffers from pruning more than captions do.",
    licence="Apache-2.0",
    source="Hugging Face: Qwen/Qwen2-Audio-7B-Instruct",
    audio_token="<|AUDIO|>",
    # What Qwen2AudioProcessor uses where a repository brings none.
    usual_template="<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"
    "<|im_start|>user\nAudio 1: <|audio_bos|>{audio}<|audio_eos|>\n{question}<|im_end|>\n"
    "<|im_start|>assistant\n",
    question="Describe the audio.",
    write_adapter=write_adapter,
)
