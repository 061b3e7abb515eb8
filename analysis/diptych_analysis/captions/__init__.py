"""Captions that fit an image as prompts of a diffusion model, whose features then see more (TADP).

Kondapaneni, Marks, Knott, Guimaraes and Perona, "Text-image alignment for diffusion-based
perception", CVPR 2024.
"""
