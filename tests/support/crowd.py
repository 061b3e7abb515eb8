"""A crowd that never gives up: takes a study over HTTP through faults, and remembers every word.

As the browser's client does it repeats what was not acknowledged, and, as networks and people do,
it also repeats what was: double clicks, late copies, two tabs. What it was told is written down
from its side, so that it can be compared with what the host has stored.
"""

from __future__ import annotations

import asyncio
import random
import threading
import time
from dataclasses import dataclass, field
from typing import Any

import httpx

#: Seconds after which a crowd that gets no further is given up: no test depends on how many.
PATIENCE = 300.0
TIMING = {"rt_ms": 640.5, "onset_ms": 1000.0, "onset_uncertainty_ms": 8.3, "answered_ms": 1640.5}
Place = tuple[str, int]  # (public id of the session, trial index)


@dataclass
class Books:
    """What the crowd knows.

    Attributes
    ----------
    sent : int
        Requests with an answer, repeated ones too.
    given : dict[Place, dict[str, Any]]
        Every answer that was ever sent, by its place; one only, since the crowd never
        changes its mind but where it tries to.
    acknowledged : dict[Place, dict[str, Any]]
        Those that the host has said to have stored.
    stored : int
        Answers that are in the database in the end; the caller counts them.
    turned_away : int
        How often a participant heard that the study is full.
    refused : int
        Second answers that differ, which the host must refuse.
    ended : dict[str, str]
        Outcome of every session that came to its end.
    troubles : dict[str, int]
        Replies and errors by kind, for the note.
    wrong : list[str]
        What must never happen, in words.
    """

    sent: int = 0
    given: dict[Place, dict[str, Any]] = field(default_factory=dict)
    acknowledged: dict[Place, dict[str, Any]] = field(default_factory=dict)
    stored: int = 0
    turned_away: int = 0
    refused: int = 0
    ended: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    troubles: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def trouble(self, kind: str) -> None:
        """Count something that went wrong on the way and was tried again."""
        self.troubles[kind] = self.troubles.get(kind, 0) + 1


class Refusal(Exception):
    """The host has refused a request (4xx)."""

    def __init__(self, status: int, code: str) -> None:
        self.status, self.code = status, code
        super().__init__(f"{status} {code}")


class Member:
    """One participant after another, on one connection at a time."""

    def __init__(self, crowd: Crowd, number: int) -> None:
        self.crowd, self.books = crowd, crowd.books
        self.rng = random.Random(f"{crowd.seed}:{number}")
        self.number, self.lives = number, 0

    async def run(self) -> None:
        """Take the study again and again, each time as somebody new, until the crowd closes."""
        async with httpx.AsyncClient(timeout=10) as client:
            self.client = client
            while not self.crowd.closing.is_set() and self.lives != self.crowd.lives:
                self.lives += 1
                try:
                    await self.take()
                except Refusal as refusal:
                    if refusal.code != "study_full":
                        raise
                    # Perhaps at consent: a session that was begun then stays without a place.
                    self.books.turned_away += 1
                    self.books.tokens = {
                        s: t for s, t in self.books.tokens.items() if t != self.token
                    }
                    return

    async def take(self) -> None:
        """One whole session."""
        self.token = ""
        who = f"{self.crowd.name}-{self.number}-{self.lives}"
        entry = {self.crowd.purpose: self.crowd.key, "participant": who}
        body = {"study": self.crowd.study, "entry": entry, "browser": {}}
        state = await self.ask("POST", "/sessions", body)
        self.token = state["token"]
        session = state["session"]["id"]
        self.books.tokens[session] = self.token
        while state["step"] != "end":
            if self.crowd.think:
                await asyncio.sleep(self.rng.uniform(0, 2 * self.crowd.think))
            if self.rng.random() < self.crowd.reloads:
                state = await self.ask("GET", "/session")
                continue
            state = await self.go_on(session, state)
        self.books.ended[session] = state["content"]["outcome"]

    async def go_on(self, session: str, state: dict[str, Any]) -> dict[str, Any]:
        """The step's request, and the State that follows."""
        step, content = state["step"], state["content"]
        if step == "trials":
            return await self.answer(session, content["trial"])
        bodies: dict[str, dict[str, Any]] = {
            "consent": {"agreed": True},
            "instructions": {"read_ms": 20_000},
            "comprehension": {"answers": [0] * len(content.get("questions", ()))},
            "feedback": {"text": ""},
        }
        body = bodies.get(step, {})
        try:
            found: dict[str, Any] = await self.ask("POST", f"/session/steps/{step}", body)
        except Refusal as refusal:
            if refusal.code != "wrong_step":
                raise
            found = await self.ask("GET", "/session")
        return found

    def choose(self, trial: dict[str, Any]) -> dict[str, Any]:
        if trial["task"] == "two_afc":
            return {"choice": self.rng.choice(["top", "bottom"]), "confidence": 2}
        classes = list(trial["show"]["classes"])
        self.rng.shuffle(classes)
        return {"ranking": classes[: trial["show"]["rank"]]}

    async def answer(self, session: str, trial: dict[str, Any]) -> dict[str, Any]:
        """Answer a trial, perhaps twice at the same moment, perhaps with a late different copy."""
        place = (session, trial["index"])
        response = self.books.given.setdefault(place, self.choose(trial))
        path = f"/trials/{trial['index']}/response"
        body = {"response": response, "timing": TIMING, "events": []}
        copies = 2 if self.rng.random() < self.crowd.doubles else 1
        self.books.sent += copies
        replies = await asyncio.gather(
            *(self.ask("POST", path, body) for _ in range(copies)), return_exceptions=True
        )
        state: dict[str, Any] | None = None
        for reply in replies:
            if isinstance(reply, Refusal):
                self.books.trouble(reply.code)
            elif isinstance(reply, BaseException):
                raise reply
            else:
                self.books.acknowledged[place] = response
                state = reply["next"]
        if self.rng.random() < self.crowd.doubles:
            await self.change_mind(path, response, trial)
        return state or await self.ask("GET", "/session")

    async def change_mind(self, path: str, response: dict[str, Any], trial: dict[str, Any]) -> None:
        """Send a different answer to the same trial: it must be refused, and change nothing."""
        other = self.choose(trial)
        if other == response:
            return
        self.books.sent += 1
        try:
            await self.ask("POST", path, {"response": other, "timing": TIMING, "events": []})
        except Refusal as refusal:
            if refusal.code not in ("already_answered", "out_of_order", "wrong_step", "ended"):
                self.books.wrong.append(f"{path}: a second answer got {refusal}")
            self.books.refused += 1
        else:
            self.books.wrong.append(f"{path}: a different second answer was taken")

    async def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """A request, again and again until the host has answered it."""
        while True:
            headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
            base = self.rng.choice(self.crowd.urls)
            try:
                reply = await self.client.request(
                    method, f"{base}/api/v1{path}", json=body, headers=headers
                )
            except httpx.TransportError as fault:
                self.books.trouble(type(fault).__name__)
            else:
                if reply.status_code < 400:
                    return reply.json() if reply.content else None
                if reply.status_code < 500 and reply.status_code != 429:
                    raise Refusal(reply.status_code, reply.json()["error"]["code"])
                self.books.trouble(str(reply.status_code))
                if reply.status_code == 500:
                    self.books.wrong.append(f"{method} {path}: 500 {reply.text[:300]}")
            if time.monotonic() > self.crowd.patience:
                raise TimeoutError(f"{method} {path} was never answered: {self.books.troubles}")
            await asyncio.sleep(self.rng.uniform(0.02, 0.2))


class Crowd:
    """So many people at once, in a thread of their own.

    Parameters
    ----------
    urls : str | list[str]
        Addresses of one or several hosts, among which every request picks one by chance.
    study : str
        Name of an open study.
    key : str
        Key of the study's link for simulated people.
    people : int, optional
        How many at once.
    doubles : float, optional
        Share of answers that are sent twice, and again with another answer.
    reloads : float, optional
        Share of steps before which the page is loaded again.
    think : float, optional
        Mean time between requests, in s.
    """

    def __init__(
        self,
        urls: str | list[str],
        study: str,
        key: str,
        *,
        people: int = 12,
        seed: int = 0,
        doubles: float = 0.15,
        reloads: float = 0.1,
        think: float = 0.02,
        name: str = "crowd",
        purpose: str = "simulate",
    ) -> None:
        self.urls = [urls] if isinstance(urls, str) else urls
        self.study, self.key, self.seed, self.name = study, key, seed, name
        self.people, self.doubles, self.reloads, self.think = people, doubles, reloads, think
        self.purpose = purpose
        #: How often each takes the study; None: until the crowd closes.
        self.lives: int | None = None
        self.books = Books()
        self.closing = threading.Event()
        self.patience = time.monotonic() + 3600
        self._fault: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        try:
            asyncio.run(self._all())
        except BaseException as fault:
            self._fault = fault

    async def _all(self) -> None:
        async with asyncio.TaskGroup() as group:
            for number in range(self.people):
                group.create_task(Member(self, number).run())

    @property
    def is_busy(self) -> bool:
        """Whether anybody is still taking the study."""
        return self._thread.is_alive()

    def wait_for_answers(self, number: int) -> None:
        """Wait until so many more answers are acknowledged, or everybody has gone."""
        until, enough = time.monotonic() + PATIENCE, len(self.books.acknowledged) + number
        while len(self.books.acknowledged) < enough and self.is_busy:
            assert time.monotonic() < until, f"nobody answers: {self.books.troubles}"
            time.sleep(0.01)

    def wait_for_refusals(self, number: int) -> None:
        """Wait until the host has said so many more times that it can't store anything (503)."""
        until = time.monotonic() + PATIENCE
        enough = self.books.troubles.get("503", 0) + number
        while self.books.troubles.get("503", 0) < enough:
            assert time.monotonic() < until, f"nothing was refused: {self.books.troubles}"
            time.sleep(0.01)

    def wait(self, seconds: float = PATIENCE) -> None:
        """Wait until everybody has taken the study as often as `lives` says."""
        self._thread.join(timeout=seconds)

    def __enter__(self) -> Crowd:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: Any) -> None:
        """Nobody new comes; who is on the way goes on to the end."""
        self.closing.set()
        self.patience = time.monotonic() + (5 if kind else PATIENCE)
        self._thread.join(timeout=30 if kind else PATIENCE + 30)
        if kind is None:
            assert not self._thread.is_alive(), "the crowd did not come to an end"
            if self._fault is not None:
                raise self._fault
