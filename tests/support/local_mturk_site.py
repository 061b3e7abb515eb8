"""The workers' side of the local Mechanical Turk: preview, accept, return, submit."""

from __future__ import annotations

from html import escape
from typing import Any
from urllib.parse import SplitResult, parse_qs, urlencode

from support.local_mturk_api import API, Assignment

NOT_ACCEPTED = "ASSIGNMENT_ID_NOT_AVAILABLE"


class NotAllowed(Exception):
    """A worker may not have this HIT."""


class Site:
    """Pages of one requester's HITs; `origin` is where they are."""

    def __init__(self, api: API) -> None:
        self.api = api
        self.origin = ""
        self.freed: list[tuple[str, str]] = []  # (HIT, assignment id) that somebody returned

    def may_have(self, worker: str, hit_id: str) -> bool:
        """Whether MTurk shows the HIT to the worker."""
        hit = self.api.hits[hit_id]
        for requirement in hit.get("QualificationRequirements", ()):
            held = (requirement["QualificationTypeId"], worker) in self.api.holders
            if requirement["Comparator"] == "DoesNotExist" and held:
                return False
            if requirement["Comparator"] == "Exists" and not held:
                return False
        took = any(
            (a.worker, a.hit) == (worker, hit_id) and a.status != "Returned"
            for a in self.api.assignments
        )
        return not took and self.api.shown(hit)["NumberOfAssignmentsAvailable"] > 0

    def accept(self, worker: str, hit_id: str) -> Assignment:
        """A worker accepts a HIT; an id that somebody returned is given out again."""
        if not self.may_have(worker, hit_id):
            raise NotAllowed(f"{worker} can't have {hit_id}")
        again = next((pair for pair in self.freed if pair[0] == hit_id), None)
        if again:
            self.freed.remove(again)
        name = again[1] if again else self.api.new_id("3A")
        made = Assignment(name, worker, hit_id, "Accepted", at=self.api.clock())
        self.api.assignments.append(made)
        return made

    def give_back(self, assignment: Assignment) -> None:
        """The worker returns the HIT."""
        assignment.status = "Returned"
        self.freed.append((assignment.hit, assignment.id))

    def submit(self, assignment: Assignment, answer: dict[str, str]) -> None:
        """The worker submits the HIT."""
        assert assignment.status == "Accepted"
        assignment.status, assignment.answer = "Submitted", answer

    def entry(self, assignment: Assignment) -> dict[str, str]:
        """What MTurk adds to the study's address for a worker."""
        return {
            "assignmentId": assignment.id,
            "hitId": assignment.hit,
            "workerId": assignment.worker,
            "turkSubmitTo": self.origin,
        }

    def get(self, url: SplitResult) -> tuple[int, str]:
        """A page: `/hit?hit=…&worker=…`, with the study in its frame."""
        asked = {k: v[0] for k, v in parse_qs(url.query).items()}
        if url.path != "/hit" or asked.get("hit") not in self.api.hits:
            return 404, "<p>Not found</p>"
        hit, worker = asked["hit"], asked.get("worker", "")
        mine = [
            a
            for a in self.api.assignments
            if (a.worker, a.hit, a.status) == (worker, hit, "Accepted")
        ]
        if not mine and not self.may_have(worker, hit):
            return 200, "<p id=closed>This HIT is not available to you.</p>"
        query = self.entry(mine[0]) if mine else {"assignmentId": NOT_ACCEPTED, "hitId": hit}
        return 200, self.frame(f"{self.api.url(hit)}?{urlencode(query)}", hit, worker, bool(mine))

    def frame(self, address: str, hit: str, worker: str, accepted: bool) -> str:
        """The HIT's page. The study stands in a frame of another origin."""
        button = "" if accepted else "<button id=accept>Accept</button>"
        hidden = "".join(
            f'<input type="hidden" name="{k}" value="{escape(v)}">'
            for k, v in {"hit": hit, "worker": worker}.items()
        )
        return (
            f"<!doctype html><title>MTurk</title><form method=post action=/accept>{hidden}{button}"
            f'</form><iframe name="study" src="{escape(address)}" '
            'style="width:1200px;height:800px"></iframe>'
        )

    def post(self, url: SplitResult, form: dict[str, str]) -> tuple[int, str]:
        """Accept a HIT, or `externalSubmit` from the study's frame."""
        if url.path == "/accept":
            return self._accepted(form)
        if url.path != "/mturk/externalSubmit":
            return 404, "<p>Not found</p>"
        found: Any = [
            a
            for a in self.api.assignments
            if a.id == form.get("assignmentId") and a.status == "Accepted"
        ]
        more = {k: v for k, v in form.items() if k != "assignmentId"}
        if not found or not more:
            return 400, "<p id=problem>There was a problem submitting your results.</p>"
        self.submit(found[0], more)
        return 200, "<p id=done>Submitted</p>"

    def _accepted(self, form: dict[str, str]) -> tuple[int, str]:
        try:
            self.accept(form["worker"], form["hit"])
        except NotAllowed:
            return 200, "<p id=closed>This HIT is not available to you.</p>"
        query = urlencode({"hit": form["hit"], "worker": form["worker"]})
        return 200, (
            f'<!doctype html><title>MTurk</title><p><a id="on" href="/hit?{query}">Go on</a></p>'
        )
