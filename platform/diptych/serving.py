"""The gunicorn worker that serves Diptych: gunicorn's own with threads, and one rule more.

A connection of a participant stays with the worker that took it, for a whole session. Gunicorn's
worker takes every connection that it is quick enough for, so that the one that is awake already
may take all, and leave the other cores idle. This one leaves a new connection to the others for as
long as all of its threads are busy, and takes it only if nobody else has after a few milliseconds.
"""

from __future__ import annotations

import time
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

#: So long (s) a busy worker leaves new connections to the others before it takes one itself.
AFTER_YOU = 0.005


class Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """Leaves new connections to workers with a free thread, if there are any."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._next_look = 0.0

    def set_accept_enabled(self, enabled: bool) -> None:
        """Gunicorn asks for this before it waits, whenever it could take connections."""
        super().set_accept_enabled(enabled and self._has_free_thread())

    def enqueue_req(self, conn: Any) -> None:
        """Hand a request to the threads."""
        super().enqueue_req(conn)
        if not self._has_free_thread():
            self.set_accept_enabled(False)

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Wait for connections and requests; a busy worker first looks for somebody left over."""
        now = time.monotonic()
        if self.alive and not self._accepting and now >= self._next_look:
            self._next_look = now + AFTER_YOU
            if self.nr_conns < self.worker_connections:
                for listener in self.sockets:
                    self.accept(listener)
        super().wait_for_and_dispatch_events(timeout)

    def _has_free_thread(self) -> bool:
        at_work = self.nr_conns - len(self.keepalived_conns) - len(self.pending_conns)
        return bool(at_work < self.cfg.threads)
