"""What somebody agreed to is told for each session, however often the text has changed since."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from support.exports import table_in
from support.tiny_studies import category_study
from support.walker import Walker, open_study, rows

from diptych import models
from diptych.export.tables import export_study
from diptych.privacy import withdrawal


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return category_study(tmp_path / "studies" / "tiny")


def told(app: Flask, walker: Walker) -> dict[str, Any]:
    """What the host can tell of a session's person."""
    with app.app_context():
        (session,) = withdrawal.export(withdrawal.by_name(walker.public_id))["sessions"]
    return session


def test_each_session_keeps_the_text_it_agreed_to(app: Flask, folder: Path, tmp_path: Path) -> None:
    walkers = []
    for text in ("I agree to be in a **first** study.", "I agree to be in a **second** study."):
        (folder / "consent.md").write_text(f"# Consent\n\n{text}\n")
        open_study(app, folder)
        walker = Walker(app.test_client()).enter()
        shown = walker.state["content"]["html"]
        assert text.split("**")[1] in shown
        # The next version may be open before somebody has read this one.
        (folder / "consent.md").write_text("# Consent\n\nI agree to something else.\n")
        open_study(app, folder)
        assert told(app, walker)["consented_at"] is None
        walker.take("consent", agreed=True)
        walkers.append((walker, text))
    versions = set()
    for walker, text in walkers:
        session = told(app, walker)
        assert text in session["consent_text"]
        assert session["consented_at"] >= session["entered_at"]
        versions.add(session["content_hash"])
    assert len(versions) == 2
    with app.app_context():
        export_study(app.extensions["diptych"], "tiny", tmp_path / "out", ("csv",))
    with table_in(tmp_path / "out", "sessions").open(encoding="utf-8") as file:
        exported = list(csv.DictReader(file))
    assert {row["study_version"] for row in exported} == {version[:12] for version in versions}
    assert all(row["consented_at"] for row in exported)


def test_who_declines_has_agreed_to_nothing(app: Flask, folder: Path) -> None:
    open_study(app, folder)
    walker = Walker(app.test_client()).enter()
    walker.take("consent", agreed=False)
    (session,) = rows(app, models.Session)
    assert (session["consented_at"], session["participant_id"]) == (None, None)
    assert (session["status"], session["browser"], session["seed"]) == ("declined", {}, 0)
    assert rows(app, models.Participant) == rows(app, models.Arrival) == []
