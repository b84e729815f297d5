"""What the recipes that export audio language models from Hugging Face checkpoints share."""

import sys
from pathlib import Path

# Graphs and features are written by what the recipe of Whisper base uses, from its folder beside this one.
sys.path.append(str(Path(__file__).resolve().parents[2] / "whisper-base"))
