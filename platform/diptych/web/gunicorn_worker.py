"""The gunicorn worker that serves Diptych: gunicorn's own with threads, and two rules more.

A connection of a participant stays with the worker that took it, for a whole session. Gunicorn's
worker takes every connection that it is quick enough for, so that the one that is awake already
may take all, and leave the other cores idle. This one leaves a new connection to the others for as
long as all of its threads are busy, and takes it only if nobody else has, however often it looks.

A connection gets a thread once it has said something. Gunicorn gives each new one a thread for five
seconds, so that some dozens of silent ones would keep everybody else waiting.

Both rules need names that gunicorn does not document. `python benchmarks/serving_worker.py` shows
what they are worth, beside gunicorn 27.0.1's own worker (medians of three rounds; clients and
servers on the same 2 cores, which other work used too): with 50 clients on two workers, 95 % of
requests take up to 157 ms instead of 268 ms. Behind 25 silent connections, a request waits for
7 ms instead of 24.8 s.
"""

from __future__ import annotations

import select
import selectors
import time
from functools import partial
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

from diptych.web.log_redaction import Discreet, without_visitor

#: A busy worker looks so often (s) whether somebody is left at the door.
LOOKING = 0.005
#: It takes them itself when there was somebody at each of so many looks, one after the other. At
#: one look it can be somebody who has come this moment, and whom another worker is about to take.
AFTER_YOU = 10


class Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """Leaves new connections to workers with a free thread, if there are any."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._next_look = 0.0
        self._looks = 0

    def init_process(self) -> None:
        """Add the redaction of logs in the worker's own process, and serve there."""
        # What gunicorn says of a request that it can't read quotes it, and names the address.
        for log in (self.log.error_log, self.log.access_log):
            for handler in log.handlers:
                handler.addFilter(Discreet(without_visitor))
        super().init_process()

    def set_accept_enabled(self, enabled: bool) -> None:
        """Accept connections only while a thread is free; gunicorn asks before it waits."""
        super().set_accept_enabled(enabled and self._has_free_thread())

    def enqueue_req(self, conn: Any) -> None:
        """Hand a request to the threads; who has said nothing yet waits without one."""
        if not (conn.initialized or conn.data_ready or _has_spoken(conn.sock)):
            self._wait_for(conn)
            return
        super().enqueue_req(conn)
        if not self._has_free_thread():
            self.set_accept_enabled(False)

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Wait for connections and requests; a busy worker first looks for somebody left over."""
        if self._accepting:
            self._looks = 0
        elif self.alive and self.nr_conns < self.worker_connections:
            now = time.monotonic()
            if now >= self._next_look:
                self._next_look = now + LOOKING
                self._look()
            if self._looks:
                timeout = min(timeout, max(self._next_look - time.monotonic(), 0.0))
        super().wait_for_and_dispatch_events(timeout)

    def _look(self) -> None:
        """Take whoever is still at the door after all these looks."""
        door = select.poll()
        for listener in self.sockets:
            door.register(listener.fileno(), select.POLLIN)
        left = {number for number, _ in door.poll(0)}
        self._looks = self._looks + 1 if left else 0
        if self._looks > AFTER_YOU:
            for listener in self.sockets:
                if listener.fileno() in left:
                    self.accept(listener)

    def _wait_for(self, conn: Any) -> None:
        """Listen to a new connection for as long as to one that is kept alive."""
        conn.sock.setblocking(False)
        conn.set_timeout()
        self.pending_conns.append(conn)
        self.poller.register(
            conn.sock, selectors.EVENT_READ, partial(self.on_pending_socket_readable, conn)
        )

    def _cap_keepalive(self, deadline: float) -> None:
        """Wait no longer for silent connections than for kept ones when the worker stops."""
        super()._cap_keepalive(deadline)
        for conn in self.pending_conns:
            conn.timeout = min(conn.timeout, deadline)

    def _has_free_thread(self) -> bool:
        at_work = self.nr_conns - len(self.keepalived_conns) - len(self.pending_conns)
        return bool(at_work < self.cfg.threads)


def _has_spoken(sock: Any) -> bool:
    """Say whether something waits to be read, be it the connection's end."""
    ear = select.poll()
    ear.register(sock.fileno(), select.POLLIN)
    return bool(ear.poll(0))
