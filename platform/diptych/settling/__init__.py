"""What comes of sessions that have ended: measures, quality, and the counts behind figures.

A session is settled once, when it ends: its measures and the findings of the quality rules are
written down, and its answers are added to the counts of its study. Pages read those counts, so
that they cost the same after a thousand responses and after a million.
"""
