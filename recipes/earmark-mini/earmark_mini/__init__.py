"""Builds `earmark-mini`, the audio LLM that ships inside Earmark, from public weights."""

import sys
from pathlib import Path

# What both recipes share (Whisper base's weights and log-mel, how constants are stored) is the sibling's.
sys.path.append(str(Path(__file__).resolve().parents[2] / "whisper-base"))
