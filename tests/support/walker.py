"""Somebody who takes a study over the HTTP API, one request at a time, without a browser."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from pydantic import BaseModel
from sqlalchemy import select
from werkzeug.test import TestResponse

from diptych.authoring.folder import load_study
from diptych.ground.database import Base, db, reading, table, writing
from diptych.ground.keys import study_key
from diptych.models import Session, Trial
from diptych.study.versions import freeze, frozen
from diptych.web.contract import Answered, Described, EnteredState, ImageList, State

Chooser = Callable[[dict[str, Any]], dict[str, Any]]
TIMING = {"rt_ms": 640.5, "onset_ms": 1000.0, "onset_uncertainty_ms": 8.3, "answered_ms": 1640.5}


#: The model of each reply, by method and path.
REPLIES: dict[tuple[str, str], type[BaseModel]] = {
    ("POST", r"/api/v1/sessions"): EnteredState,
    ("GET", r"/api/v1/session"): Described,
    ("GET", r"/api/v1/session/images"): ImageList,
    ("POST", r"/api/v1/session/steps/\w+"): State,
    ("POST", r"/api/v1/trials/\d+/response"): Answered,
}


def check_contract(method: str, path: str, reply: TestResponse) -> None:
    """Fail where an accepted reply holds more, or other values, than its model."""
    for (verb, pattern), model in REPLIES.items():
        if verb == method and re.fullmatch(pattern, path) and reply.status_code < 300:
            assert model.model_validate(reply.json).model_dump(exclude_unset=True) == reply.json


def open_study(app: Flask, folder: Path) -> int:
    """Open a study folder to participants; returns the id of its version."""
    with app.app_context():
        version_id, _ = freeze(load_study(folder), opening=True)
        db.session.remove()
    return version_id


def rows(app: Flask, model: type[Base], **where: Any) -> list[dict[str, Any]]:
    """Rows of a table as the database holds them, in the order of its key."""
    columns = table(model)
    query = select(columns).order_by(*columns.primary_key.columns)
    with app.app_context(), reading() as connection:
        return [
            dict(row)
            for row in connection.execute(query.filter_by(**where) if where else query).mappings()
        ]


def label_of(app: Flask, session: int, index: int) -> str:
    """Class of the image of a trial."""
    version = rows(app, Session, id=session)[0]["version_id"]
    item = rows(app, Trial, session_id=session)[index]["item"]
    with app.app_context():
        return frozen(version).stimuli[item["stimulus"]].label


def change(app: Flask, model: type[Base], values: Mapping[str, Any], **where: Any) -> None:
    """Change rows behind the host's back: so time passes in a test."""
    with app.app_context(), writing() as connection:
        connection.execute(table(model).update().filter_by(**where).values(**values))


def link(app: Flask, purpose: str, study: str) -> dict[str, str]:
    """The query of a researcher's link: `preview`, `simulate` or `machine`."""
    return {purpose: study_key(app.extensions["diptych"].secret, purpose, study)}


def answer_body(response: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The body of an answer with plausible times."""
    return {"response": response, "timing": TIMING, "events": [], **more}


def first_choice(trial: dict[str, Any]) -> dict[str, Any]:
    """A well-formed answer to a trial of any task, right or wrong by chance."""
    if trial["task"] == "two_afc":
        return {"choice": "top", "confidence": 2}
    show = trial["show"]
    if trial["task"] == "odd_one_out":
        return {"choice": 0}
    if trial["task"] == "comparison":
        choice = "left" if show["layout"] == "side_by_side" else "first"
        return {"choice": choice, **({"confidence": 2} if show["confidence"] else {})}
    if trial["task"] == "estimation":
        return {"estimate": show["least"] + 3 * show["step"]}
    if trial["task"] == "identify":
        return {"choice": show["labels"][0]}
    if trial["task"] == "point":
        return {"choice": "place", "x": 0.5, "y": 0.25}
    if trial["task"] == "caption":
        return {"words": show["words"][:1]} if show["words"] else {"text": "a circle"}
    return {"ranking": show["classes"][: show["rank"]]}


class Walker:
    """One participant; every reply must fit the API's contract.

    Attributes
    ----------
    token : str | None
        Of the session, once entered.
    state : dict[str, Any]
        The latest State the host has told.
    sent : list[TestResponse]
        Everything the host has sent, reply by reply.
    """

    def __init__(self, client: FlaskClient, study: str = "tiny") -> None:
        self.client = client
        self.study = study
        self.token: str | None = None
        self.state: dict[str, Any] = {}
        self.sent: list[TestResponse] = []

    def request(self, method: str, path: str, body: Any = None) -> TestResponse:
        """A request with the session's token, whatever the reply."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        reply = self.client.open(path, method=method, json=body, headers=headers)
        self.sent.append(reply)
        check_contract(method, path, reply)
        return reply

    def api(self, method: str, path: str, body: Any = None) -> TestResponse:
        """A request to the participant's API."""
        return self.request(method, "/api/v1" + path, body)

    def arrive(self, browser: Mapping[str, Any] | None = None, **entry: str) -> TestResponse:
        """Enter the study, whatever the reply."""
        body = {"study": self.study, "entry": entry, "browser": dict(browser or {})}
        if self.token is not None:  # as the page does: it tells what this browser knows
            body["token"] = self.token
        reply = self.api("POST", "/sessions", body)
        if reply.status_code < 300:
            self.token = reply.json["token"]
            self.state = reply.json
        return reply

    def enter(self, **entry: str) -> Walker:
        """Enter the study; it must let the participant in."""
        return self.enter_with({}, **entry)

    def enter_with(self, browser: Mapping[str, Any], **entry: str) -> Walker:
        """Enter the study with a browser that tells of itself; it must be let in."""
        reply = self.arrive(browser, **entry)
        assert reply.status_code in (200, 201), reply.text
        return self

    def step(self, name: str, **body: Any) -> TestResponse:
        """Take a step, whatever the reply."""
        reply = self.api("POST", f"/session/steps/{name}", body)
        if reply.status_code == 200:
            self.state = reply.json
        return reply

    def take(self, name: str, **body: Any) -> Walker:
        """Take a step; the host must agree."""
        reply = self.step(name, **body)
        assert reply.status_code == 200, reply.text
        return self

    def start(self, **entry: str) -> Walker:
        """Enter, consent and read, up to the first trial (studies without comprehension)."""
        self.enter(**entry).take("consent", agreed=True)
        return self.take("instructions", read_ms=20_000)

    def start_calibrated(self, **entry: str) -> Walker:
        """Begin a study with images of a size in degrees."""
        return self.start(**entry).take("calibration", px_per_degree=38.2, viewing_distance_cm=57)

    @property
    def trial(self) -> dict[str, Any]:
        """The current trial as it is shown."""
        trial: dict[str, Any] = self.state["content"]["trial"]
        return trial

    @property
    def step_name(self) -> str:
        """Where the session stands."""
        step: str = self.state["step"]
        return step

    @property
    def public_id(self) -> str:
        """Id of the session in the tables."""
        found: str = self.state["session"]["id"]
        return found

    def post(self, index: int, response: Any, **more: Any) -> TestResponse:
        """Answer a trial, whatever the reply."""
        return self.api("POST", f"/trials/{index}/response", answer_body(response, **more))

    def answer(self, response: dict[str, Any] | None = None) -> dict[str, Any]:
        """Answer the current trial; the reply."""
        reply = self.post(self.trial["index"], response or first_choice(self.trial))
        assert reply.status_code == 200, reply.text
        self.state = reply.json["next"]
        body: dict[str, Any] = reply.json
        return body

    def trials(self, choose: Chooser = first_choice, most: int = 500) -> Walker:
        """Answer trials until there are none left."""
        while self.step_name == "trials" and most:
            self.answer(choose(self.trial))
            most -= 1
        return self

    def finish(self, choose: Chooser = first_choice) -> Walker:
        """Answer all trials, and go to the end."""
        self.trials(choose)
        if self.step_name == "feedback":
            self.take("feedback", text="fine")
        if self.step_name == "debrief":
            self.take("debrief")
        return self

    def load(self) -> Walker:
        """Load the page again, and read where the session is."""
        reply = self.api("GET", "/session")
        assert reply.status_code == 200, reply.text
        self.state = reply.json
        return self


def error_code(reply: TestResponse) -> str:
    """The code of an error reply, which must have the one shape of all errors."""
    assert reply.mimetype == "application/json", reply.text[:300]
    error = reply.json["error"]
    assert set(error) == {"code", "message", "fields", "said"}
    assert error["message"]
    assert "Traceback" not in reply.text
    code: str = error["code"]
    return code


def at_once(calls: list[Callable[[], Any]]) -> list[Any]:
    """What the calls return when they are made at the same moment, each in its own thread."""
    results: list[Any] = [None] * len(calls)
    barrier = threading.Barrier(len(calls))

    def run(number: int) -> None:
        barrier.wait()
        results[number] = calls[number]()

    threads = [threading.Thread(target=run, args=(n,)) for n in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results
