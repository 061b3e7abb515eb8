"""The requester's side of the local Mechanical Turk: operations by their API names, and the books.

Refusals are worded as MTurk words them where that is documented or was reported by its users
(states of assignments, idempotency tokens, missing funds); the rest say plainly what is wrong.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from itertools import count
from typing import Any
from xml.etree import ElementTree

XML = "{http://mechanicalturk.amazonaws.com/AWSMechanicalTurkDataSchemas/2006-07-14/ExternalQuestion.xsd}"
AMOUNT = re.compile(r"[0-9]+(\.[0-9]{0,2})?")
BUILT_IN = {"000000000000000000L0", "00000000000000000040", "00000000000000000071"}
DAY = 86_400


class Refused(Exception):
    """A RequestError."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass
class Assignment:
    """One worker's turn at one HIT. Its id may have been somebody else's before."""

    id: str
    worker: str
    hit: str
    status: str  # Accepted, Returned, Submitted, Approved, Rejected
    answer: dict[str, str] = field(default_factory=dict)
    feedback: str | None = None
    at: float = 0.0


@dataclass
class Payment:
    """One line of the books: cents out of the requester's account."""

    sort: str  # reward or bonus
    worker: str
    assignment: str
    hit: str
    cents: int
    fee: int
    reason: str = ""


def cents(amount: str) -> int:
    if not AMOUNT.fullmatch(amount):
        raise Refused("ParameterValidationError", f"{amount} is no amount")
    return int(Decimal(amount) * 100)


def fee(amount: int, percent: int) -> int:
    """Amazon's fee in cents: half a cent is rounded up, one cent at least."""
    share = (Decimal(amount) * percent / 100).to_integral_value(ROUND_HALF_UP)
    return max(1, int(share))


class API:
    """What boto3 calls. Public names in capitals are MTurk's operations."""

    def __init__(self) -> None:
        self.hits: dict[str, dict[str, Any]] = {}
        self.assignments: list[Assignment] = []
        self.books: list[Payment] = []
        self.qualifications: dict[str, dict[str, Any]] = {}
        self.holders: set[tuple[str, str]] = set()  # (qualification type, worker)
        self.tokens: dict[str, str] = {}
        self.pages: dict[str, tuple[list[Any], int]] = {}
        self.balance = 1_000_000
        self.clock = time.time
        self._number = count(1)

    def new_id(self, start: str) -> str:
        return f"{start}{next(self._number):018d}"

    def page(self, key: str, rows: list[Any], more: dict[str, Any]) -> dict[str, Any]:
        """A page of a list; a token is good once, for the list it was given for."""
        start, size = 0, int(more.get("MaxResults", 10))
        if "NextToken" in more:
            if more["NextToken"] not in self.pages:
                raise Refused("InvalidNextToken", "The NextToken is not valid")
            rows, start = self.pages.pop(more["NextToken"])
        reply: dict[str, Any] = {key: rows[start : start + size]}
        reply["NumResults"] = len(reply[key])
        if start + size < len(rows):
            reply["NextToken"] = self.new_id("token-")
            self.pages[reply["NextToken"]] = (rows, start + size)
        return reply

    def spend(self, payment: Payment) -> None:
        if payment.cents + payment.fee > self.balance:
            raise Refused(
                "InsufficientFunds",
                "This Requester has insufficient funds in their account to complete this "
                "transaction. Visit https://requester.mturk.com/account to purchase more.",
            )
        self.balance -= payment.cents + payment.fee
        self.books.append(payment)

    # HITs

    def CreateHIT(self, **asked: Any) -> dict[str, Any]:  # noqa: N802
        token = asked.pop("UniqueRequestToken", None)
        if token and token in self.tokens:
            raise Refused(
                "HITAlreadyExists",
                f"The HIT with ID {self.tokens[token]} already exists for this token",
            )
        question = ElementTree.fromstring(asked["Question"])
        if question.tag != f"{XML}ExternalQuestion" or not question.findtext(f"{XML}ExternalURL"):
            raise Refused("XMLParseError", "There was an error parsing the XML question")
        for requirement in asked.get("QualificationRequirements", ()):
            known = BUILT_IN | set(self.qualifications)
            if requirement["QualificationTypeId"] not in known:
                raise Refused("QualificationTypeDoesNotExist", "QualificationType does not exist")
        now = self.clock()
        hit = {
            **{k: v for k, v in asked.items() if k != "LifetimeInSeconds"},
            "HITId": self.new_id("3H"),
            "HITTypeId": self._type_of(asked),
            "HITStatus": "Assignable",
            "CreationTime": now,
            "MaxAssignments": asked.get("MaxAssignments", 1),
            "Expiration": now + asked["LifetimeInSeconds"],
        }
        hit["HITGroupId"] = hit["HITTypeId"].replace("3T", "3G")
        self.hits[hit["HITId"]] = hit
        if token:
            self.tokens[token] = hit["HITId"]
        return {"HIT": self.shown(hit)}

    def _type_of(self, asked: dict[str, Any]) -> str:
        keys = ("Title", "Description", "Keywords", "Reward", "AssignmentDurationInSeconds")
        same = str([asked.get(k) for k in (*keys, "QualificationRequirements")])
        return self.tokens.setdefault(f"type {same}", self.new_id("3T"))

    def url(self, hit: str) -> str:
        found = ElementTree.fromstring(self.hits[hit]["Question"]).findtext(f"{XML}ExternalURL")
        return str(found)

    def shown(self, hit: dict[str, Any]) -> dict[str, Any]:
        mine = [a for a in self.assignments if a.hit == hit["HITId"] and a.status != "Returned"]
        pending = sum(a.status == "Accepted" for a in mine)
        done = sum(a.status in ("Approved", "Rejected") for a in mine)
        free = hit["MaxAssignments"] - len(mine)
        over = self.clock() >= hit["Expiration"]
        status = "Reviewable" if over and not pending else "Assignable" if free else "Unassignable"
        counts = {
            "NumberOfAssignmentsPending": pending,
            "NumberOfAssignmentsAvailable": 0 if over else free,
            "NumberOfAssignmentsCompleted": done,
        }
        return {**hit, "HITStatus": status, **counts}

    def hit(self, hit_id: str) -> dict[str, Any]:
        if hit_id not in self.hits:
            raise Refused("HITDoesNotExist", f"Hit {hit_id} does not exist.")
        return self.hits[hit_id]

    def GetHIT(self, HITId: str) -> dict[str, Any]:  # noqa: N802
        return {"HIT": self.shown(self.hit(HITId))}

    def ListHITs(self, **more: Any) -> dict[str, Any]:  # noqa: N802
        return self.page("HITs", [self.shown(h) for h in reversed(self.hits.values())], more)

    def UpdateExpirationForHIT(self, HITId: str, ExpireAt: float) -> dict[str, Any]:  # noqa: N802
        self.hit(HITId)["Expiration"] = max(ExpireAt, self.clock())
        return {}

    def CreateAdditionalAssignmentsForHIT(self, **asked: Any) -> dict[str, Any]:  # noqa: N802
        hit, more = self.hit(asked["HITId"]), asked["NumberOfAdditionalAssignments"]
        token = asked.get("UniqueRequestToken")
        if token in self.tokens:
            raise Refused(
                "InvalidToken", f'The idempotency token "{token}" has already been processed.'
            )
        if hit["MaxAssignments"] < 10 <= hit["MaxAssignments"] + more:
            raise Refused(
                "InvalidMaximumAssignmentsIncrease",
                "HITs created with fewer than 10 assignments cannot be extended to 10 or more",
            )
        if token:
            self.tokens[token] = hit["HITId"]
        hit["MaxAssignments"] += more
        return {}

    # Assignments

    def live(self, assignment_id: str) -> Assignment:
        """Who holds the id now: the latest who accepted it."""
        for assignment in reversed(self.assignments):
            if assignment.id == assignment_id and assignment.status != "Returned":
                return assignment
        raise Refused("AssignmentDoesNotExist", f"Assignment {assignment_id} does not exist.")

    def described(self, a: Assignment) -> dict[str, Any]:
        shown = {
            "AssignmentId": a.id,
            "WorkerId": a.worker,
            "HITId": a.hit,
            "AssignmentStatus": a.status,
            "AcceptTime": a.at,
            "Answer": str(a.answer),
        }
        return shown | ({"RequesterFeedback": a.feedback} if a.feedback else {})

    def GetAssignment(self, AssignmentId: str) -> dict[str, Any]:  # noqa: N802
        found = self.live(AssignmentId)
        if found.status == "Accepted":
            self._status_fault("Reviewable,Approved,Rejected")
        return {"Assignment": self.described(found), "HIT": self.shown(self.hits[found.hit])}

    def ListAssignmentsForHIT(self, HITId: str, **more: Any) -> dict[str, Any]:  # noqa: N802
        self.hit(HITId)
        wanted = more.get("AssignmentStatuses") or ("Submitted", "Approved", "Rejected")
        rows = [a for a in self.assignments if a.hit == HITId and a.status in wanted]
        return self.page("Assignments", [self.described(a) for a in rows], more)

    def _status_fault(self, allowed: str) -> None:
        raise Refused(
            "InvalidAssignmentState", f"This operation can be called with a status of: {allowed}"
        )

    def approve(self, a: Assignment, feedback: str | None) -> None:
        hit = self.hits[a.hit]
        amount, percent = cents(hit["Reward"]), 40 if hit["MaxAssignments"] >= 10 else 20
        self.spend(Payment("reward", a.worker, a.id, a.hit, amount, fee(amount, percent)))
        a.status, a.feedback = "Approved", feedback

    def ApproveAssignment(  # noqa: N802
        self, AssignmentId: str, RequesterFeedback: str = "", OverrideRejection: bool = False
    ) -> dict[str, Any]:
        found = self.live(AssignmentId)
        if found.status != "Submitted" and not (found.status == "Rejected" and OverrideRejection):
            self._status_fault("Submitted")
        self.approve(found, RequesterFeedback)
        return {}

    def RejectAssignment(self, AssignmentId: str, RequesterFeedback: str) -> dict[str, Any]:  # noqa: N802
        found = self.live(AssignmentId)
        if found.status != "Submitted":
            self._status_fault("Submitted")
        found.status, found.feedback = "Rejected", RequesterFeedback
        return {}

    def SendBonus(self, **asked: Any) -> dict[str, Any]:  # noqa: N802
        token = asked.get("UniqueRequestToken")
        if token in self.tokens:
            raise Refused(
                "InvalidToken", f'The idempotency token "{token}" has already been processed.'
            )
        worker, name, amount = asked["WorkerId"], asked["AssignmentId"], cents(asked["BonusAmount"])
        mine = [a for a in self.assignments if (a.id, a.worker) == (name, worker)]
        if not mine:
            raise Refused("WorkerDoesNotExist", f"{worker} never worked on assignment {name}.")
        self.spend(
            Payment("bonus", worker, name, mine[-1].hit, amount, fee(amount, 20), asked["Reason"])
        )
        if token:
            self.tokens[token] = name
        return {}

    def ListBonusPayments(self, **asked: Any) -> dict[str, Any]:  # noqa: N802
        rows = [
            {
                "WorkerId": p.worker,
                "BonusAmount": f"{p.cents / 100:.2f}",
                "AssignmentId": p.assignment,
                "Reason": p.reason,
                "GrantTime": self.clock(),
            }
            for p in self.books
            if p.sort == "bonus"
            and asked.get("HITId", p.hit) == p.hit
            and asked.get("AssignmentId", p.assignment) == p.assignment
        ]
        return self.page("BonusPayments", rows, asked)

    # Qualifications

    def CreateQualificationType(self, **asked: Any) -> dict[str, Any]:  # noqa: N802
        if any(q["Name"] == asked["Name"] for q in self.qualifications.values()):
            raise Refused(
                "QualificationTypeAlreadyExists",
                "You have already created a QualificationType with this name. A name must be "
                "unique among all of the QualificationTypes created by the same user.",
            )
        made = {**asked, "QualificationTypeId": self.new_id("3Q"), "CreationTime": self.clock()}
        self.qualifications[made["QualificationTypeId"]] = made
        return {"QualificationType": made}

    def ListQualificationTypes(self, Query: str = "", **more: Any) -> dict[str, Any]:  # noqa: N802
        words = Query.lower().split()
        rows = [
            q for q in self.qualifications.values() if all(w in q["Name"].lower() for w in words)
        ]
        return self.page("QualificationTypes", rows, more)

    def AssociateQualificationWithWorker(self, **asked: Any) -> dict[str, Any]:  # noqa: N802
        if asked["QualificationTypeId"] not in self.qualifications:
            raise Refused("QualificationTypeDoesNotExist", "QualificationType does not exist")
        self.holders.add((asked["QualificationTypeId"], asked["WorkerId"]))
        return {}

    def ListWorkersWithQualificationType(  # noqa: N802
        self, QualificationTypeId: str, **more: Any
    ) -> dict[str, Any]:
        rows = [
            {"QualificationTypeId": q, "WorkerId": w, "Status": "Granted", "IntegerValue": 1}
            for q, w in sorted(self.holders)
            if q == QualificationTypeId
        ]
        return self.page("Qualifications", rows, more)
