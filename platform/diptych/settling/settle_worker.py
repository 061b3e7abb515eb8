"""Sessions are settled behind the requests that end them: no participant waits for it.

One thread a process, which takes together what has ended meanwhile: the tallies of a study are
written once for all of them. A host that dies before it came to that loses nothing: sessions that
were not settled are found by `settle.catch_up`, which the dashboard's pages call.
"""

from __future__ import annotations

import atexit
import logging
import queue
import threading
import time

from flask import Flask
from sqlalchemy import select

from diptych.domain.tables import SESSIONS
from diptych.ground.database import reading
from diptych.host import Host
from diptych.settling.settle import BATCH, settle_many

log = logging.getLogger("diptych")
#: So long (s) sessions are gathered, unless `BATCH` of them have ended sooner. Pages that show a
#: study settle what is left of it (`settle.catch_up`), so that nobody sees a session missing.
GATHER = 5.0
#: So long (s) a process that ends goes on settling.
PATIENCE = 10.0


class Settler:
    """Settles the sessions it is told of, in a thread that begins with the first.

    Parameters
    ----------
    app : Flask
        The application of this process.
    host : Host
        Its host.
    """

    def __init__(self, app: Flask, host: Host) -> None:
        self._app, self._host = app, host
        self._ended: queue.SimpleQueue[int | None] = queue.SimpleQueue()
        self._beginning = threading.Lock()
        self._thread: threading.Thread | None = None

    def __call__(self, session_id: int) -> None:
        """Have a session settled that has ended; returns at once."""
        self._ended.put(session_id)
        if self._thread is None:
            with self._beginning:
                if self._thread is None:
                    self._thread = threading.Thread(
                        target=self._run, name="diptych-settler", daemon=True
                    )
                    self._thread.start()
                    atexit.register(self.finish)

    def finish(self) -> None:
        """Settle what has ended so far, and stop; gives up after `PATIENCE`."""
        if self._thread is not None:
            self._ended.put(None)
            self._thread.join(PATIENCE)

    def _run(self) -> None:
        going_on = True
        while going_on:
            batch, going_on = self._gathered()
            if not batch:
                return
            try:
                with self._app.app_context():
                    self._settle(batch)
            except Exception:
                # What is wrong with one batch must not end the thread.
                log.exception(
                    "%d sessions ended, but were not settled; the next page that shows them "
                    "does so",
                    len(batch),
                )

    def _gathered(self) -> tuple[list[int], bool]:
        """Wait for a session, and for what ends soon after it; and say whether to go on."""
        batch: list[int] = []
        until: float | None = None
        while len(batch) < BATCH:
            left = None if until is None else max(until - time.monotonic(), 0.0)
            try:
                ended = self._ended.get(timeout=left)
            except queue.Empty:
                break
            if ended is None:
                return batch, False
            batch.append(ended)
            until = until or time.monotonic() + GATHER
        return batch, True

    def _settle(self, session_ids: list[int]) -> None:
        from diptych.recruiters import session_ended

        with reading() as connection:
            studies = connection.execute(
                select(SESSIONS.c.id, SESSIONS.c.study_id).where(SESSIONS.c.id.in_(session_ids))
            ).all()
        for study_id in sorted({row.study_id for row in studies}):
            settle_many(self._host, study_id, [r.id for r in studies if r.study_id == study_id])
        for session_id in session_ids:
            session_ended(self._host, session_id)
