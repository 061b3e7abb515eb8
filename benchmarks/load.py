"""A light load generator: many participants take a study at once, in one process.

It shares the machine with the server it measures, so it does as little as it can for a request:
one keep-alive connection a participant, no HTTP library, no think time. It speaks to loopback
addresses only, and ends by itself: after so many seconds or so many answers.
"""

from __future__ import annotations

import asyncio
import gc
import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from connection import ServerClosed, Wire

LOOPBACK = ("127.0.0.1", "::1", "localhost")


def percentile(seconds: list[float], share: float) -> float:
    """Return the ms that `share` (0..1) of some times (s) did not exceed; NaN without any."""
    if not seconds:
        return math.nan
    return 1000 * sorted(seconds)[min(len(seconds) - 1, math.ceil(share * len(seconds)) - 1)]


@dataclass
class Figures:
    """What one run measured. Times in seconds."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)  # of answers
    entries: list[float] = field(default_factory=list)  # of POST /sessions
    errors: dict[str, int] = field(default_factory=dict)
    acknowledged: int = 0  # answers acknowledged in the whole run, warm-up included
    sessions: int = 0  # sessions that came to their end

    @property
    def rate(self) -> float:
        """Answered trials a second."""
        return len(self.latencies) / self.seconds if self.seconds else 0.0

    def percentile(self, share: float, of: str = "latencies") -> float:
        """Return the latency (ms) that `share` (0..1) of the requests did not exceed, or NaN."""
        return percentile(getattr(self, of), share)


@dataclass
class Load:
    """How much load, on which server.

    Attributes
    ----------
    host, port : str
        A loopback address.
    study : str
        Name of an open study.
    participants : int
        How many take it at the same time.
    warm_up, seconds : float
        warm-up (not measured) and measured time, s.
    most : int
        The run ends after so many acknowledged answers in any case.
    leaves : bool
        Everybody leaves before the last answer, so that no session ends.
    """

    host: str
    port: int
    study: str
    participants: int = 50
    warm_up: float = 3.0
    seconds: float = 15.0
    most: int = 200_000
    leaves: bool = False

    def run(self, answered: Callable[[int], None] | None = None) -> Figures:
        """Run the load; `answered(n)` is called about four times a second."""
        if self.host not in LOOPBACK:
            raise ValueError(f"host is {self.host!r}: load is put on loopback addresses only")
        gc.freeze()
        return asyncio.run(self._run(answered))

    async def _run(self, answered: Callable[[int], None] | None) -> Figures:
        figures = Figures()
        begin = time.perf_counter() + self.warm_up
        self.begin(begin, begin + self.seconds)
        tasks = [asyncio.create_task(self._visitor(n, figures)) for n in range(self.participants)]
        while any(not t.done() for t in tasks):
            await asyncio.wait(tasks, timeout=0.25)
            if answered:
                answered(figures.acknowledged)
        for task in tasks:
            task.result()
        figures.seconds = min(time.perf_counter(), self._end) - self._begin
        return figures

    def begin(self, begin: float, end: float = math.inf) -> None:
        """Set when measuring begins and all ends, on `time.perf_counter`."""
        self._begin, self._end = begin, end

    def is_on(self) -> bool:
        """Say whether what happens now is measured."""
        return self._begin <= time.perf_counter() <= self._end

    def is_over(self, figures: Figures | None = None) -> bool:
        """Say whether the run is over."""
        full = figures is not None and figures.acknowledged >= self.most
        return full or time.perf_counter() >= self._end

    async def _visitor(self, number: int, figures: Figures) -> None:
        """Keep one place in the queue: one participant after another takes the study."""
        turn = 0
        failures = 0
        while not self.is_over(figures) and failures < 20:
            turn += 1
            visit = Visit(self, figures, f"bench-{id(figures)}-{number}-{turn}")
            try:
                await visit.take()
            except (ServerClosed, OSError, ValueError) as fault:
                failures += 1
                name = type(fault).__name__
                figures.errors[name] = figures.errors.get(name, 0) + 1
            finally:
                visit.close()


def is_last(state: dict[str, Any]) -> bool:
    """Say whether a State shows the last trial, whose answer ends the session."""
    return state["step"] == "trials" and state["progress"]["done"] + 1 >= state["progress"]["of"]


class Visit:
    """One participant's way through the study, as a browser would go it."""

    def __init__(self, load: Load, figures: Figures, name: str) -> None:
        self.load = load
        self.figures = figures
        self.name = name
        self.token = ""
        self.wire: Wire | None = None

    def close(self) -> None:
        """Close the connection."""
        if self.wire is not None and self.wire.transport is not None:
            self.wire.transport.close()

    async def request(self, method: str, path: str, body: Any = None) -> tuple[int, bytes, float]:
        """Send one request; returns status, body and seconds from send to the whole reply."""
        if self.wire is None or self.wire.closing:
            self.close()
            loop = asyncio.get_running_loop()
            _, self.wire = await loop.create_connection(Wire, self.load.host, self.load.port)
        payload = b"" if body is None else json.dumps(body).encode()
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: {self.load.host}:{self.load.port}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(payload)}\r\n"
        )
        if self.token:
            head += f"Authorization: Bearer {self.token}\r\n"
        started = time.perf_counter()
        status, reply = await self.wire.send(head.encode() + b"\r\n" + payload)
        return status, reply, time.perf_counter() - started

    async def call(self, method: str, path: str, body: Any = None) -> tuple[Any, float] | None:
        """Send a request; return its JSON and seconds, or count an error if status is not 2xx."""
        status, reply, seconds = await self.request(method, path, body)
        if 200 <= status < 300:
            return json.loads(reply), seconds
        try:
            code = json.loads(reply)["error"]["code"]
        except (ValueError, KeyError, TypeError):
            code = reply[:60].decode(errors="replace")
        key = f"{status} {code}"
        self.figures.errors[key] = self.figures.errors.get(key, 0) + 1
        return None

    async def enter(self) -> dict[str, Any]:
        """Begin a session; returns its first State."""
        entry = {
            "study": self.load.study,
            "entry": {"participant": self.name},
            "browser": {
                "width": 1280,
                "height": 800,
                "pixel_ratio": 1,
                "touch": False,
                "user_agent": "diptych bench",
                "language": "en",
            },
        }
        entered = await self.call("POST", "/api/v1/sessions", entry)
        if entered is None:
            raise ValueError("entry refused")
        state, seconds = entered
        if self.load.is_on():
            self.figures.entries.append(seconds)
        self.token = state["token"]
        return dict(state)

    async def take(self) -> None:
        """Take the whole study, or stop when the run is over."""
        state = await self.enter()
        while state["step"] != "end":
            if self.load.is_over(self.figures) or (self.load.leaves and is_last(state)):
                return
            followed = await self.go_on(state)
            if followed is None:
                raise ValueError("refused")
            state = followed
        self.figures.sessions += 1

    async def go_on(self, state: dict[str, Any]) -> dict[str, Any] | None:
        """Take the step that a State asks for; the State that follows, None when refused."""
        step = state["step"]
        if step == "trials":
            return await self._answer(state["content"]["trial"])
        body = {
            "consent": {"agreed": True},
            "instructions": {"read_ms": 20_000},
            "feedback": {"text": ""},
            "debrief": {},
        }[step]
        done = await self.call("POST", f"/api/v1/session/steps/{step}", body)
        return done[0] if done else None

    async def _answer(self, trial: dict[str, Any]) -> dict[str, Any] | None:
        show = trial["show"]
        if trial["task"] == "category_learning":
            response: dict[str, Any] = {"ranking": show["classes"][: show["rank"]]}
        else:
            response = {"choice": "top" if trial["index"] % 2 else "bottom", "confidence": 2}
        onset = 5000.0 + 3000.0 * trial["index"]
        body = {
            "response": response,
            "timing": {
                "rt_ms": 1500.0,
                "onset_ms": onset,
                "onset_uncertainty_ms": 16.7,
                "answered_ms": onset + 1500.0,
            },
            "events": [],
        }
        done = await self.call("POST", f"/api/v1/trials/{trial['index']}/response", body)
        if done is None:
            return None
        reply, seconds = done
        self.figures.acknowledged += 1
        if self.load.is_on():
            self.figures.latencies.append(seconds)
        following: dict[str, Any] = reply["next"]
        return following
