"""Group commit for SQLite: answers that arrive together reach the disk together.

A commit that survives a power cut waits for the disk, some milliseconds. SQLite has one writer at
a time, so without this a host could store only as many answers a second as the disk has syncs.
PostgreSQL does the same by itself.

Every writer works in its own savepoint of one shared transaction, one after the other; the last of
those who are waiting commits for all, and nobody is told "stored" before that commit. Writers of
other processes queue at a lock file in the kernel: SQLite's own busy handler sleeps between tries,
up to 100 ms, and is unfair.
"""

from __future__ import annotations

import fcntl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO

from sqlalchemy import Connection, Engine, text

from diptych.ground.statements import Statement

# So many writers share a commit at most: the first of them waits for the work of all.
MOST_TOGETHER = 32


_BEGIN, _UNDO, _KEEP = (
    Statement(partial(text, f"{words} writer"))
    for words in ("SAVEPOINT", "ROLLBACK TO SAVEPOINT", "RELEASE SAVEPOINT")
)


@contextmanager
def _apart(connection: Connection) -> Iterator[None]:
    """Keep one writer's work apart from that of the others: an error undoes it alone."""
    _BEGIN.execute(connection)
    try:
        yield
    except BaseException:
        if not connection.invalidated:
            _UNDO.execute(connection)
        raise
    _KEEP.execute(connection)


class _Batch:
    """One shared transaction and those who wait for its commit."""

    def __init__(self, engine: Engine) -> None:
        self.connection = engine.connect().execution_options(writes=True)
        try:
            self.transaction = self.connection.begin()
        except BaseException:
            self.connection.close()
            raise
        self.size = 0
        self.done = threading.Event()
        self.fault: BaseException | None = None

    def commit(self) -> None:
        """Commit for all; what goes wrong is everybody's."""
        try:
            self.transaction.commit()
        except BaseException as fault:
            self.fault = fault
            # SQLite leaves a transaction open whose commit has failed (a full disk, say). Nobody
            # may commit it later: everybody in it is told that nothing was stored.
            self.connection.invalidate()
        finally:
            self.connection.close()
            self.done.set()


class GroupCommit:
    """The writers of one SQLite file in this process.

    Holds no engine itself, so that it goes when its engine goes.

    Parameters
    ----------
    database : Path
        The file.
    """

    def __init__(self, database: Path) -> None:
        self._lock_path = database.with_name(database.name + ".writer")
        self._lock_file: IO[str] | None = None
        self._turn = threading.Lock()
        self._counting = threading.Lock()
        self._waiting = 0
        self._batch: _Batch | None = None

    @contextmanager
    def writing(self, engine: Engine) -> Iterator[Connection]:
        """Open a connection to write with, for as long as the block lasts.

        `engine` is that of the file; its `begin` event takes the write lock for connections with
        the option `writes`.

        The block's end returns once everything is on the disk. An error in the block undoes the
        block alone; an error of the commit is raised in everyone who shared it.
        """
        self._wait_for_turn()
        try:
            batch = self._batch = self._batch or self._begin(engine)
        except BaseException:
            self._turn.release()
            raise
        batch.size += 1
        try:
            with _apart(batch.connection):
                yield batch.connection
        finally:
            self._pass_on(batch)
            # Also after an error: whoever collided with another writer of the batch, and tries
            # again, must see what that one has written.
            batch.done.wait()
        if batch.fault is not None:
            raise batch.fault

    def _wait_for_turn(self) -> None:
        with self._counting:
            self._waiting += 1
        try:
            self._turn.acquire()
        finally:
            with self._counting:
                self._waiting -= 1

    def _begin(self, engine: Engine) -> _Batch:
        if self._lock_file is None:
            self._lock_file = self._lock_path.open("a")
        fcntl.flock(self._lock_file, fcntl.LOCK_EX)
        try:
            return _Batch(engine)
        except BaseException:
            fcntl.flock(self._lock_file, fcntl.LOCK_UN)
            raise

    def _pass_on(self, batch: _Batch) -> None:
        """Hand the open transaction to the next writer, or commit when nobody waits."""
        try:
            if self._waiting == 0 or batch.size >= MOST_TOGETHER:
                self._batch = None
                batch.commit()
                assert self._lock_file is not None
                fcntl.flock(self._lock_file, fcntl.LOCK_UN)
        finally:
            self._turn.release()
