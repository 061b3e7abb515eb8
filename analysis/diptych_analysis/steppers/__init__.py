"""Tracing models in one file, stepped trial by trial with numpy alone.

`diptych trace export` writes the file. A host reads it and needs no PyTorch.
"""
