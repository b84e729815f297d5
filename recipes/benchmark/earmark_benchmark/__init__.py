"""Builds `media/benchmark`: short clips of which every sound, word and time is known."""
