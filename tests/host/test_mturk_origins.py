"""Where MTurk's page may stand: its own hosts, and for trials an address on this machine."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.walker import Walker, error_code, open_study

from diptych.app import create_app
from diptych.ground.settings import Settings, SettingsFault

LOCAL = "http://localhost:8001"
IDS = {"assignmentId": "A1", "hitId": "H1", "workerId": "W1"}


@pytest.mark.parametrize(
    "value",
    [
        "https://mturk.example.org",
        "http://localhost.example.org",
        "http://localhost:8001/path",
        "http://127.0.0.1; script-src *",
        "http://anna@localhost",
        "http://10.0.0.1",
        "localhost:8001",
        f"{LOCAL},https://example.org",
    ],
)
def test_only_addresses_of_this_machine_can_be_added(value: str) -> None:
    with pytest.raises(SettingsFault, match="not an origin on this machine"):
        Settings.from_environment({"DIPTYCH_MTURK_EXTRA_ORIGINS": value})


def test_several_can_be_added() -> None:
    value = "http://127.0.0.1:9, https://[::1]:7 ,http://localhost"
    found = Settings.from_environment({"DIPTYCH_MTURK_EXTRA_ORIGINS": value})
    assert found.mturk_origins == ("http://127.0.0.1:9", "https://[::1]:7", "http://localhost")
    assert Settings().mturk_origins == ()


@pytest.mark.parametrize("database_kind", ["sqlite"])
@pytest.mark.parametrize("added", [False, True])
def test_an_added_origin_may_frame_the_study_and_take_its_form(
    settings: Settings, studies_folder: Path, added: bool
) -> None:
    app = create_app(settings.model_copy(update={"mturk_extra_origins": LOCAL if added else ""}))
    open_study(app, studies_folder / "tiny")
    policy = app.test_client().get("/s/tiny").headers["Content-Security-Policy"]
    rules = dict(rule.strip().partition(" ")[::2] for rule in policy.split(";"))
    for rule in ("frame-ancestors", "form-action"):
        assert (LOCAL in rules[rule].split()) == added
        assert "https://www.mturk.com" in rules[rule].split()
    walker = Walker(app.test_client())
    reply = walker.arrive(**IDS, turkSubmitTo=LOCAL)
    if not added:
        assert error_code(reply) == "not_eligible"
        return
    walker.take("consent", agreed=True).take("instructions", read_ms=1).finish()
    assert walker.state["content"]["exit"]["action"] == f"{LOCAL}/mturk/externalSubmit"
