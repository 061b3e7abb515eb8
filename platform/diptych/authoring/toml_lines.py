"""Where the keys of a TOML text are: the line of a fault, for an editor of the text."""

from __future__ import annotations

import re

_TABLE = re.compile(r"\s*\[(?P<array>\[)?\s*(?P<name>[^\[\]]+?)\s*\]")
_KEY = re.compile(r"""\s*(?P<name>(?:"[^"]*"|'[^']*'|[\w.-]|\s*\.\s*)+?)\s*=(?P<value>.*)""")
_INVALID = re.compile(r"\(at line (\d+), column \d+\)")
_QUOTES = ('"""', "'''")


def line_of(text: str, key: str, found: str = "") -> int | None:
    """Find the line of a key.

    Parameters
    ----------
    text : str
        TOML; may have faults.
    key : str
        Dotted, as faults name it: `conditions.1.weight`.
    found : str
        What the fault found; the parser names the line of a wrong text there.

    Returns
    -------
    int | None
        From 1; that of the nearest table around the key where it is missing. None for a key of the
        top that is missing.
    """
    if (named := _INVALID.search(found)) is not None:
        return int(named[1])
    lines = _lines(text)
    parts = key.split(".")
    for length in range(len(parts), 0, -1):
        if (line := lines.get(".".join(parts[:length]))) is not None:
            return line
    return None


def _lines(text: str) -> dict[str, int]:
    """Map each key and table of a text to the line where it is first written."""
    lines: dict[str, int] = {}
    table, arrays = "", dict[str, int]()
    inside = ""  # the quotes of a text over several lines
    for number, line in enumerate(text.splitlines(), 1):
        if inside:
            inside = "" if inside in line else inside
            continue
        if (header := _TABLE.match(line)) is not None:
            table = _bare(header["name"])
            if header["array"]:
                arrays[table] = arrays.get(table, -1) + 1
            table = _numbered(table, arrays)
            lines.setdefault(table, number)
        elif (entry := _KEY.match(line)) is not None:
            name = _bare(entry["name"])
            lines.setdefault(f"{table}.{name}" if table else name, number)
            inside = next((q for q in _QUOTES if entry["value"].count(q) == 1), "")
    return lines


def _bare(name: str) -> str:
    return ".".join(part.strip().strip("\"'") for part in name.split("."))


def _numbered(table: str, arrays: dict[str, int]) -> str:
    """Return the name of a table with the numbers of arrays: `conditions.1.policy`."""
    parts = table.split(".")
    named: list[str] = []
    for length, part in enumerate(parts, 1):
        named.append(part)
        if (number := arrays.get(".".join(parts[:length]))) is not None:
            named.append(str(number))
    return ".".join(named)
