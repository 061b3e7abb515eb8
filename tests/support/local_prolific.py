"""A local Prolific: follows the documented interface, keeps books of its own, and misbehaves.

What it pays stands in `payments`, which no test writes to. It is as unforgiving as the real one:
paying a bulk bonus twice pays twice, and bulk requests are carried out later.
"""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "a token of the local Prolific"
PAGE = 20
#: What can go wrong with a request. `after`: once the request was carried out.
FAULTS = ("429", "500", "drop", "500_after", "drop_after")
_RECEIVED = ("AWAITING REVIEW",)


@dataclass
class Refused(Exception):
    """An answer with a status of 4xx."""

    status: int
    detail: str


@dataclass
class Submission:
    """One participation in the books."""

    id: str
    study_id: str
    participant: str
    status: str = "ACTIVE"
    reward: int = 0
    bonus_payments: list[int] = field(default_factory=list)
    return_requested: str | None = None
    message: str | None = None
    rejection_category: str | None = None

    def shown(self, *, detail: bool) -> dict[str, Any]:
        """As the interface shows it: the detail names `participant`, the list `participant_id`."""
        who = {"participant": self.participant} if detail else {"participant_id": self.participant}
        return who | {
            "id": self.id,
            "study_id": self.study_id,
            "status": self.status,
            "started_at": "2026-05-01T10:00:00Z",
            "is_complete": self.status != "ACTIVE",
            "reward": self.reward,
            "bonus_payments": list(self.bonus_payments),
            "return_requested": self.return_requested,
        }


class LocalProlific:
    """A server on a port of this machine.

    Attributes
    ----------
    submissions : dict[str, Submission]
        By id.
    groups : dict[str, list[str]]
        Members of participant groups, by id.
    payments : list[tuple[str, str, int]]
        (submission id, `reward` or `bonus`, minor units), in the order of payment.
    faults : list[tuple[str, str]]
        Faults to come: (what, regular expression of `METHOD path`), each used once.
    misbehave : Callable[[str], str | None]
        Asked for every request that no fault is meant for; returns a fault or None.
    held : bool
        True: what is carried out later waits until `work()`.
    retry_after : str
        What a 429 says of the wait.
    hidden_in_lists : tuple[str, ...]
        Keys that a list of submissions does not show.
    hidden_in_details : tuple[str, ...]
        Keys that a single submission does not show.
    unit : int
        By how much the amounts of a bonus are taken for too much.
    asked : list[str]
        `METHOD path` of every request.
    ahead_s : float | None
        By how much its clock is ahead of this machine's; None: it tells no time.
    """

    def __init__(self) -> None:
        self.submissions: dict[str, Submission] = {}
        self.rewards: dict[str, int] = {}
        self.groups: dict[str, list[str]] = {}
        self.payments: list[tuple[str, str, int]] = []
        self.faults: list[tuple[str, str]] = []
        self.misbehave: Callable[[str], str | None] = lambda request: None
        self.held = False
        self.retry_after = "0"
        self.hidden_in_lists: tuple[str, ...] = ()
        self.hidden_in_details: tuple[str, ...] = ()
        self.unit = 1
        self.asked: list[str] = []
        self.ahead_s: float | None = 0.0
        self._later: list[Callable[[], None]] = []
        self._bulks: dict[str, list[tuple[str, int]]] = {}
        self._numbers, self._lock = count(1), threading.RLock()
        self._server = _Server(self)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/api/v1"

    def study(self, name: str, reward: int) -> str:
        """Offer a study; returns its id."""
        self.rewards[name] = reward
        return name

    def take(self, study: str, participant: str) -> dict[str, str]:
        """Somebody takes a place; returns the query with which they arrive."""
        made = Submission(f"sub{next(self._numbers)}", study, participant, "ACTIVE")
        made.reward = self.rewards[study]
        self.submissions[made.id] = made
        return {"PROLIFIC_PID": participant, "STUDY_ID": study, "SESSION_ID": made.id}

    def complete(self, submission: str) -> None:
        """The participant comes back with a completion code."""
        self.submissions[submission].status = "AWAITING REVIEW"

    def work(self) -> None:
        """Carry out what was only taken so far."""
        with self._lock:
            later, self._later = self._later, []
            for job in later:
                job()

    def paid(self, submission: str | None = None) -> Counter[tuple[str, int]]:
        """(kind, minor units) of all payments, or of those for one submission."""
        return Counter((k, m) for s, k, m in self.payments if submission in (None, s))

    def total(self) -> int:
        """Minor units paid in all."""
        return sum(amount for _, _, amount in self.payments)

    def handle(self, method: str, target: str, token: str | None, body: Any) -> tuple[int, Any]:
        """One request; (status, JSON)."""
        with self._lock:
            if not self.held:
                self.work()
            if token != f"Token {TOKEN}":
                raise Refused(401, "Authentication credentials were not provided or are invalid")
            url = urlsplit(target)
            path = url.path.removeprefix("/api/v1")
            for verb, pattern, view in self._routes():
                found = re.fullmatch(pattern, path)
                if found and verb == method:
                    return view(*found.groups(), body, parse_qs(url.query))
            raise Refused(404, "Not found.")

    def _routes(self) -> list[tuple[str, str, Callable[..., tuple[int, Any]]]]:
        return [
            ("GET", r"/users/me/", lambda *_: (200, {"id": "researcher"})),
            ("GET", r"/submissions/", self._list),
            ("POST", r"/submissions/bulk-approve/", self._bulk_approve),
            ("POST", r"/submissions/bonus-payments/", self._set_up),
            ("GET", r"/submissions/([\w-]+)/", self._detail),
            ("POST", r"/submissions/([\w-]+)/transition/", self._transition),
            ("POST", r"/submissions/([\w-]+)/request-return/", self._request_return),
            ("POST", r"/studies/([\w-]+)/screen-out-submissions/", self._screen_out),
            ("POST", r"/bulk-bonus-payments/([\w-]+)/pay/", self._pay),
            ("POST", r"/participant-groups/([\w-]+)/participants/", self._add_to_group),
        ]

    def _add_to_group(self, group: str, body: Any, _: Any) -> tuple[int, Any]:
        if group not in self.groups:
            raise Refused(404, "Participant group not found.")
        members = self.groups[group]
        members += [each for each in body["participant_ids"] if each not in members]
        return 200, {"results": [{"participant_id": each} for each in members]}

    def _find(self, name: str) -> Submission:
        if name not in self.submissions:
            raise Refused(404, f"Submission {name} was not found")
        return self.submissions[name]

    def _list(self, _: Any, query: dict[str, list[str]]) -> tuple[int, Any]:
        study = query.get("study", [""])[0]
        page = int(query.get("page", ["1"])[0])
        ours = [s.shown(detail=False) for s in self.submissions.values() if s.study_id == study]
        ours = [{k: v for k, v in s.items() if k not in self.hidden_in_lists} for s in ours]
        some = ours[(page - 1) * PAGE : page * PAGE]
        if not some and page > 1:
            raise Refused(404, "Invalid page.")
        more = page * PAGE < len(ours)
        link = f"{self.url}/submissions/?study={study}&page={page + 1}" if more else None
        body = {
            "results": some,
            "_links": {"next": {"href": link, "title": "Next"}},
            "meta": {"count": len(ours)},
        }
        return 200, body

    def _detail(self, name: str, _: Any, __: Any) -> tuple[int, Any]:
        shown = self._find(name).shown(detail=True)
        return 200, {k: v for k, v in shown.items() if k not in self.hidden_in_details}

    def _transition(self, name: str, body: Any, _: Any) -> tuple[int, Any]:
        found = self._find(name)
        if body.get("action") == "APPROVE":
            self._approve(found)
        elif body.get("action") == "REJECT":
            self._reject(found, body)
        else:
            raise Refused(400, "action: not a valid choice")
        return 200, found.shown(detail=True)

    def _approve(self, found: Submission) -> None:
        if found.status == "APPROVED":
            return
        if found.status not in (*_RECEIVED, "REJECTED"):
            raise Refused(400, f"Submission {found.id} is {found.status}: it can't be approved")
        found.status = "APPROVED"
        self.payments.append((found.id, "reward", found.reward))

    def _reject(self, found: Submission, body: Any) -> None:
        if found.status == "REJECTED":
            return
        if len(body.get("message", "")) < 100:
            raise Refused(400, "message: Ensure this field has at least 100 characters.")
        if not body.get("rejection_category"):
            raise Refused(400, "rejection_category: This field is required.")
        if found.status not in _RECEIVED:
            raise Refused(400, f"Submission {found.id} is {found.status}: it can't be rejected")
        found.status = "REJECTED"
        found.message, found.rejection_category = body["message"], body["rejection_category"]

    def _request_return(self, name: str, body: Any, _: Any) -> tuple[int, Any]:
        found = self._find(name)
        if not body.get("request_return_reasons"):
            raise Refused(400, "request_return_reasons: This field is required.")
        found.return_requested = "2026-05-01T12:00:00Z"
        return 200, found.shown(detail=True)

    def _bulk_approve(self, body: Any, _: Any) -> tuple[int, Any]:
        some = [self._find(name) for name in body["submission_ids"]]
        if len(some) > 1000:
            raise Refused(400, "at most 1000 submissions")
        wrong = [s.id for s in some if s.status not in (*_RECEIVED, "APPROVED")]
        if wrong:
            raise Refused(400, f"Submissions that can't be approved: {', '.join(wrong)}")
        self._later.append(lambda: [self._approve(s) for s in some] and None)
        return 200, {"message": "The request to bulk approve has been made successfully."}

    def _screen_out(self, study: str, body: Any, _: Any) -> tuple[int, Any]:
        some = [self._find(name) for name in body["submission_ids"]]
        amount = int(Decimal(str(body["bonus_per_submission"])) * 100)
        if any(s.study_id != study or s.status == "SCREENED OUT" for s in some):
            raise Refused(400, "Submissions of another study, or screened out already")

        def carry_out() -> None:
            for found in some:
                found.status = "SCREENED OUT"
                found.bonus_payments.append(amount)
                self.payments.append((found.id, "bonus", amount))

        self._later.append(carry_out)
        return 200, {"message": "The request to bulk screen out has been made successfully."}

    def _set_up(self, body: Any, _: Any) -> tuple[int, Any]:
        lines = [line.split(",") for line in body["csv_bonuses"].splitlines()]
        unknown = [
            name
            for name, _ in lines
            if name not in self.submissions or self.submissions[name].study_id != body["study_id"]
        ]
        if unknown:
            raise Refused(400, f"Not in this study: {', '.join(unknown)}")
        if len(lines) > 200:
            raise Refused(400, "at most 200 participants")
        bulk = f"bulk{next(self._numbers)}"
        self._bulks[bulk] = [
            (name, int(Decimal(amount) * 100 * self.unit)) for name, amount in lines
        ]
        amount = sum(minor for _, minor in self._bulks[bulk])
        fees = round(amount * 0.333)
        whole = {"id": bulk, "study": body["study_id"], "amount": amount, "fees": fees}
        return 201, whole | {"vat": 0, "total_amount": amount + fees}

    def _pay(self, bulk: str, _: Any, __: Any) -> tuple[int, Any]:
        if bulk not in self._bulks:
            raise Refused(404, "Not found.")

        def carry_out() -> None:
            for name, minor in self._bulks[bulk]:
                self.submissions[name].bonus_payments.append(minor)
                self.payments.append((name, "bonus", minor))

        self._later.append(carry_out)
        return 202, {}

    def fault(self, request: str) -> str | None:
        """What goes wrong with a request."""
        with self._lock:
            for number, (what, pattern) in enumerate(self.faults):
                if re.search(pattern, request):
                    del self.faults[number]
                    return what
            return self.misbehave(request)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _answer(self) -> None:
        prolific = self.server.prolific
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length) or b"null")
        request = f"{self.command} {urlsplit(self.path).path.removeprefix('/api/v1')}"
        prolific.asked.append(request)
        fault = prolific.fault(request)
        if fault == "drop":
            return self._hang_up()
        if fault == "429":
            return self._send(
                429, _error(429, "Request was throttled."), {"Retry-After": prolific.retry_after}
            )
        if fault == "500":
            return self._send(500, _error(500, "Internal error"))
        try:
            status, answer = prolific.handle(
                self.command, self.path, self.headers["Authorization"], body
            )
        except Refused as refused:
            status, answer = refused.status, _error(refused.status, refused.detail)
        if fault == "drop_after":
            return self._hang_up()
        if fault == "500_after":
            return self._send(500, _error(500, "Internal error"))
        return self._send(status, answer)

    def _hang_up(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def _send(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        for key, value in {**(headers or {}), "Content-Type": "application/json"}.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def send_header(self, keyword: str, value: str) -> None:
        if keyword == "Date":
            ahead_s = self.server.prolific.ahead_s
            if ahead_s is None:
                return
            value = self.date_time_string(time.time() + ahead_s)
        super().send_header(keyword, value)

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, prolific: LocalProlific) -> None:
        self.prolific = prolific
        super().__init__(("127.0.0.1", 0), _Handler)


def _error(status: int, detail: str) -> dict[str, Any]:
    return {"error": {"status": status, "title": "Error", "detail": detail}}


@contextmanager
def local_prolific() -> Iterator[LocalProlific]:
    """A local Prolific, for as long as the block lasts."""
    prolific = LocalProlific()
    server = prolific._server
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield prolific
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
