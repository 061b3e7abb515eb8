"""Simulated people, and machines: take a study through the same HTTP API as a browser does.

A participant is given the address of the host and the key of the study's link for simulations, or
for machines, and from there on sees only what the API serves. How it answers is its observer's to
say (`diptych.observers`); this module enters, waits, loads images, answers and reports.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np

from diptych.observers import (
    Answer,
    Features,
    Observer,
    SeenTrial,
    Sight,
    observer_class,
)
from diptych.observers.eyes import UnknownImage
from diptych.observers.sight import machine_id, sight_of
from diptych.observers.visitor import Refused, SimulationFault, Visitor
from diptych.studies import load_study
from diptych.studies.content import StudyContent

if TYPE_CHECKING:
    from diptych_analysis.machines.mis import Scale

Progress = Callable[[int, int], None]
# Purpose of the key that a kind of participant enters with.
PURPOSES = {"simulated": "simulate", "machine": "machine"}

__all__ = ["SimulationFault", "Summary", "Taken", "machine_id", "simulate", "simulate_async"]


@dataclass(frozen=True)
class Taken:
    """How one participant fared.

    Attributes:
        participant: the id it entered with.
        session: the host's id of its session.
        outcome: completed, declined, screened_out, timed_out or returned.
        answers: trials it answered.
        correct: right answers of the test, where the study tells; else None.
        of: trials of the test, where the study tells; else None.
    """

    participant: str
    session: str
    outcome: str
    answers: int
    correct: int | None = None
    of: int | None = None


@dataclass
class Summary:
    """What a simulation came to.

    Attributes:
        run: name of the run; given again, an interrupted run goes on where it was.
        taken: participants who came to an end.
        failed: reasons of those who did not, by participant.
    """

    run: str
    taken: list[Taken] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)

    @property
    def outcomes(self) -> Counter[str]:
        """Number of participants by outcome."""
        return Counter(taken.outcome for taken in self.taken)

    @property
    def answers(self) -> int:
        """Number of answers the host has acknowledged."""
        return sum(taken.answers for taken in self.taken)


class Participation:
    """One participant on its way through one study."""

    def __init__(
        self,
        visitor: Visitor,
        content: StudyContent,
        observer: Observer,
        eyes: Sight,
        think: float,
        answered: Callable[[], None],
    ) -> None:
        self._visitor = visitor
        self._content = content
        self._observer = observer
        self._eyes = eyes
        self._think = think
        self._answered = answered
        self._features: dict[str, Features] = {}
        self._clock_ms = 0.0  # the browser's monotonic clock, as the participant lives it
        self.step = "entry"
        self.answers = 0
        self.score: dict[str, int] | None = None

    async def take(self, entry: dict[str, str]) -> tuple[str, str]:
        """Take the study from entry to end: (id of the session, outcome)."""
        browser = {"width": 1280, "height": 800, "pixel_ratio": 1, "touch": False}
        body = {
            "study": self._content.name,
            "entry": entry,
            "browser": {
                **browser,
                "user_agent": f"diptych {entry['participant']}",
                "language": "en",
            },
        }
        state = await self._visitor.json("POST", "/sessions", body)
        self._visitor.token = state["token"]
        while state["step"] != "end":
            self.step = state["step"]
            try:
                state = await self._go_on(state)
            except Refused as refusal:
                # Another try of ours got through before its reply was lost: see where we are.
                if refusal.code not in ("already_answered", "out_of_order", "wrong_step"):
                    raise
                known = (state["step"], state["progress"]["done"])
                state = await self._visitor.json("GET", "/session")
                if (state["step"], state["progress"]["done"]) == known:
                    raise
        return state["session"]["id"], state["content"]["outcome"]

    async def _go_on(self, state: dict[str, Any]) -> dict[str, Any]:
        """Do what the step asks for; the State that follows."""
        content = state["content"]
        match state["step"]:
            case "consent":
                await self._spend(self._reading_ms(content["html"]))
                return await self._take_step("consent", {"agreed": True})
            case "instructions":
                read_ms = sum(self._reading_ms(page) for page in content["pages"])
                await self._spend(read_ms)
                return await self._take_step("instructions", {"read_ms": round(read_ms, 1)})
            case "comprehension":
                await self._spend(4000.0 * len(content["questions"]))
                answers = [self._comprehend(question) for question in content["questions"]]
                return await self._take_step("comprehension", {"answers": answers})
            case "trials":
                return await self._answer_trial(content["trial"])
            case "feedback":
                return await self._take_step("feedback", {"text": ""})
            case "debrief":
                self.score = content["score"]
                await self._spend(self._reading_ms(content["html"]))
                return await self._take_step("debrief", {})
            case unknown:
                raise SimulationFault(f"the host is at a step that is not known: {unknown!r}")

    async def _take_step(self, step: str, body: dict[str, Any]) -> dict[str, Any]:
        state: dict[str, Any] = await self._visitor.json("POST", f"/session/steps/{step}", body)
        return state

    async def _answer_trial(self, trial: dict[str, Any]) -> dict[str, Any]:
        if not self._features:
            everything = (await self._visitor.json("GET", "/session/images"))["images"]
            await self._load(everything)
        await self._load(trial["images"])
        if trial["notice"]:
            await self._spend(self._reading_ms(trial["notice"]["html"]))
        seen = SeenTrial(
            trial["phase"], trial["show"], {url: self._features[url] for url in trial["images"]}
        )
        answer = self._observer.answer(seen)
        timing = await self._respond_in(answer)
        reply = await self._visitor.json(
            "POST",
            f"/trials/{trial['index']}/response",
            {"response": answer.response, "timing": timing, "events": []},
        )
        self.answers += 1
        self._answered()
        if reply["feedback"] is not None:
            self._observer.learn(seen, answer, reply["feedback"])
            await self._spend(reply["feedback"]["duration_ms"] or self._observer.rest_ms())
        following: dict[str, Any] = reply["next"]
        return following

    async def _respond_in(self, answer: Answer) -> dict[str, float]:
        """Let the response time pass; the timing that goes with the answer."""
        onset = self._clock_ms
        await self._spend(answer.rt_ms)
        return {
            "rt_ms": round(answer.rt_ms, 1),
            "onset_ms": round(onset, 1),
            "onset_uncertainty_ms": round(float(self._observer.rng.uniform(0, 16.7)), 2)
            if self._observer.kind == "simulated"
            else 0.0,
            "answered_ms": round(onset + answer.rt_ms, 1),
        }

    async def _load(self, urls: list[str]) -> None:
        """Fetch images that were not seen yet, and look at them together."""
        new = [url for url in urls if url not in self._features]
        served = [await self._visitor.bytes(url) for url in new]
        self._features |= zip(new, await self._eyes.look(served), strict=True)

    def _comprehend(self, question: dict[str, Any]) -> int:
        """The right option for whoever has read the instructions; a guess for whoever has not."""
        if self._observer.careful:
            for known in self._content.spec.comprehension:
                if known.question == question["text"]:
                    return known.answer
        return int(self._observer.rng.integers(len(question["options"])))

    def _reading_ms(self, html: str) -> float:
        """Time to read a text, at 4 to 6 words a second; a careless participant clicks on."""
        if self._observer.kind == "machine":
            return 0.0
        if not self._observer.careful:
            return 400.0
        return 1000 + 1000 * len(html.split()) / float(self._observer.rng.uniform(4, 6))

    async def _spend(self, ms: float) -> None:
        """Let time pass: on the participant's clock wholly, on ours by the factor `think`."""
        self._clock_ms += ms
        if self._think:
            await asyncio.sleep(self._think * ms / 1000)


@dataclass(frozen=True)
class _Plan:
    """What all participants of a simulation share."""

    content: StudyContent
    eyes: Sight
    kind: str
    observer: Callable[[np.random.Generator], Observer]
    key: str
    think: float
    seed: int


async def simulate_async(
    base_url: str,
    study_folder: Path,
    n: int,
    *,
    key: str,
    observer: str = "learner",
    model: str | None = None,
    scale: Scale | None = None,
    think: float = 0.0,
    seed: int = 0,
    run: str | None = None,
    concurrency: int = 16,
    progress: Progress = lambda done, of: None,
) -> Summary:
    """Let `n` simulated people, or one machine, take a study.

    Args:
        base_url: address of the host.
        study_folder: the study folder that the host has opened; tells what images look like.
        n: number of participants; of a machine 1.
        key: key of the study's link: `study_key(secret, "simulate", name)`, for a machine
            `study_key(secret, "machine", name)`.
        observer: how they answer: learner, noisy, guesser, bot, or what the task has.
        model: network whose similarity of images an observer follows (machine, viewer), such as
            `efficientnet-lite1` or `timm:NAME`.
        scale: how its similarities become probabilities; by default as published, 0.16 as a
            temperature.
        think: factor of reading, response and feedback times: 1 real, 0 none, 0.1 ten times faster.
            Response times that are stored are those of the observer, whatever the factor.
        seed: with the participant's number, sets every observer's traits and choices.
        run: name of the run, part of the participants' ids; the name of an interrupted run goes on
            with it. By default a new one. A machine goes by its own name instead: it takes a
            version of a study once.
        concurrency: participants at a time.
        progress: called with answers given, and of how many there are about to be.

    Returns:
        How they fared; participants who could not go on are in `failed`.

    Raises:
        StudyFault: when the study folder has faults.
        UnknownObserver: when the task has no such observer.
        MachineFault: when there is no such network, or its weights can't be had.
        SimulationFault: when nobody can enter, or the observer and the model don't fit.
    """
    loaded = load_study(study_folder)
    content = loaded.content
    chosen = observer_class(content.spec.task.name, observer)
    eyes, make = sight_of(loaded, chosen, observer, model, scale)
    if chosen.kind == "machine":
        if n != 1:
            raise SimulationFault(f"a machine takes a study once, and not {n} times")
        run = machine_id(str(model), scale)
    plan = _Plan(content, eyes, chosen.kind, make, key, think, seed)
    summary = Summary(run or secrets.token_hex(4))
    total = n * sum(content.spec.phases.values())
    given = 0

    def answered() -> None:
        nonlocal given
        given += 1
        progress(given, max(total, given))

    limits = httpx.Limits(max_connections=concurrency, max_keepalive_connections=concurrency)
    places = asyncio.Semaphore(concurrency)
    async with (
        httpx.AsyncClient(base_url=base_url, limits=limits, timeout=60) as client,
        asyncio.TaskGroup() as group,
    ):
        for number in range(n):
            group.create_task(_one(plan, number, client, places, summary, answered))
    if summary.failed and not summary.taken:
        who, why = next(iter(sorted(summary.failed.items())))
        raise SimulationFault(f"none of {n} participants came to an end; {who}: {why}")
    summary.taken.sort(key=lambda taken: taken.participant)
    progress(given, given)
    return summary


async def _one(
    plan: _Plan,
    number: int,
    client: httpx.AsyncClient,
    places: asyncio.Semaphore,
    summary: Summary,
    answered: Callable[[], None],
) -> None:
    """One participant, from entry to end; what goes wrong is noted, and the others go on."""
    who = summary.run if plan.kind == "machine" else f"{summary.run}-{number:04d}"
    async with places:
        observer = plan.observer(np.random.default_rng([plan.seed, number]))
        participation = Participation(
            Visitor(client), plan.content, observer, plan.eyes, plan.think, answered
        )
        try:
            session, outcome = await participation.take(
                {PURPOSES[plan.kind]: plan.key, "participant": who}
            )
        except (Refused, SimulationFault, UnknownImage) as fault:
            summary.failed[who] = f"at {participation.step}: {fault}"
            return
        score = participation.score or {}
        summary.taken.append(
            Taken(
                who, session, outcome, participation.answers, score.get("correct"), score.get("of")
            )
        )


def simulate(base_url: str, study_folder: Path, n: int, **options: Any) -> Summary:
    """`simulate_async`, waited for; takes the same arguments."""
    return asyncio.run(simulate_async(base_url, study_folder, n, **options))
