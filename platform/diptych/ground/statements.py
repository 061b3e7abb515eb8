"""Statements of the hot path: written out once, and sent with the driver's own cursor.

SQLAlchemy's own execution of a statement costs two to four times what the driver takes. A
`Statement` keeps what the host relies on: types are converted as SQLAlchemy converts them, errors
are SQLAlchemy's, a broken connection empties the pool, and whoever listens for statements hears it.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cached_property
from operator import attrgetter, methodcaller
from typing import Any, TypeAlias
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Dialect, Select, TextClause
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.types import TypeEngine

Core: TypeAlias = Select[Any] | UpdateBase | TextClause
Convert = Callable[[Any], Any]
_new_row_type: Callable[..., Any] = namedtuple


class Statement:
    """A statement of SQLAlchemy Core whose text never changes.

    Parameters
    ----------
    build : Callable[[], Select | Insert | Update | Delete | TextClause]
        Makes the statement. Every value that changes is a `bindparam`.
    """

    def __init__(self, build: Callable[[], Core]) -> None:
        self._build = build
        self._written: WeakKeyDictionary[Dialect, _Written] = WeakKeyDictionary()

    @cached_property
    def core(self) -> Core:
        """The statement, as SQLAlchemy executes it."""
        return self._build()

    def first(self, connection: Connection, parameters: Mapping[str, Any]) -> Any | None:
        """Return the first row, with its columns as attributes; None when there is none.

        Parameters
        ----------
        connection : Connection
            Of `reading()` or `writing()`.
        parameters : Mapping[str, Any]
            A value for every name of a `bindparam`.

        Raises
        ------
        sqlalchemy.exc.DBAPIError
            Of the kind that SQLAlchemy raises for the same error of the driver.
        """
        written = self._for(connection.dialect)
        found = written.send(connection, parameters, _fetch)
        return None if found is None else written.row(found)

    def rows_changed(self, connection: Connection, parameters: Mapping[str, Any]) -> int:
        """Execute a statement that writes, and return how many rows it wrote; as `first`."""
        written = self._for(connection.dialect)
        return int(written.send(connection, parameters, _count))

    def execute(self, connection: Connection) -> None:
        """Execute a statement that takes no values and returns nothing; errors as `first`."""
        self._for(connection.dialect).send(connection, {}, lambda _cursor: None)

    def _for(self, dialect: Dialect) -> _Written:
        written = self._written.get(dialect)
        if written is None:
            written = self._written[dialect] = _Written(self.core, dialect)
        return written


class _Written:
    """The text of a statement for one dialect, and how values go in and come out."""

    def __init__(self, statement: Core, dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)
        self.text = str(compiled)
        self.order = compiled.positiontup if compiled.positional else None
        self.fixed = {n: v for n, v in compiled.params.items() if not compiled.binds[n].required}
        self.encode = _converters(
            {name: bind.type for name, bind in compiled.binds.items()},
            lambda kind: kind.dialect_impl(dialect).bind_processor(dialect),
        )
        columns = statement.selected_columns if isinstance(statement, Select) else ()
        self.make_row = _new_row_type("Row", [c.name for c in columns])._make
        self.decode = _converters(
            {place: column.type for place, column in enumerate(columns)},
            lambda kind: kind.dialect_impl(dialect).result_processor(dialect, None),
        )

    def row(self, found: Any) -> Any:
        """Make a row of what the driver returned."""
        values = list(found)
        for place, convert in self.decode:
            values[place] = convert(values[place])
        return self.make_row(values)

    def send(
        self, connection: Connection, parameters: Mapping[str, Any], read: Callable[[Any], Any]
    ) -> Any:
        """Execute the statement, and return what `read` takes from the driver's cursor."""
        given = {**self.fixed, **parameters}
        for name, convert in self.encode:
            given[name] = convert(given[name])
        values = given if self.order is None else tuple(given[name] for name in self.order)
        _refuse_unheld(connection)
        cursor = connection.connection.cursor()
        for note in connection.dispatch.before_cursor_execute:
            note(connection, cursor, self.text, values, None, False)
        try:
            cursor.execute(self.text, values)
            return read(cursor)
        except Exception as fault:
            raise _mapped(connection, self.text, values, fault) from fault
        finally:
            cursor.close()


_fetch = methodcaller("fetchone")
_count = attrgetter("rowcount")


def _converters(
    types: Mapping[Any, TypeEngine[Any]], of: Callable[[TypeEngine[Any]], Convert | None]
) -> list[tuple[Any, Convert]]:
    """Pair each place whose values need converting with what converts them."""
    found = ((place, of(kind)) for place, kind in types.items())
    return [(place, convert) for place, convert in found if convert is not None]


def _refuse_unheld(connection: Connection) -> None:
    """Refuse a connection on which the driver would open a transaction that nobody ends."""
    if not connection.in_transaction():
        options = connection.get_execution_options()
        if options.get("isolation_level") != "AUTOCOMMIT" and not options.get("singly"):
            raise RuntimeError("a Statement needs a connection of reading() or writing()")


def _mapped(connection: Connection, text: str, values: Any, fault: Exception) -> BaseException:
    """Return SQLAlchemy's error for one of the driver's; a broken connection leaves the pool."""
    dialect, engine = connection.dialect, connection.engine
    driver = dialect.loaded_dbapi
    broken = isinstance(fault, driver.Error) and dialect.is_disconnect(
        fault, connection.connection.driver_connection, None
    )
    if broken:
        with suppress(DBAPIError):
            # SQLAlchemy finds the same, and lets go of every connection that is as old.
            connection.exec_driver_sql("SELECT 1")
        if not connection.invalidated:
            connection.invalidate(fault)
    return DBAPIError.instance(
        text,
        values,
        fault,
        driver.Error,
        hide_parameters=engine.hide_parameters,
        connection_invalidated=broken,
        dialect=dialect,
    )
