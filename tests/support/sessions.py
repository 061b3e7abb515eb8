"""Sessions as rules and figures see them, made by hand: no host and no database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from diptych.sessions.facts import SessionFacts
from diptych.study.content import StudyContent

START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Made:
    """One answered trial: times in ms; `gap_ms` is what the server's clock saw pass."""

    phase: str = "test"
    response: str = "top"
    correct: bool = True
    rt_ms: float = 3000.0
    gap_ms: float = 60_000.0


@dataclass(frozen=True)
class Happened:
    """One event of the browser."""

    kind: str
    trial_index: int | None = None
    detail: str | None = None


def session_facts(
    content: StudyContent,
    answers: Sequence[Made] = (),
    events: Sequence[Happened] = (),
    unanswered: int = 0,
    **session: Any,
) -> SessionFacts:
    """A session of a study with these answers, in order; keywords change its row."""
    row = {
        "id": 1,
        "public_id": "session-1",
        "kind": "person",
        "status": "completed",
        "condition": "default",
        "instructions_ms": 20_000.0,
        "practice_attempts": 1,
        **session,
    }
    trials: list[dict[str, Any]] = []
    for index, made in enumerate(answers):
        shown = START + timedelta(minutes=index)
        trials.append(
            {
                "trial_index": index,
                "phase": made.phase,
                "response": made.response,
                "correct": made.correct,
                "rt_ms": made.rt_ms,
                "presented_at": shown,
                "responded_at": shown + timedelta(milliseconds=made.gap_ms),
            }
        )
    trials += [{"trial_index": len(answers) + n, "phase": "test"} for n in range(unanswered)]
    return SessionFacts(SimpleNamespace(**row), content, trials, list(events))
