"""Trains earmark-mini's adapter and LoRA: from Debian's sounds and WordNet's sentences to weights."""

import sys
from pathlib import Path

# How Debian packages are unpacked, sentences spoken and recordings cleaned is the benchmark recipe's.
sys.path.append(str(Path(__file__).resolve().parents[3] / "benchmark"))
