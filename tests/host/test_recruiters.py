"""Recruiters: who is let in from which platform, and what the host asks it."""

from __future__ import annotations

import json
import threading
import unicodedata
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.tiny_studies import category_study
from support.walker import Walker, error_code, open_study, rows

from diptych.app import create_app
from diptych.ground.settings import Settings
from diptych.models import Session
from diptych.recruiters import REGISTRY, ArrivalFault, Recruiter, for_entry

CODES = {"completed": "DONE", "screened_out": "OUT", "declined": "NO"}
PROLIFIC = {"PROLIFIC_PID": "anna", "STUDY_ID": "study1", "SESSION_ID": "sub1"}
MTURK = {
    "assignmentId": "A1",
    "hitId": "H1",
    "workerId": "W1",
    "turkSubmitTo": "https://www.mturk.com",
}
OUTCOMES = ("completed", "declined", "screened_out", "timed_out", "returned")


def recruiter(name: str, settings: Settings | None = None, **parameters: Any) -> Recruiter:
    recruiter_class = REGISTRY.get(name)
    given = {**(CODES if name == "prolific" else {}), **parameters}
    return recruiter_class(recruiter_class.Parameters.model_validate(given), settings or Settings())


class ProlificAPI:
    """A server that speaks the documented part of Prolific's API: `GET /submissions/{id}/`.

    Attributes
    ----------
    submissions : dict[str, Any]
        What it knows, by id.
    trouble : int | str | None
        A status it answers everything with, or `drop` to hang up.
    asked : list[tuple[str, str | None]]
        Path and Authorization header of every request.
    """

    def __init__(self) -> None:
        self.submissions: dict[str, Any] = {}
        self.trouble: int | str | None = None
        self.raw: bytes | None = None
        self.asked: list[tuple[str, str | None]] = []
        api = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                api.asked.append((self.path, self.headers["Authorization"]))
                if api.trouble == "drop":
                    self.connection.close()
                    return
                found = api.submissions.get(self.path.removesuffix("/").rpartition("/")[2])
                status = api.trouble or (200 if found else 404)
                body = found or {"error": {"status": status, "title": "Not found"}}
                data = api.raw if api.raw is not None else json.dumps(body).encode()
                self.send_response(int(status))
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/api/v1"


@pytest.fixture
def prolific_api() -> Iterator[ProlificAPI]:
    api = ProlificAPI()
    thread = threading.Thread(target=api.server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield api
    api.server.shutdown()
    thread.join()
    api.server.server_close()


def verifying(api: ProlificAPI) -> Recruiter:
    return recruiter("prolific", Settings(prolific_token="t0ken", prolific_api=api.url))


def submission(**changes: Any) -> dict[str, Any]:
    return {
        "id": "sub1",
        "study_id": "study1",
        "participant": "anna",
        "status": "ACTIVE",
        "started_at": "2024-05-01T10:00:00Z",
    } | changes


def test_prolific_is_asked_whose_submission_it_is(prolific_api: ProlificAPI) -> None:
    prolific_api.submissions["sub1"] = submission()
    arriving = verifying(prolific_api).arrive(PROLIFIC)
    assert arriving.external_id == "anna"
    assert arriving.parameters == {"STUDY_ID": "study1", "SESSION_ID": "sub1"}
    assert prolific_api.asked == [("/api/v1/submissions/sub1/", "Token t0ken")]


def test_without_a_token_prolific_is_not_asked(prolific_api: ProlificAPI) -> None:
    unverified = recruiter("prolific", Settings(prolific_api=prolific_api.url))
    assert unverified.arrive(PROLIFIC).external_id == "anna"
    assert prolific_api.asked == []


@pytest.mark.parametrize("status", ["RESERVED", "ACTIVE", "AWAITING REVIEW", "APPROVED"])
def test_who_is_taking_or_has_taken_part_is_let_in(prolific_api: ProlificAPI, status: str) -> None:
    prolific_api.submissions["sub1"] = submission(status=status)
    assert verifying(prolific_api).arrive(PROLIFIC).external_id == "anna"


@pytest.mark.parametrize(
    "other",
    [
        submission(participant="bert"),
        submission(participant=None),
        submission(participant=["anna"]),
        submission(status="RETURNED"),
        submission(status="TIMED-OUT"),
        submission(status="REJECTED"),
        submission(status="SCREENED OUT"),
        submission(status="UNKNOWN"),
        submission(status=None),
        submission(status=["ACTIVE"]),
        submission(study_id="another study"),
    ],
)
def test_somebody_elses_or_a_dead_submission_is_refused(
    prolific_api: ProlificAPI, other: dict[str, Any]
) -> None:
    prolific_api.submissions["sub1"] = other
    with pytest.raises(ArrivalFault, match="again from Prolific"):
        verifying(prolific_api).arrive(PROLIFIC)


def test_an_unknown_submission_is_refused(prolific_api: ProlificAPI) -> None:
    with pytest.raises(ArrivalFault, match="again from Prolific"):
        verifying(prolific_api).arrive(PROLIFIC)


@pytest.mark.parametrize("trouble", [429, 500, 503, "drop", 401, 403])
def test_prolific_in_trouble_asks_for_patience(
    prolific_api: ProlificAPI, trouble: int | str
) -> None:
    prolific_api.submissions["sub1"] = submission()
    prolific_api.trouble = trouble
    with pytest.raises(ArrivalFault):
        verifying(prolific_api).arrive(PROLIFIC)
    prolific_api.trouble = None
    assert verifying(prolific_api).arrive(PROLIFIC).external_id == "anna"


@pytest.mark.parametrize("raw", [b"", b"<html>", b"[]", b"null", b'"anna"', b"\xff\xfe"])
def test_a_reply_that_is_no_submission_is_refused(prolific_api: ProlificAPI, raw: bytes) -> None:
    prolific_api.submissions["sub1"] = submission()
    prolific_api.raw = raw
    with pytest.raises(ArrivalFault):
        verifying(prolific_api).arrive(PROLIFIC)


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_trouble_at_prolific_stores_nothing(
    settings: Settings, tmp_path: Path, prolific_api: ProlificAPI
) -> None:
    changed = {"prolific_token": "t0ken", "prolific_api": prolific_api.url}
    app = create_app(settings.model_copy(update=changed))
    open_study(app, category_study(tmp_path / "studies/tiny", per_class=2, training=1, test=1))
    for trouble in (503, "drop", None):
        prolific_api.trouble = trouble
        refused = Walker(app.test_client()).arrive(**PROLIFIC)
        # A platform that is away is worth another try; one that denies the submission is not.
        away = (503, "platform_away") if trouble else (403, "not_eligible")
        assert (refused.status_code, error_code(refused)) == away
        assert ("Retry-After" in refused.headers) == bool(trouble)
        assert "rolific" in refused.json["error"]["message"]
    assert rows(app, Session) == []
    prolific_api.submissions["sub1"] = submission()
    assert Walker(app.test_client()).arrive(**PROLIFIC).status_code == 201


@pytest.mark.parametrize(
    "host",
    [
        "https://www.mturk.com",
        "https://www.mturk.com/",
        "https://workersandbox.mturk.com",
    ],
)
def test_answers_go_back_to_mturks_two_hosts(host: str) -> None:
    mturk = recruiter("mturk")
    arriving = mturk.arrive({**MTURK, "turkSubmitTo": host})
    assert arriving.external_id == "W1"
    assert mturk.leave("completed", arriving.parameters) == {
        "kind": "form",
        "action": host.rstrip("/") + "/mturk/externalSubmit",
        "fields": {"assignmentId": "A1", "outcome": "completed"},
    }


@pytest.mark.parametrize(
    "host",
    [
        "",
        "http://www.mturk.com",
        "https://mturk.com",
        "https://www.mturk.com.example.org",
        "https://www.mturk.com@example.org",
        "https://example.org/https://www.mturk.com",
        "https://www.mturk.com/other",
        "https://www.mturk.com:444",
        "//www.mturk.com",
        "javascript:alert(1)",
        "HTTPS://WWW.MTURK.COM",
        " https://www.mturk.com",
    ],
)
def test_answers_go_nowhere_else(host: str) -> None:
    with pytest.raises(ArrivalFault, match="MTurk"):
        recruiter("mturk").arrive({**MTURK, "turkSubmitTo": host})


def test_mturk_needs_all_its_ids() -> None:
    for key in ("workerId", "hitId", "turkSubmitTo"):
        with pytest.raises(ArrivalFault):
            recruiter("mturk").arrive({k: v for k, v in MTURK.items() if k != key})
    preview = recruiter("mturk").arrive({"assignmentId": "ASSIGNMENT_ID_NOT_AVAILABLE"})
    assert (preview.preview, preview.external_id) == (True, None)


def test_the_query_tells_the_recruiter() -> None:
    assert for_entry(PROLIFIC) == "prolific"
    assert for_entry(MTURK) == "mturk"
    assert for_entry({}) == for_entry({"participant": "anna", "utm_source": "x"}) == "direct"


def test_prolifics_codes_by_outcome() -> None:
    home = "https://app.prolific.com/submissions/complete?cc="
    exits = {outcome: recruiter("prolific").leave(outcome, {}) for outcome in OUTCOMES}
    told = {"kind": "redirect", "place": "Prolific"}
    assert exits == {
        "completed": {**told, "url": home + "DONE", "code": "DONE"},
        "screened_out": {**told, "url": home + "OUT", "code": "OUT"},
        "declined": {**told, "url": home + "NO", "code": "NO"},
        "timed_out": None,
        "returned": None,
    }
    late = recruiter("prolific", timed_out="A B&c=d")
    url = home + "A+B%26c%3Dd"
    assert late.leave("timed_out", {}) == {**told, "url": url, "code": "A B&c=d"}


def test_only_work_done_is_submitted_to_mturk() -> None:
    parameters = recruiter("mturk").arrive(MTURK).parameters
    exits = {outcome: recruiter("mturk").leave(outcome, parameters) for outcome in OUTCOMES}
    assert {outcome for outcome, way in exits.items() if way} == {"completed", "screened_out"}


ALLOWED = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
IDS = [
    *(("prolific", PROLIFIC, key) for key in PROLIFIC),
    *(("mturk", MTURK, key) for key in ("assignmentId", "hitId", "workerId")),
]


@given(which=st.sampled_from(IDS), value=st.text(max_size=140))
def test_ids_of_odd_characters_are_refused(
    which: tuple[str, dict[str, str], str], value: str
) -> None:
    name, entry, key = which
    clean = value.strip()
    fits = 0 < len(clean) <= 128 and set(clean) <= set(ALLOWED) and bool(set(clean) - {"-", "_"})
    try:
        arriving = recruiter(name).arrive({**entry, key: value})
    except ArrivalFault as fault:
        assert not fits
        assert key in str(fault)
    else:
        assert fits
        assert clean in (arriving.external_id, *arriving.parameters.values())


@given(value=st.text(max_size=140))
def test_a_labs_own_ids_may_hold_any_printable_characters(value: str) -> None:
    clean = unicodedata.normalize("NFC", value.strip())
    fits = len(clean) <= 128 and clean.isprintable() and any(map(str.isalnum, clean))
    try:
        arriving = recruiter("direct").arrive({"participant": value})
    except ArrivalFault as fault:
        assert not fits
        assert "participant" in str(fault)
    else:
        assert fits and arriving.external_id == clean


@pytest.mark.parametrize("value", ["P01.2", "a@b.org", "Zoë Müller", "参加者 7", "x" * 128])
def test_such_ids_are_kept(value: str) -> None:
    assert recruiter("direct").arrive({"participant": value}).external_id == value


@given(value=st.text(alphabet=ALLOWED, min_size=1, max_size=128))
def test_ids_of_plain_characters_are_kept_as_they_are(value: str) -> None:
    if set(value) - {"-", "_"}:
        assert recruiter("direct").arrive({"participant": value}).external_id == value


@given(odd=st.characters(exclude_characters=ALLOWED), at=st.integers(1, 5))
def test_one_odd_character_is_enough(odd: str, at: int) -> None:
    value = f"{'abcdef'[:at]}{odd}{'abcdef'[at:]}"
    with pytest.raises(ArrivalFault, match="PROLIFIC_PID"):
        recruiter("prolific").arrive({**PROLIFIC, "PROLIFIC_PID": value})
