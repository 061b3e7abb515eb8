"""The shipped studies: they build, validate, build alike again, and their files tell nothing."""

from __future__ import annotations

import csv
import hashlib
import re
import shutil
import struct
import tomllib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.checkout import ROOT
from support.shipped import STUDIES, built, generator

from diptych.authoring import build_study, load_study

BUILT = ("stimuli", "assets", "stimuli.csv", "items.csv", "__pycache__")


pytestmark = pytest.mark.slow


#: Of the Greebles only 12 a class, to be quick.
SMALL: dict[str, dict[str, int]] = {"greebles": {"per_class": 12}, "which_unit": {}}


def digest(folder: Path) -> dict[str, str]:
    """SHA-256 of every file below a folder."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def studies() -> dict[str, Path]:
    """Both studies."""
    return {name: built(name, 5, **small) for name, small in SMALL.items()}


@pytest.mark.parametrize(
    "name", ["greebles", pytest.param("which_unit", marks=pytest.mark.exhaustive)]
)
def test_same_seed_same_bytes_other_seed_other_pictures(
    name: str, studies: dict[str, Path], tmp_path: Path
) -> None:
    first = digest(studies[name])
    for seed, to in ((5, "again"), (6, "other")):
        generator(name).build(tmp_path / to, seed, **SMALL[name])
    assert digest(tmp_path / "again") == first
    other = digest(tmp_path / "other")
    pictures = {key for key in first if key.startswith("stimuli/")}
    assert all(first[key] != other.get(key) for key in pictures)


@pytest.mark.parametrize("name", ["greebles", "which_unit"])
def test_pictures_carry_no_metadata_and_no_two_are_the_same(
    name: str, studies: dict[str, Path]
) -> None:
    files = sorted((studies[name] / "stimuli").iterdir())
    for path in files:
        assert set(chunks(path.read_bytes())) <= {"IHDR", "PLTE", "IDAT", "IEND"}
    assert len(set(digest(studies[name] / "stimuli").values())) == len(files)


def chunks(png: bytes) -> list[str]:
    """The kinds of chunk of a PNG file, read by its specification."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    at, kinds = 8, []
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        kinds.append(png[at + 4 : at + 8].decode("ascii"))
        at += 12 + length
    return kinds


@pytest.mark.parametrize("name", ["greebles", "which_unit"])
def test_manifest_and_files_agree(name: str, studies: dict[str, Path]) -> None:
    files = [row["file"] for row in rows(studies[name] / "stimuli.csv")]
    assert len(set(files)) == len(files)
    assert set(files) == {f"stimuli/{path.name}" for path in (studies[name] / "stimuli").iterdir()}
    expected = {"greebles": (128, 128), "which_unit": (112, 112)}[name]
    for file in files:
        with Image.open(studies[name] / file) as picture:
            assert picture.size == expected


def test_the_documentation_lists_every_shipped_study() -> None:
    shipped = {folder.parent.name for folder in STUDIES.glob("*/study.toml")}
    text = (ROOT / "docs/index.md").read_text(encoding="utf-8")
    section = text.split("## Studies that come with Diptych")[1].split("\n## ")[0]
    listed = re.findall(r"^\| `(\w+)` \| `(\w+)`", section, re.MULTILINE)
    tasks = {
        name: tomllib.loads((STUDIES / name / "study.toml").read_text("utf-8"))["task"]["name"]
        for name in shipped
    }
    assert dict(listed) == tasks


def test_greeble_names_and_order_tell_nothing_of_the_class(studies: dict[str, Path]) -> None:
    manifest = rows(studies["greebles"] / "stimuli.csv")
    names = [Path(row["file"]).stem for row in manifest]
    assert not any(c.lower() in n.lower() for c in ("agara", "bari", "cooka") for n in names)
    labels = np.array([row["label"] for row in manifest])
    # A place in the manifest must not help to guess the next one's class: among 35 neighbours a
    # third agree by chance; 23 or more would come up once in 2,000 random orders.
    assert (labels[1:] == labels[:-1]).sum() < 23
    thirds = [np.unique(part, return_counts=True)[1].max() for part in np.split(labels, 3)]
    assert max(thirds) < 11  # of 12: no third of the manifest belongs to one class


def test_which_unit_names_tell_nothing_of_role_or_unit(studies: dict[str, Path]) -> None:
    number = {row["file"]: k for k, row in enumerate(rows(studies["which_unit"] / "stimuli.csv"))}
    items = rows(studies["which_unit"] / "items.csv")
    above = [number[i["query_positive"]] > number[i["query_negative"]] for i in items]
    assert 0.25 < np.mean(above) < 0.75
    means = [
        np.mean([number[file] for item in items for file in item[role].split(";")])
        for role in ("positives", "negatives")
    ]
    assert abs(means[0] - means[1]) < 0.1 * len(number)


@pytest.mark.parametrize(
    "name", ["which_unit", pytest.param("greebles", marks=pytest.mark.exhaustive)]
)
def test_the_whole_study_builds_and_has_no_faults(name: str, tmp_path: Path) -> None:
    folder = tmp_path / name
    shutil.copytree(STUDIES / name, folder, ignore=shutil.ignore_patterns(*BUILT))
    assert build_study(folder)
    content = load_study(folder).content
    if name == "greebles":
        labels = [stimulus.label for stimulus in content.stimuli]
        assert {label: labels.count(label) for label in set(labels)} == {
            "Agara": 400,
            "Bari": 400,
            "Cooka": 400,
        }
        assert (content.spec.trials("training"), content.spec.trials("test")) == (30, 15)
    else:
        kinds = [item.kind for item in content.items.values()]
        assert (kinds.count("test"), kinds.count("catch")) == (40, 5)
        assert kinds.count("practice") >= 4 and kinds.count("practice_hard") >= 1
        assert (content.spec.trials("test"), content.spec.trials("catch")) == (40, 5)
    assert content.texts["consent"] and content.texts["debrief"]
