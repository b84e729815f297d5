"""Tests of the exports that need no PyTorch."""
