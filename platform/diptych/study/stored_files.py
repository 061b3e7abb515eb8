"""Files of a version that are no images: those that policies read."""

from __future__ import annotations

from sqlalchemy import Connection, select

from diptych.domain.tables import IMAGES
from diptych.ground.database import reading


def stored_file(content_hash: str, connection: Connection | None = None) -> bytes:
    """Return a file that a policy reads, as it was frozen.

    Parameters
    ----------
    content_hash : str
        SHA-256 of the file, in hex.
    connection : Connection, optional
        One that the caller holds.

    Raises
    ------
    LookupError
        When no version was frozen with this file.
    """
    wanted = select(IMAGES.c.data).where(IMAGES.c.hash == content_hash)
    if connection is None:
        with reading() as own:
            data = own.execute(wanted).scalar()
    else:
        data = connection.execute(wanted).scalar()
    if data is None:
        raise LookupError(f"no file with the hash {content_hash}")
    return bytes(data)
