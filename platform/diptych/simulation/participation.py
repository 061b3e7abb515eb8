"""One simulated participant on its way through a study: enters, reads, answers, or leaves."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from diptych.simulation import Answer, Features, Observer, SeenTrial, Vision
from diptych.simulation.questionnaire import random_answer
from diptych.simulation.visitor import Refused, SimulationFault, Visitor
from diptych.study.content import StudyContent

#: Outcome of somebody who closed the page.
LEFT = "left"
#: One frame of the screen of a simulated participant, in ms.
FRAME_MS = 1000 / 60
#: How far it sits from the screen where the study does not say, in cm.
USUAL_DISTANCE_CM = 57.0
#: The page sums its input up for so long, in ms.
INPUT_EVERY_MS = 30_000.0


def frames_of(shown: dict[str, Any], onset_ms: float) -> dict[str, Any]:
    """Return what a page counts that draws every frame of a screen of 60 Hz.

    Parameters
    ----------
    shown : dict[str, Any]
        The timing of the trial, as the host sends it.
    onset_ms : float
        When the images appear, on the participant's clock.
    """
    times: dict[str, Any] = {}
    if shown["fixation_ms"]:
        times["fixation_onset_ms"] = max(0.0, onset_ms - shown["fixation_ms"])
    if shown["exposure_ms"]:
        frames = max(1, round(shown["exposure_ms"] / FRAME_MS))
        offset = onset_ms + frames * FRAME_MS
        times |= {"display_frames": frames, "display_offset_ms": offset}
        if shown["mask"] != "none" and shown["mask_ms"]:
            mask = max(1, round(shown["mask_ms"] / FRAME_MS)) * FRAME_MS
            times |= {"mask_onset_ms": offset, "mask_offset_ms": offset + mask}
    rounded = {
        name: round(value, 1) if isinstance(value, float) else value
        for name, value in times.items()
    }
    return rounded | {"timing_fault": False} if rounded else {}


class Participation:
    """One participant on its way through one study."""

    def __init__(
        self,
        visitor: Visitor,
        content: StudyContent,
        observer: Observer,
        vision: Vision,
        think: float,
        answered: Callable[[], None],
        stop_at: int | None = None,
    ) -> None:
        self._visitor = visitor
        self._stop_at = stop_at
        self._content = content
        self._observer = observer
        self._vision = vision
        self._think = think
        self._answered = answered
        self._features: dict[str, Features] = {}
        self._numbers: dict[str, Mapping[str, float]] = {}
        self._input_told_ms: float | None = None
        self._clock_ms = 0.0  # the browser's monotonic clock, as the participant lives it
        self.step = "entry"
        self.answers = 0
        self.score: dict[str, int] | None = None

    async def take(self, entry: dict[str, str]) -> tuple[str, str]:
        """Take the study from entry to end: (id of the session, outcome)."""
        body = {"study": self._content.name, "entry": entry, "browser": self._observer.browser()}
        state = await self._visitor.json("POST", "/sessions", body)
        self._visitor.token = state["token"]
        leaves_at = self._observer.leaves_at(sum(self._content.spec.phases.values()))
        while state["step"] != "end":
            self.step = state["step"]
            if self._is_there(state):
                return state["session"]["id"], LEFT
            if leaves_at is not None and self.answers >= leaves_at:
                return state["session"]["id"], LEFT
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

    def _is_there(self, state: dict[str, Any]) -> bool:
        """Say whether the trial is reached before which the participant leaves."""
        if self._stop_at is None or state["step"] != "trials":
            return False
        return bool(state["progress"]["done"] >= self._stop_at)

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
            case "calibration":
                return await self._take_step("calibration", self._screen(content))
            case "questions_before" | "questions_after" as step:
                answered = self._answer_questions(content["questions"])
                return await self._take_step(step, {"answers": answered})
            case "trials":
                last = state["progress"]["done"] + 1 >= state["progress"]["of"]
                return await self._answer_trial(content["trial"], last)
            case "feedback":
                return await self._take_step("feedback", {"text": ""})
            case "debrief":
                self.score = content["score"]
                await self._spend(self._reading_ms(content["html"]))
                return await self._take_step("debrief", {})
            case unknown:
                raise SimulationFault(f"the host is at a step that is not known: {unknown!r}")

    def _screen(self, content: dict[str, Any]) -> dict[str, float]:
        """Describe a screen of 96 CSS pixels per inch at the asked distance; {} for a machine."""
        if self._observer.kind == "machine":
            return {}
        distance = content["viewing_distance_cm"] or USUAL_DISTANCE_CM
        px_per_degree = 2 * distance * math.tan(math.radians(0.5)) * 96 / 2.54
        return {"px_per_degree": round(px_per_degree, 3), "viewing_distance_cm": distance}

    async def _take_step(self, step: str, body: dict[str, Any]) -> dict[str, Any]:
        state: dict[str, Any] = await self._visitor.json("POST", f"/session/steps/{step}", body)
        return state

    async def _answer_trial(self, trial: dict[str, Any], last: bool) -> dict[str, Any]:
        if not self._features:
            everything = (await self._visitor.json("GET", "/session/images"))["images"]
            await self._load(everything)
        await self._load(trial["images"])
        if trial["notice"]:
            await self._spend(self._reading_ms(trial["notice"]["html"]))
        urls = trial["images"]
        seen = SeenTrial(
            trial["phase"],
            trial["show"],
            {url: self._features[url] for url in urls},
            {url: self._numbers[url] for url in urls},
        )
        answer = self._observer.answer(seen)
        timing, missed = await self._respond_in(answer, trial["timing"])
        reply = await self._visitor.json(
            "POST",
            f"/trials/{trial['index']}/response",
            {
                "response": {"missed": True} if missed else answer.response,
                "timing": timing,
                "events": self._input(trial["index"], last),
            },
        )
        self.answers += 1
        self._answered()
        if reply["feedback"] is not None:
            seen = await self._explained(seen, reply["feedback"])
            self._observer.learn(seen, answer, reply["feedback"])
            await self._spend(reply["feedback"]["duration_ms"] or self._observer.rest_ms())
        following: dict[str, Any] = reply["next"]
        return following

    async def _explained(self, seen: SeenTrial, feedback: dict[str, Any]) -> SeenTrial:
        """Look at the images that explain an answer as well."""
        explanation = feedback.get("explanation") or {}
        urls = [*explanation.get("images", ()), *explanation.get("other_images", ())]
        await self._load(urls)
        return replace(
            seen, features={**seen.features, **{url: self._features[url] for url in urls}}
        )

    async def _respond_in(
        self, answer: Answer, shown: dict[str, Any]
    ) -> tuple[dict[str, Any], bool]:
        """Let the response time pass, or the deadline; the timing that goes with the answer."""
        if self._observer.kind == "machine":
            times, rt_ms, missed = {}, answer.rt_ms, False
        else:
            await self._spend(shown["fixation_ms"])
            times = frames_of(shown, self._clock_ms)
            missed = bool(shown["deadline_ms"]) and answer.rt_ms > shown["deadline_ms"]
            rt_ms = float(shown["deadline_ms"]) if missed else answer.rt_ms
        onset = self._clock_ms
        await self._spend(rt_ms)
        timing = {
            "rt_ms": round(rt_ms, 1),
            "onset_ms": round(onset, 1),
            "onset_uncertainty_ms": round(float(self._observer.rng.uniform(0, 16.7)), 2)
            if self._observer.kind == "simulated"
            else 0.0,
            "answered_ms": round(onset + rt_ms, 1),
        }
        return timing | times, missed

    def _input(self, index: int, last: bool) -> list[dict[str, Any]]:
        """Return what the page would report of pointer and keys with this response."""
        if self._observer.kind == "machine":
            return []
        since = 0.0 if self._input_told_ms is None else self._input_told_ms
        due = self._input_told_ms is None or self._clock_ms - since >= INPUT_EVERY_MS
        if not (due or last):
            return []
        self._input_told_ms = self._clock_ms
        moves, presses, keys = self._observer.hands(self._clock_ms - since)
        detail = f"moves={moves} presses={presses} keys={keys}"
        at = round(self._clock_ms, 1)
        return [{"kind": "input", "at_ms": at, "trial_index": index, "detail": detail}]

    async def _load(self, urls: list[str]) -> None:
        """Fetch images that were not seen yet, and look at them together."""
        new = [url for url in urls if url not in self._features]
        served = [await self._visitor.bytes(url) for url in new]
        self._features |= zip(new, await self._vision.look(served), strict=True)
        self._numbers |= {
            url: self._vision.numbers(data) for url, data in zip(new, served, strict=True)
        }

    def _answer_questions(self, questions: list[dict[str, Any]]) -> dict[str, Any]:
        """Answer at random: nothing is simulated of who somebody is. A machine leaves all out."""
        if self._observer.kind == "machine":
            return {}
        return {each["id"]: random_answer(each, self._observer.rng) for each in questions}

    def _comprehend(self, question: dict[str, Any]) -> int:
        """Choose the right option after reading the instructions; guess without."""
        if self._observer.careful:
            for known in self._content.spec.comprehension:
                if known.question == question["text"]:
                    return known.answer
        return int(self._observer.rng.integers(len(question["options"])))

    def _reading_ms(self, html: str) -> float:
        """Time the reading of a text, at 4 to 6 words per second; careless ones click on."""
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
