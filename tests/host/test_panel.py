"""The recruiter `panel`: ids in, addresses out, and personal links for a list."""

from __future__ import annotations

import csv
import io
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from click.testing import CliRunner
from flask import Flask
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError
from support.dashboard import researcher
from support.tiny_studies import category_study
from support.walker import Walker, error_code, open_study, rows

from diptych import models
from diptych.cli import cli
from diptych.ground.settings import Settings
from diptych.recruiters import ArrivalFault, for_entry
from diptych.recruiters.panel import Panel, PanelParameters
from diptych.recruiters.panel.personal_links import ListFault, with_links
from diptych.recruiters.panel.return_address import check, fill

BACK = "https://school.sona-systems.com/webstudy_credit.aspx"
CREDIT = f"{BACK}?experiment_id=7&credit_token=abc&survey_code={{sona_id}}"
SONA = {"id": "sona_id", "place": "SONA", "completed": CREDIT}
CONNECT = {
    "id": "participantId",
    "keep": ["assignmentId", "projectId"],
    "completed_code": "C0DE",
    "declined": "https://connect.example.org/back?a={assignmentId}&p={projectId}",
}


def panel(**keys: Any) -> Panel:
    return Panel(PanelParameters.model_validate(keys), Settings())


def make(app: Flask, folder: Path, **keys: Any) -> None:
    recruitment = {"recruiters": ["panel"], "prolific": None, "panel": keys}
    changes = {"recruitment": recruitment}
    open_study(app, category_study(folder / "tiny", training=1, test=1, changes=changes))


def test_from_sona_and_back(app: Flask, tmp_path: Path) -> None:
    make(app, tmp_path, **SONA)
    walker = Walker(app.test_client()).start(sona_id="a@b.org", experiment="7").finish()
    assert walker.state["content"]["exit"] == {
        "kind": "redirect",
        "url": f"{BACK}?experiment_id=7&credit_token=abc&survey_code=a%40b.org",
        "place": "SONA",
        "code": None,
    }
    again = Walker(app.test_client()).enter(sona_id="a@b.org")
    assert again.step_name == "end", "one id is one participant"
    assert [row["recruiter"] for row in rows(app, models.Session)] == ["panel"]
    assert error_code(Walker(app.test_client()).arrive()) == "not_eligible"
    assert error_code(Walker(app.test_client()).arrive(sona_id="%SURVEY_CODE%")) == "not_eligible"


def test_connect_shares_a_parameter_with_mturk(app: Flask, tmp_path: Path) -> None:
    make(app, tmp_path, **CONNECT)
    ids = {"participantId": "P01.2", "assignmentId": "A1", "projectId": "J"}
    walker = Walker(app.test_client()).start(**ids).finish()
    assert walker.state["content"]["exit"] == {"kind": "code", "code": "C0DE", "place": None}
    incomplete = Walker(app.test_client()).arrive(participantId="p2", assignmentId="A2")
    assert error_code(incomplete) == "not_eligible"
    mturk = {"assignmentId": "A", "workerId": "W", "hitId": "H"}
    assert for_entry(mturk, ["panel", "mturk"], lambda name: CONNECT) == "mturk"


@given(value=st.text(min_size=1, max_size=128))
def test_no_value_changes_where_an_address_leads(value: str) -> None:
    assume(all(not 0xD800 <= ord(char) < 0xE000 for char in value))
    url = fill(CREDIT, {"sona_id": value})
    assert url is not None and url.startswith(f"{BACK}?") and url.isascii()
    query = {"experiment_id": ["7"], "credit_token": ["abc"], "survey_code": [value]}
    assert parse_qs(urlsplit(url).query, strict_parsing=True, keep_blank_values=True) == query
    assert urlsplit(url).fragment == ""


@pytest.mark.parametrize(
    "address",
    [
        "http://a.org/?x={id}",
        "javascript:alert(1)",
        "//a.org/",
        "https://{id}/",
        "https://{id}.a.org/?x=1",
        "https://a.org/{id}?x=1",
        "https://a.org/?x=1#{id}",
        "https://user@a.org/?x={id}",
        "https://a.org@b.org/",
        "https:///x",
        "https:a.org",
        "https://a.org:port/",
        "https://a.org/?x={other}",
        "https://a.org/?x={id",
        "https://a.org/?x=id}",
        "https://a.org/?x={{id}}",
        "https://a.org/\n?x={id}",
        "https://a.org\\@b.org/",
        "https://a b.org/",
        "",
    ],
)
def test_an_unsafe_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="completed"):
        check(address, "completed", ["id"])
    with pytest.raises(ValidationError):
        PanelParameters.model_validate({"id": "id", "completed": address})


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"id": "x", "personal_links": True},
        {"id": "preview"},
        {"id": "part"},
        {"id": "token"},
        {"id": "x", "keep": ["x"]},
        {"id": "a b"},
        {"id": "x", "unknown": 1},
    ],
)
def test_wrong_keys_are_refused(keys: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        PanelParameters.model_validate(keys)


@pytest.mark.parametrize("value", ["%SURVEY_CODE%", "{{%PROLIFIC_PID%}}", "${e://id}", "[ID]"])
def test_a_placeholder_is_no_id(value: str) -> None:
    with pytest.raises(ArrivalFault, match="in place of your sona_id"):
        panel(**SONA).arrive({"sona_id": value})


def test_outcomes_without_an_address_lead_nowhere() -> None:
    sona = panel(**SONA)
    for outcome in ("declined", "screened_out", "timed_out", "returned", "withdrawn"):
        assert sona.leave(outcome, {"sona_id": "1"}) is None
    assert sona.leave("completed", {}) is None, "ids deleted: there is nobody to credit"


PEOPLE = "email,name\nada@example.org,Ada\n bob@example.org ,=1+1\n"


def test_a_list_becomes_links_that_each_admit_one_person(app: Flask, tmp_path: Path) -> None:
    make(app, tmp_path, personal_links=True)
    source, target = tmp_path / "people.csv", tmp_path / "links.csv"
    source.write_text(PEOPLE, encoding="utf-8-sig")
    command = ["panel", "links", "tiny", str(source), "--column", "email", "--to", str(target)]
    said = CliRunner().invoke(cli, command, env=environment(app))
    assert said.exit_code == 0, said.output
    made = list(csv.DictReader(io.StringIO(target.read_text(encoding="utf-8"))))
    assert [row["name"] for row in made] == ["Ada", "=1+1"]
    entries = [dict(parse_qsl(urlsplit(row["link"]).query)) for row in made]
    for entry in (*entries, entries[0]):
        Walker(app.test_client()).enter(**entry)
    identities = [row["external_id"] for row in rows(app, models.Identity)]
    assert sorted(identities) == sorted(row["panel_id"] for row in made)
    assert len(rows(app, models.Session)) == 2
    for entry in ({"token": "ada"}, {"token": entries[0]["token"][:-1]}, {"token": "a.b"}):
        assert error_code(Walker(app.test_client()).arrive(**entry)) == "not_eligible"
    again = CliRunner().invoke(cli, command, env=environment(app))
    assert again.exit_code == 1 and "exists already" in again.output


def environment(app: Flask) -> dict[str, str]:
    settings: Settings = app.extensions["diptych"].settings
    return {
        "DIPTYCH_DATABASE_URL": str(settings.database_url),
        "DIPTYCH_HOME": str(settings.home),
        "DIPTYCH_SECRET_KEY": str(settings.secret_key),
    }


def test_a_token_is_for_one_study() -> None:
    text, count = with_links("id\n1\n2\n", "id", "tiny", Settings(), b"secret")
    assert count == 2
    token = parse_qs(urlsplit(text.split(",")[-1].strip()).query)["token"][0]
    listed = panel(personal_links=True)
    listed.admit("tiny", b"secret", listed.arrive({"token": token}))
    for study, secret in (("other", b"secret"), ("tiny", b"another")):
        with pytest.raises(ArrivalFault):
            listed.admit(study, secret, listed.arrive({"token": token}))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no column"),
        ("id\n", "0 people"),
        ("name\nAda\n", "has no column 'id'; it has: name"),
        ("id\n1\n 1 \n", "lines 2 and 3"),
        ("id\nA\na\n", "lines 2 and 3"),
        ("id,b\n1\n", "line 2"),
        ("id\n1,2\n", "line 2"),
        ("id,b\n,2\n", "line 2"),
        ("id,link\n1,2\n", "'link' already"),
        ('id\n"1\n', "not CSV"),
    ],
)
def test_a_list_that_cannot_be_used(text: str, said: str) -> None:
    with pytest.raises(ListFault, match=said):
        with_links(text, "id", "tiny", Settings(), b"secret")


def test_the_recruitment_page_has_templates_that_are_valid(app: Flask, tmp_path: Path) -> None:
    make(app, tmp_path, **SONA, id_placeholder="%SURVEY_CODE%")
    page = researcher(app, "viewer").get("/studies/tiny/recruitment").get_data(as_text=True)
    assert '/s/tiny?sona_id=%SURVEY_CODE%"' in page
    guide = Panel.guide()
    for title, lines in guide.templates:
        assert title in page
        PanelParameters.model_validate(tomllib.loads(lines)["recruitment"]["panel"])
