"""Exports for the dashboard: small ones where they are asked for, large ones beside the host.

Reading hundreds of thousands of rows takes a worker's processor for seconds, while participants
wait for their next trial. So a large export is made by a process of its own, at lower priority, one
at a time on a host; the request only passes on what that process writes.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import BaseModel, ConfigDict
from sqlalchemy import func, select

from diptych.domain.tables import SESSIONS, STUDIES
from diptych.export.streaming import CHUNK, table_stream, zip_stream
from diptych.export.tables import StudyTables, open_tables
from diptych.ground.database import reading
from diptych.ground.settings import Settings
from diptych.host import Host
from diptych.study.versions import UnknownStudy
from diptych_analysis.tables.schema import TableName

#: Planned trials from which an export is a large one: a second's work.
LARGE = 20_000
#: How much lower the priority of a large export is (0 to 19).
NICENESS = 10
#: Another export on this host is waited for so long, s.
PATIENCE_S = 20.0
PAUSE_S = 0.2
#: What the process ends with where there is no such study.
UNKNOWN = 3


class Busy(RuntimeError):
    """Another large export is being made on this host."""


class Wanted(BaseModel):
    """What is to be exported.

    Attributes
    ----------
    study : str
        Name of the study.
    tables : tuple[TableName | str, ...]
        Names of the tables; `identities` alone is the key file.
    formats : tuple[str, ...]
        `csv`, `parquet` or both.
    with_ids : bool
        Whether the key file is in an archive.
    packed : bool
        One zip archive; otherwise one table in one format.
    excel : bool
        Whether CSV files begin with a byte order mark.
    """

    model_config = ConfigDict(frozen=True)

    study: str
    tables: tuple[TableName | str, ...]
    formats: tuple[str, ...]
    with_ids: bool = False
    packed: bool = True
    excel: bool = False


class _Order(BaseModel):
    """What the process is told."""

    settings: Settings
    wanted: Wanted


def export(host: Host, wanted: Wanted) -> Iterator[bytes]:
    """Yield the bytes of an export.

    Raises
    ------
    UnknownStudy
        When the host knows no such study.
    Busy
        When another large export is being made, and does not end soon.
    """
    if _trials(wanted.study) < LARGE:
        with open_tables(host, wanted.study) as tables:
            yield from written(tables, wanted)
        return
    with _alone(host):
        yield from _by_a_process(host, wanted)


def written(tables: StudyTables, wanted: Wanted) -> Iterator[bytes]:
    """Yield the bytes of an export, made here."""
    if not wanted.packed:
        return table_stream(tables, wanted.tables[0], wanted.formats[0], excel=wanted.excel)
    names: list[TableName] = list(wanted.tables)  # type: ignore[arg-type]
    return zip_stream(tables, names, wanted.formats, with_ids=wanted.with_ids, excel=wanted.excel)


def _trials(study: str) -> int:
    """Return the planned trials of all sessions of a study."""
    planned = (
        select(func.coalesce(func.sum(SESSIONS.c.n_trials), 0))
        .join(STUDIES, STUDIES.c.id == SESSIONS.c.study_id)
        .where(STUDIES.c.name == study)
    )
    with reading() as connection:
        return int(connection.execute(planned).scalar_one())


@contextmanager
def _alone(host: Host) -> Iterator[None]:
    """Let no other large export begin on this host while this one is open."""
    host.settings.home.mkdir(parents=True, exist_ok=True)
    with (host.settings.home / "export.lock").open("w") as file:
        until = time.monotonic() + PATIENCE_S
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= until:
                    raise Busy from None
                time.sleep(PAUSE_S)
        yield


def _by_a_process(host: Host, wanted: Wanted) -> Iterator[bytes]:
    """Yield what a separate process writes; it ends with the request."""
    order = _Order(settings=host.settings, wanted=wanted).model_dump_json().encode()
    command = [sys.executable, "-m", "diptych.export.large_exports"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None and process.stdout is not None
        try:
            # Over a pipe: settings hold secrets, and others can read a command.
            process.stdin.write(order)
            process.stdin.close()
            while chunk := os.read(process.stdout.fileno(), CHUNK):
                yield chunk
        except GeneratorExit:
            process.kill()
            raise
    if process.returncode == UNKNOWN:
        raise UnknownStudy(wanted.study)
    if process.returncode:
        # The file is not whole: the connection must break, or it would look as if it were.
        raise RuntimeError(f"the export of {wanted.study} ended with {process.returncode}")


def main() -> int:
    """Make the export that is described on standard input, and write it to standard output."""
    from diptych.app import create_app

    os.nice(NICENESS)
    order = _Order.model_validate_json(sys.stdin.buffer.read())
    app = create_app(order.settings, checked=False)
    with app.app_context():
        host: Host = app.extensions["diptych"]
        try:
            with open_tables(host, order.wanted.study) as tables:
                for chunk in written(tables, order.wanted):
                    sys.stdout.buffer.write(chunk)
        except UnknownStudy:
            return UNKNOWN
    sys.stdout.buffer.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
