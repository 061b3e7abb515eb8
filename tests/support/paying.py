"""A study on the local Prolific whose sessions have ended: what payments are tried on."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import insert, select

from diptych import models
from diptych.app import create_app
from diptych.ground.database import insert_row, now_ms, reading, table, writing
from diptych.ground.settings import Settings
from diptych.host import Host
from diptych.payments import budget, decisions, ledger, outcomes, retry, sending
from diptych.payments.reconcile import Reconciled, reconcile
from support.local_prolific import TOKEN, LocalProlific
from support.tiny_studies import category_study, merged
from support.walker import open_study

PLACE = "study1"
PAYMENT = {
    "payment": {"currency": "GBP", "reward": 1.80, "bonus": {"per_correct": 0.05, "max": 0.5}},
    "recruitment": {
        "recruiters": ["direct", "prolific"],
        "prolific": {"completed": "DONE", "screened_out": "OUT", "declined": "NO"},
    },
}


@dataclass
class Paying:
    """A host with the study `tiny`, and the local Prolific it is offered on.

    Attributes
    ----------
    app : Flask
        The host.
    prolific : LocalProlific
        The local Prolific.
    study_id : int
        The row of the study.
    version_id : int
        The row of its version.
    """

    app: Flask
    prolific: LocalProlific
    study_id: int
    version_id: int

    @property
    def host(self) -> Host:
        found: Host = self.app.extensions["diptych"]
        return found

    def sessions(self, correct: Sequence[int], status: str = "completed") -> list[int]:
        """Rows of sessions that have ended with so many right answers of 10 each."""
        return [self.session(n, status) for n in correct]

    def session(
        self, correct: int = 5, status: str = "completed", recruiter: str = "prolific"
    ) -> int:
        """One session that has ended, with its arrival from the local Prolific."""
        name, at = uuid.uuid4().hex, now_ms()
        entry = self.prolific.take(PLACE, uuid.uuid4().hex[:24])
        if status == "completed":
            self.prolific.complete(entry["SESSION_ID"])
        parameters = {key: entry[key] for key in ("STUDY_ID", "SESSION_ID")}
        with self.app.app_context(), writing() as connection:
            person = insert_row(
                connection,
                insert(table(models.Participant)).values(
                    public_id=uuid.uuid4().hex, kind="person", created_at=at
                ),
            )
            connection.execute(
                insert(table(models.Identity)).values(
                    recruiter=recruiter, external_id=entry["PROLIFIC_PID"], participant_id=person
                )
            )
            number = insert_row(
                connection,
                insert(table(models.Session)).values(
                    public_id=name,
                    study_id=self.study_id,
                    version_id=self.version_id,
                    participant_id=person,
                    kind="person",
                    recruiter=recruiter,
                    condition="default",
                    seed=1,
                    status=status,
                    step="end",
                    n_trials=10,
                    n_responses=10,
                    n_counted=10,
                    n_correct=correct,
                    browser={},
                    entered_at=at,
                    ended_at=None if status == "running" else at,
                    last_seen_at=at,
                ),
            )
            connection.execute(
                insert(table(models.Arrival)).values(
                    session_id=number, at=at, parameters=parameters if recruiter != "direct" else {}
                )
            )
        return number

    def submission(self, session_id: int) -> str:
        """The local Prolific's id of a session."""
        arrivals = table(models.Arrival)
        with self.app.app_context(), reading() as connection:
            found: dict[str, str] = connection.execute(
                select(arrivals.c.parameters).where(arrivals.c.session_id == session_id)
            ).scalar_one()
        return found["SESSION_ID"]

    def decide(self, sessions: Sequence[int], action: str, **more: Any) -> decisions.Counts:
        """Preview and carry out; sends nothing."""
        with self.app.app_context():
            plan = decisions.preview(self.host, self.study_id, sessions, action, **more)
            return decisions.carry_out(self.host, plan, None)

    def preview(self, sessions: Sequence[int], action: str, **more: Any) -> decisions.Plan:
        """What a decision would do."""
        with self.app.app_context():
            return decisions.preview(self.host, self.study_id, sessions, action, **more)

    def send(self) -> outcomes.Sent:
        """Send what is intended."""
        with self.app.app_context():
            return sending.send(self.host, self.study_id, None)

    def reconcile(self) -> Reconciled:
        """Compare with the books."""
        with self.app.app_context():
            return reconcile(self.host, self.study_id, None)

    def failed(self) -> list[str]:
        """Keys of the orders that have failed."""
        return [order.key for order in self.orders() if order.state == "failed"]

    def try_again(self) -> int:
        """Order anew what has failed; returns how many orders that are."""
        with self.app.app_context():
            return retry.try_again(self.study_id, self.failed(), None)

    def budget(self, amount: int, currency: str = "GBP") -> None:
        """Set the budget (minor units)."""
        with self.app.app_context():
            budget.set_budget(self.study_id, amount, currency, None)

    def orders(self) -> list[ledger.Entry]:
        """All orders as they stand."""
        with self.app.app_context(), reading() as connection:
            return ledger.all_entries(connection, self.study_id)

    def states(self) -> list[str]:
        """The states of all orders, the oldest first."""
        return [order.state for order in self.orders()]

    def confirmed(self) -> int:
        """Minor units that the ledger knows to be paid."""
        return sum(order.amount for order in self.orders() if order.state == "confirmed")


def paying_host(
    settings: Settings,
    folder: Path,
    prolific: LocalProlific,
    changes: Mapping[str, Any] | None = None,
    **more: Any,
) -> Paying:
    """A host on a database, with the study `tiny` open and offered on the local Prolific."""
    own = {
        "prolific_api": prolific.url,
        "prolific_token": TOKEN,
        "payment_grace_minutes": 0,
        **more,
    }
    app = create_app(settings.model_copy(update={**own}))
    path = category_study(folder / "tiny", changes=merged(PAYMENT, changes or {}))
    version_id = open_study(app, path)
    prolific.study(PLACE, 180)
    versions = table(models.StudyVersion)
    with app.app_context(), reading() as connection:
        study_id = connection.execute(
            select(versions.c.study_id).where(versions.c.id == version_id)
        ).scalar_one()
    return Paying(app, prolific, study_id, version_id)
