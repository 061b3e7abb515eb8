"""Answers to shared items, judged by each other: the model of Dawid and Skene.

Dawid and Skene, Maximum likelihood estimation of observer error-rates using the EM algorithm,
Applied Statistics 28 (1979). Fitted by `crowd-kit`, which is imported when it is asked for.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from diptych.domain.rows import reported_trial
from diptych.domain.tables import ANALYSES, OF_TRIAL, QUALITY, RESPONSES, SESSIONS, TRIALS
from diptych.ground.database import db, now_ms, writing
from diptych.host import Host
from diptych.quality.related_sessions import CROWD_RULE
from diptych.quality.rules import Found, Seen, number, rule
from diptych.sessions.planned import planned
from diptych.sessions.tidy_rows import MEASURED, trial_row
from diptych.study.versions import frozen

#: `kind` of the summary in `analysis_results`; its `name` is the kind of participants.
STORED_AS = "crowd"
#: Fewer people can't be told apart from the truth.
LEAST_PEOPLE = 3
PHASES = ("test", "catch")
BINS, LOWEST, BATCH = 20, 25, 2000
Progress = Callable[[int, int], None]


@rule(
    CROWD_RULE,
    "Accuracy by the crowd",
    "Accuracy that the model of Dawid and Skene (1979) estimates from the answers of all "
    "participants to shared items, without the true answers. Run `diptych quality STUDY --crowd` "
    "to compute it.",
    soft=True,
)
def min_crowd_accuracy(seen: Seen) -> Found | None:
    """Return the accuracy that was estimated last; None before the first."""
    accuracy = seen.others.crowd_accuracy
    if accuracy is None:
        return None
    return Found(
        accuracy, f"The answers of all participants put the accuracy at {number(accuracy)}"
    )


class CrowdFault(Exception):
    """Nothing can be estimated; the message says why."""


@dataclass(frozen=True)
class Said:
    """One answer to a shared item: who (id of the session), to what, and what it says."""

    session: int
    item: str
    answer: str


@dataclass(frozen=True)
class Estimate:
    """What the crowd says of one session.

    Attributes
    ----------
    session : int
        Its id.
    public_id : str
        Its id in the tables.
    answers : int
        Answers to items that others have answered, too.
    accuracy : float
        Mean probability, under the model, that the session's answers are right: 0 to 1.
    """

    session: int
    public_id: str
    answers: int
    accuracy: float


def shared(said: Sequence[Said]) -> list[Said]:
    """Return the responses to items that two sessions or more have answered."""
    people: dict[str, set[int]] = {}
    for each in said:
        people.setdefault(each.item, set()).add(each.session)
    return [each for each in said if len(people[each.item]) > 1]


def accuracies(said: Sequence[Said]) -> dict[int, float]:
    """Return the estimated accuracy of each session, by the model of Dawid and Skene.

    Parameters
    ----------
    said : Sequence[Said]
        Answers to shared items, at most one of a session to an item.

    Raises
    ------
    ModuleNotFoundError
        When crowd-kit is not installed.
    """
    import pandas as pd
    from crowdkit.aggregation import DawidSkene

    answers = pd.DataFrame(
        {
            "task": [each.item for each in said],
            "worker": [each.session for each in said],
            "label": [each.answer for each in said],
        }
    )
    with warnings.catch_warnings():
        # crowd-kit calls pandas in ways that a later pandas will not know.
        warnings.simplefilter("ignore", DeprecationWarning)
        fitted: Any = DawidSkene(n_iter=200, tol=1e-8).fit(answers)
    probabilities = fitted.probas_
    sums: dict[int, float] = {}
    for each in said:
        right = float(probabilities.at[each.item, each.answer])
        sums[each.session] = sums.get(each.session, 0.0) + right
    counts = Counter(each.session for each in said)
    return {session: total / counts[session] for session, total in sums.items()}


def work_out(
    host: Host, study_id: int, kind: str = "person", progress: Progress = lambda done, of: None
) -> list[Estimate]:
    """Estimate the accuracy of every completed session, and store what the page shows.

    The estimates stand in `quality_results` afterwards; the sessions are to be judged anew
    (`diptych.settling.settle.resettle`) for their flags to follow.

    Raises
    ------
    CrowdFault
        When too few people have answered the same items.
    ModuleNotFoundError
        When crowd-kit is not installed.
    """
    # One transaction, so that the database can hand the answers out in batches.
    with db.engine.connect() as connection:
        said = shared(list(_answers(host, connection, study_id, kind, progress)))
        names = {
            row.id: row.public_id
            for row in connection.execute(
                select(SESSIONS.c.id, SESSIONS.c.public_id).where(*_of(study_id, kind))
            )
        }
    people = Counter(each.session for each in said)
    if len(people) < LEAST_PEOPLE:
        raise CrowdFault(
            f"{len(people)} completed sessions of kind {kind!r} have answered items that others "
            f"have answered, too; {LEAST_PEOPLE} or more are needed"
        )
    found = accuracies(said)
    estimates = [Estimate(s, names[s], people[s], found[s]) for s in sorted(people)]
    _store(study_id, kind, estimates, len({each.item for each in said}))
    return estimates


def _of(study_id: int, kind: str) -> tuple[Any, ...]:
    return (
        SESSIONS.c.study_id == study_id,
        SESSIONS.c.kind == kind,
        SESSIONS.c.status == "completed",
    )


def _answers(
    host: Host, connection: Connection, study_id: int, kind: str, progress: Progress
) -> Iterator[Said]:
    """Yield the responses of completed sessions, each item known by what it shows."""
    rows = connection.execute(
        select(SESSIONS, TRIALS, RESPONSES)
        .join(TRIALS, TRIALS.c.session_id == SESSIONS.c.id)
        .join(
            RESPONSES,
            OF_TRIAL,
        )
        .where(*_of(study_id, kind), TRIALS.c.phase.in_(PHASES))
        .with_only_columns(
            SESSIONS.c.id, SESSIONS.c.version_id, SESSIONS.c.condition, SESSIONS.c.part,
            SESSIONS.c.kind, SESSIONS.c.position, SESSIONS.c.seed, TRIALS.c.trial_index,
            TRIALS.c.phase, TRIALS.c.block, TRIALS.c.item, TRIALS.c.notice, RESPONSES.c.answer,
            RESPONSES.c.correct, RESPONSES.c.received_at,
            RESPONSES.c.presented_at.label("shown_at"), *MEASURED,
        )
        .order_by(SESSIONS.c.id),
        execution_options={"yield_per": BATCH},
    )  # fmt: skip
    items: dict[tuple[int, str], str] = {}
    for done, row in enumerate(rows, 1):
        task = host.task(row.version_id, row.condition, row.part)
        cells = trial_row({}, task, reported_trial(row))
        answer = task.answered_in(cells)
        if answer is None:
            continue
        known = row.version_id, cells["item_id"]
        if known not in items:
            # The same pictures are the same item, in whichever version of the study they stand.
            stimuli = frozen(row.version_id, connection).stimuli
            shows = (stimuli[place].stimulus_id for place in task.places(planned(row)))
            items[known] = f"{cells['item_id']} {' '.join(shows)}"
        yield Said(row.id, items[known], answer)
        if done % BATCH == 0:
            progress(done, done)


def _store(study_id: int, kind: str, estimates: Sequence[Estimate], items: int) -> None:
    mine = (QUALITY.c.rule == CROWD_RULE, QUALITY.c.study_id == study_id, QUALITY.c.kind == kind)
    summary = {
        "sessions": len(estimates),
        "items": items,
        "answers": sum(each.answers for each in estimates),
        "mean": sum(each.accuracy for each in estimates) / len(estimates),
        "histogram": _histogram([each.accuracy for each in estimates]),
        "lowest": [
            [each.public_id, each.accuracy, each.answers]
            for each in sorted(estimates, key=lambda each: each.accuracy)[:LOWEST]
        ],
    }
    rows = [
        {
            "session_id": each.session,
            "rule": CROWD_RULE,
            "study_id": study_id,
            "kind": kind,
            "flagged": False,  # until the session is judged anew
            "auto": False,
            "value": each.accuracy,
            "threshold": None,
            "evidence": "",
        }
        for each in estimates
    ]
    with writing() as connection:
        connection.execute(delete(QUALITY).where(*mine))
        connection.execute(insert(QUALITY), rows)
        connection.execute(
            delete(ANALYSES).where(
                ANALYSES.c.study_id == study_id,
                ANALYSES.c.kind == STORED_AS,
                ANALYSES.c.name == kind,
            )
        )
        connection.execute(
            insert(ANALYSES).values(
                study_id=study_id, kind=STORED_AS, name=kind, created_at=now_ms(), data=summary
            )
        )


def forget(connection: Connection, study_id: int, public_ids: Collection[str]) -> None:
    """Take sessions out of the summaries of a study, once their own findings are gone."""
    summaries = connection.execute(
        select(ANALYSES.c.name, ANALYSES.c.data).where(
            ANALYSES.c.study_id == study_id, ANALYSES.c.kind == STORED_AS
        )
    ).all()
    for kind, summary in summaries:
        left = [each for each in summary["lowest"] if each[0] not in public_ids]
        mine = (
            QUALITY.c.rule == CROWD_RULE,
            QUALITY.c.study_id == study_id,
            QUALITY.c.kind == kind,
        )
        values = list(connection.execute(select(QUALITY.c.value).where(*mine)).scalars())
        if len(left) == len(summary["lowest"]) and len(values) == summary["sessions"]:
            continue
        changed = {
            **summary,
            "sessions": len(values),
            "mean": sum(values) / max(1, len(values)),
            "histogram": _histogram(values),
            "lowest": left,
        }
        whose = (
            ANALYSES.c.study_id == study_id,
            ANALYSES.c.kind == STORED_AS,
            ANALYSES.c.name == kind,
        )
        if values:
            connection.execute(update(ANALYSES).where(*whose).values(data=changed))
        else:
            connection.execute(delete(ANALYSES).where(*whose))


def _histogram(values: Sequence[float]) -> list[int]:
    """Return how many of the values, from 0 to 1, fall into each of the bins."""
    counts = [0] * BINS
    for value in values:
        counts[min(int(value * BINS), BINS - 1)] += 1
    return counts


def stored(connection: Connection, study_id: int, kind: str) -> Any:
    """Read the summary that was computed last (`created_at`, `data`); None before that."""
    return connection.execute(
        select(ANALYSES.c.created_at, ANALYSES.c.data).where(
            ANALYSES.c.study_id == study_id, ANALYSES.c.kind == STORED_AS, ANALYSES.c.name == kind
        )
    ).one_or_none()
