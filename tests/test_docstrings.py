"""Docstrings have the sections of numpydoc; ruff checks the rest of them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = (
    *("platform/diptych", "analysis", "benchmarks", "docs", "examples", "migrations", "studies"),
    "tests",
)
#: A heading as Google's style has it, which ruff takes for a sentence.
GOOGLE = re.compile(r"(?m)^ *(Args|Arguments|Attributes|Raises|Returns|Yields):$")


def headings(source: str) -> Iterator[tuple[str, str]]:
    """Google's headings in the docstrings of a module, each with what it describes."""
    if not GOOGLE.search(source):  # nearly always, and much faster than parsing
        return
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            for heading in GOOGLE.findall(ast.get_docstring(node) or ""):
                yield getattr(node, "name", "the module"), heading


def test_no_docstring_has_headings_of_another_style() -> None:
    files = [file for folder in FOLDERS for file in sorted((ROOT / folder).rglob("*.py"))]
    assert len(files) > 500
    assert [
        f"{file.relative_to(ROOT)}: {name}: write {heading} as numpydoc does"
        for file in files
        for name, heading in headings(file.read_text(encoding="utf-8"))
    ] == []


def test_headings_are_found_in_docstrings_alone() -> None:
    source = '''
def area(side):
    """Return the area of a square.

    Args:
        side: in m.
    """
    return """
Returns:
"""


class Square:
    """A square.

    Attributes
    ----------
    side : float
        In m.
    """
'''
    assert list(headings(source)) == [("area", "Args")]
