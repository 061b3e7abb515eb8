"""What was worked out from sessions that have ended: all of it can be worked out again."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from diptych.models.base import Base, Key


class SessionResult(Base):
    """The measures of one ended session, by which tables of sessions are sorted."""

    __tablename__ = "session_results"
    # Each ends in the session, by which equal values are put in order (diptych.overview.sessions).
    __table_args__ = (
        Index(None, "study_id", "kind", "score", "session_id"),
        Index(None, "study_id", "kind", "duration_ms", "session_id"),
        Index(None, "study_id", "kind", "median_rt_ms", "session_id"),
        Index(None, "study_id", "kind", "n_flags", "session_id"),
        Index(None, "study_id", "kind", "excluded"),
    )

    session_id: Mapped[int] = mapped_column(ForeignKey("sessions.id"), primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("studies.id"))
    kind: Mapped[str] = mapped_column(String(16))
    status: Mapped[str] = mapped_column(String(16))
    score: Mapped[float | None] = mapped_column(Float)  # share right outside practice
    duration_ms: Mapped[float | None] = mapped_column(Float)  # consent to end
    median_rt_ms: Mapped[float | None] = mapped_column(Float)
    n_flags: Mapped[int] = mapped_column(Integer)  # quality rules that speak against the session
    excluded: Mapped[bool] = mapped_column(Boolean)  # by an `auto` rule or by a person
    # Which tallies the session stands in: none, all, or kept (all and kept).
    counted: Mapped[str] = mapped_column(String(8))
    computed_at: Mapped[int] = mapped_column(BigInteger)


class QualityResult(Base):
    """What one quality rule found in one session."""

    __tablename__ = "quality_results"
    __table_args__ = (
        # The sessions that a rule speaks against, newest first: the study and the kind stand here
        # too, so that a page of them costs the same in a study of any size.
        Index(
            "ix_quality_results_flagged",
            "study_id",
            "kind",
            "rule",
            "session_id",
            sqlite_where=text("flagged"),
            postgresql_where=text("flagged"),
        ),
    )

    session_id: Mapped[int] = mapped_column(ForeignKey("sessions.id"), primary_key=True)
    rule: Mapped[str] = mapped_column(String(64), primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("studies.id"))
    kind: Mapped[str] = mapped_column(String(16))
    flagged: Mapped[bool] = mapped_column(Boolean)
    auto: Mapped[bool] = mapped_column(Boolean)  # decides alone
    value: Mapped[float | None] = mapped_column(Float)
    threshold: Mapped[float | None] = mapped_column(Float)
    evidence: Mapped[str] = mapped_column(Text)  # one line for a person


class Tally(Base):
    """Counts behind one figure of one study, kept up session by session."""

    __tablename__ = "tallies"

    study_id: Mapped[int] = mapped_column(ForeignKey("studies.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)  # of participant
    scope: Mapped[str] = mapped_column(String(8), primary_key=True)  # all, or kept (not excluded)
    figure: Mapped[str] = mapped_column(String(48), primary_key=True)
    sessions: Mapped[int] = mapped_column(Integer)
    counts: Mapped[dict[str, Any]] = mapped_column(JSON)  # key -> list of numbers that add up


class AnalysisResult(Base):
    """A result worked out offline (tracing models, HIS against MIS) that the dashboard shows."""

    __tablename__ = "analysis_results"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("studies.id"), index=True)
    kind: Mapped[str] = mapped_column(String(32))  # tracing, agreement
    name: Mapped[str] = mapped_column(String(128))
    created_at: Mapped[int] = mapped_column(BigInteger)
    data: Mapped[dict[str, Any]] = mapped_column(JSON)
