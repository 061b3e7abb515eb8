"""What the scores of many units say: one question a file, each a function from frames to a frame.

Every function takes the rows of `scores.parquet` (or `items.parquet`) as `diptych mis` writes them.
Constant units and units without a score are left out of every statistic, and counted.
"""
