"""One session whole, as a researcher looks at it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import Connection, Table, select

from diptych.accounts.users import User, role_in
from diptych.domain.rows import (
    ArrivalRow,
    DecisionRow,
    EventRow,
    LedgerRow,
    NamedSession,
    QualityRow,
    R,
    ResultRow,
    SessionRow,
    rows_of,
)
from diptych.domain.tables import (
    ARRIVALS,
    DECISIONS,
    IDENTITIES,
    LEDGER,
    OF_TRIAL,
    PARTICIPANTS,
    QUALITY,
    RESPONSES,
    RESULTS,
    SESSIONS,
    STUDIES,
    TRIALS,
    VERSIONS,
)
from diptych.domain.vocabulary import KINDS
from diptych.ground.database import reading
from diptych.ground.user_agents import UserAgent, user_agent_of
from diptych.host import Host
from diptych.overview.sessions.question_answers import QuestionAnswered, answered
from diptych.sessions.facts import SessionFacts, facts
from diptych.sessions.planned import planned
from diptych.tasks import PlannedTrial, Tally, Task
from diptych.tasks.explained import ExplainedAnswer, explained_answer
from diptych.tasks.missed import is_missed

# What the address of an image is while a trial is asked which ones it shows.
_MARK = "image:"


@dataclass(frozen=True)
class Shown:
    """Images that a trial shows under one name (`image`, `top`, `positive`, …).

    Attributes
    ----------
    name : str
        What the task calls them.
    places : tuple[int, ...]
        In the manifest of the version, in the order in which they were shown.
    """

    name: str
    places: tuple[int, ...]

    @property
    def single(self) -> bool:
        """Whether it is one image and not a set."""
        return len(self.places) == 1


@dataclass(frozen=True)
class Moment:
    """One trial with what was shown, answered, and what happened meanwhile.

    Attributes
    ----------
    row : Mapping[str, Any]
        The trial's row of the tidy table `trials`, with `block` and `received_at`.
    shown : Sequence[Shown]
        Its images.
    events : Sequence[EventRow]
        Rows of `events` that name the trial.
    explained : ExplainedAnswer | None
        What feedback showed beside the true class.
    """

    row: Mapping[str, Any]
    shown: Sequence[Shown]
    events: Sequence[EventRow]
    explained: ExplainedAnswer | None = None

    @property
    def is_answered(self) -> bool:
        """Whether there is a response."""
        return "correct" in self.row


@dataclass(frozen=True)
class One:
    """One session.

    Attributes
    ----------
    facts : SessionFacts
        The session with its trials and events.
    pseudonym : str | None
        Of the participant; None of a session that was emptied.
    result : ResultRow | None
        Row of `session_results`, None before it has ended.
    quality : Sequence[QualityRow]
        Rows of `quality_results`, those that speak against the session first.
    decisions : Sequence[DecisionRow]
        Rows of `decisions`, newest first.
    ledger : Sequence[LedgerRow]
        Rows of `ledger`, oldest first.
    arrivals : Sequence[ArrivalRow]
        Rows of `arrivals`, oldest first.
    identities : Sequence[tuple[str, str]]
        (recruiter, platform's id) of the participant; empty for who may not see them.
    questions : Sequence[QuestionAnswered]
        Questions before and after the trials that were answered, in the order of the page.
    others : Sequence[NamedSession]
        Further sessions of the participant, in studies that the reader may open.
    """

    facts: SessionFacts
    pseudonym: str | None
    result: ResultRow | None
    quality: Sequence[QualityRow]
    decisions: Sequence[DecisionRow]
    ledger: Sequence[LedgerRow]
    arrivals: Sequence[ArrivalRow]
    identities: Sequence[tuple[str, str]]
    questions: Sequence[QuestionAnswered]
    others: Sequence[NamedSession]

    @property
    def session(self) -> SessionRow:
        """Its row of `sessions`."""
        return self.facts.session

    @property
    def user_agent(self) -> UserAgent:
        """Browser and operating system, as the tables name them."""
        return user_agent_of(self.session.kind, self.session.browser)

    @property
    def reached(self) -> Sequence[Mapping[str, Any]]:
        """The trials up to the last one that was shown or answered."""
        trials = self.facts.trials
        seen = [n for n, row in enumerate(trials, 1) if "correct" in row or row.get("presented_at")]
        return trials[: seen[-1]] if seen else []

    @property
    def loose_events(self) -> list[Any]:
        """Events that name no trial."""
        known = {trial["trial_index"] for trial in self.facts.trials}
        return [event for event in self.facts.events if event.trial_index not in known]


def find(connection: Connection, study_id: int, public_id: str) -> int | None:
    """Find a session of a study by its public id; None when the study has none.

    Previews are nobody's session.
    """
    found: int | None = connection.execute(
        select(SESSIONS.c.id).where(
            SESSIONS.c.public_id == public_id,
            SESSIONS.c.study_id == study_id,
            SESSIONS.c.kind.in_(KINDS),
        )
    ).scalar()
    return found


def has_version(connection: Connection, study_id: int, version_id: int) -> bool:
    """Say whether a version is one of a study."""
    found = connection.execute(
        select(VERSIONS.c.id).where(VERSIONS.c.id == version_id, VERSIONS.c.study_id == study_id)
    )
    return found.scalar() is not None


def read_one(host: Host, session_id: int, user: User, *, see_ids: bool) -> One:
    """Read one session whole.

    Parameters
    ----------
    host : Host
        The host.
    session_id : int
        The session.
    user : User
        Who looks.
    see_ids : bool
        Whether platforms' ids may be seen.
    """
    with reading() as connection:
        whole = facts(host, connection, session_id)
        person = whole.session.participant_id

        def rows(kind: type[R], of: Table, *order: Any) -> Sequence[R]:
            mine = select(of).where(of.c.session_id == session_id).order_by(*order)
            return rows_of(kind, connection.execute(mine).all())

        result = rows(ResultRow, RESULTS)
        known: Sequence[tuple[str, str]] = []
        if see_ids and person is not None:
            known = [
                (row.recruiter, row.external_id)
                for row in connection.execute(
                    select(IDENTITIES)
                    .where(IDENTITIES.c.participant_id == person)
                    .order_by(IDENTITIES.c.recruiter, IDENTITIES.c.external_id)
                )
            ]
        one = One(
            facts=whole,
            pseudonym=connection.execute(
                select(PARTICIPANTS.c.public_id).where(PARTICIPANTS.c.id == person)
            ).scalar(),
            result=result[0] if result else None,
            quality=rows(QualityRow, QUALITY, QUALITY.c.flagged.desc(), QUALITY.c.rule),
            decisions=rows(DecisionRow, DECISIONS, DECISIONS.c.id.desc()),
            ledger=rows(LedgerRow, LEDGER, LEDGER.c.id),
            arrivals=rows(ArrivalRow, ARRIVALS, ARRIVALS.c.id),
            identities=known,
            questions=answered(connection, session_id, whole.content),
            others=_others(connection, person, session_id),
        )
    readable = {id_ for id_ in {row.study_id for row in one.others} if role_in(user, id_)}
    others = [row for row in one.others if row.study_id in readable]
    return One(**{**vars(one), "others": others})


def _others(connection: Connection, person: int | None, session_id: int) -> Sequence[NamedSession]:
    if person is None:
        return []
    query = (
        select(SESSIONS, STUDIES.c.name.label("study"), VERSIONS.c.content_hash)
        .join(STUDIES, STUDIES.c.id == SESSIONS.c.study_id)
        .join(VERSIONS, VERSIONS.c.id == SESSIONS.c.version_id)
        .where(SESSIONS.c.participant_id == person, SESSIONS.c.id != session_id)
        .order_by(SESSIONS.c.entered_at.desc(), SESSIONS.c.id.desc())
        .limit(100)
    )
    return rows_of(NamedSession, connection.execute(query).all())


def moments(host: Host, one: One, first: int, size: int) -> list[Moment]:
    """Show some trials of a session, in order, with what each of them showed.

    Parameters
    ----------
    host : Host
        The host.
    one : One
        The session.
    first : int
        How many trials stand before them.
    size : int
        How many, at most.
    """
    rows = one.reached[first : first + size]
    if not rows:
        return []
    session = one.session
    task = host.task(session.version_id, session.condition, session.part)
    indices = [row["trial_index"] for row in rows]
    with reading() as connection:
        plans = connection.execute(
            select(TRIALS, RESPONSES.c.answer)
            .outerjoin(RESPONSES, OF_TRIAL)
            .where(TRIALS.c.session_id == session.id, TRIALS.c.trial_index.in_(indices))
        ).all()
    read = task.response_of(session.kind).model_validate
    shown: dict[int, Sequence[Shown]] = {}
    explained: dict[int, ExplainedAnswer | None] = {}
    for plan in plans:
        if plan.item is not None:
            trial = planned(plan)
            show = partial(_show, task, trial, session.seed)
            shown[plan.trial_index] = shown_by(show)
            if plan.answer is not None and not is_missed(plan.answer):
                found = explained_answer(task, trial, read(plan.answer))
                explained[plan.trial_index] = found
    events: dict[int, list[Any]] = {}
    for event in one.facts.events:
        if event.trial_index is not None:
            events.setdefault(event.trial_index, []).append(event)
    return [
        Moment(row, shown.get(index, ()), events.get(index, ()), explained.get(index))
        for index, row in zip(indices, rows, strict=True)
    ]


def _show(
    task: Task, trial: PlannedTrial, seed: int, image: Callable[[int], str]
) -> Mapping[str, Any]:
    return task.show(trial, seed, image, Tally(0, 0))


def shown_by(show: Callable[[Callable[[int], str]], Mapping[str, Any]]) -> tuple[Shown, ...]:
    """Return the images that a trial shows, by the names that its task gives them.

    Parameters
    ----------
    show : Callable[[Callable[[int], str]], Mapping[str, Any]]
        Gives what the browser is shown, from a function that gives the address of an image.
    """
    found = []
    for name, value in show(lambda place: f"{_MARK}{place}").items():
        values = value if isinstance(value, list | tuple) else [value]
        places = [
            int(each.removeprefix(_MARK))
            for each in values
            if isinstance(each, str) and each.startswith(_MARK)
        ]
        if places:
            found.append(Shown(name, tuple(places)))
    # Single images first: they are what the question is about, sets are what explains it.
    return tuple(sorted(found, key=lambda shown: not shown.single))
