"""The gunicorn worker that serves Diptych: gunicorn's own with threads, and one rule more.

A connection of a participant stays with the worker that took it, for a whole session. Gunicorn's
worker takes every connection that it is quick enough for, so that the one that is awake already
may take all, and leave the other cores idle. This one takes a new connection only while one of its
threads is free: a worker with much to do leaves the next participant to the others.
"""

from __future__ import annotations

from typing import Any

from gunicorn.workers.gthread import ThreadWorker


class Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """Takes new connections only while a thread is free; they wait in the listening socket."""

    def set_accept_enabled(self, enabled: bool) -> None:
        """Gunicorn asks for this before it waits, whenever it could take connections."""
        super().set_accept_enabled(enabled and self._has_free_thread())

    def enqueue_req(self, conn: Any) -> None:
        """Hand a request to the threads."""
        super().enqueue_req(conn)
        if not self._has_free_thread():
            self.set_accept_enabled(False)

    def _has_free_thread(self) -> bool:
        at_work = self.nr_conns - len(self.keepalived_conns) - len(self.pending_conns)
        return bool(at_work < self.cfg.threads)
