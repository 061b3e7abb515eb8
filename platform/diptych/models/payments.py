"""Decisions about sessions, and the money that follows from them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from diptych.models.base import Base, Key


class Placement(Base):
    """Where a study stands on a platform: a Prolific study, or a HIT."""

    __tablename__ = "placements"
    __table_args__ = (UniqueConstraint("recruiter", "external_id"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("studies.id"), index=True)
    recruiter: Mapped[str] = mapped_column(String(32))
    external_id: Mapped[str] = mapped_column(String(128))  # STUDY_ID, or the HIT's id
    detail: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[int] = mapped_column(BigInteger)


class Decision(Base):
    """What somebody decided about a session. Only ever inserted; the latest of its sort holds."""

    __tablename__ = "decisions"
    __table_args__ = (Index(None, "study_id", "id"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    session_id: Mapped[int] = mapped_column(ForeignKey("sessions.id"), index=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("studies.id"))
    # exclude, include, approve, reject, request_return, screen_out, bonus
    action: Mapped[str] = mapped_column(String(16))
    at: Mapped[int] = mapped_column(BigInteger)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    actor: Mapped[str] = mapped_column(String(64))
    message: Mapped[str | None] = mapped_column(Text)  # to the participant
    detail: Mapped[dict[str, Any]] = mapped_column(JSON)


class LedgerEntry(Base):
    """One state of one order to a platform: intended, sent, named, confirmed or failed.

    Rows are only ever inserted. The key names the order; that a key has each state at most once is
    what keeps two processes from sending the same order.
    """

    __tablename__ = "ledger"
    __table_args__ = (
        UniqueConstraint("key", "state"),
        Index(None, "study_id", "id"),
        # Answers by itself what the orders of a study come to (payments.ledger).
        Index(None, "study_id", "key", "currency", "state", "amount"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    key: Mapped[str] = mapped_column(String(64))  # idempotency key of the order
    state: Mapped[str] = mapped_column(String(16))
    study_id: Mapped[int] = mapped_column(ForeignKey("studies.id"))
    session_id: Mapped[int] = mapped_column(ForeignKey("sessions.id"), index=True)
    recruiter: Mapped[str] = mapped_column(String(32))
    action: Mapped[str] = mapped_column(String(16))  # approve, reject, …, bonus
    amount: Mapped[int] = mapped_column(BigInteger)  # minor units; 0 where no money moves
    currency: Mapped[str] = mapped_column(String(3))
    reference: Mapped[str | None] = mapped_column(String(128))  # the platform's own name for it
    reason: Mapped[str | None] = mapped_column(Text)  # why it failed, what was found
    at: Mapped[int] = mapped_column(BigInteger)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    actor: Mapped[str] = mapped_column(String(64))


class Budget(Base):
    """What a study may cost, in minor units; orders beyond it are not sent."""

    __tablename__ = "budgets"

    study_id: Mapped[int] = mapped_column(ForeignKey("studies.id"), primary_key=True)
    currency: Mapped[str] = mapped_column(String(3))
    amount: Mapped[int] = mapped_column(BigInteger)
    set_at: Mapped[int] = mapped_column(BigInteger)
