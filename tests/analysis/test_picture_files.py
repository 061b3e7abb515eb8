"""Folders of images as they are on people's computers: with files that nobody has put there."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image

from diptych.authoring import load_study
from diptych.cli import cli
from diptych_analysis.networks.images import image_set
from diptych_analysis.picture_files import in_words, picture_files

LITTER = (".DS_Store", "._00.png", "Thumbs.db", "notes.txt", "__MACOSX/00.png", ".git/00.png")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two classes, one with a folder within, and what systems leave behind."""
    for number, name in enumerate(("cats/00.png", "cats/more/01.JPG", "dogs/00.webp")):
        path = tmp_path / "stimuli" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (16, 16), (80 * number, 9, 9)).save(path)
    for name in LITTER:
        for place in ("", "cats/"):
            path = tmp_path / "stimuli" / f"{place}{name}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"\x00\x05\x16\x07")
    return tmp_path / "stimuli"


def test_hidden_and_foreign_files_are_left_out_and_counted(folder: Path) -> None:
    pictures, left_out = picture_files(folder)
    assert pictures == ["cats/00.png", "cats/more/01.JPG", "dogs/00.webp"]
    assert len(left_out) == 2 * len(LITTER)
    assert in_words(left_out).startswith("12 files left out: .DS_Store, .")
    found = image_set(folder)
    assert (found.files, len(found.left_out)) == (tuple(pictures), 12)


def test_the_scaffold_lists_the_pictures_and_nothing_else(folder: Path, tmp_path: Path) -> None:
    env = {"DIPTYCH_STUDIES": str(tmp_path / "studies"), "DIPTYCH_HOME": str(tmp_path / "home")}
    env["COLUMNS"] = "200"
    made = CliRunner().invoke(cli, ["study", "new", "mine"], env=env)
    assert made.exit_code == 0, made.output
    study = tmp_path / "studies" / "mine"
    (folder / "loose.png").write_bytes((folder / "cats" / "00.png").read_bytes())
    folder.rename(study / "stimuli")
    built = CliRunner().invoke(cli, ["study", "build", str(study)], env=env)
    assert built.exit_code == 0, built.output
    assert "13 files left out: loose.png, .DS_Store" in built.output
    assert (study / "stimuli.csv").read_text().split() == [
        "file,label",
        "stimuli/cats/00.png,cats",
        "stimuli/cats/more/01.JPG,cats",
        "stimuli/dogs/00.webp,dogs",
    ]


def test_a_folder_with_litter_alone_gets_placeholders(tmp_path: Path) -> None:
    env = {"DIPTYCH_STUDIES": str(tmp_path), "DIPTYCH_HOME": str(tmp_path / "home")}
    assert CliRunner().invoke(cli, ["study", "new", "mine"], env=env).exit_code == 0
    (tmp_path / "mine" / "stimuli" / "cats").mkdir(parents=True)
    (tmp_path / "mine" / "stimuli" / "cats" / ".DS_Store").write_bytes(b"x")
    assert (
        CliRunner().invoke(cli, ["study", "build", str(tmp_path / "mine")], env=env).exit_code == 0
    )
    assert {s.label for s in load_study(tmp_path / "mine").content.stimuli} == {"circle", "square"}
