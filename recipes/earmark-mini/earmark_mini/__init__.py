"""Builds `earmark-mini`, the audio LLM that ships inside Earmark, from public weights."""
