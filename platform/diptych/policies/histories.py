"""What a host remembers of the sessions under way that an adaptive policy plans."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence

from diptych.policies import Past

#: Trials that a host keeps, of all sessions together. 100 of them take about 30 kB.
MOST_TRIALS = 200_000


class Histories:
    """The answered trials of the sessions that were active last; safe for threads."""

    def __init__(self, most: int = MOST_TRIALS) -> None:
        self._kept: OrderedDict[str, Sequence[Past]] = OrderedDict()
        self._trials, self._most = 0, most
        self._lock = threading.Lock()

    def known(self, session: str) -> Sequence[Past]:
        """Return the first trials of a session, as many as are known."""
        with self._lock:
            return self._kept.get(session, ())

    def keep(self, session: str, trials: Sequence[Past]) -> None:
        """Keep the first trials of a session, whose answers can no longer change."""
        with self._lock:
            self._drop(session)
            if not trials:
                return
            self._kept[session] = trials
            self._trials += len(trials)
            while self._trials > self._most:
                self._drop(next(iter(self._kept)))

    def forget(self, session: str) -> None:
        """Drop a session, for example when it has ended."""
        with self._lock:
            self._drop(session)

    def _drop(self, session: str) -> None:
        self._trials -= len(self._kept.pop(session, ()))
