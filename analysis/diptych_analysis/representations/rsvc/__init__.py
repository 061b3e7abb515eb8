"""Representational Similarity via interpretable Visual Concepts (RSVC).

Which visual concepts of one network can another network predict? Kondapaneni, Mac Aodha and Perona,
ICLR 2025; chapter 3 of Kondapaneni's thesis.
"""
