"""The documentation avoids words that readers whose first language is not English stumble over."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
#: What to write instead of each word.
INSTEAD = {
    "told": "shown, reported, or: the page says …",
    "stands": "is, or: the table has …",
    "somebody": "a person, a participant, a researcher",
    "whoever": "the person who …, anyone who …",
    "anew": "again",
    "mend": "fix",
    "mends": "fixes",
    "mended": "fixed",
    "so many": "the number: at most 5",
    "of its own": "own, separate: a separate table",
    "by itself": "automatically, alone",
    "is held to": "must meet, is compared with",
    "goes by": "uses, follows",
    "let in": "admit, accept",
}
#: Generated from strings in the code, which are rewritten there.
GENERATED: set[str] = set()
PAGES = {
    str(path.relative_to(ROOT)): path
    for path in (
        *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md")),
        *sorted((ROOT / "docs").glob("*.md")),
        ROOT / "platform/diptych/words/en.ftl",
    )
}
WORDS = re.compile(
    r"\b(" + "|".join(word.replace(" ", r"\s+") for word in INSTEAD) + r")\b", re.IGNORECASE
)
#: Blocks of code, code in a line, and the targets of links.
NOT_PROSE = re.compile(r"(?ms)^ *```.*?^ *```$|`[^`]*`|(?<=\])\([^)\s]*\)")


def found(text: str) -> list[tuple[int, str]]:
    """Words to avoid in a text, each with the number of its line."""
    prose = NOT_PROSE.sub(lambda code: "\n" * code[0].count("\n") or " ", text)
    return [
        (1 + prose.count("\n", 0, match.start()), " ".join(match[0].lower().split()))
        for match in WORDS.finditer(prose)
    ]


@pytest.mark.parametrize("name", sorted(PAGES.keys() - GENERATED))
def test_a_page_uses_plain_words(name: str) -> None:
    faults = [
        f"{name}:{line}: not “{word}”, but for example: {INSTEAD[word]}"
        for line, word in found(PAGES[name].read_text(encoding="utf-8"))
    ]
    assert not faults, "\n" + "\n".join(faults)


def test_code_is_not_prose_and_lines_are_counted() -> None:
    text = "Whoever\n```sh\nanew\n```\n`told\nagain` [link](told.md), of\nits own: understands"
    assert found(text) == [(1, "whoever"), (6, "of its own")]
