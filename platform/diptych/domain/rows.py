"""Typed rows: what a type checker knows of a row that Core read from a table.

A row of Core has the columns of its table as attributes, and so has the table's model. These names
give such rows the model's types, so that a renamed column is an error of the type checker wherever
a row is read. At run time a row stays what the driver returned: typing it costs nothing.

A row can be read, not written: changes go through `UPDATE`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar, cast

from diptych import models

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Row

#: A row of `sessions`, whole.
SessionRow: TypeAlias = models.Session
#: A row of `trials`, whole.
TrialRow: TypeAlias = models.Trial
#: A row of `events`, whole.
EventRow: TypeAlias = models.Event
#: A row of `session_results`, whole.
ResultRow: TypeAlias = models.SessionResult
#: A row of `quality_results`, whole.
QualityRow: TypeAlias = models.QualityResult
#: A row of `decisions`, whole.
DecisionRow: TypeAlias = models.Decision
#: A row of `ledger`, whole.
LedgerRow: TypeAlias = models.LedgerEntry
#: A row of `arrivals`, whole.
ArrivalRow: TypeAlias = models.Arrival

R = TypeVar("R")


def rows_of(kind: type[R], rows: Sequence[Row[*tuple[Any, ...]]]) -> Sequence[R]:
    """Type rows that have all columns of a kind of row."""
    return cast("Sequence[R]", rows)


def cells_of(row: SessionRow) -> dict[str, Any]:
    """Return every column of a row by name, those of a join included."""
    return dict(cast("Row[Any]", row)._mapping)


class PlannedRow(Protocol):
    """A row with a trial of a plan: one of `trials`, or of a query that reads its columns too."""

    @property
    def phase(self) -> str:
        """practice, training, test or catch."""

    @property
    def block(self) -> int:
        """0-based practice attempt that the trial belongs to."""

    @property
    def item(self) -> dict[str, Any] | None:
        """What is shown; None until an adaptive policy has chosen."""

    @property
    def notice(self) -> str | None:
        """Name of the text that is shown before the trial."""


def session_row(row: Row[*tuple[Any, ...]]) -> SessionRow:
    """Type a row that has all columns of `sessions`."""
    return cast("SessionRow", row)


def session_rows(rows: Sequence[Row[*tuple[Any, ...]]]) -> Sequence[SessionRow]:
    """Type rows that have all columns of `sessions`."""
    return cast("Sequence[SessionRow]", rows)


def trial_row(row: Row[*tuple[Any, ...]]) -> TrialRow:
    """Type a row that has all columns of `trials`."""
    return cast("TrialRow", row)


def event_rows(rows: Sequence[Row[*tuple[Any, ...]]]) -> Sequence[EventRow]:
    """Type rows that have all columns of `events`."""
    return cast("Sequence[EventRow]", rows)


if TYPE_CHECKING:

    class NamedSession(models.Session):
        """A session with the name of its study and the hash of its version."""

        study: str
        content_hash: str

else:
    NamedSession = models.Session


if TYPE_CHECKING:

    class AnsweringRow(models.Session):
        """What an answer reads at once: most of its session, its trial and the trial after it."""

        phase: str
        block: int
        item: dict[str, Any] | None
        notice: str | None
        answer: dict[str, Any] | None
        next_phase: str | None
        next_block: int
        next_item: dict[str, Any] | None
        next_notice: str | None

else:
    AnsweringRow = models.Session


def answering_row(row: object) -> AnsweringRow:
    """Type the row that an answer reads (`diptych.journey.storing.QUESTION`)."""
    return cast("AnsweringRow", row)


if TYPE_CHECKING:

    class ReportedTrial(models.Trial):
        """A trial with the columns of its session and its response that the tidy tables need."""

        kind: str
        position: int
        seed: int
        presented_at: int | None
        answer: dict[str, Any] | None
        correct: bool | None
        shown_at: int | None
        received_at: int | None
        rt_ms: float
        onset_ms: float

else:
    ReportedTrial = models.Trial


def reported_trial(row: Row[*tuple[Any, ...]]) -> ReportedTrial:
    """Type a row of a query that reads trials with their sessions and responses."""
    return cast("ReportedTrial", row)
