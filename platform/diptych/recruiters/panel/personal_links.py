"""Personal links for the people on a list: CSV in, CSV out.

The host stores nothing of the list. The name in a link follows from the study and the entry by the
host's secret, so the same entry always gets the same link, and only the researcher's own file says
whose it is.
"""

from __future__ import annotations

import csv
import hashlib
import hmac
import io
from collections.abc import Sequence

from diptych.ground.keys import named_key
from diptych.ground.settings import Settings
from diptych.recruiters import PART, study_link
from diptych.recruiters.panel import PURPOSE, TOKEN

#: The most people on one list.
MOST = 100_000
LINK, PSEUDONYM = "link", "panel_id"


class ListFault(Exception):
    """The list can't be used; the message says what, where, and what is allowed."""


def token(secret: bytes, study: str, entry: str) -> str:
    """Make the token of one entry of a list, for one study."""
    text = f"panel list:{study}:{entry}".encode(errors="replace")
    name = hmac.new(secret, text, hashlib.sha256).hexdigest()[:20]
    return named_key(secret, PURPOSE, study, name)


def with_links(
    text: str, column: str, study: str, settings: Settings, secret: bytes, part: int = 1
) -> tuple[str, int]:
    """Add a personal link to each line of a list.

    Parameters
    ----------
    text : str
        CSV with a line of column names.
    column : str
        The column that says who it is, such as an e-mail address. Its values must differ.
    study : str
        Name of the study.
    settings : Settings
        Of the host, for its address.
    secret : bytes
        Of the host.
    part : int, optional
        The part of the study that the links lead to.

    Returns
    -------
    tuple[str, int]
        The same CSV with the columns `link` and `panel_id` (the id that the host stores), and the
        number of people.

    Raises
    ------
    ListFault
        When the list is empty, too long, lacks the column, or names somebody twice.
    """
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), strict=True)
    try:
        names = list(reader.fieldnames or ())
        if column not in names:
            known = ", ".join(names) or "no column"
            raise ListFault(f"the list has no column {column!r}; it has: {known}")
        rows = list(reader)
    except csv.Error as fault:
        raise ListFault(f"line {reader.line_num} of the list is not CSV: {fault}") from None
    taken = sorted({LINK, PSEUDONYM} & set(names))
    if taken:
        raise ListFault(f"the list has a column {taken[0]!r} already: rename it")
    if not 0 < len(rows) <= MOST:
        raise ListFault(f"the list has {len(rows)} people; allowed: 1 to {MOST}")
    tokens = [token(secret, study, entry) for entry in _entries(rows, column)]
    link, mark = study_link(settings, study), "?" if part == 1 else f"?{PART}={part}&"
    out = io.StringIO()
    writer = csv.DictWriter(out, [*names, PSEUDONYM, LINK], lineterminator="\n")
    writer.writeheader()
    for row, its in zip(rows, tokens, strict=True):
        writer.writerow(
            {**row, PSEUDONYM: its.partition(".")[0], LINK: f"{link}{mark}{TOKEN}={its}"}
        )
    return out.getvalue(), len(rows)


def _entries(rows: Sequence[dict[str, str]], column: str) -> list[str]:
    """Return who each line is, without spaces around it and without regard to case."""
    seen: dict[str, int] = {}
    for number, row in enumerate(rows, 2):
        if None in row or None in row.values():
            raise ListFault(f"line {number} of the list has another number of columns than line 1")
        entry = row[column].strip().casefold()
        if not entry:
            raise ListFault(f"line {number} of the list has nothing in column {column!r}")
        if entry in seen:
            raise ListFault(
                f"lines {seen[entry]} and {number} of the list are the same person: {row[column]}"
            )
        seen[entry] = number
    return list(seen)
