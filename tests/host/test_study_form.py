"""study.toml as a form: each key of the schema, and a text that keeps what was not changed."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from support.dashboard import researcher
from support.draft_pages import hidden

from diptych.authoring import study_form
from diptych.authoring.toml_lines import line_of
from diptych.ground.settings import Settings
from diptych.study.spec import StudySpec

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted((ROOT / "platform/diptych/tasks").glob("*/scaffold/study.toml"))
STUDIES = [*TEMPLATES, *sorted((ROOT / "studies").glob("*/study.toml"))]
TEXT = TEMPLATES[0].read_text(encoding="utf-8")


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: f"{path.parts[-3]}-{path.parts[-2]}")
def test_a_form_that_is_sent_unchanged_changes_nothing(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    form = study_form.form_of(text)
    typed = {field.key: field.value for group in form.groups for field in group.fields}
    assert study_form.changed(text, typed) == text
    emptied = study_form.changed(text, {"title": "", "task.name": ""})
    assert "title" not in tomllib.loads(emptied)


def test_every_key_of_the_schema_is_in_the_form() -> None:
    text = TEXT
    for name in ("conditions", "comprehension", "part", "questions_before", "questions_after"):
        text = study_form.with_table(text, name)
    StudySpec.model_validate(tomllib.loads(text))
    form = study_form.form_of(text)
    keys = {field.key for group in form.groups for field in group.fields}
    assert set(_keys(StudySpec.model_json_schema())) <= keys
    assert all(field.meaning for group in form.groups for field in group.fields)


def _keys(schema: dict[str, Any]) -> list[str]:
    """Keys of the schema by a walk of its own; the first entry of each list of tables."""

    def walk(part: dict[str, Any], key: str) -> list[str]:
        while "$ref" in part or "anyOf" in part:
            if "$ref" in part:
                part = schema["$defs"][part["$ref"].split("/")[-1]]
            else:
                part = next(each for each in part["anyOf"] if each.get("type") != "null")
        if part.get("type") == "object":
            inside = part.get("properties", {})
            return [found for n, each in inside.items() for found in walk(each, f"{key}.{n}")]
        items = part.get("items", {})
        if "$ref" in items:
            return walk(items, f"{key}.0")
        return [key.lstrip(".")]

    return walk(schema, "")


@given(
    participants=st.integers(1, 10_000),
    reward=st.decimals(0, 100, places=2),
    title=st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=60),
)
def test_what_is_typed_is_what_is_read(participants: int, reward: Any, title: str) -> None:
    typed = {
        "recruitment.participants": str(participants),
        "payment.reward": str(reward),
        "title": title,
        "quality.max_fast_share": "",
        "privacy.answers_days": "90",
    }
    text = study_form.changed(TEXT, typed)
    data = tomllib.loads(text)
    assert data["recruitment"]["participants"] == participants
    assert data["payment"]["reward"] == float(reward)
    assert data["title"] == title
    assert "max_fast_share" not in data["quality"] and data["privacy"] == {"answers_days": 90}
    before = tomllib.loads(TEXT)
    for changed in (before, data):
        for table, key in (
            ("recruitment", "participants"), ("payment", "reward"), ("quality", "max_fast_share"),
        ):  # fmt: skip
            changed[table].pop(key, None)
        changed.pop("title")
        changed.pop("privacy", None)
    assert data == before
    comments = [line.partition("#")[2] for line in TEXT.splitlines() if "#" in line]
    kept = [comment for comment in comments if comment in text]
    assert len(comments) - len(kept) <= 1  # that of the key that was taken out


def test_tables_are_added_and_taken_out() -> None:
    text = study_form.with_table(study_form.with_table(TEXT, "conditions"), "conditions")
    assert [c["name"] for c in tomllib.loads(text)["conditions"]] == ["condition_1", "condition_2"]
    text = study_form.changed(text, {"conditions.1.policy.name": "balanced"})
    assert tomllib.loads(text)["conditions"][1]["policy"] == {"name": "balanced"}
    assert line_of(text, "conditions.1.policy.name") == (
        text.splitlines().index('name = "balanced"') + 1
    )
    text = study_form.without_table(text, "conditions", 0)
    text = study_form.without_table(text, "conditions", 0)
    assert tomllib.loads(text) == tomllib.loads(TEXT)


def test_the_form_saves_and_shows_faults_beside_their_fields(
    app: Flask, settings: Settings
) -> None:
    ada = researcher(app, None, name="ada")
    ada.post("/new", {"name": "pets", "task": "category_learning", "images": "own"})
    where, path = "/studies/pets/edit/form", settings.studies / "pets" / "study.toml"
    page = ada.get(where).text
    assert 'name="key:recruitment.participants"' in page
    form = {"seen": hidden(page, "seen"), "key:recruitment.participants": "many"}
    assert ada.post(where, form).status_code == 303
    page = ada.get(where).text
    at = page.index('name="key:recruitment.participants"')
    assert 'aria-invalid="true"' in page[at : at + 300]
    assert "Found &#39;many&#39;" in page[at : at + 600]
    stale = ada.post(where, {**form, "key:recruitment.participants": "7", "key:title": "Mine"})
    assert stale.status_code == 409
    assert "changed after you opened" in stale.text and 'value="Mine"' in stale.text
    assert 'participants = "many"' in path.read_text()
    again = {"seen": hidden(stale.text, "seen"), "key:recruitment.participants": "7"}
    assert ada.post(where, {**again, "add": "conditions"}).status_code == 303
    data = tomllib.loads(path.read_text())
    assert data["recruitment"]["participants"] == 7 and len(data["conditions"]) == 1
    form = {"seen": hidden(ada.get(where).text, "seen"), "drop": "conditions.0"}
    assert ada.post(where, form).status_code == 303
    assert "conditions" not in tomllib.loads(path.read_text())
    for wrong in ({"add": "payment"}, {"drop": "conditions.9"}, {"drop": "part.x"}):
        form = {"seen": hidden(ada.get(where).text, "seen"), **wrong}
        assert ada.post(where, form).status_code == 422
    path.write_text("title = [")
    assert ada.get(where).status_code == 303
