"""The page of one session: what was shown, answered and found, for whoever may see it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from support.dashboard import researcher
from support.tiny_studies import category_study
from support.walker import Walker, change, open_study, rows

from diptych import models


@pytest.fixture
def opened(app: Flask, studies_folder: Path) -> int:
    """The tiny study, open; its version."""
    return open_study(app, studies_folder / "tiny")


@pytest.fixture
def walker(client: FlaskClient) -> Callable[..., Walker]:
    """Makes participants of the tiny study."""
    return lambda study="tiny": Walker(client, study)


def prolific(name: str) -> dict[str, str]:
    """The query with which somebody comes from Prolific."""
    return {"PROLIFIC_PID": name, "STUDY_ID": "study5f", "SESSION_ID": f"sub-{name}"}


def test_what_participants_write_is_text_and_nothing_else(
    app: Flask, opened: int, walker: Callable[..., Walker]
) -> None:
    ada = walker().start()
    hostile = "<script>alert(1)</script>"
    event = {"kind": "script_error", "at_ms": 5, "trial_index": 0, "detail": hostile}
    assert ada.api("POST", "/events", {"events": [event]}).status_code == 204
    change(app, models.Session, {"feedback_text": hostile, "browser": {"user_agent": hostile}})
    page = researcher(app, "viewer").get(f"/studies/tiny/participants/{ada.public_id}")
    assert "<script>alert" not in page.text
    assert page.text.count("&lt;script&gt;alert(1)") == 3, "browser, words, event"


def test_browser_system_and_screen_are_named_where_they_are_known(
    app: Flask, opened: int, walker: Callable[..., Walker]
) -> None:
    phone = "Mozilla/5.0 (Android 14; Mobile; rv:128.0) Gecko/128.0 Firefox/128.0"
    ada = walker().enter_with({"user_agent": phone}).take("consent", agreed=True)
    ada.take("instructions", read_ms=1, refresh_hz=119.88, clock_step_ms=0)
    viewer = researcher(app, "viewer")
    facts = dict(re.findall("<dt>(.*?)</dt><dd[^>]*>(.*?)</dd>", viewer.get(page_of(ada)).text))
    assert (facts["Browser"], facts["System"]) == ("Firefox Mobile 128.0", "Android 14")
    assert (facts["Refresh rate"], facts["Clock step"]) == ("119.9 Hz", "0 ms")
    other = viewer.get(page_of(walker().start())).text
    assert not any(f"<dt>{name}" in other for name in ("Browser", "System", "Refresh", "Clock"))


def page_of(participant: Walker) -> str:
    return f"/studies/tiny/participants/{participant.public_id}"


def test_viewers_see_no_platform_id_anywhere(
    app: Flask, opened: int, walker: Callable[..., Walker]
) -> None:
    # No hexadecimal digits: random ids on these pages can not hold it by chance.
    zoe = walker().start(**prolific("zoe1")).finish()
    pages = ("/studies/tiny/participants", f"/studies/tiny/participants/{zoe.public_id}",
             "/studies/tiny/participants/decisions")  # fmt: skip
    for page in pages:
        text = researcher(app, "viewer").get(page).text
        assert "zoe1" not in text and "study5f" not in text, page
    assert "sub-zoe1" in researcher(app, "editor").get(pages[1]).text


def test_a_session_of_another_study_is_not_there(
    app: Flask, opened: int, studies_folder: Path, walker: Callable[..., Walker]
) -> None:
    other = open_study(app, studies_folder / "tiny_2afc")
    theirs = walker("tiny_2afc").start()
    owner = researcher(app, "owner")
    assert owner.get(f"/studies/tiny/participants/{theirs.public_id}").status_code == 404
    assert owner.get(f"/studies/tiny_2afc/participants/{theirs.public_id}").status_code == 404
    assert owner.get(f"/studies/tiny/versions/{other}/images/0").status_code == 404
    assert owner.get(f"/studies/tiny/versions/{opened}/images/0").mimetype == "image/png"
    assert owner.get(f"/studies/tiny/versions/{opened}/images/999").status_code == 404
    assert app.test_client().get(
        f"/dashboard/studies/tiny/versions/{opened}/images/0"
    ).status_code in (302, 401)


def test_one_session_shows_what_was_shown_and_answered(
    app: Flask, opened: int, walker: Callable[..., Walker]
) -> None:
    ada = walker().start(**prolific("ada1"))
    asked = ada.trial["show"]["classes"]
    reply = ada.post(
        0,
        {"ranking": asked[:2]},
        events=[{"kind": "blur", "at_ms": 5, "trial_index": 0, "detail": None}],
    )
    assert reply.status_code == 200
    ada.state = reply.json["next"]
    ada.answer()
    page = researcher(app, "editor").get(f"/studies/tiny/participants/{ada.public_id}")
    assert page.status_code == 200
    assert f"{asked[0]} › {asked[1]}" in page.text
    assert "blur</span>" in page.text
    assert page.text.count('class="trial"') == 3, "two answered, one on the screen"
    assert "3 more not reached" in page.text
    assert "640\u202fms" in page.text or "641\u202fms" in page.text or "640" in page.text
    images = re.findall(r'src="(/dashboard/studies/tiny/versions/\d+/images/\d+)"', page.text)
    assert len(images) == 3
    for image in images:
        got = researcher(app, "editor").client.get(image)
        assert got.mimetype == "image/png" and "immutable" in got.headers["Cache-Control"]
    shown = rows(app, models.Trial)[0]["item"]["stimulus"]
    assert images[0].endswith(f"/images/{shown}"), "in the order of the trials"


def test_two_queries_and_their_examples(
    app: Flask, studies_folder: Path, walker: Callable[..., Walker]
) -> None:
    open_study(app, studies_folder / "tiny_2afc")
    ada = walker("tiny_2afc").start().finish()
    viewer = researcher(app, "viewer", "tiny_2afc")
    text = viewer.get(f"/studies/tiny_2afc/participants/{ada.public_id}").text
    answered = rows(app, models.Response)
    assert text.count("· answered") == len(answered)
    right = sum(row["correct"] for row in answered)
    assert text.count('<span class="badge badge-good">right</span>') == right
    assert text.count("9 negative, 9 positive") == len(answered)


def test_long_sessions_have_pages(
    app: Flask, studies_folder: Path, walker: Callable[..., Walker]
) -> None:
    folder = category_study(studies_folder / "long", per_class=40, training=90, test=2)
    open_study(app, folder)
    ada = walker("long").start().finish()
    viewer = researcher(app, "viewer", "long")
    here = f"/studies/long/participants/{ada.public_id}"
    found: list[str] = []
    for page in ("", "?trial=40", "?trial=91"):
        found += re.findall(r'id="trial-(\d+)"', viewer.get(here + page).text)
    assert found == [str(n) for n in range(92)]
    assert "Trials 81–92 of 92" in viewer.get(here + "?trial=91").text
    assert viewer.get(here + "?trial=9999").status_code == 200


def test_other_sessions_only_where_one_may_look(
    app: Flask, opened: int, studies_folder: Path, walker: Callable[..., Walker]
) -> None:
    open_study(app, studies_folder / "tiny_2afc")
    here, there = walker().start(**prolific("ada1")), walker("tiny_2afc").start(**prolific("ada1"))
    page = f"/studies/tiny/participants/{here.public_id}"
    assert there.public_id not in researcher(app, "owner").get(page).text
    researcher(app, "viewer", "tiny_2afc", name="owner")
    assert there.public_id in researcher(app, "owner").get(page).text
