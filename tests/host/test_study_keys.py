"""Keys for trying a study: whose they are, how long they work, and how they are revoked."""

from __future__ import annotations

import re

import pytest
from click.testing import CliRunner
from flask import Flask
from support.dashboard import Researcher, researcher
from support.tiny_studies import category_study
from support.walker import Walker, open_study, rows

from diptych import models
from diptych.accounts import administration, users
from diptych.cli import cli
from diptych.ground.keys import PURPOSES, named_key, study_key
from diptych.ground.settings import Settings

pytestmark = pytest.mark.both_databases


@pytest.fixture
def tiny(app: Flask, settings: Settings) -> Flask:
    open_study(app, category_study(settings.studies / "tiny"))
    return app


def make(who: Researcher, purpose: str) -> str:
    """Make a key on the page, and read it there."""
    done = who.post("/studies/tiny/recruitment/keys", {"purpose": purpose})
    assert done.status_code == 302, done.text
    page = who.get("/studies/tiny/recruitment").text
    found = re.search(rf"(?:{purpose}=|observer machine [^<]*--key )([\w.-]+)", page)
    assert found is not None
    return found[1]


def kind_with(app: Flask, purpose: str, key: str) -> str | None:
    """The kind of participant that a key makes of somebody; None where it is refused."""
    walker = Walker(app.test_client())
    reply = walker.arrive(**{purpose: key})
    if reply.status_code == 403:
        return None
    assert reply.status_code == 201, reply.text
    (session,) = rows(app, models.Session, public_id=walker.public_id)
    return str(session["kind"])


@pytest.mark.parametrize(
    ("purpose", "kind"),
    [("preview", "preview"), ("simulate", "simulated"), ("machine", "machine")],
)
def test_a_key_works_for_its_purpose_until_it_is_revoked(
    tiny: Flask, purpose: str, kind: str
) -> None:
    editor, other = researcher(tiny, "editor"), researcher(tiny, "owner")
    key = make(editor, purpose)
    assert make(editor, purpose) == key  # not a new one each time
    assert kind_with(tiny, purpose, key) == kind
    for another in set(PURPOSES) - {purpose}:
        assert kind_with(tiny, another, key) is None
    (row,) = rows(tiny, models.StudyKey)
    assert row["last_used_at"] is not None and key.startswith(row["name"])
    page = other.get("/studies/tiny/recruitment").text
    assert "by editor" in page and row["name"] in page
    assert key not in page  # others see that there is one, not what it is
    address = f"/studies/tiny/recruitment/keys/{row['name']}/revoke"
    assert other.post(address).status_code == 302
    assert kind_with(tiny, purpose, key) is None
    assert other.post(address).status_code == 404
    assert make(editor, purpose) != key
    actions = [entry["action"] for entry in rows(tiny, models.AuditEntry)]
    assert [a for a in actions if a.startswith("key.")] == ["key.make", "key.revoke", "key.make"]


@pytest.mark.parametrize("how", ["disabled", "no member", "viewer"])
def test_a_key_does_not_outlive_what_its_account_may_do(tiny: Flask, how: str) -> None:
    editor = researcher(tiny, "editor")
    simulate, preview = make(editor, "simulate"), make(editor, "preview")
    (study,) = rows(tiny, models.Study)
    with tiny.app_context():
        if how == "disabled":
            administration.disable(editor.user, by=None)
        else:
            users.set_role(editor.user, study["id"], None if how == "no member" else "viewer")
    assert kind_with(tiny, "simulate", simulate) is None
    assert (kind_with(tiny, "preview", preview) == "preview") is (how == "viewer")
    page = researcher(tiny, "owner").get("/studies/tiny/recruitment").text
    assert "no longer works" in page


def test_viewers_take_it_themselves_and_make_no_other_keys(tiny: Flask) -> None:
    viewer = researcher(tiny, "viewer")
    done = viewer.post("/studies/tiny/versions/preview/take")
    assert done.status_code == 303
    key = done.headers["Location"].partition("preview=")[2]
    assert kind_with(tiny, "preview", key) == "preview"
    assert viewer.post("/studies/tiny/recruitment/keys", {"purpose": "simulate"}).status_code == 403
    assert key not in viewer.get("/studies/tiny/recruitment").text
    owner = researcher(tiny, "owner")
    assert owner.post("/studies/tiny/recruitment/keys", {"purpose": "pay"}).status_code == 400


def test_made_up_keys_open_nothing(tiny: Flask) -> None:
    secret = tiny.extensions["diptych"].secret
    assert kind_with(tiny, "preview", study_key(secret, "preview", "tiny")) == "preview"
    key = make(researcher(tiny, "editor"), "preview")
    name, _, proof = key.partition(".")
    for made_up in (
        "",
        ".",
        name,
        proof,
        f"{name}.",
        f"{name}x.{proof}",
        "a" * 5000,
        "é.ü",
        "\ud800",
    ):
        assert kind_with(tiny, "preview", made_up) is None
    # Well signed, but nobody has made it.
    assert kind_with(tiny, "preview", named_key(secret, "preview", "tiny", "0" * 12)) is None
    assert kind_with(tiny, "preview", study_key(secret, "simulate", "tiny")) is None


def test_the_command_line_lists_and_revokes(
    tiny: Flask, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIPTYCH_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("DIPTYCH_HOME", str(settings.home))
    monkeypatch.setenv("DIPTYCH_SECRET_KEY", settings.secret_key)

    def diptych(*arguments: str) -> str:
        done = CliRunner().invoke(cli, ["study", *arguments], env={"COLUMNS": "200"})
        return f"{done.exit_code} {done.output}"

    assert "tiny has no keys." in diptych("keys", "tiny")
    told = diptych("open", str(settings.studies / "tiny"))
    key = told.partition("preview=")[2].split()[0]
    assert kind_with(tiny, "preview", key) == "preview"
    listed = diptych("keys", "tiny")
    name = key.partition(".")[0]
    assert name in listed and "command line" in listed and "preview" in listed
    assert "is revoked" in diptych("keys", "tiny", "--revoke", name)
    assert kind_with(tiny, "preview", key) is None
    assert diptych("keys", "tiny", "--revoke", name).startswith("1 Error: tiny has no key")
    done = CliRunner().invoke(cli, ["study", "keys", "nowhere"])
    assert done.exit_code == 1
