"""The documentation says what is so: its reference, links, commands and targets exist."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from diptych import __version__
from diptych.cli import cli

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])


def anchors(page: Path) -> set[str]:
    """The anchors that the headings of a page give."""
    headings = re.findall(r"(?m)^#+ (.+)$", page.read_text(encoding="utf-8"))
    plain = (re.sub(r"[^\w\s-]", "", heading).strip().lower() for heading in headings)
    return {heading.replace(" ", "-") for heading in plain}


def test_the_reference_is_what_the_code_says() -> None:
    """Every key, option, variable and column is there, for the page is made from them."""
    script = ROOT / "docs" / "make_reference.py"
    done = subprocess.run([sys.executable, str(script), "--check"], check=False)
    assert done.returncode == 0, (
        "docs/reference.md or the settings in docs/deploy.md: run `make reference`"
    )


@pytest.mark.parametrize("document", PAGES, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", document.read_text(encoding="utf-8")):
        if "://" in target or target.startswith("assets/"):
            continue  # elsewhere, or an example of a study's own pictures
        file, _, anchor = target.partition("#")
        there = (document.parent / file).resolve() if file else document
        assert there.exists(), f"{document.name} links to {target}"
        if anchor:
            assert anchor in anchors(there), f"{document.name} links to {target}"


@pytest.mark.parametrize("document", PAGES, ids=lambda path: path.name)
def test_commands_and_targets_exist(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    targets = set(re.findall(r"(?m)^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8")))
    for target in re.findall(r"(?:^|`)make ([a-z-]+)", text, re.MULTILINE):
        assert target in targets, f"{document.name} speaks of `make {target}`"
    for words in re.findall(r"(?:^|`)diptych ((?:[a-z][a-z-]* ?)+)", text, re.MULTILINE):
        command: click.Command | None = cli
        context = click.Context(cli)
        for word in words.split():
            if not isinstance(command, click.Group) or command.name == "trace":
                break  # what follows are arguments: `trace DIR` is short for `trace run DIR`
            command = command.get_command(context, word)
            assert command is not None, f"{document.name} speaks of `diptych {words}`"


def test_no_page_names_a_place_of_one_machine() -> None:
    for document in PAGES:
        text = document.read_text(encoding="utf-8")
        for place in ("/home/", "/Users/", "file://"):
            assert place not in text, f"{document.name} holds {place}"


def test_every_page_is_in_the_index() -> None:
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    pages = {path.name for path in (ROOT / "docs").glob("*.md")} - {"index.md"}
    assert pages <= set(re.findall(r"\]\(([\w-]+\.md)\)", index))


@pytest.mark.parametrize("document", PAGES, ids=lambda path: path.name)
def test_no_word_stands_twice(document: Path) -> None:
    text = re.sub(r"(?ms)^```.*?^```$|`[^`]*`|^\|.*$", "", document.read_text(encoding="utf-8"))
    twice = re.findall(r"\b([A-Za-z]{2,})\s+\1\b", text)
    assert not [word for word in twice if word not in ("that", "had")]


def test_the_page_has_the_version_of_the_host() -> None:
    page = ROOT / "platform" / "frontend"
    package, lock = (
        json.loads((page / name).read_text(encoding="utf-8"))
        for name in ("package.json", "package-lock.json")
    )
    # npm writes 0.2.0-dev.0 for Python's 0.2.0.dev0.
    host = __version__.replace(".dev", "-dev.")
    assert package["version"] == lock["version"] == lock["packages"][""]["version"] == host


def test_the_citation_names_the_newest_release() -> None:
    """Its date is that of the changelog; the code is of it, or on the way to the next version."""
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    fields = dict(re.findall(r"(?m)^(version|date-released): (.+)$", citation))
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.findall(r"(?m)^## \[([0-9.]+)\] - (\S+)$", changes)
    released = [each for each in versions if each[1] != "unreleased"]
    assert (fields["version"], fields["date-released"]) == released[0]
    open_ones = [version for version, date in versions if date == "unreleased"]
    assert __version__ == (f"{open_ones[0]}.dev0" if open_ones else fields["version"])
