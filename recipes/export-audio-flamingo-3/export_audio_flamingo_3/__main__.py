"""`python -m export_audio_flamingo_3 CHECKPOINT --out FOLDER --precision fp32|fp16|int4`."""

from audio_llm.command import run

from .kind import KIND

if __name__ == "__main__":
    run("export_audio_flamingo_3", KIND)
