"""The drawing of the folders in docs/architecture.md shows each package folder, and no other."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "architecture.md"
PARENTS = ("platform/diptych", "analysis/diptych_analysis")
#: The bundled page: `make frontend` writes it, so a fresh clone has no such folder.
BUILT = {"static"}


def drawn() -> dict[str, set[str]]:
    """Folders of the drawing, by the folder above them.

    A line without indentation starts a parent; a line with two spaces is a folder in it.
    """
    block = re.search(r"(?ms)^## Folders$.*?^```text\n(.*?)^```$", PAGE.read_text(encoding="utf-8"))
    assert block is not None, f"{PAGE.name} has no drawing under the heading Folders"
    folders: dict[str, set[str]] = {}
    parent = ""
    for line in block[1].splitlines():
        words = re.fullmatch(r"(  )?(\S+)/ +\S.*", line)
        assert words is not None, f"{PAGE.name}: write `folder/  what it holds`, not {line!r}"
        if words[1] is None:
            parent = words[2]
            folders[parent] = set()
        else:
            folders[parent].add(words[2])
    return folders


def present(parent: Path) -> set[str]:
    """Folders of a package that hold files, compiled modules aside."""
    return {
        folder.name
        for folder in parent.iterdir()
        if folder.is_dir()
        and folder.name not in {"__pycache__", *BUILT}
        and any(file.is_file() for file in folder.rglob("*") if "__pycache__" not in file.parts)
    }


@pytest.mark.parametrize("parent", PARENTS)
def test_the_drawing_shows_each_folder_of_a_package_and_no_other(parent: str) -> None:
    shown, here = drawn()[parent], present(ROOT / parent)
    assert here - shown == set(), f"add these folders of {parent} to the drawing in {PAGE.name}"
    assert shown - here == set(), f"remove these from the drawing in {PAGE.name}: no such folders"


def test_every_parent_in_the_drawing_exists() -> None:
    assert [name for name in drawn() if not (ROOT / name).is_dir()] == []


def test_the_order_of_imports_names_every_module_of_the_host() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = contracts["tool"]["importlinter"]["contracts"][0]["layers"]
    host = ROOT / "platform" / "diptych"
    modules = {
        path.stem
        for path in host.iterdir()
        if (path.is_dir() and (path / "__init__.py").is_file())
        or (path.suffix == ".py" and path.stem != "__init__")
    }
    assert {layer.removeprefix("diptych.") for layer in layers} == modules
