"""Alerts to researchers, and links that show a study to people without an account."""

from __future__ import annotations

from sqlalchemy import BigInteger, ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from diptych.models.base import Base, Key


class Alert(Base):
    """What researchers are told about a study, once for as long as it lasts."""

    __tablename__ = "alerts"

    study_id: Mapped[int] = mapped_column(ForeignKey("studies.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    message: Mapped[str] = mapped_column(String(500))
    since: Mapped[int] = mapped_column(BigInteger)
    ended_at: Mapped[int | None] = mapped_column(BigInteger)  # when the reason was gone
    mailed_at: Mapped[int | None] = mapped_column(BigInteger)
    posted_at: Mapped[int | None] = mapped_column(BigInteger)
    tries: Mapped[int] = mapped_column(Integer, default=0)
    next_try_at: Mapped[int] = mapped_column(BigInteger)
    # What went wrong with the last message that was not sent, since revision 0012.
    fault: Mapped[str | None] = mapped_column(String(200))
    failed_at: Mapped[int | None] = mapped_column(BigInteger)


class SharedLink(Base):
    """A link to a study's totals that works until a day, for co-authors and reviewers."""

    __tablename__ = "shared_links"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("studies.id"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(100))  # whom it is for
    made_by: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[int] = mapped_column(BigInteger)
    expires_at: Mapped[int] = mapped_column(BigInteger)
    revoked_at: Mapped[int | None] = mapped_column(BigInteger)
