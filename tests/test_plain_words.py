"""Pages and messages avoid words that readers whose first language is not English stumble over."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
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
HOST = ROOT / "platform/diptych"
PAGES = {
    str(path.relative_to(ROOT)): path
    for path in (
        *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md")),
        *sorted((ROOT / "docs").glob("*.md")),
        HOST / "words/en.ftl",
        # What participants read: a README of a study is for researchers, and is a page too.
        *sorted((ROOT / "studies").glob("*/*.md")),
        *sorted((HOST / "authoring").rglob("*.md")),
        *sorted((HOST / "templates").rglob("*.html")),
    )
}
#: Folders and modules whose strings are rewritten. Add the others when they are.
FINISHED = (
    *(
        HOST / name
        for name in (
            *("accounts", "authoring", "cli", "ground", "importers", "journey", "overview"),
            *("policies", "privacy", "recruiters", "simulation", "study", "tasks", "web"),
            *("backup.py", "installation.py", "migrate.py", "reachability.py"),
        )
    ),
    *(ROOT / "analysis/diptych_analysis" / name for name in ("columns.py", "agreement/cli.py")),
    *(ROOT / "analysis/diptych_analysis" / name for name in ("mis/cli.py", "tracing/cli.py")),
    ROOT / "analysis/diptych_analysis/numerosity",
    *(
        ROOT / "analysis/diptych_analysis/representations" / name
        for name in ("baselines", "digits", "rdx", "judgements.py", "reading.py")
    ),
)
MODULES = sorted(
    path for place in FINISHED for path in (place.rglob("*.py") if place.is_dir() else [place])
)
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


def messages(source: str) -> Iterator[tuple[int, str]]:
    """String literals of a module that people may read, each with its line.

    Docstrings and single words are left out: a word alone is a key, not a sentence.
    """
    tree = ast.parse(source)
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or id(node) in docstrings:
            continue
        if isinstance(node.value, str) and " " in node.value.strip():
            yield node.lineno, node.value


@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_page_uses_plain_words(name: str) -> None:
    faults = [
        f"{name}:{line}: not “{word}”, but for example: {INSTEAD[word]}"
        for line, word in found(PAGES[name].read_text(encoding="utf-8"))
    ]
    assert not faults, "\n" + "\n".join(faults)


def test_code_is_not_prose_and_lines_are_counted() -> None:
    text = "Whoever\n```sh\nanew\n```\n`told\nagain` [link](told.md), of\nits own: understands"
    assert found(text) == [(1, "whoever"), (6, "of its own")]


def test_messages_use_plain_words() -> None:
    assert len(MODULES) > 100
    faults = [
        f"{path.relative_to(ROOT)}:{line}: not “{word}”, but for example: {INSTEAD[word]}"
        for path in MODULES
        for line, text in messages(path.read_text(encoding="utf-8"))
        for _, word in found(text)
    ]
    assert not faults, "\n" + "\n".join(faults)


def test_messages_are_literals_without_docstrings_and_keys() -> None:
    source = '"""Told."""\nx = {"told": f"it stands {1} here"}  # anew\nraise E("mend " "it")\n'
    assert [text for _, text in messages(source)] == ["mend it", "it stands "]
