"""Orders to the local Mechanical Turk, and the platform that sends them."""

from __future__ import annotations

from typing import Any

from diptych.ground.settings import Settings
from diptych.recruiters.mturk_platform import MTurkPlatform
from diptych.recruiters.platform import Action, Order, Outcome
from support.local_mturk import LocalMTurk
from support.local_mturk_api import Assignment

QUESTION = (
    '<ExternalQuestion xmlns="http://mechanicalturk.amazonaws.com/AWSMechanicalTurkDataSchemas/'
    '2006-07-14/ExternalQuestion.xsd"><ExternalURL>https://study.example.org/s/tiny</ExternalURL>'
    "<FrameHeight>0</FrameHeight></ExternalQuestion>"
)
QUICK = (0.0, 0.0, 0.0)
LATER_S = 60 * Settings().payment_grace_minutes + 2


def reach(mturk: LocalMTurk, **options: Any) -> MTurkPlatform:
    return MTurkPlatform(Settings(mturk_endpoint=mturk.url), **({"pauses": QUICK} | options))


def hit(mturk: LocalMTurk, assignments: int = 9, reward: str = "1.20") -> str:
    made = mturk.api.CreateHIT(
        Title="t",
        Description="d",
        Reward=reward,
        MaxAssignments=assignments,
        LifetimeInSeconds=3600,
        AssignmentDurationInSeconds=600,
        Question=QUESTION,
    )
    return str(made["HIT"]["HITId"])


def submitted(mturk: LocalMTurk, place: str, worker: str = "AWORKER") -> Assignment:
    assignment = mturk.site.accept(worker, place)
    mturk.site.submit(assignment, {"outcome": "completed"})
    return assignment


def order(action: Action, of: Assignment, key: str = "key-1", **changes: Any) -> Order:
    amount = {"approve": 120, "bonus": 35}.get(action, 0)
    values: dict[str, Any] = {
        "key": key,
        "action": action,
        "worker": of.worker,
        "submission": of.id,
        "place": of.hit,
        "amount": amount,
        "currency": "USD",
        "message": "Both checks were failed." if action == "reject" else "",
    }
    return Order(**(values | changes))


class Names:
    """Takes down what the platform names its orders."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}

    def __call__(self, order: Order, name: str) -> None:
        self.known[order.key] = name


def send(platform: MTurkPlatform, *orders: Order) -> list[Outcome]:
    return platform.send(orders, Names())


def one(platform: MTurkPlatform, order: Order) -> Outcome:
    (outcome,) = send(platform, order)
    assert outcome.key == order.key
    return outcome


def paid(mturk: LocalMTurk) -> list[tuple[str, str, int]]:
    return [(p.sort, p.worker, p.cents) for p in mturk.api.books]
