"""Studies, their versions, and what participants did in them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from diptych.ground.seal import SealedObject, SealedText
from diptych.models.base import Base, Key


class Study(Base):
    """A study known to this host, whatever its version."""

    __tablename__ = "studies"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    state: Mapped[str] = mapped_column(String(16))  # draft, open, paused, closed, deleted
    created_at: Mapped[int] = mapped_column(BigInteger)


class OpeningPlan(Base):
    """When an open study takes new participants, and what stops it before anybody does so by hand.

    Beside the versions: neither a date nor a limit changes what a version is.
    """

    __tablename__ = "opening_plans"

    study_id: Mapped[int] = mapped_column(ForeignKey("studies.id"), primary_key=True)
    opens_at: Mapped[int | None] = mapped_column(BigInteger)
    ends_at: Mapped[int | None] = mapped_column(BigInteger)
    end_state: Mapped[str] = mapped_column(String(16))  # paused or closed: what `ends_at` leads to
    most_kept: Mapped[int | None] = mapped_column(Integer)
    stops_at_budget: Mapped[bool] = mapped_column(Boolean)
    # Why the host has paused or closed the study; empty when a researcher did, or it is open.
    stopped_because: Mapped[str | None] = mapped_column(String(200))
    stopped_at: Mapped[int | None] = mapped_column(BigInteger)


class StudyVersion(Base):
    """One frozen content of a study. Never changed after it is written, but for `opened_at`."""

    __tablename__ = "study_versions"
    __table_args__ = (UniqueConstraint("study_id", "content_hash"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("studies.id"))
    content_hash: Mapped[str] = mapped_column(String(64))
    spec: Mapped[dict[str, Any]] = mapped_column(JSON)
    texts: Mapped[dict[str, str]] = mapped_column(JSON)
    created_at: Mapped[int] = mapped_column(BigInteger)
    opened_at: Mapped[int | None] = mapped_column(BigInteger)


class Stimulus(Base):
    """One image of a version. `stimulus_id` is the SHA-256 of the file in the study folder."""

    __tablename__ = "stimuli"

    version_id: Mapped[int] = mapped_column(ForeignKey("study_versions.id"), primary_key=True)
    place: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    stimulus_id: Mapped[str] = mapped_column(String(64))
    file: Mapped[str] = mapped_column(Text)
    label: Mapped[str] = mapped_column(Text)
    width: Mapped[int] = mapped_column(Integer)
    height: Mapped[int] = mapped_column(Integer)
    attributes: Mapped[dict[str, Any]] = mapped_column(JSON)


class Item(Base):
    """What a trial shows, for tasks whose trials show more than one stimulus."""

    __tablename__ = "items"

    version_id: Mapped[int] = mapped_column(ForeignKey("study_versions.id"), primary_key=True)
    item_id: Mapped[str] = mapped_column(String(128), primary_key=True)
    place: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(String(32))
    unit: Mapped[str] = mapped_column(Text)
    stimuli: Mapped[dict[str, Any]] = mapped_column(JSON)  # role -> places in `stimuli`
    attributes: Mapped[dict[str, Any]] = mapped_column(JSON)


class Image(Base):
    """The bytes of a picture as served: no metadata. Shared by all versions that show it.

    Files that policies read are here too (`application/octet-stream`); no address serves them.
    """

    __tablename__ = "images"

    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    media_type: Mapped[str] = mapped_column(String(32))
    data: Mapped[bytes] = mapped_column(LargeBinary)


class Participant(Base):
    """A person, a simulated person, a machine, or a researcher's preview, under a pseudonym."""

    __tablename__ = "participants"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True)
    kind: Mapped[str] = mapped_column(String(16))  # person, simulated, machine, preview
    created_at: Mapped[int] = mapped_column(BigInteger)


class Identity(Base):
    """The platform's id of a participant: kept apart from every answer."""

    __tablename__ = "identities"

    recruiter: Mapped[str] = mapped_column(String(32), primary_key=True)
    external_id: Mapped[str] = mapped_column(SealedText(), primary_key=True)
    participant_id: Mapped[int] = mapped_column(ForeignKey("participants.id"), index=True)


class Session(Base):
    """One run of one study version by one participant."""

    __tablename__ = "sessions"
    __table_args__ = (
        UniqueConstraint("study_id", "participant_id", "take"),
        # Answers how many places are taken without reading the rows (journey.allocation). None of
        # its columns changes with an answer, so that answers leave every index alone.
        Index(None, "study_id", "kind", "status", "version_id", "condition", "part"),
        # The dashboard's table of sessions, newest first.
        Index(None, "study_id", "kind", "entered_at", "id"),
        # Sessions that have ended and are not counted yet (diptych.settling): a handful, always.
        Index(
            "ix_sessions_uncounted",
            "study_id",
            sqlite_where=text("ended_at IS NOT NULL AND result_at IS NULL"),
            postgresql_where=text("ended_at IS NOT NULL AND result_at IS NULL"),
        ),
        # Sessions of one day from one address; none where no study asks for it.
        Index(
            "ix_sessions_address_hash",
            "study_id",
            "address_hash",
            sqlite_where=text("address_hash IS NOT NULL"),
            postgresql_where=text("address_hash IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("studies.id"))
    version_id: Mapped[int] = mapped_column(ForeignKey("study_versions.id"))
    # Empty once somebody has declined: of a refusal only the count is kept.
    participant_id: Mapped[int | None] = mapped_column(ForeignKey("participants.id"), index=True)
    take: Mapped[int] = mapped_column(Integer, default=1)
    # Of the study, from 1 (`[[part]]`); later parts know when their participant's first part ended.
    part: Mapped[int] = mapped_column(Integer, default=1, server_default="1")
    first_ended_at: Mapped[int | None] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(String(16))
    recruiter: Mapped[str] = mapped_column(String(32))
    condition: Mapped[str | None] = mapped_column(String(64))
    seed: Mapped[int] = mapped_column(BigInteger)
    status: Mapped[str] = mapped_column(String(16))
    step: Mapped[str] = mapped_column(String(16))
    position: Mapped[int] = mapped_column(Integer, default=0)  # trial_index of the current trial
    n_trials: Mapped[int] = mapped_column(Integer, default=0)
    n_responses: Mapped[int] = mapped_column(Integer, default=0)
    n_counted: Mapped[int] = mapped_column(Integer, default=0)  # responses outside practice
    n_correct: Mapped[int] = mapped_column(Integer, default=0)  # right ones among them
    practice_attempts: Mapped[int] = mapped_column(Integer, default=0)
    comprehension_attempts: Mapped[int] = mapped_column(Integer, default=0)
    instructions_ms: Mapped[float | None] = mapped_column(Float)
    feedback_text: Mapped[str | None] = mapped_column(Text)
    browser: Mapped[dict[str, Any]] = mapped_column(JSON)
    entered_at: Mapped[int] = mapped_column(BigInteger)
    consented_at: Mapped[int | None] = mapped_column(BigInteger)
    started_at: Mapped[int | None] = mapped_column(BigInteger)
    ended_at: Mapped[int | None] = mapped_column(BigInteger)
    last_seen_at: Mapped[int] = mapped_column(BigInteger)
    presented_at: Mapped[int | None] = mapped_column(BigInteger)  # of the current trial
    result_at: Mapped[int | None] = mapped_column(BigInteger)  # when its results were counted
    # diptych.ground.address_marks; only where the study has `max_same_address`, and for some days.
    address_hash: Mapped[str | None] = mapped_column(String(6))


class Arrival(Base):
    """One arrival of a session at the entry page, with the recruiter's own ids."""

    __tablename__ = "arrivals"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    session_id: Mapped[int] = mapped_column(ForeignKey("sessions.id"), index=True)
    at: Mapped[int] = mapped_column(BigInteger)
    parameters: Mapped[dict[str, str]] = mapped_column(SealedObject())


class Trial(Base):
    """One item at one place in one session: the session's plan, row by row."""

    __tablename__ = "trials"

    session_id: Mapped[int] = mapped_column(ForeignKey("sessions.id"), primary_key=True)
    trial_index: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    phase: Mapped[str] = mapped_column(String(16))
    block: Mapped[int] = mapped_column(Integer)  # 0-based practice attempt the trial belongs to
    # What is shown and how it is arranged; empty until an adaptive policy has chosen.
    item: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    notice: Mapped[str | None] = mapped_column(String(32))
    # How a policy that teaches chose the item, since revision 0009 (`policies.Explained.stored`).
    choice: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))


class Response(Base):
    """The answer to one trial. Only ever inserted: the key holds it to one a trial."""

    __tablename__ = "responses"
    __table_args__ = (
        ForeignKeyConstraint(
            ["session_id", "trial_index"], ["trials.session_id", "trials.trial_index"]
        ),
    )

    session_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    trial_index: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    answer: Mapped[dict[str, Any]] = mapped_column(JSON)
    correct: Mapped[bool | None] = mapped_column(Boolean)
    rt_ms: Mapped[float] = mapped_column(Float)
    onset_ms: Mapped[float] = mapped_column(Float)
    onset_uncertainty_ms: Mapped[float] = mapped_column(Float)
    answered_ms: Mapped[float] = mapped_column(Float)
    # What a page measures since revision 0006, where it can.
    first_choice_ms: Mapped[float | None] = mapped_column(Float)  # from the onset
    shown_width: Mapped[float | None] = mapped_column(Float)  # CSS pixels, as drawn
    shown_height: Mapped[float | None] = mapped_column(Float)
    # What a page counts since revision 0008, where `[timing]` asks for it; ms of the page's clock.
    fixation_onset_ms: Mapped[float | None] = mapped_column(Float)
    display_offset_ms: Mapped[float | None] = mapped_column(Float)  # the onset is onset_ms
    display_frames: Mapped[int | None] = mapped_column(Integer)
    mask_onset_ms: Mapped[float | None] = mapped_column(Float)
    mask_offset_ms: Mapped[float | None] = mapped_column(Float)
    timing_fault: Mapped[bool | None] = mapped_column(Boolean)
    presented_at: Mapped[int] = mapped_column(BigInteger)
    received_at: Mapped[int] = mapped_column(BigInteger)


class Event(Base):
    """Something that happened in a session beside its answers, such as a reload or a lost focus."""

    __tablename__ = "events"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    session_id: Mapped[int] = mapped_column(ForeignKey("sessions.id"), index=True)
    trial_index: Mapped[int | None] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(String(32))
    at: Mapped[int] = mapped_column(BigInteger)
    at_ms: Mapped[float | None] = mapped_column(Float)
    detail: Mapped[str | None] = mapped_column(String(200))
