"""A tokenizer of 256 bytes and a few special tokens, in the files that hubs have."""

import json
from pathlib import Path

from .sizes import SPECIAL

TEMPLATES = {
    "ultravox": "{{ bos_token }}{% for message in messages %}<|user|>{{ message['content'] }}<|end|>{% endfor %}",
    "granite-speech": "{% for message in messages %}<|user|>{{ message['content'] }}<|end|>{% endfor %}",
    "voxtral": (
        "{{ bos_token }}{% for message in messages %}[INST]{% for part in message['content'] %}"
        "{% if part['type'] == 'audio' %}[AUDIO]{% else %}{{ part['text'] }}{% endif %}"
        "{% endfor %}[/INST]{% endfor %}"
    ),
}


def byte_letters() -> list[str]:
    """GPT-2's letter for each byte."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = iter(range(256, 512))
    return [chr(byte) if byte in printable else chr(next(others)) for byte in range(256)]


def write_tokenizer(folder: Path, kind: str) -> None:
    """Of a model that chats: with the chat template where transformers.js looks for it."""
    config = {"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<s>", "eos_token": "</s>"}
    write_byte_tokenizer(folder, SPECIAL, config, {"chat_template": TEMPLATES[kind]})


def write_byte_tokenizer(
    folder: Path, special: list[str], config: dict[str, str], more: dict[str, str] | None = None
) -> None:
    """tokenizer.json and tokenizer_config.json: 256 bytes, then the special tokens."""
    letters = byte_letters()
    vocabulary = {letter: i for i, letter in enumerate(letters)}
    added = [
        {"id": 256 + i, "content": text, "single_word": False, "lstrip": False, "rstrip": False,
         "normalized": False, "special": True}
        for i, text in enumerate(special)
    ]  # fmt: skip
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    tokenizer = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": added,
        "normalizer": None,
        "pre_tokenizer": byte_level,
        "post_processor": None,
        "decoder": byte_level,
        "model": {
            "type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
            "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
            "vocab": vocabulary, "merges": [],
        },
    }  # fmt: skip
    write_json(folder / "tokenizer.json", tokenizer)
    write_json(folder / "tokenizer_config.json", {**config, "clean_up_tokenization_spaces": False, **(more or {})})


def write_json(path: Path, content: object) -> None:
    """Indented, so that changes can be read."""
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", "utf-8")
