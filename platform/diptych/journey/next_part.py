"""What a participant who has completed a part is told of the next one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import Connection, bindparam, select

from diptych.domain.rows import SessionRow
from diptych.domain.tables import PARTICIPANTS
from diptych.ground.database import reading
from diptych.ground.keys import named_key
from diptych.ground.settings import Settings
from diptych.host import Host
from diptych.journey import later_parts
from diptych.journey.faults import JourneyFault
from diptych.recruiters import PART, PERSON, study_link
from diptych.sessions.earlier_parts import first_session
from diptych.study.content import StudyContent
from diptych.study.versions import UnknownStudy, current_version, frozen
from diptych.study.windows import Window, window_of

_PSEUDONYM = select(PARTICIPANTS.c.public_id).where(PARTICIPANTS.c.id == bindparam("participant"))


def next_part(
    host: Host, connection: Connection, session: SessionRow, content: StudyContent
) -> dict[str, Any] | None:
    """Return when the next part of a study is, and how to come to it.

    Parameters
    ----------
    host : Host
        The host.
    connection : Connection
        A connection.
    session : SessionRow
        A completed session.
    content : StudyContent
        The study.

    Returns
    -------
    dict[str, Any] | None
        `part`, `opens_at` and `closes_at` (ms since 1970-01-01 UTC), `link` and `calendar`; the
        last two are None where a platform invites. None after the last part, and for others than
        people.
    """
    part = session.part + 1
    ended_at = session.first_ended_at or session.ended_at
    if session.kind != "person" or part > content.spec.parts or ended_at is None:
        return None
    window = window_of(content.spec, part, ended_at)
    link = calendar = None
    if host.recruiter(content, session.recruiter).comes_back_by_link:
        pseudonym = connection.execute(
            _PSEUDONYM, {"participant": session.participant_id}
        ).scalar_one()
        link = personal_link(host.settings, host.secret, content.name, part, pseudonym)
        calendar = calendar_link(link)
    return {
        "part": part,
        "opens_at": window.opens_at,
        "closes_at": window.closes_at,
        "link": link,
        "calendar": calendar,
    }


def personal_link(settings: Settings, secret: bytes, study: str, part: int, pseudonym: str) -> str:
    """Return the address at which one participant enters a part; nobody else can make it."""
    query = urlencode({PART: part, PERSON: named_key(secret, PART, study, pseudonym)})
    return f"{study_link(settings, study)}?{query}"


def calendar_link(link: str) -> str:
    """Return the address of the calendar file that belongs to a personal link."""
    page, _, query = link.partition("?")
    return f"{page}/calendar.ics?{query}"


def calendar_of(host: Host, study: str, entry: Mapping[str, str]) -> bytes:
    """Return the calendar file of a personal link.

    Parameters
    ----------
    host : Host
        The host.
    study : str
        Its name.
    entry : Mapping[str, str]
        The query of the personal link.

    Raises
    ------
    JourneyFault
        `unknown_study`, `not_eligible` or `part_unknown` when the link is not valid.
    """
    try:
        study_id, version_id, _ = current_version(study)
    except UnknownStudy:
        raise JourneyFault("unknown_study", "There is no study at this address.") from None
    with reading() as connection:
        person = later_parts.person_of(connection, entry, host.secret, study)
        first = first_session(connection, study_id, person)
        content = frozen(version_id if first is None else first.version_id, connection)
    part = later_parts.part_of(entry, content.spec)
    if first is None or first.ended_at is None or part == 1:
        raise JourneyFault("part_unknown", "There is no completed first part for this link.")
    window = window_of(content.spec, part, first.ended_at)
    link = f"{study_link(host.settings, study)}?{urlencode({PART: part, PERSON: entry[PERSON]})}"
    return calendar(content.spec.title, part, window, link)


def calendar(title: str, part: int, window: Window, link: str) -> bytes:
    """Return an iCalendar file (RFC 5545) with the window of one part.

    Parameters
    ----------
    title : str
        Title of the study.
    part : int
        The part.
    window : Window
        When it can be started.
    link : str
        The personal link.
    """
    # Only for those who ask for one: it takes a third of a second to import.
    from icalendar import Alarm, Calendar, Event

    opens, closes = (
        datetime.fromtimestamp(at / 1000, UTC) for at in (window.opens_at, window.closes_at)
    )
    event = Event.new(
        uid=f"{part}-{window.opens_at}@diptych",
        stamp=opens,
        start=opens.replace(microsecond=0),
        end=closes.replace(microsecond=0),
        summary=f"{title} ({part})",
        description=link,
        url=link,
    )
    event.add("transp", "TRANSPARENT")  # a window of days must not block them
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", title)
    alarm.add("trigger", timedelta(0))
    event.add_component(alarm)
    found = Calendar.new(prodid="-//Diptych//parts//EN")
    found.add_component(event)
    return bytes(found.to_ical())
