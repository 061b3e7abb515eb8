"""Prolific as a platform that decides about submissions and pays.

What it takes to be sure, by action:

- approve: the submission's status says. One is approved by a transition, which may be repeated;
  many by a bulk request, which is carried out later.
- reject, request return, screen out: the submission's status says. None is repeated in doubt.
- bonus: set up first, which pays nothing and may be lost; its id is written down; then paid, which
  is not idempotent and happens later. In doubt only the submission's `bonus_payments` say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar
from urllib.parse import quote

from diptych.ground.money import to_major
from diptych.ground.settings import Settings, SettingsFault
from diptych.recruiters.platform import Action, Order, Outcome, Platform, PlatformFault, Submission
from diptych.recruiters.prolific_client import Client, Reply

LEAST_MESSAGE = 100
#: Prolific's categories of a rejection.
CATEGORIES = (
    "TOO_QUICKLY",
    "TOO_SLOWLY",
    "FAILED_INSTRUCTIONS",
    "INCOMP_LONGITUDINAL",
    "FAILED_CHECK",
    "LOW_EFFORT",
    "MALINGERING",
    "NO_CODE",
    "BAD_CODE",
    "NO_DATA",
    "UNSUPP_DEVICE",
    "OTHER",
)
DEFAULT_CATEGORY = "OTHER"
_TRANSITIONS = {"approve": "APPROVE", "reject": "REJECT"}
_DONE = {
    "approve": ("APPROVED",),
    "reject": ("REJECTED",),
    "screen_out": ("SCREENED OUT",),
    "request_return": ("RETURNED",),
}
# From so many on the list of all submissions is read rather than each one.
_MANY = 10


class ProlificPlatform(Platform):
    """Prolific's REST interface.

    Parameters
    ----------
    settings : Settings
        Of the host.
    client : Client | None
        Speaks to Prolific; by default with the token of the settings.

    Raises
    ------
    PlatformFault
        When no token is set.
    """

    name = "prolific"
    actions = ("approve", "reject", "request_return", "screen_out", "bonus")
    batch: ClassVar[dict[Action, int]] = {"approve": 100, "bonus": 200}

    def __init__(self, settings: Settings, client: Client | None = None) -> None:
        if client is None:
            try:
                token = settings.prolific_secret()
            except SettingsFault as fault:
                raise PlatformFault(str(fault)) from None
            if not token:
                raise PlatformFault(
                    "no token for Prolific is set: DIPTYCH_PROLIFIC_TOKEN, or a file named by "
                    "DIPTYCH_PROLIFIC_TOKEN_FILE"
                )
            client = Client(settings.prolific_api, token)
        self.client = client

    def check(self, order: Order) -> str | None:
        """Say why Prolific would refuse an order: a wrong message, category or amount."""
        if order.action == "reject":
            missing = LEAST_MESSAGE - len(order.message.strip())
            if missing > 0:
                return (
                    f"Prolific wants at least {LEAST_MESSAGE} characters of explanation with a "
                    f"rejection: {missing} more"
                )
            if order.category is not None and order.category not in CATEGORIES:
                return f"{order.category} is no category of Prolific: {', '.join(CATEGORIES)}"
        if order.action == "request_return" and not order.message.strip():
            return "say why the submission should be returned"
        if order.action in ("bonus", "screen_out") and order.amount <= 0:
            return "the amount must be more than 0"
        return super().check(order)

    def add_to_group(self, group: str, people: Sequence[str]) -> None:
        """Add people to a participant group; Prolific ignores those who are in it already.

        Raises
        ------
        PlatformFault
            When Prolific refuses, or does not answer.
        """
        path = f"/participant-groups/{quote(group, safe='')}/participants/"
        reply = self.client.post(path, {"participant_ids": list(people)}, again=True)
        if reply.state != "done":
            raise PlatformFault(f"the participants may not be in the group: {reply.reason}")

    def their_ms(self) -> int | None:
        """Return the time at Prolific (ms), by its latest reply."""
        return self.client.their_ms()

    def send(self, orders: Sequence[Order], named: Callable[[Order, str], None]) -> list[Outcome]:
        """Pay bonuses together, approve several at once, and do the rest one by one."""
        action = orders[0].action
        if action == "bonus":
            return self._pay_bonuses(orders, named)
        if action == "approve" and len(orders) > 1:
            return self._approve_many(orders)
        return self._one_by_one(orders)

    def _one_by_one(self, orders: Sequence[Order]) -> list[Outcome]:
        outcomes: list[Outcome] = []
        for order in orders:
            try:
                outcomes.append(self._one(order))
            except PlatformFault as fault:
                if not outcomes:
                    raise
                outcomes.append(Outcome(order.key, "failed", reason=str(fault)))
        return outcomes

    def _one(self, order: Order) -> Outcome:
        path = f"/submissions/{order.submission}"
        if order.action in _TRANSITIONS:
            body = {"action": _TRANSITIONS[order.action]}
            if order.action == "reject":
                body["message"] = order.message.strip()
                body["rejection_category"] = order.category or DEFAULT_CATEGORY
            # Documented as idempotent: it may be asked for again.
            reply = self.client.post(f"{path}/transition/", body, again=True)
            shown = _status(reply.body) if isinstance(reply.body, dict) else ""
            agrees = not shown or shown in _DONE[order.action]
            return _outcome(order, reply, done="confirmed" if agrees else "pending")
        if order.action == "request_return":
            body_return = {"request_return_reasons": [order.message.strip()]}
            return _outcome(order, self.client.post(f"{path}/request-return/", body_return))
        reply = self.client.post(
            f"/studies/{order.place}/screen-out-submissions/",
            {
                "submission_ids": [order.submission],
                "bonus_per_submission": float(to_major(order.amount, order.currency)),
                "increase_places": True,
            },
        )
        # "The request has been made": it is carried out later.
        return _outcome(order, reply, done="pending")

    def _approve_many(self, orders: Sequence[Order]) -> list[Outcome]:
        body = {"submission_ids": [order.submission for order in orders]}
        reply = self.client.post("/submissions/bulk-approve/", body, again=True)
        if reply.state == "refused":  # one that can't be approved must not hold up the others
            return self._one_by_one(orders)
        return [_outcome(order, reply, done="pending") for order in orders]

    def _pay_bonuses(
        self, orders: Sequence[Order], named: Callable[[Order, str], None]
    ) -> list[Outcome]:
        lines = [f"{o.submission},{to_major(o.amount, o.currency):f}" for o in orders]
        body = {"study_id": orders[0].place, "csv_bonuses": "\n".join(lines)}
        # Setting up pays nothing: one that got lost on the way may be set up anew.
        setup = self.client.post("/submissions/bonus-payments/", body, again=True)
        if setup.state == "refused" and len(orders) > 1:
            return self._bonus_by_bonus(orders, named)
        bulk = setup.body.get("id") if isinstance(setup.body, dict) else None
        if setup.state != "done" or not bulk:
            reason = setup.reason or "Prolific named no bulk payment"
            return [
                _failed(order, f"{reason}: it was not set up, nothing was paid") for order in orders
            ]
        wrong = _wrong_total(setup, orders)
        if wrong:
            return [_failed(order, wrong) for order in orders]
        for order in orders:
            named(order, str(bulk))
        # From here on money may move. Never asked for twice.
        paid = self.client.post(f"/bulk-bonus-payments/{bulk}/pay/")
        return [_outcome(order, paid, done="pending", reference=str(bulk)) for order in orders]

    def _bonus_by_bonus(
        self, orders: Sequence[Order], named: Callable[[Order, str], None]
    ) -> list[Outcome]:
        """Pay bonus by bonus: one line that Prolific refuses must not hold up the others."""
        outcomes: list[Outcome] = []
        for order in orders:
            try:
                outcomes += self._pay_bonuses([order], named)
            except PlatformFault as fault:
                if not outcomes:
                    raise
                outcomes.append(_failed(order, str(fault)))
        return outcomes

    def look_up(self, orders: Sequence[Order], confirmed: Sequence[Order]) -> list[Outcome]:
        """Look up orders in Prolific's submissions and bonuses."""
        details = self._details(orders)
        paid_before: dict[str, Counter[int]] = {}
        for order in confirmed:
            if order.action == "bonus":
                paid_before.setdefault(order.submission, Counter())[order.amount] += 1
        outcomes = []
        for order in orders:
            detail = details.get(order.submission)
            if detail is None:
                outcomes.append(Outcome(order.key, "unknown", reason="Prolific does not show it"))
            elif order.action == "bonus":
                known = paid_before.setdefault(order.submission, Counter())
                outcomes.append(_bonus_found(order, detail, known))
            else:
                outcomes.append(_status_found(order, detail))
        return outcomes

    def _details(self, orders: Sequence[Order]) -> dict[str, dict[str, Any]]:
        """Ask what Prolific shows of the submissions of orders, by id."""
        wanted = {order.submission for order in orders}
        found: dict[str, dict[str, Any]] = {}
        if len(wanted) >= _MANY:
            for place in {order.place for order in orders}:
                for shown in self.client.pages("/submissions/", study=place):
                    if shown.get("id") in wanted:
                        found[shown["id"]] = shown
        with_bonus = {order.submission for order in orders if order.action == "bonus"}
        for submission in wanted:
            listed = found.get(submission)
            enough = submission not in with_bonus or _bonuses(listed or {}) is not None
            if listed is not None and enough:
                continue
            reply = self.client.get(f"/submissions/{submission}/")
            if reply.state == "done" and isinstance(reply.body, dict):
                found[submission] = (listed or {}) | reply.body
            elif reply.state != "refused":
                raise PlatformFault(reply.reason)
        return found

    def submissions(self, place: str) -> Iterator[Submission]:
        """Yield the submissions of a study at Prolific, page by page."""
        for shown in self.client.pages("/submissions/", study=place):
            status = _status(shown)
            yield Submission(
                id=str(shown.get("id")),
                worker=str(shown.get("participant_id") or shown.get("participant")),
                status=status,
                paid=status in _DONE["approve"],
                bonuses=_bonuses(shown) or (),
                reward=shown["reward"] if isinstance(shown.get("reward"), int) else None,
            )


def _outcome(
    order: Order, reply: Reply, done: Any = "confirmed", reference: str | None = None
) -> Outcome:
    states = {"done": done, "refused": "failed", "unheard": "failed", "unknown": "unknown"}
    reason = reply.reason
    if reply.state == "unheard":
        reason += ": nothing was done"
    return Outcome(order.key, states[reply.state], reference, reason)


def _failed(order: Order, reason: str) -> Outcome:
    return Outcome(order.key, "failed", reason=reason)


def _wrong_total(setup: Reply, orders: Sequence[Order]) -> str | None:
    """Say why a set-up can't be what was ordered, by its cost on the balance; None if it can.

    Guards against a unit mistaken (major for minor) while nothing has been paid: fees and taxes
    come on top of the bonuses, but don't make them many times as much.
    """
    shown, wanted = setup.body.get("total_amount"), sum(order.amount for order in orders)
    if isinstance(shown, int | float) and not wanted * 0.99 <= shown <= wanted * 3 + 1:
        return f"Prolific would take {shown} minor units for bonuses of {wanted}: nothing was paid"
    return None


def _status(shown: dict[str, Any]) -> str:
    return str(shown.get("status", "")).upper().replace("_", " ")


def _bonuses(shown: dict[str, Any]) -> tuple[int, ...] | None:
    """Return the bonuses paid for a submission (minor units); None where Prolific shows none."""
    given = shown.get("bonus_payments")
    if not isinstance(given, list):
        return None
    amounts = (item.get("amount") if isinstance(item, dict) else item for item in given)
    return tuple(round(float(amount)) for amount in amounts if amount is not None)


def _status_found(order: Order, shown: dict[str, Any]) -> Outcome:
    status = _status(shown)
    asked = order.action == "request_return" and bool(shown.get("return_requested"))
    if status in _DONE[order.action] or asked:
        return Outcome(order.key, "confirmed", order.reference, "Prolific's list shows it")
    return _failed(order, f"Prolific shows the submission as {status or 'unknown'}")


def _bonus_found(order: Order, shown: dict[str, Any], known: Counter[int]) -> Outcome:
    """Find what became of a bonus; `known` counts other orders' bonuses, and is updated."""
    paid = _bonuses(shown)
    if order.reference is None:
        return _failed(order, "it was never asked to be paid")
    if paid is None:
        return Outcome(order.key, "unknown", reason="Prolific does not show the bonuses")
    if Counter(paid)[order.amount] > known[order.amount]:
        known[order.amount] += 1
        return Outcome(
            order.key, "confirmed", order.reference, "it is among the submission's bonus payments"
        )
    return _failed(order, "it is not among the submission's bonus payments")
