"""Entering a study: who comes, from where, to which session."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from sqlalchemy import Connection, update
from sqlalchemy.exc import IntegrityError

from diptych import recruiters
from diptych.accounts import study_keys
from diptych.domain.rows import SessionRow
from diptych.domain.tables import SESSIONS
from diptych.domain.vocabulary import EMPTIED, LIVE
from diptych.ground import address_marks
from diptych.ground.database import now_ms, reading, writing
from diptych.host import Host
from diptych.journey import claims, known_people, later_parts, opening, seeds
from diptych.journey.allocation import count_places
from diptych.journey.arrivals import arrived, mark_of
from diptych.journey.events import held_status, note
from diptych.journey.faults import JourneyFault, Said
from diptych.journey.new_session import insert_session
from diptych.journey.state import changed, is_late, study_doc, time_out
from diptych.recruiters import ArrivalFault, Arriving, PlatformAway, Recruiter
from diptych.sessions.earlier_parts import first_session
from diptych.sessions.forgetting import PREVIEWS_KEPT_MS, purge_previews
from diptych.study import texts
from diptych.study.content import StudyContent
from diptych.study.versions import UnknownStudy, current_version, frozen

# Who comes with a key of the study: purpose of the key -> kind of participant.
KINDS_BY_KEY = {"preview": "preview", "simulate": "simulated", "machine": "machine"}


@dataclass(frozen=True)
class Entered:
    """A session that was begun or is gone on with.

    Attributes
    ----------
    session_id : int
        Its row.
    is_new : bool
        Whether it was begun.
    came : str
        Mark of the arrival, for the token.
    session : SessionRow | None
        Its columns where they are known: of one that was begun.
    """

    session_id: int
    is_new: bool
    came: str = ""
    session: SessionRow | None = None


@dataclass(frozen=True)
class Preview:
    """A platform only shows the page: nothing is stored."""

    body: dict[str, Any]


@dataclass(frozen=True)
class Claim:
    """What speaks for a visitor who comes with the id of a known person.

    Attributes
    ----------
    session : str | None
        Public id of a session whose token the browser holds; None without one.
    confirmed : bool
        Whether they have said that the session under way is theirs.
    """

    session: str | None = None
    confirmed: bool = False


NOTHING = Claim()


@dataclass(frozen=True)
class _Visit:
    """One visit, read from its URL."""

    study: str
    study_id: int
    version_id: int
    part: int
    content: StudyContent
    kind: str
    recruiter: Recruiter
    arriving: Arriving
    browser: Mapping[str, Any]
    claim: Claim
    # Names the participant of a personal link.
    person: Callable[[Connection], int | None] = field(repr=False)
    # The mark of where somebody comes from, at a time; not shown, since it knows the address.
    mark: Callable[[int], str | None] = field(repr=False)


def enter(
    host: Host,
    study: str,
    entry: Mapping[str, str],
    browser: Mapping[str, Any],
    address: str | None = None,
    claim: Claim = NOTHING,
) -> Entered | Preview:
    """Begin a session, or go on with the one this participant has.

    Parameters
    ----------
    host : Host
        The host.
    study : str
        Its name.
    entry : Mapping[str, str]
        The query of the page's address.
    browser : Mapping[str, Any]
        What the browser says of itself.
    address : str | None, optional
        Where the request comes from: forgotten at once, but for its mark for a day
        (`diptych.ground.address_marks`) where the study has `max_same_address`.
    claim : Claim, optional
        What speaks for a visitor who comes with the id of a known person.

    Returns
    -------
    Entered | Preview
        The session, or what a platform's preview shows without one.

    Raises
    ------
    JourneyFault
        When the study is unknown, paused, closed or full, the link is not valid, the participant
        can't take part (again), or may be another person (`journey.claims`).
    """
    visit = _read(host, study, entry, browser, address, claim)
    if visit.arriving.preview:
        spec = visit.content.spec
        intro = texts.html(f"# {spec.title}\n\n{spec.description}")
        accept = texts.text(visit.content, "mturk_preview", host.settings.prefix)
        return Preview(
            {
                "token": None,
                "study": study_doc(visit.content),
                "session": None,
                "step": "preview",
                "content": {"html": intro + accept},
                "progress": {"done": 0, "of": 0},
            }
        )
    try:
        return _enter(visit)
    except IntegrityError:
        # Two arrivals of one person at the same moment: the other one has made the session.
        return _enter(visit)


def _read(
    host: Host,
    study: str,
    entry: Mapping[str, str],
    browser: Mapping[str, Any],
    address: str | None,
    claim: Claim,
) -> _Visit:
    kind = _kind(host, study, entry)
    try:
        study_id, version_id = _version_for(study, kind)
    except UnknownStudy:
        raise JourneyFault("unknown_study", "There is no study at this address.") from None
    content = frozen(version_id)
    part = later_parts.part_of(entry, content.spec)
    name, accepted = "direct", content.spec.recruitment.recruiters
    if kind == "person":
        name = recruiters.for_entry(entry, accepted, content.spec.recruitment.of)
    if kind == "person" and name not in accepted:
        raise JourneyFault(
            "not_eligible",
            "This study does not accept participants through this link.",
            said=Said("wrong_link"),
        )
    recruiter = host.recruiter(content, name)
    try:
        arriving = recruiter.admit(study, host.secret, recruiter.arrive(entry))
    except PlatformAway as fault:
        raise JourneyFault("platform_away", str(fault)) from None
    except ArrivalFault as fault:
        raise JourneyFault("not_eligible", str(fault)) from None
    mark: Callable[[int], str | None] = _unmarked
    if kind == "person" and content.spec.quality.max_same_address is not None:
        mark = partial(address_marks.mark, host.settings.key_of_identities(), address, study_id)
    person = partial(later_parts.person_of, entry=entry, secret=host.secret, study=study)
    return _Visit(
        study, study_id, version_id, part, content, kind, recruiter, arriving, browser,
        claim, person, mark,
    )  # fmt: skip


def _version_for(study: str, kind: str) -> tuple[int, int]:
    """Find the version that a kind of participant takes (`current_version`).

    Simulated participants try a study before people can enter: without a version that was opened,
    they take the newest.
    """
    if kind == "simulated":
        with suppress(UnknownStudy):
            return current_version(study)[:2]
    return current_version(study, preview=kind in ("preview", "simulated"))[:2]


def _unmarked(at: int) -> None:
    return None


def _kind(host: Host, study: str, entry: Mapping[str, str]) -> str:
    for purpose, kind in KINDS_BY_KEY.items():
        if purpose in entry:
            if not study_keys.admits(entry[purpose], host.secret, purpose, study):
                raise JourneyFault(
                    "not_eligible", f"This {purpose} link is not valid.", said=Said("invalid_key")
                )
            return kind
    return "person"


def _enter(visit: _Visit) -> Entered:
    with reading() as connection:
        participant_id = _known(connection, visit)
        whose = visit.study_id, participant_id, visit.part
        theirs = known_people.sessions_of(connection, *whose)
        first = None
        if visit.part > 1:
            first = first_session(connection, visit.study_id, participant_id)
        if first is not None:
            # Participants stay with the version that they began with.
            content = frozen(first.version_id, connection)
            visit = replace(visit, version_id=first.version_id, content=content)
        # Without a first part there is a clearer reason than the submission.
        if visit.content.spec.parts > 1 and (visit.part == 1 or first is not None):
            later_parts.check_submission(
                connection, *whose, visit.recruiter, visit.arriving.parameters
            )
        excluded, full = (
            _is_excluded(connection, visit, participant_id),
            _is_full(connection, visit),
        )
    latest = theirs.latest
    if latest is not None:
        late = is_late(latest, visit.content)
        once = _only_once(latest, late, visit)
        if late:
            time_out(latest.id)
        if once or latest.status in LIVE:
            _come_back(latest, visit, late)
        if once or (latest.status in LIVE and visit.kind != "machine"):
            return Entered(latest.id, False, mark_of(visit.arriving.parameters))
    if visit.kind == "person":
        opening.check_open(visit.study_id, visit.content.spec, visit.part)
    if visit.part > 1 and visit.kind != "preview":
        waits = visit.kind == "person"
        later_parts.check_turn(visit.content.spec, visit.part, first, visit.recruiter, waits=waits)
    if excluded:
        raise JourneyFault(
            "not_eligible",
            "You took part in a related study before. For this reason you cannot take part in "
            "this one.",
            said=Said("related_study"),
        )
    if full:
        raise JourneyFault("study_full", "This study has all the participants it needs. Thank you!")
    first_ended_at = None if first is None else first.ended_at
    return _begin(visit, participant_id, theirs.takes + 1, first_ended_at)


def _is_excluded(connection: Connection, visit: _Visit, participant_id: int | None) -> bool:
    """Say whether the participant has entered a study that rules this one out."""
    # A machine remembers nothing of other studies; a later part is for those who took the first.
    if participant_id is None or visit.kind == "machine" or visit.part > 1:
        return False
    others = visit.content.spec.recruitment.exclude_studies
    return known_people.took_one_of(connection, participant_id, others)


def _is_full(connection: Connection, visit: _Visit) -> bool:
    # Looked at without a lock, so that most are turned away here; consent looks again.
    if visit.kind != "person" or visit.part > 1:
        return False
    spec = visit.content.spec
    return count_places(connection, visit.study_id, spec, visit.kind).full(spec)


def _only_once(latest: SessionRow, late: bool, visit: _Visit) -> bool:
    """Say whether a participant with a session gets it again, instead of a new one.

    A machine takes each version of a study once, whatever the study says of people; a session that
    it left unfinished for too long does not count. A later part is taken once by everybody.
    """
    if visit.kind != "machine":
        return visit.part > 1 or visit.content.spec.recruitment.once
    whole = latest.status == "completed" or (latest.status in LIVE and not late)
    return whole and latest.version_id == visit.version_id


def _known(connection: Connection, visit: _Visit) -> int | None:
    named = visit.person(connection)
    if named is not None or visit.arriving.external_id is None:
        return named
    external_id = visit.arriving.external_id
    return known_people.participant_of_id(connection, _namespace(visit), external_id)


def _namespace(visit: _Visit) -> str:
    """Return the namespace of a visit's identities: simulated people never meet a person's."""
    return visit.recruiter.name if visit.kind == "person" else visit.kind


def _come_back(session: SessionRow, visit: _Visit, late: bool) -> None:
    """Let a participant into their session again; if they are too late, only to its end."""
    with writing() as connection:
        status = held_status(connection, session.id)
        if status in (None, *EMPTIED):
            return
        claims.check(
            connection,
            changed(session, {"status": status}),
            visit.recruiter,
            visit.arriving,
            holds_token=visit.claim.session == session.public_id,
            confirmed=visit.claim.confirmed,
        )
        if late:
            return
        if visit.arriving.parameters:
            arrived(connection, session.id, visit.arriving.parameters)
        note(connection, session.id, "reentry", session.position or None)
        if session.status in LIVE:
            connection.execute(
                update(SESSIONS).where(SESSIONS.c.id == session.id).values(last_seen_at=now_ms())
            )


def _begin(
    visit: _Visit, participant_id: int | None, take: int, first_ended_at: int | None
) -> Entered:
    at = now_ms()
    with writing() as connection:
        if visit.kind == "preview":
            purge_previews(connection, at - PREVIEWS_KEPT_MS)
        if participant_id is None:
            participant_id = known_people.new_participant(
                connection, visit.kind, _namespace(visit), visit.arriving.external_id, at
            )
        session = insert_session(
            connection,
            {
                "public_id": uuid.uuid4().hex,
                "study_id": visit.study_id,
                "version_id": visit.version_id,
                "participant_id": participant_id,
                "take": take,
                "part": visit.part,
                "first_ended_at": first_ended_at,
                "kind": visit.kind,
                "recruiter": visit.recruiter.name,
                "seed": seeds.drawn(
                    visit.kind, visit.study, visit.arriving.external_id, visit.part, take
                ),
                "status": "entered",
                "step": "consent",
                "browser": dict(visit.browser),
                "entered_at": at,
                "last_seen_at": at,
                "address_hash": visit.mark(at),
            },
        )
        arrived(connection, session.id, visit.arriving.parameters)
    return Entered(session.id, True, mark_of(visit.arriving.parameters), session)
