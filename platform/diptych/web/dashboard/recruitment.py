"""Dashboard: how people come to a study, recruiter by recruiter."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from sqlalchemy import Connection, select

from diptych.accounts import study_keys
from diptych.accounts.study_keys import StudyKey
from diptych.domain.tables import PLACEMENTS
from diptych.ground.database import reading
from diptych.ground.keys import PURPOSES, named_key
from diptych.host import Host, host
from diptych.journey.previews import recruiter_of
from diptych.mturk.hits import create_hit
from diptych.mturk.offer import HitFault, preview_hit
from diptych.overview.checklist import checklist, is_example_code, prolific_limit
from diptych.overview.readiness import known
from diptych.overview.versions import history
from diptych.recruiters import REGISTRY, study_link
from diptych.recruiters.platform import PlatformFault
from diptych.study import texts
from diptych.study.content import StudyContent
from diptych.study.versions import UnknownStudy, frozen
from diptych.web.dashboard.access import access, pages, study, user
from diptych.web.dashboard.studies import current_or_newest

blueprint = pages("recruitment")

MOST_PLACEMENTS = 50
#: What each completion code is for, and the action to give it on Prolific.
CODES = {
    "completed": ("Completed", "Manually review, or approve automatically"),
    "screened_out": (
        "Failed the questions or the practice",
        "Request a return, or pay a screen-out",
    ),
    "declined": ("Declined consent", "Request a return"),
    "timed_out": ("Came back too late", "Request a return"),
}
#: The checks of the list that stand in the way of recruiting.
CONCERNED = ("pay", "duration", "time_limit", "codes", "token", "address", "bundle")


@dataclass(frozen=True)
class Way:
    """One recruiter of the study.

    Attributes
    ----------
    name : str
        Of the recruiter.
    listed : bool
        Whether the study lets people come from there.
    ready : bool
        Whether its parameters are set.
    link : str
        The address to hand out, or to paste into the platform.
    placements : list[Any]
        Where the study stands on the platform, as far as is known here.
    title : str
        Heading.
    steps : str
        HTML: what to do on the platform; empty where the page itself says it.
    templates : tuple[tuple[str, str], ...]
        (title, lines of study.toml to copy).
    """

    name: str
    listed: bool
    ready: bool
    link: str
    placements: list[Any]
    title: str
    steps: str
    templates: tuple[tuple[str, str], ...]


@blueprint.get("/studies/<study>/recruitment")
@access("viewer")
def index(study: str) -> str:
    """Show links ready to copy, what to enter on each platform, and what is still missing."""
    here = _study()
    with reading() as connection:
        version = current_or_newest(history(connection, here.id))
        placed = _placements(connection, here.id)
    content = frozen(version.id)
    given = known(host(), content, here.id)
    spec = content.spec
    names = dict.fromkeys([*spec.recruitment.recruiters, *REGISTRY.names()])
    ways = [_way(host(), content, name, placed) for name in names]
    keys = study_keys.listed(here.id) if here.allows("editor") else []
    return render_template(
        "dashboard/recruitment.html",
        content=content,
        spec=spec,
        version=version,
        ways=[way for way in ways if way.listed],
        others=[way for way in ways if not way.listed],
        titles={way.name: way.title for way in ways},
        checks=[check for check in checklist(given) if check.name in CONCERNED],
        minutes=given.minutes,
        prolific=prolific_settings(content, given.minutes),
        codes=completion_codes(content),
        question=external_question(host(), study),
        keys=keys,
        own=_own_keys(here.name, keys),
        base=study_link(host().settings, study),
        later=_later_links(host(), content),
    )


def _later_links(to: Host, content: StudyContent) -> list[tuple[int, str, str]]:
    """List (part, recruiter, address) of the later parts of a study."""
    made = [(name, recruiter_of(to, content, name)) for name in content.spec.recruitment.recruiters]
    return [
        (part, name, recruiter.invitation(content.name, part))
        for part in range(2, content.spec.parts + 1)
        for name, recruiter in made
        if recruiter is not None and not recruiter.comes_back_by_link
    ]


def _study() -> Any:
    return study()


def _way(to: Host, content: StudyContent, name: str, placed: list[Any]) -> Way:
    recruiter = recruiter_of(to, content, name)
    known = REGISTRY.all().get(name)
    guide = None if known is None else known.guide()
    return Way(
        name,
        name in content.spec.recruitment.recruiters,
        recruiter is not None,
        "" if recruiter is None else recruiter.invitation(content.name),
        [placement for placement in placed if placement.recruiter == name],
        (known.title if known else "") or name,
        texts.html(guide.steps) if guide else "",
        guide.templates if guide else (),
    )


def _placements(connection: Connection, study_id: int) -> list[Any]:
    return list(
        connection.execute(
            select(PLACEMENTS)
            .where(PLACEMENTS.c.study_id == study_id)
            .order_by(PLACEMENTS.c.id.desc())
            .limit(MOST_PLACEMENTS)
        ).all()
    )


def completion_codes(content: StudyContent) -> list[tuple[str, str, str, str, bool]]:
    """Return (key, meaning, code or nothing, action for Prolific, whether it is an example)."""
    given = content.spec.recruitment.of("prolific")
    return [
        (key, meaning, code, action, is_example_code(code))
        for key, (meaning, action) in CODES.items()
        if (code := str(given.get(key) or "")) or key != "timed_out"
    ]


def prolific_settings(content: StudyContent, minutes: float) -> list[tuple[str, str]]:
    """List what to enter in Prolific's form for a new study, field by field."""
    spec = content.spec
    touch = "Desktop, tablet and mobile" if spec.screen.touch else "Desktop only"
    return [
        ("Title", spec.title),
        ("Description", spec.description),
        ("Devices", touch),
        ("Places", str(spec.recruitment.participants)),
        ("Estimated completion time", f"{round(minutes)} min"),
        ("Maximum time allowed", f"{prolific_limit(minutes)} min or more"),
        ("Reward", f"{spec.payment.reward:.2f} {spec.payment.currency}"),
        ("Multiple submissions", "No" if spec.recruitment.once else "As you like"),
    ]


def external_question(to: Host, study_name: str) -> str:
    """Write the ExternalQuestion that shows the study in a HIT."""
    return (
        '<ExternalQuestion xmlns="http://mechanicalturk.amazonaws.com/'
        'AWSMechanicalTurkDataSchemas/2006-07-14/ExternalQuestion.xsd">\n'
        f"  <ExternalURL>{study_link(to.settings, study_name)}</ExternalURL>\n"
        "  <FrameHeight>0</FrameHeight>\n"
        "</ExternalQuestion>"
    )


def _own_keys(study_name: str, keys: Sequence[StudyKey]) -> dict[str, str]:
    """Return the user's own keys by purpose; a key's holder takes the study as that kind."""
    return {
        key.purpose: named_key(host().secret, key.purpose, study_name, key.name)
        for key in reversed(keys)
        if key.works and key.user == user().name
    }


@blueprint.post("/studies/<study>/recruitment/keys")
@access("editor")
def make_key(study: str) -> Any:
    """Make a user's own key for trying the study."""
    purpose = request.form.get("purpose", "")
    if purpose not in PURPOSES:
        abort(400, f"purpose: {purpose!r} is not one of {', '.join(PURPOSES)}")
    study_keys.ensure(host().secret, _study().id, study, purpose, user())
    return redirect(url_for("dashboard_recruitment.index", study=study, _anchor="try"))


@blueprint.post("/studies/<study>/recruitment/keys/<name>/revoke")
@access("editor")
def revoke_key(study: str, name: str) -> Any:
    """Make a key useless, whoever made it."""
    if not study_keys.revoke(_study().id, name, user()):
        abort(404, "This study has no such key, or the key was already revoked.")
    flash(f"The key {name} is revoked. Its links no longer work.", "success")
    return redirect(url_for("dashboard_recruitment.index", study=study, _anchor="try"))


@blueprint.get("/studies/<study>/recruitment/mturk")
@access("editor")
def plan_hit(study: str) -> Any:
    """Show what a HIT would offer and cost, before anything is asked of MTurk."""
    return _show_plan(study, request.args)


@blueprint.post("/studies/<study>/recruitment/mturk")
@access("editor")
def make_hit(study: str) -> Any:
    """Offer the study on MTurk; the form's token keeps a form that is sent twice from two HITs."""
    try:
        made = create_hit(
            host(),
            study,
            _assignments(request.form),
            split="split" in request.form,
            user=user(),
            token=request.form.get("token") or None,
        )
    except (HitFault, UnknownStudy, PlatformFault) as fault:
        flash(f"No HIT was created: {fault}.", "error")
        return _show_plan(study, request.form, 409)
    count = "1 HIT is" if len(made) == 1 else f"{len(made)} HITs are"
    flash(f"{count} on MTurk{' (sandbox)' if made[0].sandbox else ''}.", "success")
    return redirect(url_for("dashboard_recruitment.index", study=study))


def _show_plan(study_name: str, given: Mapping[str, str], status: int = 200) -> Any:
    plan, fault = None, ""
    assignments = _assignments(given)
    try:
        plan = preview_hit(host(), study_name, assignments, split="split" in given)
    except (HitFault, UnknownStudy) as why:
        fault = f"{why}" if isinstance(why, HitFault) else "No version of the study was opened yet"
    page = render_template(
        "dashboard/recruitment_hit.html",
        plan=plan,
        fault=fault,
        assignments=assignments,
        split="split" in given,
        # The same request, sent again after a doubt, goes on where it stopped.
        token=given.get("token") or secrets.token_hex(12),
        sandbox=host().settings.mturk_sandbox,
    )
    return page, status


def _assignments(given: Mapping[str, str]) -> int:
    try:
        return min(max(int(given.get("assignments", 9)), 1), 10_000)
    except ValueError:
        return 9
