"""The participant's API."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any, Literal

from apiflask import APIBlueprint
from flask import Response, current_app, g, request
from pydantic import BaseModel, ConfigDict, Field

from diptych import journey
from diptych.accounts import study_keys
from diptych.ground.clean_text import Typed
from diptych.ground.keys import Named
from diptych.host import host
from diptych.journey.answering import Timing
from diptych.journey.entry import KINDS_BY_KEY
from diptych.journey.faults import JourneyFault
from diptych.journey.step_bodies import BODIES
from diptych.web.contract import Answered, Described, EnteredState, ImageList, State
from diptych.web.limits import limits
from diptych.web.task_contract import response_of

blueprint = APIBlueprint("participant", __name__, url_prefix="/api/v1", tag="participant")
SECURITY = {
    "BearerAuth": {
        "type": "http",
        "scheme": "Bearer",
        "description": "Token of a session; the host returns it when a participant enters.",
    }
}

EVENTS = Literal[
    "blur", "focus", "hidden", "visible", "resize", "fullscreen_enter", "fullscreen_exit",
    "reload", "offline", "online", "image_error", "script_error", "back",
    "input",
]  # fmt: skip


MOST_TRIALS = 1_000_000


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Event(_Body):
    """Something that happened in the browser; `at_ms` is its monotonic clock."""

    kind: EVENTS
    at_ms: float = Field(ge=0, allow_inf_nan=False)
    trial_index: int | None = Field(None, ge=0, le=MOST_TRIALS)
    detail: Typed | None = Field(None, max_length=200)


class Browser(_Body):
    """What the browser says of itself, in CSS pixels."""

    width: int = Field(0, ge=0, le=100_000)
    height: int = Field(0, ge=0, le=100_000)
    pixel_ratio: float = Field(1, gt=0, le=100, allow_inf_nan=False)
    touch: bool = False
    user_agent: Typed = Field("", max_length=500)
    language: Typed = Field("", max_length=35)


class Entry(_Body):
    """A visit: the study, and the query of the page's address as it is."""

    study: str = Field(max_length=64)
    entry: dict[str, str] = Field(default_factory=dict, max_length=50)
    browser: Browser = Field(default_factory=lambda: Browser.model_validate({}))
    token: str | None = Field(
        None,
        max_length=300,
        description="Token of a session of this study that this browser stores.",
    )
    confirmed: bool = Field(
        False, description="The participant confirms that the running session is theirs."
    )


class Answer(_Body):
    """The answer to one trial; what `response` holds is the task's to say."""

    response: Annotated[dict[str, Any], response_of()] = Field(max_length=50)
    timing: Timing
    events: list[Event] = Field(default_factory=list, max_length=200)


class Events(_Body):
    """A batch of events."""

    events: list[Event] = Field(max_length=500)


View = Callable[..., Any]


def _token_required(view: View) -> View:
    """Give the view what the token in the Authorization header names."""

    @wraps(view)
    def checked(*args: Any, **kwargs: Any) -> Any:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        tokens = host().tokens
        named = tokens.read(token) if scheme == "Bearer" else None
        if named is None:
            # One that has only become too old was no guess.
            if token and not tokens.is_ours(token):
                limits().wrong()
            raise JourneyFault("bad_token", "This request needs the token of a session.")
        limits().session(named.session)
        g.came = named.came
        return view(named, *args, **kwargs)

    return checked


def _session_required(view: View) -> View:
    """Give the view the number of the session that the token names."""

    @_token_required
    @wraps(view)
    def found(named: Named, *args: Any, **kwargs: Any) -> Any:
        return view(journey.session_of(named), *args, **kwargs)

    return found


def _json(body: Any, status: int = 200) -> Response:
    response = Response(current_app.json.dumps(body), status, mimetype="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.post("/sessions")
@blueprint.input(Entry)
@blueprint.output(EnteredState, status_code=201)
@blueprint.doc(summary="Enter a study", responses=[200, 401, 403, 404, 409, 413, 422, 429])
def enter(json_data: Entry) -> Response:
    """Begin a session (201), or go on with the one this participant has (200)."""
    _limit_entry(json_data)
    browser = json_data.browser.model_dump()
    held = host().tokens.read(json_data.token) if json_data.token else None
    claim = journey.Claim(held.session if held else None, json_data.confirmed)
    found = journey.enter(
        host(), json_data.study, json_data.entry, browser, request.remote_addr, claim
    )
    if isinstance(found, journey.Preview):
        return _json(found.body)
    described = journey.describe_session(host(), found.session_id, found.came, found.session)
    token = host().tokens.make(described["session"]["id"], found.came)
    body = {"token": token, **described}
    return _json(body, 201 if found.is_new else 200)


def _limit_entry(body: Entry) -> None:
    """Count an entry by its address, unless it comes with a right key of the study."""
    for purpose in KINDS_BY_KEY.keys() & body.entry.keys():
        if study_keys.admits(body.entry[purpose], host().secret, purpose, body.study):
            return
        limits().wrong()
    limits().entry()


@blueprint.get("/session")
@_session_required
@blueprint.output(Described)
@blueprint.doc(
    summary="The current step of the session", security="BearerAuth", responses=[401, 429]
)
def session(session_id: int) -> Response:
    """Return what a reloaded page shows, and record the reload as an event."""
    described = journey.describe_session(host(), session_id, g.came)
    journey.note_reload(session_id)
    return _json(described)


@blueprint.get("/session/images")
@_session_required
@blueprint.output(ImageList)
@blueprint.doc(summary="Images to load ahead", security="BearerAuth", responses=[401, 429])
def images(session_id: int) -> Response:
    """Return the addresses of all images of the trials to come, in an uninformative order."""
    return _json({"images": journey.image_urls(host(), session_id)})


@blueprint.post("/trials/<int:index>/response")
@_token_required
@blueprint.input(Answer)
@blueprint.output(Answered)
@blueprint.doc(
    summary="Answer a trial", security="BearerAuth", responses=[401, 409, 413, 422, 429, 503]
)
def respond(named: Named, index: int, json_data: Answer) -> Response:
    """Store the response, and only then return what follows. A repeat changes nothing."""
    # Numbers that fit no column are as far out of order as any other.
    index = min(index, MOST_TRIALS)
    return _json(
        journey.answer(host(), named, index, json_data.response, json_data.timing, json_data.events)
    )


@blueprint.post("/events")
@_session_required
@blueprint.input(Events)
@blueprint.output({}, status_code=204)
@blueprint.doc(summary="Report events", security="BearerAuth", responses=[401, 413, 422, 429])
def events(session_id: int, json_data: Events) -> tuple[str, int]:
    """Store what happened in the browser beside the responses."""
    journey.record_events(session_id, json_data.events)
    return "", 204


def _add_step(name: str, body: type[BaseModel]) -> None:
    """Add one route per step, so that the API's description names the body of each."""

    @blueprint.post(f"/session/steps/{name}", endpoint=f"step_{name}")
    @_session_required
    @blueprint.input(body)
    @blueprint.output(State)
    @blueprint.doc(
        summary=f"Complete the step {name}",
        security="BearerAuth",
        responses=[401, 409, 413, 422, 429],
    )
    def step(session_id: int, json_data: BaseModel) -> Response:
        return _json(journey.take_step(host(), session_id, name, json_data, g.came))


for _name, _step_body in BODIES.items():
    _add_step(_name, _step_body)
