"""What a host remembers of the sessions under way that an adaptive policy plans."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence

from diptych.policies import Past

#: Sessions whose trials a host keeps. One of 100 trials takes about 30 kB.
MOST_SESSIONS = 256


class Histories:
    """The answered trials of the sessions that were active last; safe for threads."""

    def __init__(self, most: int = MOST_SESSIONS) -> None:
        self._kept: OrderedDict[str, Sequence[Past]] = OrderedDict()
        self._most = most
        self._lock = threading.Lock()

    def known(self, session: str) -> Sequence[Past]:
        """Return the first trials of a session, as many as are known."""
        with self._lock:
            return self._kept.get(session, ())

    def keep(self, session: str, trials: Sequence[Past]) -> None:
        """Keep the first trials of a session, whose answers can no longer change."""
        with self._lock:
            self._kept[session] = trials
            self._kept.move_to_end(session)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)

    def forget(self, session: str) -> None:
        """Drop a session, for example when it has ended."""
        with self._lock:
            self._kept.pop(session, None)
