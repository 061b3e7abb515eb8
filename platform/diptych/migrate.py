"""Alembic, without a configuration file: the migrations ship with the package.

Alembic is imported when it is used: the workers of a host migrate nothing.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Engine, text

if TYPE_CHECKING:
    from alembic.config import Config


log = logging.getLogger("diptych")


class BehindFault(Exception):
    """The database has tables of another version of Diptych."""


class RevisionFault(Exception):
    """There is no revision of this name to go back to."""


def migrations_folder() -> Path:
    """Find the migrations: beside the package when installed, else in the repository."""
    here = Path(__file__).parent
    shipped = here / "_migrations"
    return shipped if shipped.exists() else here.parent.parent / "migrations"


def config(url: str, identity_key: bytes | None = None) -> Config:
    """Configure Alembic for a database; the key is needed where it holds platform ids."""
    from alembic.config import Config

    found = Config()
    found.attributes["identity_key"] = identity_key
    found.set_main_option("script_location", str(migrations_folder()))
    found.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    return found


def upgrade(url: str, revision: str = "head", identity_key: bytes | None = None) -> None:
    """Bring a database up to a revision; makes the tables of an empty one."""
    from alembic import command

    command.upgrade(config(url, identity_key), revision)


def downgrade(url: str, revision: str, identity_key: bytes | None = None) -> None:
    """Take a database back to a revision (`base`: no tables)."""
    from alembic import command

    command.downgrade(config(url, identity_key), revision)


def losses(engine: Engine, url: str, revision: str) -> list[str]:
    """Say what a downgrade to a revision deletes, beside tables that the older version lacks.

    A migration names it in `LOSES`: words with `{n}`, and a query that counts the rows.

    Parameters
    ----------
    engine : Engine
        Of the database.
    url : str
        Its URL.
    revision : str
        Where the downgrade ends, such as `0008` or `base`.

    Returns
    -------
    list[str]
        One line per migration that loses something; the newest first.

    Raises
    ------
    RevisionFault
        When there is no such revision, or it is a newer one.
    """
    from alembic.script import ScriptDirectory
    from alembic.script.revision import RevisionError

    current, _ = revisions(engine, url)
    if current is None:
        return []
    scripts = ScriptDirectory.from_config(config(url))
    try:
        undone = list(scripts.iterate_revisions(current, revision))
    except RevisionError as fault:
        raise RevisionFault(f"{revision!r} is not a revision before {current}: {fault}") from None
    found = []
    with engine.connect() as connection:
        for script in undone:
            words, query = getattr(script.module, "LOSES", ("", ""))
            if query and (n := connection.execute(text(query)).scalar_one()):
                found.append(words.format(n=f"{n:,}"))
    return found


def revisions(engine: Engine, url: str) -> tuple[str | None, str | None]:
    """Return the revision of a database's tables, and the newest one.

    Parameters
    ----------
    engine : Engine
        Of the database.
    url : str
        Its URL.

    Returns
    -------
    current : str or None
        Revision of the tables; None where there are none.
    head : str or None
        Revision that this version of Diptych needs.
    """
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    with engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    return current, ScriptDirectory.from_config(config(url)).get_current_head()


def ensure_head(engine: Engine, url: str) -> None:
    """Make the tables of an empty database; refuse one that is behind.

    Raises
    ------
    BehindFault
        When tables exist but not those of this version.
    """
    current, head = revisions(engine, url)
    if current is None:
        upgrade(url)
        log.warning("made the tables of a new, empty database: %s", engine.url.render_as_string())
    elif current != head:
        raise BehindFault(
            f"the database is at revision {current}, but this version needs {head}: make a "
            "back-up, then run `diptych db upgrade`"
        )
