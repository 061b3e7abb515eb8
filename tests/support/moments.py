"""A test about one day is not begun when the day is about to end."""

from __future__ import annotations

import time

from diptych.ground.database import now_ms

MINUTE, DAY = 60_000, 86_400_000


def well_within(span_ms: int, room_s: float) -> None:
    """Wait for the next span of time where less than so much is left of this one.

    Parameters
    ----------
    span_ms : int
        Its length in ms, such as `DAY`; spans are counted from 1970-01-01 UTC.
    room_s : float
        What the test takes at the very most, in s.
    """
    this = now_ms() // span_ms
    if (this + 1) * span_ms - now_ms() < 1000 * room_s:
        while now_ms() // span_ms == this:
            time.sleep(0.1)
