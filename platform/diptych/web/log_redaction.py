"""What goes wrong is logged without saying with whom.

Messages and tracebacks are written where nobody thought of people: a database quotes the row that
it refuses, a platform the worker. So what looks like an id or a token is taken out of every line
before it is written, whoever wrote it.
"""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Callable

_LEFT_OUT = "[id]"
#: PostgreSQL's second line of an error, with values of the row.
_ROWS = re.compile(r"(?m)^DETAIL:.*\n?")
_IDS = re.compile(
    r"\b(?:"
    # Sessions, pseudonyms, Prolific's ids (hexadecimal; hashes of contents are longer), and UUIDs.
    r"[0-9a-f]{24,36}"
    r"|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    # Workers, assignments and HITs of MTurk.
    r"|(?=[A-Z]*[0-9])[A-Z0-9]{12,}"
    # Tokens of sessions, pictures, links.
    r"|(?=[\w-]*[0-9])(?=[\w-]*[A-Z])(?=[\w-]*[a-z])[\w-]{24,}"
    r")\b"
)

#: Addresses: IPv4 wherever one stands, IPv6 where gunicorn names it or with four colons and more,
#: so that no time of day is taken for one. Then what stands behind the `?` of a request.
_ADDRESSES = re.compile(
    r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.])"
    r"|(?<=\bip=)[^\s,]+?(?=:?(?:\s|$))"
    r"|(?<![\w:])(?:[0-9a-fA-F]{0,4}:){4,7}[0-9a-fA-F]{0,4}(?![\w:])"
)
_QUERIES = re.compile(r"\?[^\s'\"]+")
_ADDRESS_LEFT_OUT = "[address]"


def without_ids(text: str) -> str:
    """Return the text, with what looks like an id or a token left out.

    Parameters
    ----------
    text : str
        A message or a traceback.
    """
    return _IDS.sub(_LEFT_OUT, _ROWS.sub("", text))


def without_visitor(text: str) -> str:
    """Strip what a server says of a request of ids, addresses and queries.

    Parameters
    ----------
    text : str
        A message or a traceback.
    """
    return without_ids(_ADDRESSES.sub(_ADDRESS_LEFT_OUT, _QUERIES.sub("?…", text)))


class Discreet(logging.Filter):
    """Takes ids out of the lines of a handler.

    Parameters
    ----------
    tell : Callable[[str], str], optional
        Gives a message or a traceback without what must not be written.
    """

    def __init__(self, tell: Callable[[str], str] = without_ids) -> None:
        super().__init__()
        self._tell = tell

    def filter(self, record: logging.LogRecord) -> bool:
        """Hide ids in a line, and let every line be written."""
        record.msg, record.args = self._tell(record.getMessage()), ()
        if record.exc_info:
            told = "".join(traceback.format_exception(*record.exc_info)).rstrip("\n")
            record.exc_info, record.exc_text = None, self._tell(told)
        return True
