"""Decisions about sessions, and the money that follows from them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, Integer, String, Text, UniqueConstraint
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


class PaymentOrder(Base):
    """One order to a platform, in the state that its lines in the ledger come to.

    Written in the same transaction as each line (`payments.ledger.write`), so that what pages and
    sending ask needs no fold over the lines.
    """

    __tablename__ = "payment_orders"
    __table_args__ = (
        # The orders of a study that wait, or are in doubt; what the orders of a study come to.
        Index(None, "study_id", "state", "currency", "amount"),
        Index(None, "study_id", "id"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    key: Mapped[str] = mapped_column(String(64), unique=True)  # idempotency key
    study_id: Mapped[int] = mapped_column(ForeignKey("studies.id"))
    session_id: Mapped[int] = mapped_column(ForeignKey("sessions.id"), index=True)
    # One person under one submission: a hash over the platform's ids (payments.participations).
    participation: Mapped[str] = mapped_column(String(64))
    attempt: Mapped[int] = mapped_column(Integer)  # of its action, about the participation; from 1
    retries: Mapped[int | None] = mapped_column(ForeignKey("payment_orders.id"))  # failed before
    recruiter: Mapped[str] = mapped_column(String(32))
    action: Mapped[str] = mapped_column(String(16))
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    actor: Mapped[str] = mapped_column(String(64))  # who ordered it
    state: Mapped[str] = mapped_column(String(16))  # intended, sent, failed, confirmed
    reference: Mapped[str | None] = mapped_column(String(128))
    reason: Mapped[str | None] = mapped_column(Text)
    at: Mapped[int] = mapped_column(BigInteger)  # when it came to its state
    sent_at: Mapped[int | None] = mapped_column(BigInteger)
    first_at: Mapped[int] = mapped_column(BigInteger)


class LedgerEntry(Base):
    """One state of one order to a platform: intended, sent, named, confirmed or failed.

    Rows are only ever inserted. The key names the order; that a key has each state at most once is
    what keeps two processes from sending the same order.
    """

    __tablename__ = "ledger"
    __table_args__ = (
        UniqueConstraint("key", "state"),
        Index(None, "study_id", "id"),
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
