"""Dashboard: try a study on three devices, on a phone, and with simulated participants."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import segno
from flask import abort, current_app, render_template, request

from diptych.accounts import study_keys
from diptych.authoring.drafts import Draft
from diptych.authoring.folder import load_study
from diptych.ground.database import reading
from diptych.host import host
from diptych.overview.versions import Version, history
from diptych.recruiters import study_link
from diptych.study.faults import StudyFault
from diptych.web.dashboard.access import access, pages, user
from diptych.web.dashboard.drafts import needed_draft
from diptych.web.dashboard.studies import read_folder

if TYPE_CHECKING:
    from diptych.simulation.run import Summary

# What simulates needs numpy: it is imported when somebody tries a study, not when a host starts.

blueprint = pages("draft_trial")
#: How many simulated participants a page waits for.
NUMBERS = (1, 5, 20)
#: Name, width and height of the page on it, in CSS pixels.
DEVICES = (("phone", 390, 844), ("tablet", 820, 1094), ("desktop", 1280, 800))


@dataclass(frozen=True)
class _Frame:
    """The participant's page on one device, sizes in CSS pixels."""

    name: str
    width: int
    height: int
    address: str
    token: str  # of a session that is on its way already; else empty


@blueprint.get("/studies/<study>/edit/try")
@access("editor", draft=True)
def page(study: str) -> Any:
    """Show the ways to try the study."""
    return _page(needed_draft())


@blueprint.post("/studies/<study>/edit/try")
@access("editor")
def show(study: str) -> Any:
    """Show the newest version as participants see it, with the user's own preview key."""
    from diptych.simulation.visitor import SimulationFault

    here = needed_draft()
    key = study_keys.ensure(host().secret, here.study_id, study, "preview", user())
    link = f"{study_link(host().settings, study)}?preview={key}"
    trial = max(request.form.get("trial", 0, int), 0)
    # Each device has a session apart from the others.
    visit = secrets.token_hex(4)
    frames: list[_Frame] = []
    fault = ""
    for name, width, height in DEVICES:
        entry = {"preview": key, "device": f"{name}-{visit}"}
        address = f"{request.script_root}/s/{study}?{urlencode(entry)}"
        token = ""
        if trial:
            try:
                token = _token_at(here, entry, trial - 1)
            except (SimulationFault, StudyFault, LookupError) as found:
                fault = str(found)
        frames.append(_Frame(name, width, height, address, token))
    return _page(
        here,
        link=link,
        qr=segno.make(link, micro=False),
        frames=frames,
        trial=trial,
        trial_fault=fault,
    )


def _token_at(here: Draft, entry: dict[str, str], trial: int) -> str:
    """Begin a preview session whose first trials are answered."""
    from diptych.simulation.in_process import InProcess, run_apart
    from diptych.simulation.until_trial import go_to_trial

    loaded = load_study(here.folder)
    transport = InProcess(current_app.wsgi_app)
    base_url = host().settings.base_url
    return run_apart(partial(go_to_trial, base_url, loaded, entry, trial, transport))


@blueprint.post("/studies/<study>/edit/try/simulated")
@access("editor")
def take(study: str) -> Any:
    """Let simulated participants take the study, and show how they fared."""
    from diptych.simulation.in_process import InProcess, run_apart
    from diptych.simulation.run import SimulationFault, simulate_async

    here = needed_draft()
    number = request.form.get("n", 0, int)
    if number not in NUMBERS:
        abort(422, f"n must be one of {', '.join(map(str, NUMBERS))}.")
    key = study_keys.ensure(host().secret, here.study_id, study, "simulate", user())
    application = current_app.wsgi_app
    work = partial(
        simulate_async,
        host().settings.base_url,
        here.folder,
        number,
        key=key,
        concurrency=4,
        transport=InProcess(application),
    )
    summary: Summary | None = None
    fault = ""
    try:
        summary = run_apart(work)
    except (SimulationFault, StudyFault, LookupError) as found:
        fault = str(found)
    here.note(user(), "draft.simulate", run=summary.run if summary else "", n=number)
    return _page(here, summary=summary, fault=fault)


def _page(here: Draft, **shown: Any) -> str:
    loaded, faults = read_folder(here.folder)
    with reading() as connection:
        versions = history(connection, here.study_id)
    newest: Version | None = versions[0] if versions else None
    digest = None if loaded is None else loaded.content.content_hash
    return render_template(
        "dashboard/draft_try.html",
        faults=len(faults),
        newest=newest,
        digest=digest,
        is_newest=newest is not None and newest.content_hash == digest,
        numbers=NUMBERS,
        **shown,
    )
