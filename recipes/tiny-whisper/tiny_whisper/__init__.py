"""A tiny Whisper as Optimum exports it, for the tests."""
