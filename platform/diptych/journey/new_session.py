"""A session that has just begun: inserted, and known without being read again."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import SimpleNamespace
from typing import Any, cast

from sqlalchemy import Connection, insert

from diptych.domain.rows import SessionRow
from diptych.domain.tables import SESSIONS
from diptych.ground.database import insert_row


@cache
def _defaults() -> Mapping[str, Any]:
    """Return what each column of `sessions` holds when nothing is said of it."""
    return {
        column.name: None if column.default is None else column.default.arg  # type: ignore[attr-defined]
        for column in SESSIONS.columns
    }


def insert_session(connection: Connection, values: Mapping[str, Any]) -> SessionRow:
    """Insert a session and return its row, as a query would.

    Parameters
    ----------
    connection : Connection
        A transaction.
    values : Mapping[str, Any]
        Columns of the session; the others have their defaults.
    """
    number = insert_row(connection, insert(SESSIONS), values)
    return cast("SessionRow", SimpleNamespace(**{**_defaults(), **values, "id": number}))
