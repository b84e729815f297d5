"""Builds `whisper-base`, OpenAI's Whisper base as a model pack whose decoder looks at encoder tokens."""
