"""What differs between two versions: every change is told, and nothing else."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from support.tiny_studies import category_study, two_afc_study

from diptych.authoring import StudyContent, load_study
from diptych.study.difference import Line, SettingChange, compare_lines, difference

WORDS = st.sampled_from(["the", "creature", "Agara", "is", "not", "red", "–", "a"])
LINES = st.lists(st.lists(WORDS, max_size=6).map(" ".join), max_size=14)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def write(path: Path, table: list[dict[str, str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(table[0]))
        writer.writeheader()
        writer.writerows(table)


def before_and_after(
    folder: Path, change: Callable[[Path], None]
) -> tuple[StudyContent, StudyContent]:
    """A study folder as it was and as it is after a change."""
    before = load_study(folder).content
    change(folder)
    return before, load_study(folder).content


@settings(deadline=None)
@given(LINES, LINES)
def test_both_texts_can_be_read_back_from_the_comparison(old: list[str], new: list[str]) -> None:
    before, after = "\n".join(old), "\n".join(new)
    left, right = iter(before.splitlines()), iter(after.splitlines())
    for line in compare_lines(before, after):
        if line.kind == "gap":
            for _ in range(line.skipped):
                assert next(left) == next(right)
        if line.kind in ("same", "removed"):
            assert next(left) == line.text
        if line.kind in ("same", "added"):
            assert next(right) == line.text
    assert not list(left)
    assert not list(right)


@settings(deadline=None)
@given(LINES, LINES)
def test_what_is_not_marked_stands_on_both_sides(old: list[str], new: list[str]) -> None:
    lines = list(compare_lines("\n".join(old), "\n".join(new)))

    def kept(kind: str) -> str:
        pieces = (p for line in lines if line.kind == kind for p in line.pieces)
        return "".join(piece.text for piece in pieces if not piece.changed)

    assert kept("removed") == kept("added")


def test_only_the_words_that_changed_are_marked() -> None:
    removed, added = compare_lines("You may stop at any time.", "You may pause at any time.")
    assert [piece.text for piece in removed.pieces if piece.changed] == ["stop"]
    assert [piece.text for piece in added.pieces if piece.changed] == ["pause"]


def test_lines_far_from_a_change_are_counted_and_not_shown() -> None:
    text = [f"line {n}" for n in range(20)]
    changed = [*text[:10], "something else entirely, and more", *text[11:]]
    lines = list(compare_lines("\n".join(text), "\n".join(changed)))
    assert lines[0] == Line("gap", skipped=8)
    assert [line.text for line in lines[1:3]] == ["line 8", "line 9"]
    assert lines[-1] == Line("gap", skipped=7)


def test_the_same_study_twice_has_no_difference(tmp_path: Path) -> None:
    content = load_study(category_study(tmp_path / "tiny")).content
    assert not difference(content, content)


def test_settings_are_told_key_by_key(tmp_path: Path) -> None:
    old = category_study(tmp_path / "a" / "tiny", changes={"conditions": [{"name": "slow"}]})
    new = category_study(
        tmp_path / "b" / "tiny",
        changes={
            "task": {"rank": 3},
            "payment": {"reward": 2.5},
            "conditions": [{"name": "slow", "weight": 2}, {"name": "fast"}],
            "stimuli": {"generator": "draw.py"},
            "contact": "Grace",
        },
    )
    found = difference(load_study(old).content, load_study(new).content)
    assert not found.texts
    assert not found.stimuli
    changes = {change.key: (change.old, change.new) for change in found.settings}
    assert changes == {
        "contact": ('"Ada Example <ada@example.org>"', '"Grace"'),
        "task.rank": ("2", "3"),
        "conditions.slow.weight": ("1", "2"),
        "conditions.fast.name": (None, '"fast"'),
        "conditions.fast.weight": (None, "1"),
        "payment.reward": ("0", "2.5"),
        "stimuli.generator": (None, '"draw.py"'),
    }


def test_a_setting_that_is_taken_out_again_is_told(tmp_path: Path) -> None:
    old = category_study(tmp_path / "a" / "tiny", changes={"stimuli": {"generator": "draw.py"}})
    new = category_study(tmp_path / "b" / "tiny")
    found = difference(load_study(old).content, load_study(new).content)
    assert found.settings == (SettingChange("stimuli.generator", '"draw.py"', None),)


def test_texts_added_removed_and_changed(tmp_path: Path) -> None:
    folder = category_study(tmp_path / "tiny", texts={"half_way.md": "# Half\n"})

    def change(folder: Path) -> None:
        (folder / "half_way.md").unlink()
        (folder / "feedback.md").write_text("# Anything to add?\n")
        (folder / "debrief.md").write_text("# Thank you\n\nThat was nearly all.\n")

    found = difference(*before_and_after(folder, change))
    assert {text.name: text.kind for text in found.texts} == {
        "half_way": "removed",
        "feedback": "added",
        "debrief": "changed",
    }
    debrief = next(text for text in found.texts if text.name == "debrief")
    assert [line.text for line in debrief.lines if line.kind == "added"] == ["That was nearly all."]


def test_another_picture_in_a_text_is_a_change_that_can_be_read(tmp_path: Path) -> None:
    folder = category_study(tmp_path / "tiny", texts={"debrief.md": "![sketch](sketch.png)\n"})
    # the texts are written again when the picture is there
    Image.new("RGB", (4, 4), "red").save(folder / "sketch.png")
    found = difference(
        *before_and_after(folder, lambda f: Image.new("RGB", (4, 4), "blue").save(f / "sketch.png"))
    )
    (debrief,) = found.texts
    removed, added = debrief.lines
    assert removed.text != added.text
    assert len(added.text) < 40, "the whole hash of a picture can't be read"


def test_stimuli_added_removed_renamed_and_changed(tmp_path: Path) -> None:
    folder = category_study(tmp_path / "tiny")
    stimuli = rows(folder / "stimuli.csv")

    def change(folder: Path) -> None:
        Image.new("RGB", (9, 9), "white").save(folder / "stimuli" / "new.png")
        Image.new("RGB", (9, 9), "black").save(folder / stimuli[1]["file"])
        (folder / stimuli[2]["file"]).rename(folder / "stimuli" / "renamed.png")
        kept = [dict(row) for row in stimuli[1:]]
        kept[1]["file"] = "stimuli/renamed.png"
        kept[2]["size"] = "99"
        kept.append({"file": "stimuli/new.png", "label": "Agara", "size": "1"})
        write(folder / "stimuli.csv", kept)

    found = difference(*before_and_after(folder, change)).stimuli
    assert [c.new.file for c in found.added if c.new] == ["stimuli/new.png"]
    assert [c.old.file for c in found.removed if c.old] == [stimuli[0]["file"]]
    assert {c.old.file: c.what for c in found.changed if c.old} == {
        stimuli[1]["file"]: ("image",),
        stimuli[2]["file"]: ("file",),
        stimuli[3]["file"]: ("attributes",),
    }
    assert found.same == len(stimuli) - 4


def test_items_are_compared_by_the_images_they_show(tmp_path: Path) -> None:
    folder = two_afc_study(tmp_path / "tiny_2afc")
    items = rows(folder / "items.csv")

    def change(folder: Path) -> None:
        changed = [dict(row) for row in items]
        changed[0]["query_positive"] = items[1]["query_positive"]
        changed[1]["unit"] = "blue"
        changed[2]["margin"] = "0.125"
        changed.append({**items[3], "item_id": "more"})
        write(folder / "items.csv", changed)

    found = difference(*before_and_after(folder, change)).items
    assert {c.old.item_id: c.what for c in found.changed if c.old} == {
        items[0]["item_id"]: ("query positive",),
        items[1]["item_id"]: ("unit",),
        items[2]["item_id"]: ("attributes",),
    }
    assert [c.new.item_id for c in found.added if c.new] == ["more"]
    assert found.same == len(items) - 3


def test_a_manifest_in_another_order_changes_its_order_only(tmp_path: Path) -> None:
    folder = two_afc_study(tmp_path / "tiny_2afc")

    def change(folder: Path) -> None:
        write(folder / "stimuli.csv", rows(folder / "stimuli.csv")[::-1])

    before, after = before_and_after(folder, change)
    assert before.content_hash != after.content_hash
    found = difference(before, after)
    assert found
    assert found.reordered == ("stimuli",)
    assert not found.stimuli
    assert not found.items
