"""Text in CSV files that no spreadsheet computes, and that can be read back as it was."""

from __future__ import annotations

import re

# What a spreadsheet takes for the beginning of a formula: in some languages of its user also the
# full-width signs.
_BEGINS = "[=+\\-@＝＋－＠\\t\\r\\n]"
#: A formula; or text that would look as if it had been guarded against being one.
_FORMULA = re.compile(f"'*{_BEGINS}")
#: The sign that `guarded` has put before text.
GUARD = f"^'(?='*{_BEGINS})"


def guarded(text: str) -> str:
    """Text for a cell of a CSV file, which no spreadsheet takes for a formula.

    Whoever types `=…` into a field of a study must not run anything on the machine of the
    researcher who opens the table: a `'` is put before it. `read_tables` takes it away again.
    """
    return f"'{text}" if _FORMULA.match(text) else text
