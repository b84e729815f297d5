"""Tiny random audio language models as ONNX, in the file layout of transformers.js."""
