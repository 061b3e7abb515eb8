"""A study folder is read whole, and every fault is told in one go."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from PIL import Image
from support.tiny_studies import category_study, two_afc_study

from diptych.authoring import StudyFault, build_study, load_study
from diptych.cli import cli
from diptych.sessions.tidy_rows import item_rows, stimulus_rows
from diptych.study import texts
from diptych.study.content import FrozenItem


def faults_of(folder: Path) -> list[tuple[str, str, str, str]]:
    with pytest.raises(StudyFault) as caught:
        load_study(folder)
    return [(f.file, f.key, f.found, f.allowed) for f in caught.value.faults]


def rewrite(path: Path, change: Callable[[list[dict[str, str]]], Any]) -> None:
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    change(rows)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def test_both_kinds_of_study_are_read(tmp_path: Path) -> None:
    category = load_study(category_study(tmp_path / "colours")).content
    assert len(category.labels) == 3
    assert len(category.stimuli) == 24
    afc = load_study(two_afc_study(tmp_path / "reds")).content
    assert len(afc.items) == 7
    assert all(len(item.stimuli["positives"]) == 9 for item in afc.items.values())


def test_items_are_read_as_they_were_before_tasks_declared_them(tmp_path: Path) -> None:
    """The content hash covers them, so that another reading would make another version."""
    folder = two_afc_study(tmp_path / "reds", practice=1, test=2, explanations=2)
    content = load_study(folder).content
    with (folder / "items.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    roles = ("query_positive", "query_negative", "positives", "negatives")
    assert list(content.items.values()) == [
        FrozenItem(
            row["item_id"],
            row["kind"],
            row["unit"],
            {
                role: tuple(content.place_of[file] for file in row[role].split(";"))
                for role in roles
            },
            {"margin": float(row["margin"])},
        )
        for row in rows
    ]
    assert [list(item.stimuli) for item in content.items.values()] == [list(roles)] * len(rows)


def test_a_manifest_of_items_that_no_task_reads_is_told(tmp_path: Path) -> None:
    folder = category_study(tmp_path / "colours", changes={"items": {"manifest": "items.csv"}})
    (folder / "items.csv").write_text("item_id,kind\n")
    loaded = load_study(folder)
    assert loaded.remarks == ("items.csv: not read, because category_learning has no items",)
    assert loaded.content.items == {}


def test_all_faults_come_at_once_with_file_key_found_and_allowed(tmp_path: Path) -> None:
    folder = category_study(
        tmp_path / "broken",
        changes={
            "title": "",
            "colour": "red",
            "task": {"rank": 9, "speed": 3},
            "policy": {"name": "clever"},
            "recruitment": {"recruiters": ["direct", "moon"], "participants": 0},
            "screen": {"min_width": -1, "depth": 3},
        },
    )
    (folder / "consent.md").unlink()
    (folder / "debrief.md").write_text("")
    found = {(file, key) for file, key, *_ in faults_of(folder)}
    assert {
        ("study.toml", "title"),
        ("study.toml", "colour"),
        ("study.toml", "recruitment.participants"),
        ("study.toml", "screen.min_width"),
        ("study.toml", "screen.depth"),
        ("consent.md", ""),
        ("debrief.md", ""),
    } <= found


def test_unknown_keys_name_the_known_ones(tmp_path: Path) -> None:
    folder = category_study(tmp_path / "broken", changes={"screen": {"depth": 3}})
    [(_, key, found, allowed)] = faults_of(folder)
    assert (key, found) == ("screen.depth", "an unknown key")
    assert "min_width" in allowed
    assert "fullscreen" in allowed


def test_an_unknown_key_names_the_nearest_and_hides_no_other_fault(tmp_path: Path) -> None:
    changes = {"minuts": 5, "task": {"rank": 9}, "screen": {"dept": 3, "touch": True}}
    folder = category_study(tmp_path / "broken", changes=changes)
    found = {key: (what, allowed) for _, key, what, allowed in faults_of(folder)}
    assert set(found) == {"minuts", "screen.dept", "task.rank"}
    assert found["minuts"][1].startswith("minutes (this one?), comprehension, ")
    assert "(this one?)" not in found["screen.dept"][1]


def test_what_is_allowed_is_said_in_few_words(tmp_path: Path) -> None:
    narrow = category_study(tmp_path / "narrow", changes={"screen": {"min_width": -3}})
    [(*_, least)] = faults_of(narrow)
    assert least == "greater than or equal to 0"
    told = category_study(tmp_path / "told", changes={"task": {"feedback": ["traning"]}})
    assert {allowed for *_, allowed in faults_of(told)} == {"'practice', 'training' or 'test'"}


def test_what_waits_for_known_keys_is_told_too(tmp_path: Path) -> None:
    question = {"question": "?", "options": ["a", "b"], "answer": 7, "hint": "no"}
    folder = category_study(tmp_path / "broken", changes={"comprehension": [question]})
    [unknown, answer] = faults_of(folder)
    assert unknown[1:3] == ("comprehension.0.hint", "an unknown key")
    assert answer[1] == "comprehension.0" and "less than 2" in answer[3]


def test_plug_ins_and_their_parameters_are_checked(tmp_path: Path) -> None:
    folder = category_study(
        tmp_path / "broken",
        changes={
            "task": {"rank": 9, "speed": 3},
            "policy": {"name": "clever"},
            "recruitment": {"recruiters": ["direct", "moon"], "prolific": {"screened_out": None}},
        },
    )
    keyed = {key: (found, allowed) for _, key, found, allowed in faults_of(folder)}
    assert keyed["task.speed"][0] == "an unknown key"
    assert keyed["policy.name"] == (
        "'clever'",
        "balanced, constant_stimuli, expected_gain, fsrs, largest_error, leitner, mastery, "
        "quest_plus, random, scripted, staircase",
    )
    assert keyed["recruitment.recruiters"] == ("'moon'", "direct, mturk, panel, prolific")
    assert keyed["recruitment.prolific.screened_out"] == ("nothing", "a value")


def test_more_ranks_than_classes(tmp_path: Path) -> None:
    folder = category_study(tmp_path / "broken", changes={"task": {"rank": 4}})
    assert faults_of(folder) == [("study.toml", "task.rank", "4", "1 to 3, the number of classes")]


def test_missing_and_unreadable_images_and_labels(tmp_path: Path) -> None:
    folder = category_study(tmp_path / "broken")
    files: list[str] = []

    def spoil(rows: list[dict[str, str]]) -> None:
        files.extend(row["file"] for row in rows)
        (folder / rows[0]["file"]).unlink()
        (folder / rows[1]["file"]).write_bytes(b"no image at all")
        rows[2]["label"] = ""
        rows[3]["file"] = rows[4]["file"]
        rows[5]["file"] = "../../etc/passwd"
        rows[6]["label"] = "a|b"

    rewrite(folder / "stimuli.csv", spoil)
    found = "\n".join(" ".join(fault) for fault in faults_of(folder))
    assert f"row 2, file '{files[0]}', no such file" in found
    assert f"row 3, file '{files[1]}', which can't be read as an image" in found
    assert f"{files[2]}, label nothing" in found
    assert "row 6, file" in found
    assert "as in row 5" in found
    assert "'../../etc/passwd', no such file" in found
    assert "'a|b'" in found


def repeat_first(folder: Path, label: str | None = None) -> tuple[str, str]:
    """Copy the first picture of a study under another name, in a row of its own at the end."""
    names: list[str] = []

    def change(rows: list[dict[str, str]]) -> None:
        again = rows[0] | {"file": "again.png", "label": label or rows[0]["label"]}
        (folder / "again.png").write_bytes((folder / rows[0]["file"]).read_bytes())
        names.extend((rows[0]["file"], rows[0]["label"]))
        rows.append(again)

    rewrite(folder / "stimuli.csv", change)
    return names[0], names[1]


def test_one_picture_in_two_classes_is_a_fault_that_names_both(tmp_path: Path) -> None:
    folder = category_study(tmp_path / "twice")
    other = load_study(folder).content.stimuli[-1].label
    file, label = repeat_first(folder, other)
    assert label != other
    assert faults_of(folder) == [
        (
            "stimuli.csv",
            "again.png, label",
            f"{other!r} for the same picture as {file}, which is {label!r} there",
            "one class for one picture",
        )
    ]


def test_one_picture_twice_in_a_class_is_told_and_stands_once_in_the_tables(
    tmp_path: Path,
) -> None:
    folder = category_study(tmp_path / "twice")
    before = load_study(folder)
    assert before.remarks == ()
    file, _ = repeat_first(folder)
    loaded = load_study(folder)
    assert loaded.remarks == (f"stimuli.csv: the same picture has 2 names: {file}, again.png",)
    for rows in (stimulus_rows, item_rows):
        ids = [row["stimulus_id"] for row in rows(loaded.content)]
        assert ids == [row["stimulus_id"] for row in rows(before.content)]
        assert len(set(ids)) == len(ids)


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["1", "2", "30"], [1, 2, 30]),
        (["0.5", "1.50", "-2"], [0.5, 1.5, -2]),
        (["1e-05", "0.1", ""], [1e-05, 0.1, None]),
        (["1_2", "3", "4"], ["1_2", "3", "4"]),
        (["007", "008", "9"], ["007", "008", "9"]),
        (["12e3", "1", "2"], ["12e3", "1", "2"]),
        (["12345678901234567890", "1", "2"], ["12345678901234567890", "1", "2"]),
        (["0.12345678901234567890123", "1", ""], ["0.12345678901234567890123", "1", None]),
        (["nan", "1", "2"], ["nan", "1", "2"]),
        (["inf", "-inf", "1e999"], ["inf", "-inf", "1e999"]),
        (["+1", "1", "2"], ["+1", "1", "2"]),
        (["-0", "0", "1"], ["-0", "0", "1"]),
        (["n/a", "1.50", "2"], ["n/a", "1.50", "2"]),
        (["\u0663", "1", "2"], ["\u0663", "1", "2"]),
        (["", "", ""], [None, None, None]),
    ],
)
def test_a_number_is_one_that_comes_back_as_it_was_typed(
    tmp_path: Path, cells: list[str], values: list[Any]
) -> None:
    """And a column with one other cell stays text, as it was typed."""
    folder = category_study(tmp_path / "numbers")

    def change(rows: list[dict[str, str]]) -> None:
        for number, row in enumerate(rows):
            row["code"] = cells[number % 3]

    rewrite(folder / "stimuli.csv", change)
    found = [s.attributes["code"] for s in load_study(folder).content.stimuli[:3]]
    assert [(type(a), a) for a in found] == [(type(b), b) for b in values]


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ("file,label,label", "'label' more than once"),
        ("file,label,note,note", "'note' more than once"),
        ("file,label,,", "no name for column 3, 4"),
        ("file,label, ", "no name for column 3"),
    ],
)
def test_headers_that_could_be_misread_are_faults(tmp_path: Path, header: str, told: str) -> None:
    folder = category_study(tmp_path / "headers")
    path = folder / "stimuli.csv"
    _, *rows = path.read_text().splitlines()
    more = "," * (header.count(",") - 1)
    cells = [",".join(row.split(",")[:2]) + more for row in rows]
    path.write_text("\n".join([header, *cells]))
    (fault,) = faults_of(folder)
    assert fault[:3] == ("stimuli.csv", "header", told)


def test_cells_may_hold_line_breaks_and_files_a_byte_order_mark(tmp_path: Path) -> None:
    folder = category_study(tmp_path / "marks")

    def change(rows: list[dict[str, str]]) -> None:
        rows[0]["note"] = 'two\nlines, and "quotes"'
        for row in rows[1:]:
            row["note"] = "x"

    rewrite(folder / "stimuli.csv", change)
    before = load_study(folder).content
    assert before.stimuli[0].attributes["note"] == 'two\nlines, and "quotes"'
    for name in ("stimuli.csv", "study.toml", "consent.md", "debrief.md"):
        path = folder / name
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert load_study(folder).content.content_hash == before.content_hash


def test_see_through_pictures_are_told_once(tmp_path: Path) -> None:
    folder = category_study(tmp_path / "clear")

    def change(rows: list[dict[str, str]]) -> None:
        for number, alpha in enumerate((0, 128, 255)):
            name = f"clear{number}.png"
            Image.new("RGBA", (8, 8), (9 * number, 0, 200, alpha)).save(folder / name)
            rows[number]["file"] = name

    rewrite(folder / "stimuli.csv", change)
    (told,) = load_study(folder).remarks
    assert told.startswith("2 pictures have see-through parts (clear0.png, clear1.png): people")


def test_moving_pictures_are_told(tmp_path: Path) -> None:
    folder = category_study(tmp_path / "moving")

    def change(rows: list[dict[str, str]]) -> None:
        films = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue", "green")]
        films[0].save(folder / "film.gif", save_all=True, append_images=films[1:])
        rows[0]["file"] = "film.gif"

    rewrite(folder / "stimuli.csv", change)
    seen = "participants and machines see only the first"
    told = f"stimuli.csv: film.gif contains 3 pictures; {seen}"
    assert load_study(folder).remarks == (told,)
    run = CliRunner().invoke(cli, ["study", "validate", str(folder)], env={"COLUMNS": "200"})
    assert run.exit_code == 0 and told in run.output


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            {"recruitment": {"recruiters": ["direct"]}},
            "study.toml: recruitment.prolific is not used, because recruitment.recruiters names "
            "only direct",
        ),
        (
            {"payment": {"reward": 1, "bonus": {"base": 1, "phases": ["practice"]}}},
            "study.toml: payment.bonus.phases names 'practice', of which the study has no trials; "
            "it has training, test",
        ),
        (
            {"task": {"feedback": ["practice"]}},
            "study.toml: task.feedback names 'practice', of which the study has no trials; it has "
            "training, test",
        ),
        (
            {"recruitment": {"mturk": {"countries": ["UK"]}, "recruiters": ["mturk", "prolific"]}},
            "study.toml: recruitment.mturk.countries: 'UK' is not a country of ISO 3166 (Great "
            "Britain is 'GB')",
        ),
        (
            {"payment": {"currency": "EUO", "reward": 1}},
            "study.toml: payment.currency 'EUO' is not a currency of ISO 4217",
        ),
        ({"language": "germn"}, "study.toml: language 'germn' is not a language of ISO 639"),
        (
            {"language": "sv-FI"},
            "study.toml: language 'sv-FI': the page has no words in this language, so "
            "buttons and messages are English; available are ar, de, en, es, fr, he, it, ja, nl, "
            "pt, zh",
        ),
    ],
)
def test_names_that_refer_to_nothing_are_told(
    tmp_path: Path, change: dict[str, Any], told: str
) -> None:
    """Each of them was taken in silence, and did nothing."""
    assert load_study(category_study(tmp_path / "tiny")).remarks == ()
    assert load_study(category_study(tmp_path / "other", changes=change)).remarks == (told,)


def test_a_text_with_a_misspelt_name_is_told_with_the_nearest(tmp_path: Path) -> None:
    folder = category_study(tmp_path / "tiny")
    for name in ("declned.md", "README.md"):
        (folder / name).write_text("Thank you.")
    told = (
        "declned.md: studies have no text with this name (did you mean 'declined'?), so the file "
        "is not used"
    )
    assert load_study(folder).remarks == (told,)


def test_an_image_too_large_to_be_read_is_a_fault_with_file_and_size(tmp_path: Path) -> None:
    folder = category_study(tmp_path / "large")

    def change(rows: list[dict[str, str]]) -> None:
        Image.new("1", (14_000, 13_000)).save(folder / "large.png")
        rows[0]["file"] = "large.png"

    rewrite(folder / "stimuli.csv", change)
    ((_, key, found, _),) = faults_of(folder)
    assert key == "row 2, file"
    assert found == (
        "'large.png', which is 14,000 x 13,000 pixels large; at most 64 million pixels are allowed"
    )


HOSTILE: dict[str, tuple[str, str]] = {
    "digits": ("study.toml", f"x = {'9' * 6000}\n"),
    "nested lists": ("study.toml", f"x = {'[' * 5000}{']' * 5000}\n"),
    "nested tables": ("study.toml", f"[{'.'.join('a' * 3000)}]\n"),
    "a large file": ("study.toml", f"# {'x' * 600_000}\n"),
    "a large text": ("consent.md", "word " * 120_000),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_a_fault_like_all_others(tmp_path: Path, name: str) -> None:
    folder = category_study(tmp_path / "hostile")
    file, text = HOSTILE[name]
    (folder / file).write_text(text)
    ((where, _, found, allowed),) = faults_of(folder)
    assert where == file and len(found) < 300 and allowed


@pytest.mark.parametrize("minutes", ["inf", "nan", "-inf", "9" * 4000])
def test_a_number_that_is_none_is_told_in_short(tmp_path: Path, minutes: str) -> None:
    folder = category_study(tmp_path / "numbers")
    spec = (folder / "study.toml").read_text()
    (folder / "study.toml").write_text(spec.replace("minutes = 1", f"minutes = {minutes}"))
    ((_, key, found, _),) = faults_of(folder)
    assert key == "minutes" and len(found) < 300


@pytest.mark.parametrize("part", ["![", "![a](", "![[a]", "![a]", "](", "![]("])
def test_a_text_full_of_beginnings_of_pictures_is_a_fault(tmp_path: Path, part: str) -> None:
    """Searched to its end from each beginning, each of these would take a quarter of an hour."""
    folder = category_study(tmp_path / "hostile")
    (folder / "consent.md").write_text(part * (499_000 // len(part)))
    if "[" not in part:
        assert load_study(folder).content.texts["consent"]
        return
    ((file, _, found, allowed),) = faults_of(folder)
    assert (file, allowed) == ("consent.md", "5,000 at most") and "opening brackets" in found
    (folder / "consent.md").write_text(part * (5_000 // part.count("[")) + "x " * 200_000)
    assert load_study(folder).content.texts["consent"]


def test_the_description_of_a_picture_may_hold_brackets(tmp_path: Path) -> None:
    folder = category_study(tmp_path / "brackets")
    Image.new("RGB", (8, 8)).save(folder / "x.png")
    (folder / "consent.md").write_text("![a disc [red], as \\[3\\] shows](x.png) and ![](x.png)")
    text = load_study(folder).content.texts["consent"]
    assert text.count("](/a/") == 2 and "x.png" not in text


def test_a_label_without_a_second_class(tmp_path: Path) -> None:
    folder = category_study(tmp_path / "broken", changes={"task": {"rank": 1}})
    rewrite(folder / "stimuli.csv", lambda rows: [row.update(label="Same") for row in rows])
    assert any("the classes Same" in found for _, _, found, _ in faults_of(folder))


def test_fewer_stimuli_than_trials(tmp_path: Path) -> None:
    folder = category_study(tmp_path / "broken", training=20, test=5)
    [(file, key, found, _)] = faults_of(folder)
    assert (file, key) == ("study.toml", "policy")
    assert "25 trials" in found
    assert "24" in found


def test_fewer_items_than_trials(tmp_path: Path) -> None:
    folder = two_afc_study(tmp_path / "broken", changes={"phases": {"catch": 3}})
    assert ("items.csv", "kind", "1 items of kind catch", "3 or more, as many as trials") in (
        faults_of(folder)
    )


def test_items_that_do_not_fit(tmp_path: Path) -> None:
    folder = two_afc_study(tmp_path / "broken")

    def spoil(rows: list[dict[str, str]]) -> None:
        rows[0]["positives"] = rows[0]["positives"].rsplit(";", 1)[0]
        rows[1]["kind"] = "exam"
        rows[2]["query_positive"] = "stimuli/none.png"

    rewrite(folder / "items.csv", spoil)
    found = "\n".join(" ".join(fault) for fault in faults_of(folder))
    assert "item-00, positives 8 images 9" in found
    assert "item-01, kind 'exam'" in found
    assert "'stimuli/none.png'" in found


def test_missing_columns(tmp_path: Path) -> None:
    folder = category_study(tmp_path / "broken")
    (folder / "stimuli.csv").write_text("picture,class\na.png,A\n")
    assert any(
        key == "header" and "file, label" in allowed for _, key, _, allowed in faults_of(folder)
    )


def test_a_toml_that_is_none(tmp_path: Path) -> None:
    folder = category_study(tmp_path / "broken")
    (folder / "study.toml").write_text("title = \n")
    [(file, _, found, allowed)] = faults_of(folder)
    assert file == "study.toml"
    assert "line 1" in found
    assert "TOML" in allowed


def test_an_empty_folder(tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    assert {file for file, *_ in faults_of(folder)} == {
        "study.toml", "consent.md", "instructions.md", "debrief.md",
    }  # fmt: skip


@pytest.mark.parametrize(
    "written",
    [
        "![words](assets/my pic.png)",  # no picture to CommonMark: it is shown as it stands
        "![words](<assets/my pic.png>)",
        "![words](assets/my%20pic.png)",
        '![words](<assets/my pic.png> "a title")',
        "![words](assets/plain.png 'a title')",
        "![words][one]\n\n[one]: <assets/my pic.png> 'a title'",
        "![one]\n\n[one]: assets/plain.png",
        "![one][]\n\n[one]:\n   assets/plain.png",
        "![words](assets/brackets(1).png)",
        r"![words](assets/brackets\(1\).png)",
        "![words [in] words](assets/a&amp;b.png)",
        "- ![words](assets/plain.png) and ![words](<assets/my pic.png>)",
        "| a |\n| - |\n| ![words](assets/plain.png) |",
    ],
)
def test_every_picture_that_a_participant_is_shown_is_there(tmp_path: Path, written: str) -> None:
    """However it is written: once only the plainest way was looked at, and others led nowhere."""
    folder = category_study(tmp_path / "pictures", texts={"debrief.md": f"# End\n\n{written}\n"})
    (folder / "assets").mkdir(exist_ok=True)
    for number, name in enumerate(("my pic", "plain", "brackets(1)", "a&b")):
        Image.new("RGB", (8, 8), (90 * number, 0, 0)).save(folder / "assets" / f"{name}.png")
    loaded = load_study(folder)
    shown = re.findall('src="([^"]*)"', texts.text(loaded.content, "debrief", ""))
    assert all(source.removeprefix("/a/") in loaded.images for source in shown)
    assert len(shown) == len(texts.pictures(written))


def test_pictures_of_texts_are_found_or_told(tmp_path: Path) -> None:
    folder = category_study(
        tmp_path / "pictures",
        texts={"instructions.md": "# Look\n\n![good](assets/a.png) ![bad](assets/b.png)"},
    )
    (folder / "assets").mkdir()
    Image.new("RGB", (4, 4), "red").save(folder / "assets" / "a.png")
    assert [f[:3] for f in faults_of(folder)] == [
        ("instructions.md", "picture", "'assets/b.png', no such file")
    ]
    Image.new("RGB", (4, 4), "blue").save(folder / "assets" / "b.png")
    assert load_study(folder).content.texts["instructions"].count("/a/") == 2


@pytest.mark.parametrize(
    "change",
    [
        lambda f: (f / "consent.md").write_text("# Other words"),
        lambda f: (f / "study.toml").write_text((f / "study.toml").read_text() + "\n# x\n"),
        lambda f: Image.new("RGB", (9, 9), "red").save(sorted((f / "stimuli").iterdir())[0]),
        lambda f: rewrite(f / "stimuli.csv", lambda rows: rows.reverse()),
    ],
    ids=["a text", "a comment", "an image", "the order of the manifest"],
)
def test_the_content_hash_changes_exactly_with_the_content(
    change: Callable[[Path], Any], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    folder = category_study(tmp_path / "hashed")
    before = load_study(folder).content.content_hash
    assert load_study(folder).content.content_hash == before
    change(folder)
    same = load_study(folder).content.content_hash == before
    assert same == ("a comment" in request.node.name)


def test_a_generator_builds_the_stimuli(tmp_path: Path) -> None:
    folder = category_study(
        tmp_path / "built", changes={"stimuli": {"generator": "generate.py", "seed": 5}}
    )
    (folder / "generate.py").write_text(
        "def build(folder, seed):\n    (folder / 'seed.txt').write_text(str(seed))\n"
    )
    assert build_study(folder)
    assert (folder / "seed.txt").read_text() == "5"


@pytest.mark.parametrize(
    "code", ["", "def build(folder, seed):\n    raise RuntimeError('broke')\n"]
)
def test_a_generator_that_fails_is_a_fault(code: str, tmp_path: Path) -> None:
    folder = category_study(tmp_path / "built", changes={"stimuli": {"generator": "generate.py"}})
    (folder / "generate.py").write_text(code)
    with pytest.raises(StudyFault, match=r"generate\.py"):
        build_study(folder)


def test_a_generator_outside_the_folder_is_never_run(tmp_path: Path) -> None:
    (tmp_path / "evil.py").write_text("def build(folder, seed):\n    raise SystemExit\n")
    folder = category_study(tmp_path / "s", changes={"stimuli": {"generator": "../evil.py"}})
    with pytest.raises(StudyFault, match=r"stimuli\.generator"):
        build_study(folder)


def _linked_text(folder: Path) -> None:
    (folder.parent / "elsewhere.txt").write_text("a secret of the machine")
    (folder / "consent.md").unlink()
    (folder / "consent.md").symlink_to(folder.parent / "elsewhere.txt")


def _linked_toml(folder: Path) -> None:
    (folder / "study.toml").rename(folder.parent / "elsewhere.toml")
    (folder / "study.toml").symlink_to(folder.parent / "elsewhere.toml")


def _manifest(text: str) -> Callable[[Path], Any]:
    return lambda folder: (folder / "stimuli.csv").write_text(text)


def _nul_title(folder: Path) -> None:
    path = folder / "study.toml"
    path.write_text(path.read_text().replace("Tiny creatures", "Tiny\\u0000creatures"))


@pytest.mark.parametrize(
    "change, file",
    [
        (_linked_text, "consent.md"),
        (_linked_toml, "study.toml"),
        (_manifest("file,label\n../elsewhere.png,a\n"), "stimuli.csv"),
        (_manifest("file,label\nstimuli/000.png\0,a\n"), "stimuli.csv"),
        (_manifest('file,label,"=HYPERLINK(""http://x"")"\nstimuli/000.png,a,1\n'), "stimuli.csv"),
        (_manifest("file,label,@size\nstimuli/000.png,a,1\n"), "stimuli.csv"),
        (_manifest(f"file,label\n{'x' * 200_000},a\n"), "stimuli.csv"),
        (_manifest(f"file,label\n{'x' * 5_000}.png,a\n"), "stimuli.csv"),
        (lambda folder: (folder / "debrief.md").write_text("Thank\0you"), "debrief.md"),
        (lambda folder: (folder / "debrief.md").write_text(f"![x]({'x' * 5000})"), "debrief.md"),
        (_nul_title, "study.toml"),
    ],
)
def test_files_elsewhere_and_texts_that_no_database_takes_are_faults_in_words(
    tmp_path: Path, change: Callable[[Path], Any], file: str
) -> None:
    folder = category_study(tmp_path / "odd")
    change(folder)
    assert file in {fault[0] for fault in faults_of(folder)}
