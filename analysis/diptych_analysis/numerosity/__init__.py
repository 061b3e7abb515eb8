"""A number sense as an emergent property of action prediction (thesis ch. 7).

Networks see the images before and after an action (put, take or shake) and learn which action it
was. Their embedding orders images by the number of objects, far beyond the numbers of training.

References
----------
Kondapaneni and Perona, "A number sense as an emergent property of the manipulating brain",
Scientific Reports 14, 6858 (2024); thesis, chapter 7.
"""
