"""Simulated people, and machines: take a study through the same HTTP API as a browser does.

A participant is given the address of the host and the key of the study's link for simulations, or
for machines, and from there on sees only what the API serves. How it answers is its observer's to
say (`diptych.simulation`); this module enters, waits, loads images, answers and reports.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np

from diptych.authoring import load_study
from diptych.recruiters import PART
from diptych.simulation import Observer, Vision, observer_class
from diptych.simulation.entries import check_loopback, entry_of
from diptych.simulation.participation import Participation
from diptych.simulation.vision import NumberVision, UnknownImage, machine_id, vision_of
from diptych.simulation.visitor import Refused, SimulationFault, Visitor
from diptych.study.content import StudyContent

if TYPE_CHECKING:
    from diptych.simulation.psychometric import PeopleFunctions
    from diptych_analysis.mis.score import Scale

Progress = Callable[[int, int], None]
# Purpose of the key that a kind of participant enters with.
PURPOSES = {"simulated": "simulate", "machine": "machine"}

__all__ = ["SimulationFault", "Summary", "Taken", "machine_id", "simulate", "simulate_async"]


@dataclass(frozen=True)
class Taken:
    """How one participant fared.

    Attributes
    ----------
    participant : str
        The id it entered with.
    session : str
        The host's id of its session.
    outcome : str
        completed, declined, screened_out, timed_out or returned; `left` of somebody who
        closed the page.
    answers : int
        Trials it answered.
    correct : int | None
        Right answers of the test, where the study tells; else None.
    of : int | None
        Trials of the test, where the study tells; else None.
    part : int
        Part of the study that it took.
    """

    participant: str
    session: str
    outcome: str
    answers: int
    correct: int | None = None
    of: int | None = None
    part: int = 1


@dataclass
class Summary:
    """What a simulation came to.

    Attributes
    ----------
    run : str
        Name of the run; given again, an interrupted run goes on where it was.
    taken : list[Taken]
        Participants who came to an end.
    failed : dict[str, str]
        Reasons of those who did not, by participant.
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


@dataclass(frozen=True)
class _Plan:
    """What all participants of a simulation share."""

    content: StudyContent
    vision: Vision
    kind: str
    key: str
    think: float
    seed: int
    entry: Mapping[str, str]
    parts: tuple[int, ...]


@dataclass
class _Member:
    """One participant of a simulation, over all parts.

    Attributes
    ----------
    number : int
        Its number.
    observer : Observer
        How it answers; keeps what it learned from part to part.
    completed : bool
        Whether it completed every part so far.
    failed : bool
        Whether it could not go on.
    """

    number: int
    observer: Observer
    completed: bool = True
    failed: bool = False


async def simulate_async(
    base_url: str,
    study_folder: Path,
    n: int,
    *,
    key: str,
    observer: str = "learner",
    model: str | None = None,
    scale: Scale | None = None,
    people: PeopleFunctions | None = None,
    think: float = 0.0,
    seed: int = 0,
    run: str | None = None,
    concurrency: int = 16,
    entry: Mapping[str, str] | None = None,
    part: int | None = 1,
    before_part: Callable[[int], None] = lambda part: None,
    progress: Progress = lambda done, of: None,
    transport: httpx.AsyncBaseTransport | None = None,
) -> Summary:
    """Let `n` simulated people, or one machine, take a study.

    Parameters
    ----------
    base_url : str
        Address of the host.
    study_folder : Path
        The study folder that the host has opened; tells what images look like.
    n : int
        Number of participants; of a machine 1.
    key : str
        Key of the study's link: `study_key(secret, "simulate", name)`, for a machine
        `study_key(secret, "machine", name)`.
    observer : str, optional
        How they answer: learner, noisy, guesser, bot, or what the task has.
    model : str | None, optional
        Network whose similarity of images an observer follows (machine, viewer), such as
        `efficientnet-lite1` or `timm:NAME`.
    scale : Scale | None, optional
        How its similarities become probabilities; by default as published, 0.16 as a
        temperature.
    people : PeopleFunctions | None, optional
        The functions that participants have, for the observer `psychometric`.
    think : float, optional
        Factor of reading, response and feedback times: 1 real, 0 none, 0.1 ten times faster.
        Response times that are stored are those of the observer, whatever the factor.
    seed : int, optional
        With the participant's number, sets every observer's traits and choices.
    run : str | None, optional
        Name of the run, part of the participants' ids; the name of an interrupted run goes on
        with it. By default a new one. A machine goes by its own name instead: it takes a
        version of a study once.
    concurrency : int, optional
        Participants at a time.
    entry : Mapping[str, str] | None, optional
        The query of a platform's entry address instead of the key, such as
        `{"PROLIFIC_PID": "{person}", "STUDY_ID": "try", "SESSION_ID": "{visit}"}`: they come as
        people of that platform (`diptych.simulation.entries`). Only to a host on a loopback
        address: nobody's real study is to hold made-up people.
    part : int | None, optional
        Part of the study; None for all parts: everybody takes the first, then the next, with what
        the observer remembers. Later parts need the `run` that completed the first.
    before_part : Callable, optional
        Called with the number of each later part before anybody takes it, where `part` is None.
        A host whose clock can be set lets the days pass here.
    progress : Progress, optional
        Called with answers given, and of how many there are about to be.
    transport : httpx.AsyncBaseTransport | None, optional
        How the host is reached; by default over the network.

    Returns
    -------
    Summary
        How they fared; participants who could not go on are in `failed`.

    Raises
    ------
    StudyFault
        When the study folder has faults.
    UnknownObserver
        When the task has no such observer.
    MachineFault
        When there is no such network, or its weights can't be had.
    SimulationFault
        When nobody can enter, the observer and the model don't fit, or people
        are to come to a host that is not on a loopback address.
    """
    loaded = load_study(study_folder)
    content = loaded.content
    chosen = observer_class(content.spec.task.name, observer)
    vision, make = vision_of(loaded, chosen, observer, model, scale, people)
    if chosen.kind == "machine":
        if n != 1:
            raise SimulationFault(f"a machine takes a study once, not {n} times")
        if isinstance(vision, NumberVision):
            run = vision.machine_id
        else:
            run = machine_id(str(model), scale)
    if entry:
        check_loopback(base_url)
        if chosen.kind != "simulated":
            raise SimulationFault("a machine comes by its own link, and not as a person")
    parts = _parts(content, part)
    plan = _Plan(content, vision, chosen.kind, key, think, seed, dict(entry or {}), parts)
    summary = Summary(run or secrets.token_hex(4))
    total = n * sum(sum(content.of_part(each).spec.phases.values()) for each in parts)
    given = 0

    def answered() -> None:
        nonlocal given
        given += 1
        progress(given, max(total, given))

    limits = httpx.Limits(max_connections=concurrency, max_keepalive_connections=concurrency)
    places = asyncio.Semaphore(concurrency)
    members = [_Member(each, make(np.random.default_rng([seed, each]))) for each in range(n)]
    async with httpx.AsyncClient(
        base_url=base_url, limits=limits, timeout=60, transport=transport
    ) as client:

        async def all_take(part: int, take: int, coming: list[_Member]) -> None:
            async with asyncio.TaskGroup() as group:
                for each in coming:
                    one = _one(plan, each, take, part, client, places, summary, answered)
                    group.create_task(one)

        for earlier, each in zip((None, *parts), parts, strict=False):
            if earlier is not None:
                await asyncio.to_thread(before_part, each)
                for member in members:
                    member.observer.pass_days(_days(content, each) - _days(content, earlier))
            await all_take(each, 0, [member for member in members if member.completed])
        again = [each for each in members if each.observer.comes_again and not each.failed]
        await all_take(parts[0], 1, again)
    if summary.failed and not summary.taken:
        who, why = next(iter(sorted(summary.failed.items())))
        raise SimulationFault(f"none of {n} participants finished; {who}: {why}")
    summary.taken.sort(key=lambda taken: taken.participant)
    progress(given, given)
    return summary


def _parts(content: StudyContent, part: int | None) -> tuple[int, ...]:
    """Return the parts to take; fails for one that the study does not have."""
    every = tuple(range(1, content.spec.parts + 1))
    if part is None:
        return every
    if part not in every:
        raise SimulationFault(f"part {part}: {content.name} has {len(every)} part(s)")
    return (part,)


def _days(content: StudyContent, part: int) -> float:
    """Return the days from the end of the first part until a part opens."""
    return 0 if part == 1 else content.spec.part[part - 2].after_days


async def _one(
    plan: _Plan,
    member: _Member,
    take: int,
    part: int,
    client: httpx.AsyncClient,
    places: asyncio.Semaphore,
    summary: Summary,
    answered: Callable[[], None],
) -> None:
    """Let one participant take a part, from entry to end; note what goes wrong."""
    number = member.number
    who = summary.run if plan.kind == "machine" else f"{summary.run}-{number:04d}"
    name = who if take == 0 else f"{who}-again"
    async with places:
        participation = Participation(
            Visitor(client),
            plan.content.of_part(part),
            member.observer,
            plan.vision,
            plan.think,
            answered,
        )
        try:
            session, outcome = await participation.take(
                _entry(plan, summary.run, number, take, part)
            )
        except (Refused, SimulationFault, UnknownImage) as fault:
            summary.failed[name] = f"at {participation.step}: {fault}"
            member.completed, member.failed = False, True
            return
    score = participation.score or {}
    correct, of = score.get("correct"), score.get("of")
    summary.taken.append(Taken(name, session, outcome, participation.answers, correct, of, part))
    member.completed = outcome == "completed"


def _entry(plan: _Plan, run: str, number: int, take: int, part: int) -> dict[str, str]:
    """Return the query that a participant comes with.

    Whoever comes again does so under the same id where the study allows that, else under another.
    """
    account = 0 if not plan.content.spec.recruitment.once else take
    of_part = {PART: str(part)} if part > 1 else {}
    if plan.entry:
        # Each part has a submission of its own, which is no second visit to the first part.
        visit = take if part == 1 else part
        return entry_of(plan.entry, run, number, account, visit) | of_part
    who = run if plan.kind == "machine" else f"{run}-{number:04d}" + "-again" * account
    return {PURPOSES[plan.kind]: plan.key, "participant": who, **of_part}


def simulate(base_url: str, study_folder: Path, n: int, **options: Any) -> Summary:
    """Run `simulate_async` to its end; takes the same arguments."""
    return asyncio.run(simulate_async(base_url, study_folder, n, **options))
