"""Opening a study freezes it; a change makes a new version and leaves running sessions alone."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import event, select
from support.tiny_studies import category_study

from diptych import models
from diptych.authoring import load_study
from diptych.ground.database import db, reading
from diptych.study.versions import (
    UnknownStudy,
    current_version,
    freeze,
    frozen,
    overview,
    set_state,
    study_state,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return category_study(tmp_path / "studies" / "changing")


def enter(client: FlaskClient, **entry: str) -> dict:
    reply = client.post("/api/v1/sessions", json={"study": "changing", "entry": entry})
    assert reply.status_code in (200, 201), reply.text
    return reply.get_json()


def consent(client: FlaskClient, token: str) -> dict:
    headers = {"Authorization": f"Bearer {token}"}
    return client.post(
        "/api/v1/session/steps/consent", json={"agreed": True}, headers=headers
    ).get_json()


@pytest.mark.both_databases
def test_what_is_frozen_is_what_was_loaded(app: Flask, folder: Path) -> None:
    loaded = load_study(folder).content
    with app.app_context():
        version, is_new = freeze(load_study(folder), opening=True)
        assert is_new
        assert frozen(version) == loaded
        assert freeze(load_study(folder), opening=True) == (version, False)


def test_a_change_makes_a_version_and_leaves_running_sessions(
    app: Flask, client: FlaskClient, folder: Path
) -> None:
    with app.app_context():
        freeze(load_study(folder), opening=True)
    before = enter(client)
    (folder / "instructions.md").write_text("# Quite other instructions")
    with app.app_context():
        _, is_new = freeze(load_study(folder), opening=True)
        assert is_new
    assert "Quite other" not in str(consent(client, before["token"])["content"]["pages"])
    assert "Quite other" in str(consent(client, enter(client)["token"])["content"]["pages"])


@pytest.mark.both_databases
def test_images_of_a_running_session_survive_their_files(
    app: Flask, client: FlaskClient, folder: Path
) -> None:
    with app.app_context():
        freeze(load_study(folder), opening=True)
    token = enter(client)["token"]
    consent(client, token)
    headers = {"Authorization": f"Bearer {token}"}
    urls = client.get("/api/v1/session/images", headers=headers).get_json()["images"]
    for number, path in enumerate((folder / "stimuli").iterdir()):
        Image.new("RGB", (3, 3), (number, 0, 0)).save(path)
    with app.app_context():
        freeze(load_study(folder), opening=True)
    for url in urls:
        reply = client.get(url)
        assert reply.status_code == 200
        assert len(reply.data) > 100


def test_images_are_encoded_once_when_they_are_frozen(
    app: Flask, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    formats: list[str | None] = []
    save = Image.Image.save

    def note(image: Image.Image, fp: io.BytesIO, format: str | None = None) -> None:
        formats.append(format)
        save(image, fp, format)

    monkeypatch.setattr(Image.Image, "save", note)
    loaded = load_study(folder)
    assert formats == []
    with app.app_context():
        freeze(loaded, opening=True)
        assert formats == ["PNG"] * len(loaded.images)
        freeze(load_study(folder), opening=True)
        (folder / "debrief.md").write_text("# Other")
        _, is_new = freeze(load_study(folder), opening=True)
    assert is_new
    assert len(formats) == len(loaded.images)


def test_freezing_looks_up_only_the_images_of_its_study(app: Flask, folder: Path) -> None:
    """Images of all other studies on the host would be thousands of hashes."""
    asked: list[str] = []

    def note(connection: object, cursor: object, statement: str, *rest: object) -> None:
        if "FROM images" in statement:
            asked.append(statement)

    loaded = load_study(folder)
    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", note)
        try:
            freeze(loaded, opening=True)
        finally:
            event.remove(db.engine, "before_cursor_execute", note)
    assert asked and all("hash IN" in statement for statement in asked)


def test_the_stored_image_is_the_one_that_was_read(app: Flask, folder: Path) -> None:
    loaded = load_study(folder)
    stimulus = loaded.content.stimuli[0]
    with Image.open(folder / stimulus.file) as image:
        size, before = image.size, image.convert("RGB").tobytes()
    Image.new("RGB", (3, 3), "black").save(folder / stimulus.file)
    with app.app_context():
        freeze(loaded, opening=True)
        with reading() as connection:
            data = connection.execute(
                select(models.Image.data).where(models.Image.hash == stimulus.stimulus_id)
            ).scalar_one()
    with Image.open(io.BytesIO(data)) as stored:
        assert (stored.size, stored.convert("RGB").tobytes()) == (size, before)


def test_going_back_to_an_earlier_content_opens_that_version_again(
    app: Flask, folder: Path
) -> None:
    text = (folder / "debrief.md").read_text()
    with app.app_context():
        first, _ = freeze(load_study(folder), opening=True)
        (folder / "debrief.md").write_text("# Other")
        second, _ = freeze(load_study(folder), opening=True)
        assert current_version("changing")[1] == second
        (folder / "debrief.md").write_text(text)
        assert freeze(load_study(folder), opening=True) == (first, False)
        assert current_version("changing")[1] == first


def test_a_preview_of_a_change_does_not_reach_participants(app: Flask, folder: Path) -> None:
    with app.app_context():
        opened, _ = freeze(load_study(folder), opening=True)
        (folder / "debrief.md").write_text("# Other")
        previewed, _ = freeze(load_study(folder), opening=False)
        assert current_version("changing")[1] == opened
        assert current_version("changing", preview=True)[1] == previewed
        assert study_state("changing") == "open"


def test_a_study_that_was_only_previewed_lets_nobody_in(
    app: Flask, client: FlaskClient, folder: Path
) -> None:
    with app.app_context():
        freeze(load_study(folder), opening=False)
    reply = client.post("/api/v1/sessions", json={"study": "changing"})
    assert reply.get_json()["error"]["code"] == "unknown_study"


def test_states(app: Flask, client: FlaskClient, folder: Path) -> None:
    with app.app_context():
        freeze(load_study(folder), opening=True)
    running = enter(client)["token"]
    for state, code in (("paused", "study_paused"), ("closed", "study_closed")):
        with app.app_context():
            set_state("changing", state)
            assert study_state("changing") == state
        reply = client.post("/api/v1/sessions", json={"study": "changing"})
        assert reply.status_code == 409
        assert reply.get_json()["error"]["code"] == code
    assert consent(client, running)["step"] == "instructions", "running sessions go on"


def test_several_studies_live_on_one_host(app: Flask, tmp_path: Path) -> None:
    with app.app_context():
        for name in ("one", "two"):
            freeze(load_study(category_study(tmp_path / "studies" / name)), opening=True)
        assert [row["name"] for row in overview()] == ["one", "two"]
        with pytest.raises(UnknownStudy):
            study_state("three")
