"""What a recruiter's platform can be asked: one class a platform, beside its recruiter.

The ledger (`diptych.payments.ledger`) decides what is sent and when; a `Platform` only speaks to
the platform, and says honestly what it knows afterwards. An order that may or may not have been
carried out is `unknown`: it is looked up before anything is sent again.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from diptych.ground.database import now_ms

Action = Literal["approve", "reject", "request_return", "screen_out", "bonus"]
ACTIONS: tuple[Action, ...] = ("approve", "reject", "request_return", "screen_out", "bonus")
#: So far (ms) from the platform's a clock may be and still be believed.
APART_MS = 60_000


class PlatformFault(Exception):
    """The platform can't be used: no token, wrong token, refused settings. Nothing was done."""


@dataclass(frozen=True)
class Order:
    """One thing that a platform is to do once.

    Attributes
    ----------
    key : str
        Idempotency key, 64 characters at most: the same order always has the same one.
    action : Action
        What to do.
    worker : str
        The platform's id of the person.
    submission : str
        The platform's id of this participation (SESSION_ID, assignmentId).
    place : str
        Where the study stands on the platform (STUDY_ID, hitId).
    amount : int
        Minor units (pence, cents) that the order moves; 0 where none.
    currency : str
        ISO 4217 code.
    message : str
        To the participant; a rejection must have one.
    category : str | None
        The platform's category of a rejection or a return.
    reference : str | None
        What the platform named it when it was sent earlier; None before.
    """

    key: str
    action: Action
    worker: str
    submission: str
    place: str
    amount: int
    currency: str
    message: str = ""
    category: str | None = None
    reference: str | None = None


@dataclass(frozen=True)
class Outcome:
    """What became of an order.

    `confirmed`: done, for certain. `failed`: not done and will not be, for certain. `pending`: the
    platform took it and does it later. `unknown`: it may or may not have been done.
    """

    key: str
    state: Literal["confirmed", "failed", "pending", "unknown"]
    reference: str | None = None
    reason: str = ""


@dataclass(frozen=True)
class Submission:
    """One participation as the platform's own books have it.

    Attributes
    ----------
    id : str
        Of the submission or assignment.
    worker : str
        The platform's id of the person.
    status : str
        In the platform's own words.
    paid : bool
        Whether its reward is approved.
    bonuses : tuple[int, ...]
        Amounts paid as bonus, minor units, in the platform's order.
    reward : int | None
        Minor units paid for the work itself; None where the platform does not say.
    """

    id: str
    worker: str
    status: str
    paid: bool
    bonuses: tuple[int, ...] = ()
    reward: int | None = None


class Platform(ABC):
    """A recruiter's platform, spoken to with its own client library."""

    name: ClassVar[str]
    actions: ClassVar[tuple[Action, ...]]
    #: How many orders of one action go into one call.
    batch: ClassVar[dict[Action, int]] = {}

    def check(self, order: Order) -> str | None:
        """Say why the platform would refuse an order, as far as that is known beforehand."""
        if order.action not in self.actions:
            return f"{self.name} knows no {order.action}"
        return None

    def their_ms(self) -> int | None:
        """Return the time by the platform's own clock (ms); None when it does not say.

        Raises
        ------
        PlatformFault
            When the platform does not answer; nothing was done.
        """
        return None

    def now_ms(self) -> int:
        """Return the time (ms) by which the time of grace is counted.

        This host's clock, unless the platform's is far from it: a clock that was set must not cut
        the time short in which the platform may still carry out what it was told.

        Raises
        ------
        PlatformFault
            When the platform does not answer; nothing was done.
        """
        ours, theirs = now_ms(), self.their_ms()
        return ours if theirs is None or abs(theirs - ours) <= APART_MS else theirs

    @abstractmethod
    def send(self, orders: Sequence[Order], named: Callable[[Order, str], None]) -> list[Outcome]:
        """Carry out orders of one action and one place.

        Parameters
        ----------
        orders : Sequence[Order]
            At most `batch[action]` (1 where it is not named) of them.
        named : Callable[[Order, str], None]
            To be called with an order and the platform's name for it as soon as there is
            one and before anything irreversible is asked for: it writes it into the ledger.

        Returns
        -------
        list[Outcome]
            One outcome an order. Never raises for what the network does: that is `unknown`, or
            `failed` where the platform can't have acted.

        Raises
        ------
        PlatformFault
            When the platform can't be used at all; nothing was done.
        """

    @abstractmethod
    def look_up(self, orders: Sequence[Order], confirmed: Sequence[Order]) -> list[Outcome]:
        """Look up what became of orders sent earlier: asks, never sends.

        Parameters
        ----------
        orders : Sequence[Order]
            Orders in doubt, of one place.
        confirmed : Sequence[Order]
            Orders of the same place that are known to be done: what the platform shows
            of them must not be taken for one in doubt.

        Returns
        -------
        list[Outcome]
            One outcome an order. `failed` where the platform does not show it: the caller waits for
            its time of grace before it believes so.

        Raises
        ------
        PlatformFault
            When the platform does not answer.
        """

    @abstractmethod
    def submissions(self, place: str) -> Iterator[Submission]:
        """Yield everything the platform knows of a study or HIT, page by page.

        Raises
        ------
        PlatformFault
            When the platform does not answer.
        """
