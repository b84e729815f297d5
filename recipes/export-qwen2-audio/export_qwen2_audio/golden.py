"""`python -m export_qwen2_audio.golden`: a tiny Qwen2-Audio, and what transformers computes with it."""

import torch
from audio_llm.golden import REPOSITORY, feature_extractor, tiny_text, tiny_tokenizer, write_golden
from transformers import (
    Qwen2AudioConfig,
    Qwen2AudioEncoderConfig,
    Qwen2AudioForConditionalGeneration,
    Qwen2AudioProcessor,
)

SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|AUDIO|>", "<|audio_bos|>", "<|audio_eos|>"]


def main() -> None:
    """Write `test/reference/qwen2-audio`."""
    processor = Qwen2AudioProcessor(feature_extractor(), tiny_tokenizer(SPECIAL))
    audio = Qwen2AudioEncoderConfig(
        d_model=64, encoder_layers=2, encoder_attention_heads=4, encoder_ffn_dim=128, num_mel_bins=128
    )
    config = Qwen2AudioConfig(
        audio_config=audio, text_config=tiny_text(), audio_token_index=processor.audio_token_id
    )
    torch.manual_seed(0)
    model = Qwen2AudioForConditionalGeneration(config)
    # As the real one is published.
    folder = REPOSITORY / "test" / "reference" / "qwen2-audio"
    write_golden(folder, model, processor, torch.bfloat16, "300KB")


if __name__ == "__main__":
    main()
