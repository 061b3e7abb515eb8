"""One participant of the load with think times: what a browser asks for, in its order and time.

The page, its scripts and styles, entry, consent, instructions, all pictures (six at a time), then
trial by trial with time to think, and the pages at the end. A request that fails is counted and
sent again, as the page does.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import random
import re
import time
from typing import Any

from books import Books
from connection import ServerClosed, Wire
from knowledge import Knowledge
from load import is_last
from standing import Joining
from think import Pace

_LINKS = re.compile(rb'(?:src|href)="(/static/[^"]+)"')
# What a file of the bundle asks for by itself: the Latin font, and a script beside it.
_FONT = re.compile(rb"url\((/static/[^)]*-latin-wght[^)]*)\)")
_SCRIPT = re.compile(rb'from"\./([^"]+\.js)"')
#: A browser opens so many connections to one host.
CONNECTIONS = 6
TRIES = 6
#: A reply is waited for so long, s.
PATIENCE = 30.0
#: The page tells of pointer and keys so often, s.
INPUT_EVERY = 30.0


class Lost(Exception):
    """A request was refused, or failed again and again."""


class Person:
    """One participant on one way through the study.

    Parameters
    ----------
    port : int
        Loopback port of the host, or of the proxy before several.
    study : str
        Name of an open study.
    pace : Pace
        Think times.
    books : Books
        Where everything is noted.
    name : str
        Id of the participant.
    quick : float, optional
        Factor of all think times; 1: as real people take them.
    before : float, optional
        Think time (s) that has passed already of somebody who stood before the first
        trial when the load began.
    knowledge : Knowledge or None, optional
        With what trials of `category_learning` are answered; by default at random.
    """

    def __init__(
        self,
        port: int,
        study: str,
        pace: Pace,
        books: Books,
        name: str,
        quick: float = 1.0,
        before: float = 0.0,
        knowledge: Knowledge | None = None,
    ) -> None:
        self.port, self.study, self.pace, self.books = port, study, pace, books
        self.name, self.quick, self.before = name, quick, before
        self.knowledge = knowledge
        self.rng = random.Random(name)
        self.token = ""
        self.wires: list[Wire] = []
        self.born = time.perf_counter()
        self.told_input = -INPUT_EVERY
        #: Addresses of the pictures that the browser has.
        self.pictures: set[str] = set()

    def close(self) -> None:
        """Close all connections."""
        for wire in self.wires:
            if wire.transport is not None:
                wire.transport.close()
        self.wires.clear()

    async def take(self) -> None:
        """Take the whole study, from the page's address to its end."""
        page = await self.get("page", f"/s/{self.study}?participant={self.name}")
        links = [link.decode() for link in _LINKS.findall(page)]
        await self._load_bundle(links)
        browser = {
            "width": 1280 + self.rng.randrange(9) * 40,
            "height": 800,
            "pixel_ratio": 1,
            "touch": False,
            "user_agent": f"diptych bench {self.rng.randrange(40)}",
            "language": "en",
        }
        body = {"study": self.study, "entry": {"participant": self.name}, "browser": browser}
        state = await self.post("entry", "/sessions", body)
        self.token = state["token"]
        session = state["session"]["id"]
        self.books.sent[session] = self.books.acknowledged[session] = 0
        await self._to_the_end(state)

    async def _load_bundle(self, links: list[str]) -> None:
        """Load the files that a page names, and those that they name."""
        files = await self.get_all("bundle", links)
        known = self.books.bundles
        for link, file in files.items():
            if link not in known:
                text = gzip.decompress(file) if file.startswith(b"\x1f\x8b") else file
                beside = link.rpartition("/")[0]
                known[link] = [font.decode() for font in _FONT.findall(text)]
                known[link] += [f"{beside}/{name.decode()}" for name in _SCRIPT.findall(text)]
        await self.get_all("bundle", [further for link in links for further in known[link]])

    async def join(self, joining: Joining) -> None:
        """Finish a session after a reload of the page in its middle."""
        self.token = joining.token
        self.books.sent[joining.session] = joining.answered
        self.books.acknowledged[joining.session] = joining.answered
        state = json.loads(await self.get("reload", "/api/v1/session"))
        listed = json.loads(await self.get("picture list", "/api/v1/session/images"))
        self.pictures |= {*listed["images"], *_pictures(state)}  # from the browser's cache
        await self.think(self.rng.random() * self.pace.trial.draw(self.rng))
        await self._trials(state, loaded=True)

    async def _to_the_end(self, state: dict[str, Any]) -> None:
        while state["step"] != "end":
            step = state["step"]
            if step == "trials":
                await self._trials(state)
                return
            body: dict[str, Any] = {}
            if step == "consent":
                await self.think(self.pace.consent.draw(self.rng))
                body = {"agreed": True}
            elif step == "instructions":
                read = self.pace.instructions.draw(self.rng)
                await self.think(read)
                body = {"read_ms": round(1000 * read, 1)}
            elif step == "feedback":
                await self.think(self.pace.comment.draw(self.rng))
                body = {"text": ""}
            elif step == "debrief":
                await self.think(self.pace.debrief.draw(self.rng))
            state = await self.post(step, f"/session/steps/{step}", body)
        self.books.completed += self.books.open
        self.books.completed_ever += 1

    async def _trials(self, state: dict[str, Any], loaded: bool = False) -> None:
        if not loaded:
            listed = json.loads(await self.get("picture list", "/api/v1/session/images"))
            await self._load(listed["images"])
            await self.think(self.pace.ready.draw(self.rng))
        while state["step"] == "trials":
            took = self.pace.trial.draw(self.rng)
            await self.think(took)
            reply = await self._answer(state, took)
            state = reply["next"]
            # What no plan had named, since an adaptive policy has only now chosen it.
            further = self._load(_pictures(state))
            if reply["feedback"] is None:
                await further
            else:
                await asyncio.gather(further, self.think(self.pace.told.draw(self.rng)))
        await self._to_the_end(state)

    async def _load(self, pictures: list[str]) -> None:
        """Load the pictures that the browser does not have."""
        missing = [each for each in pictures if each not in self.pictures]
        self.pictures.update(missing)
        if missing:
            await self.get_all("picture", missing)

    async def _answer(self, state: dict[str, Any], took: float) -> dict[str, Any]:
        trial, session, last = state["content"]["trial"], state["session"]["id"], is_last(state)
        response: dict[str, Any]
        if self.knowledge is not None:
            response = {"ranking": self.knowledge.ranking(trial["show"], self.rng)}
        elif trial["task"] == "category_learning":
            classes = list(trial["show"]["classes"])
            self.rng.shuffle(classes)
            response = {"ranking": classes[: trial["show"]["rank"]]}
        else:
            choice = self.rng.choice(("top", "bottom"))
            response = {"choice": choice, "confidence": self.rng.randint(1, 3)}
        now = time.perf_counter() - self.born
        onset = round(max(0.0, 1000 * (now - took)), 1)
        timing = {"rt_ms": round(1000 * took, 1), "onset_ms": onset, "onset_uncertainty_ms": 8.3,
                  "answered_ms": onset + round(1000 * took, 1)}  # fmt: skip
        events = []
        if last or now - self.told_input >= INPUT_EVERY:
            self.told_input = now
            detail = f"moves={self.rng.randrange(200)} presses={self.rng.randrange(1, 20)} keys=0"
            events = [{"kind": "input", "at_ms": round(1000 * now, 1),
                       "trial_index": trial["index"], "detail": detail}]  # fmt: skip
        body = {"response": response, "timing": timing, "events": events}
        self.books.sent[session] += 1
        kind = "last answer" if last else "answer"
        reply = await self.post(kind, f"/trials/{trial['index']}/response", body)
        self.books.acknowledged[session] += 1
        self.books.answered += 1
        return reply

    async def think(self, seconds: float) -> None:
        """Let time pass, what has passed before taken off."""
        passed = min(seconds, self.before)
        self.before -= passed
        await asyncio.sleep(self.quick * (seconds - passed))

    async def get(self, kind: str, path: str) -> bytes:
        """Send a GET on the participant's first connection."""
        return await self._again(kind, 0, f"GET {path} HTTP/1.1\r\n", b"")

    async def post(self, kind: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Send a POST to the API; return the JSON of the reply."""
        head = f"POST /api/v1{path} HTTP/1.1\r\nContent-Type: application/json\r\n"
        found: dict[str, Any] = json.loads(
            await self._again(kind, 0, head, json.dumps(body).encode())
        )
        return found

    async def get_all(self, kind: str, paths: list[str]) -> dict[str, bytes]:
        """GET many files over as many connections as a browser opens; path -> content."""
        found: dict[str, bytes] = {}
        queue = list(paths)

        async def lane(number: int) -> None:
            while queue:
                path = queue.pop()
                found[path] = await self._again(kind, number, f"GET {path} HTTP/1.1\r\n", b"")

        await asyncio.gather(*(lane(n) for n in range(min(CONNECTIONS, len(paths)))))
        # A browser keeps the further ones a while; nothing goes over them any more.
        for wire in self.wires[1:]:
            if wire.transport is not None:
                wire.transport.close()
        del self.wires[1:]
        return found

    async def _again(self, kind: str, lane: int, head: str, body: bytes) -> bytes:
        """Send a request until it succeeds; return the body of its reply."""
        head += f"Host: 127.0.0.1:{self.port}\r\nAccept-Encoding: gzip\r\n"
        if self.token and "/api/" in head:
            head += f"Authorization: Bearer {self.token}\r\n"
        if body:
            head += f"Content-Length: {len(body)}\r\n"
        request = head.encode() + b"\r\n" + body
        for turn in range(TRIES):
            begun = time.perf_counter()
            self.books.under_way[self.name, lane] = (kind, begun)
            try:
                async with asyncio.timeout(PATIENCE):
                    wire = await self._wire(lane)
                    status, reply = await wire.send(request)
            except (ServerClosed, OSError) as fault:  # a time-out is an OSError
                self.books.error(f"{kind}: {type(fault).__name__}")
                self._give_up(lane)
            else:
                if 200 <= status < 300:
                    self.books.took(kind, time.perf_counter() - begun)
                    return reply
                self.books.error(f"{kind}: {status} {_code(reply)}")
                if status < 500 and status != 429:
                    break
            finally:
                del self.books.under_way[self.name, lane]
            await asyncio.sleep(0.3 * 2**turn * (0.5 + self.rng.random()))
        raise Lost(kind)

    def _give_up(self, lane: int) -> None:
        """Close a connection on which a reply may still come."""
        if lane < len(self.wires):
            if (transport := self.wires[lane].transport) is not None:
                transport.close()
            self.wires[lane] = Wire()

    async def _wire(self, lane: int) -> Wire:
        while len(self.wires) <= lane:
            self.wires.append(Wire())
        wire = self.wires[lane]
        if wire.transport is None or wire.closing:
            loop = asyncio.get_running_loop()
            _, wire = await loop.create_connection(Wire, "127.0.0.1", self.port)
            self.wires[lane] = wire
        return wire


def _pictures(state: dict[str, Any]) -> list[str]:
    """Return the addresses of the pictures of a state's trial."""
    if state["step"] != "trials":
        return []
    found: list[str] = state["content"]["trial"]["images"]
    return found


def _code(reply: bytes) -> str:
    try:
        return str(json.loads(reply)["error"]["code"])
    except (ValueError, KeyError, TypeError):
        return ""
