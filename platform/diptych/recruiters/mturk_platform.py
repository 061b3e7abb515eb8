"""MTurk as a platform that approves, rejects and pays: one call at a time, none made blindly twice.

Approving and rejecting can be asked for again, for the assignment itself says whether it was done.
A bonus carries the order's key as its UniqueRequestToken, so that MTurk itself refuses a second one
for 24 hours; and its reason ends with a reference made from the key, by which it is found in
MTurk's list of bonuses for good.
"""

from __future__ import annotations

import email.utils
import hashlib
import re
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from diptych.ground import clocks
from diptych.ground.settings import Settings
from diptych.recruiters.mturk_client import (
    Clients,
    Trouble,
    connect,
    expected,
    major,
    minor,
    pages,
    trouble,
)
from diptych.recruiters.platform import Order, Outcome, Platform, PlatformFault, Submission

#: Seconds to wait before each further try of a call that MTurk did not (certainly) carry out.
PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0)
FEEDBACK = 1024  # characters of a message that MTurk takes
_DONE = {"approve": "Approved", "reject": "Rejected"}
_WORKER = re.compile(r"A[A-Z0-9]{1,63}")
_ENTITY = re.compile(r"[A-Z0-9]{1,64}")
_SENT_AT = re.compile(r"asked (\S+)")
_NOT_SUBMITTED = "this worker has not submitted the HIT on MTurk (any more, or yet)"
_INSTEAD = {
    "request_return": "MTurk can't ask a worker to return what was submitted: approve it, reject "
    "it with a message, or write to the worker on MTurk's page",
    "screen_out": "MTurk cannot pay screened-out workers: approve (the whole reward), or let the "
    "worker return the HIT and offer a separate paid HIT",
}


class MTurkPlatform(Platform):
    """Approvals, rejections and bonuses on Amazon Mechanical Turk, in US dollars."""

    name = "mturk"
    actions = ("approve", "reject", "bonus")

    def __init__(
        self,
        settings: Settings,
        clients: Clients | None = None,
        *,
        pauses: Sequence[float] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Connect.

        Raises
        ------
        PlatformFault
            Without boto3 or credentials.
        """
        self.clients = clients or connect(settings)
        # A call may still be on its way: its absence is taken for certain only after so long.
        self.grace_s = 60 * settings.payment_grace_minutes
        self.pauses = tuple(PAUSES if pauses is None else pauses)
        self.clock = clock
        # By how much MTurk's clock is ahead of the time since this machine was started (s).
        self._ahead_s: float | None = None

    def their_ms(self) -> int | None:
        """Return the time at MTurk (ms), by its latest reply; None before one."""
        # Known once the books are read. Before that there is no need: MTurk itself refuses what
        # was signed by a clock that is minutes from its own, so that nothing is sent by one.
        if self._ahead_s is None:
            return None
        return int((self._ahead_s + clocks.since_boot_s()) * 1000)

    def check(self, order: Order) -> str | None:
        """Say why MTurk would refuse an order: a wrong id, message, currency or amount."""
        if order.action in _INSTEAD:
            return _INSTEAD[order.action]
        if not _WORKER.fullmatch(order.worker) or not _ENTITY.fullmatch(order.submission):
            return f"{order.worker} with {order.submission} are no ids of MTurk"
        if order.action == "reject" and not order.message.strip():
            return "MTurk rejects only with a message to the worker"
        if len(order.message) > FEEDBACK - 40:
            return f"MTurk takes messages of {FEEDBACK - 40} characters at most"
        if order.amount and order.currency != "USD":
            return f"MTurk pays in USD, not in {order.currency}"
        if order.action == "bonus" and order.amount <= 0:
            return "a bonus must be above 0"
        return super().check(order)

    def send(self, orders: Sequence[Order], named: Callable[[Order, str], None]) -> list[Outcome]:
        """Carry out orders one by one, without those that MTurk would refuse."""
        outcomes: list[Outcome] = []
        for order in orders:
            refused = self.check(order)
            if refused:
                outcomes.append(Outcome(order.key, "failed", None, refused))
                continue
            try:
                outcomes.append(_Errand(self, order, named).run())
            except PlatformFault as fault:
                if not outcomes:
                    raise
                outcomes.append(Outcome(order.key, "failed", None, str(fault)))
        return outcomes

    def look_up(self, orders: Sequence[Order], confirmed: Sequence[Order]) -> list[Outcome]:
        """Look up orders one by one in MTurk's books."""
        # `confirmed` is not needed: each bonus is known by the reference in its reason.
        found = []
        for order in orders:
            try:
                found.append(self._look_up(order))
            except PlatformFault as fault:
                found.append(Outcome(order.key, "unknown", order.reference, str(fault)))
        return found

    def _look_up(self, order: Order) -> Outcome:
        if self.check(order):
            return Outcome(order.key, "failed", None, self.check(order) or "")
        if order.action == "bonus":
            if self.paid_bonus(order):
                return Outcome(
                    order.key, "confirmed", order.reference, "in MTurk's list of bonuses"
                )
            missing = "not in MTurk's list of bonuses"
        else:
            assignment = self.assignment(order)
            if assignment is None:
                missing = _NOT_SUBMITTED
            elif assignment["AssignmentStatus"] == _DONE[order.action]:
                return Outcome(order.key, "confirmed", order.reference, "MTurk has it so")
            else:
                missing = f"MTurk has it as {assignment['AssignmentStatus']}"
        if self._may_be_on_its_way(order):
            wait = (
                f"{missing}; asked for less than {self.grace_s / 60:g} min ago, so look again later"
            )
            return Outcome(order.key, "unknown", order.reference, wait)
        return Outcome(order.key, "failed", order.reference, f"{missing}: it was not carried out")

    def _may_be_on_its_way(self, order: Order) -> bool:
        asked = _SENT_AT.search(order.reference or "")
        if asked is None:  # it was stopped before anything was asked for
            return False
        at = datetime.fromisoformat(asked[1]).timestamp()
        return self.clock() - at < self.grace_s

    def submissions(self, place: str) -> Iterator[Submission]:
        """Yield the assignments of a HIT with their bonuses, page by page."""
        asking = self.clients.asking
        reward = self._reward(place)
        bonuses: dict[tuple[str, str], list[int]] = {}
        for bonus in pages(asking, "list_bonus_payments", "BonusPayments", HITId=place):
            # Two workers can hold one assignment id, one after the other has returned it.
            whose = bonus["AssignmentId"], bonus["WorkerId"]
            bonuses.setdefault(whose, []).append(minor(bonus["BonusAmount"]))
        for found in pages(asking, "list_assignments_for_hit", "Assignments", HITId=place):
            whose, status = (found["AssignmentId"], found["WorkerId"]), found["AssignmentStatus"]
            theirs = tuple(bonuses.pop(whose, ()))
            yield Submission(*whose, status, status == "Approved", theirs, reward)
        for whose, amounts in bonuses.items():
            yield Submission(*whose, "Not submitted", False, tuple(amounts), reward)

    def _reward(self, place: str) -> int | None:
        try:
            reply = self.clients.asking.get_hit(HITId=place)
        except expected():
            return None  # the lists that follow say what is wrong
        said = reply["ResponseMetadata"].get("HTTPHeaders", {}).get("date")
        if said:
            at = email.utils.parsedate_to_datetime(said).timestamp()
            self._ahead_s = at - clocks.since_boot_s()
        return minor(reply["HIT"]["Reward"])

    def assignment(self, order: Order) -> dict[str, Any] | None:
        """Find the submitted assignment of an order, with the reward of its HIT as `Reward`.

        Returns
        -------
        dict[str, Any] | None
            None when MTurk has no submission of this worker under that id.

        Raises
        ------
        PlatformFault
            When MTurk can't be asked.
        """
        try:
            reply = self.clients.asking.get_assignment(AssignmentId=order.submission)
        except expected() as fault:
            found = trouble(fault)
            if found.kind == "refused" and (
                found.says("does not exist")
                or found.says("AssignmentDoesNotExist")
                or found.says("can be called with a status of")
            ):
                return None
            raise PlatformFault(f"Mechanical Turk did not answer: {found.reason}") from fault
        assignment: dict[str, Any] = reply["Assignment"]
        if (assignment["WorkerId"], assignment["HITId"]) != (order.worker, order.place):
            return None
        return assignment | {"Reward": reply.get("HIT", {}).get("Reward")}

    def paid_bonus(self, order: Order) -> bool:
        """Say whether MTurk lists the bonus of an order.

        Raises
        ------
        PlatformFault
            When MTurk can't be asked.
        """
        listed = pages(
            self.clients.asking,
            "list_bonus_payments",
            "BonusPayments",
            AssignmentId=order.submission,
        )
        return any(
            bonus["WorkerId"] == order.worker
            and bonus["AssignmentId"] == order.submission
            and bonus.get("Reason", "").endswith(mark(order))
            for bonus in listed
        )


def mark(order: Order) -> str:
    """Make the end of a bonus's reason, by which the bonus of this one order is found again."""
    return f"(reference {hashlib.sha256(order.key.encode()).hexdigest()[:16]})"


class _Errand:
    """One order on its way: tells MTurk, and after every doubt looks before it tells again."""

    def __init__(
        self, platform: MTurkPlatform, order: Order, named: Callable[[Order, str], None]
    ) -> None:
        self.platform, self.order, self.named = platform, order, named
        self.reference: str | None = order.reference
        self.in_doubt = order.reference is not None  # an earlier process may have been heard
        self.last = ""

    def run(self) -> Outcome:
        """Carry it out.

        Raises
        ------
        PlatformFault
            When the account can't be used and nothing was done.
        """
        try:
            return self._bonus() if self.order.action == "bonus" else self._review()
        except PlatformFault as fault:
            if not self.in_doubt:
                raise
            return self._outcome("unknown", str(fault))

    def _review(self) -> Outcome:
        order, wanted = self.order, _DONE[self.order.action]
        for pause in (*self.platform.pauses, None):
            now = self.platform.assignment(order)
            if now is None:
                return self._failed(_NOT_SUBMITTED)
            status = now["AssignmentStatus"]
            if status == wanted:
                return self._outcome("confirmed", "")
            if order.action == "reject" and status != "Submitted":
                return self._failed(f"MTurk has it as {status}: it can't be rejected any more")
            offered = now["Reward"] and minor(now["Reward"])
            if order.action == "approve" and offered not in (None, order.amount):
                return self._failed(
                    f"the HIT pays {major(offered)} USD, but {major(order.amount)} was to be paid"
                )
            said = self._tell(partial(self._decide, status))
            if said is None:
                return self._outcome("confirmed", "")
            if said.kind == "refused" and not said.says("can be called with a status of"):
                return self._outcome("unknown" if self.in_doubt else "failed", said.reason)
            if pause is None:
                break
            time.sleep(pause)
        return self._out_of_patience()

    def _decide(self, status: str) -> None:
        doing, order = self.platform.clients.doing, self.order
        feedback = {"RequesterFeedback": order.message} if order.message.strip() else {}
        if order.action == "reject":
            doing.reject_assignment(AssignmentId=order.submission, **feedback)
        else:
            doing.approve_assignment(
                AssignmentId=order.submission, OverrideRejection=status == "Rejected", **feedback
            )

    def _bonus(self) -> Outcome:
        for pause in (*self.platform.pauses, None):
            if self.in_doubt and self.platform.paid_bonus(self.order):
                return self._outcome("confirmed", "")
            said = self._tell(self._pay)
            if said is None:
                return self._outcome("confirmed", "")
            if said.kind == "refused":
                return self._refused_bonus(said)
            if pause is None:
                break
            time.sleep(pause)
        if self.in_doubt and self.platform.paid_bonus(self.order):
            return self._outcome("confirmed", "")
        return self._out_of_patience()

    def _pay(self) -> None:
        order = self.order
        words = order.message.strip() or "Bonus for your work"
        self.platform.clients.doing.send_bonus(
            WorkerId=order.worker,
            AssignmentId=order.submission,
            BonusAmount=major(order.amount),
            Reason=f"{words} {mark(order)}",
            UniqueRequestToken=order.key,
        )

    def _refused_bonus(self, said: Trouble) -> Outcome:
        known = said.says("already been processed") or said.says("already exists")
        if known or self.in_doubt:
            self.in_doubt = True
            if self.platform.paid_bonus(self.order):
                return self._outcome("confirmed", "")
            return self._outcome("unknown", said.reason)
        return self._failed(said.reason)

    def _tell(self, call: Callable[[], None]) -> Trouble | None:
        """Make a call that changes something; None when it was certainly carried out.

        Raises
        ------
        PlatformFault
            When the account can't be used.
        """
        if self.reference is None:
            asked = datetime.fromtimestamp(self.platform.clock(), UTC)
            self.reference = f"asked {asked.isoformat(timespec='seconds')}"
            self.named(self.order, self.reference)
        try:
            call()
        except expected() as fault:
            said = trouble(fault)
            self.last = said.reason
            if said.kind == "shut":
                raise PlatformFault(
                    f"Mechanical Turk rejects this account: {said.reason}"
                ) from fault
            if said.kind == "doubt":
                self.in_doubt = True
            return said
        return None

    def _failed(self, reason: str) -> Outcome:
        return self._outcome("failed", reason)

    def _out_of_patience(self) -> Outcome:
        if self.in_doubt:
            return self._outcome("unknown", f"Mechanical Turk did not say: {self.last}")
        return self._outcome("failed", f"nothing was done, Mechanical Turk said: {self.last}")

    def _outcome(self, state: Any, reason: str) -> Outcome:
        return Outcome(self.order.key, state, self.reference, reason)
