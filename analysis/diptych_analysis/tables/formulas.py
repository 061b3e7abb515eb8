"""Text in CSV files that no spreadsheet computes, and that can be read back as it was."""

from __future__ import annotations

import re

# What a spreadsheet takes for the beginning of a formula: in some languages of its user also the
# full-width signs.
_BEGINS = "[=+\\-@＝＋－＠\\t\\r\\n]"
# Where a cell can begin. Where a comma is written in numbers, cells are parted at semicolons, and
# quotation marks that stand within a cell then hold nothing together: not even lines.
_CELL = '(^ *|[;\\t\\r\\n][ "]*)'
#: A formula; or text that would look as if it had been guarded against being one.
_FORMULA = re.compile(f"{_CELL}(?='*{_BEGINS})")
# Most text has nothing of the kind, which these two see sooner.
_AT_START = re.compile(f" *'*{_BEGINS}")
_PARTED = re.compile("[;\\t\\r\\n]")
#: The sign that `guarded` has put before text, and what stands before it (group 1).
GUARD = f"{_CELL}'(?='*{_BEGINS})"


def guarded(text: str) -> str:
    """Return the text for a cell of a CSV file, which no spreadsheet takes for a formula.

    Whoever types `=…`, or `a;=…`, into a field of a study must not run anything on the machine of
    the researcher who opens the table: a `'` is put before it. `read_tables` takes it away again.
    """
    if not (_AT_START.match(text) or _PARTED.search(text)):
        return text
    return _FORMULA.sub(r"\1'", text)
