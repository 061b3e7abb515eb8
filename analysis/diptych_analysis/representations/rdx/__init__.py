"""RDX: sets of items that representation A holds close and representation B does not.

References
----------
Kondapaneni, Mac Aodha and Perona, "Representational Difference Explanations", arXiv:2505.23917
(2025); thesis, chapter 4. docs/representations.md says where this differs from the text.
"""
