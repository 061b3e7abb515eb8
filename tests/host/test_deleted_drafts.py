"""Drafts are deleted and restored: the name is free in between, and no file is lost."""

from __future__ import annotations

import re
from pathlib import Path

from flask import Flask
from support.dashboard import Researcher, researcher
from support.draft_pages import save
from support.tiny_studies import category_study
from support.walker import open_study, rows

from diptych import models
from diptych.ground.settings import Settings


def make(who: Researcher, title: str) -> None:
    form = {"name": "pets", "task": "category_learning", "title": title, "images": "own"}
    assert who.post("/new", form).status_code == 303


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}


def restore_address(who: Researcher) -> str:
    found = re.search(r'action="/dashboard(/deleted/\d+/restore)"', who.get("/studies").text)
    assert found is not None
    return found[1]


def test_a_draft_is_deleted_its_name_used_again_and_restored(
    app: Flask, settings: Settings
) -> None:
    ada = researcher(app, None, name="ada")
    make(ada, "Pets")
    save(ada, "pets", "consent.md", "# Consent\n\nMine.\n")
    before = files(settings.studies / "pets")
    assert ada.post("/studies/pets/edit/delete").status_code == 303
    assert ada.get("/studies/pets/edit").status_code == 404
    assert not (settings.studies / "pets").exists()
    (row,) = rows(app, models.Study)
    assert ada.get(f"/studies/{row['name']}/edit").status_code == 404
    restore = restore_address(ada)
    assert researcher(app, None, name="bob").post(restore).status_code == 404
    make(ada, "Others")
    assert "Others" in ada.get("/studies/pets/edit").text
    assert "pets" in ada.post(restore).text and rows(app, models.Study, state="deleted")
    assert ada.post("/studies/pets/edit/delete").status_code == 303
    assert ada.post(restore).status_code == 303
    assert files(settings.studies / "pets") == before
    assert "Mine" in ada.get("/studies/pets/edit/file/consent.md").text
    actions = [row["action"] for row in rows(app, models.AuditEntry)]
    assert actions.count("draft.delete") == 2 and actions.count("draft.restore") == 1


def test_only_an_owner_deletes_and_only_a_draft(app: Flask, settings: Settings) -> None:

    make(researcher(app, None, name="ada"), "Pets")
    editor = researcher(app, "editor", "pets")
    assert editor.post("/studies/pets/edit/delete").status_code == 403
    open_study(app, category_study(settings.studies / "tiny", training=1, test=1))
    owner = researcher(app, "owner", "tiny")
    reply = owner.post("/studies/tiny/edit/delete")
    assert reply.status_code == 409 and "Close it instead" in reply.text
    assert (settings.studies / "tiny" / "study.toml").is_file()
    assert "Delete" not in owner.get("/studies/tiny/edit").text
