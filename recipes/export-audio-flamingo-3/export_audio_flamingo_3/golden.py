"""`python -m export_audio_flamingo_3.golden`: a tiny Audio Flamingo 3, and what transformers computes with it."""

import torch
from audio_llm.golden import REPOSITORY, feature_extractor, tiny_text, tiny_tokenizer, write_golden
from transformers import (
    AudioFlamingo3Config,
    AudioFlamingo3EncoderConfig,
    AudioFlamingo3ForConditionalGeneration,
    AudioFlamingo3Processor,
)

SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<sound>"]
# Gives what the template of the published processor gives, by the same means: the sound first, wherever it stands
# in a message, then all of its text.
CHAT_TEMPLATE = """\
{%- if messages[0]['role'] != 'system' -%}
{{ '<|im_start|>system\\nYou are a helpful assistant.<|im_end|>\\n' }}
{%- endif -%}
{%- for message in messages if message['content'] is not none -%}
{{ '<|im_start|>' + message['role'] + '\\n' }}
{%- if message['content'] is string -%}
{{ message['content'] }}
{%- else -%}
{%- set parts = namespace(sound='', text='') -%}
{%- for part in message['content'] -%}
{%- if part.get('type') == 'audio' or 'audio' in part -%}
{%- set parts.sound = '<sound>' -%}
{%- elif part.get('type') == 'text' or 'text' in part -%}
{%- set parts.text = parts.text + part['text'] -%}
{%- endif -%}
{%- endfor -%}
{{ parts.sound + parts.text }}
{%- endif -%}
{{ '<|im_end|>\\n' }}
{%- endfor -%}
{%- if add_generation_prompt -%}
{{ '<|im_start|>assistant\\n' }}
{%- endif -%}
"""


def main() -> None:
    """Write `test/reference/audio-flamingo-3`."""
    processor = AudioFlamingo3Processor(
        feature_extractor(), tiny_tokenizer(SPECIAL), chat_template=CHAT_TEMPLATE
    )
    audio = AudioFlamingo3EncoderConfig(
        hidden_size=64, num_hidden_layers=2, num_attention_heads=4, intermediate_size=128, num_mel_bins=128
    )
    config = AudioFlamingo3Config(
        audio_config=audio, text_config=tiny_text(), audio_token_id=processor.audio_token_id
    )
    torch.manual_seed(0)
    model = AudioFlamingo3ForConditionalGeneration(config)
    folder = REPOSITORY / "test" / "reference" / "audio-flamingo-3"
    write_golden(folder, model, processor, torch.float32, "5GB")


if __name__ == "__main__":
    main()
