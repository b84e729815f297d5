"""Exports Qwen2-Audio-7B-Instruct to a model pack."""

import sys
from pathlib import Path

# Nearly everything is shared by the exports of audio language models, in a folder beside this one.
sys.path.append(str(Path(__file__).resolve().parents[2] / "audio-llm"))
