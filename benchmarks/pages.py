"""Every page of the dashboard that can be asked for, read from the address map of the host."""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote

from flask import Flask
from werkzeug.routing import Rule

#: What stands in addresses for what varies; `{session}` is filled in by each side.
VALUES = {
    "session": "{session}",
    "version": "1",
    "place": "0",
    "token": "t" * 43,
    "file": "study.toml",
}
FIGURES = ("learning-curves", "confusion", "test-scores", "response-times", "durations", "quality")
#: By endpoint, where a word means something else there: one page for each of the values.
OWN_VALUES: dict[str, list[dict[str, str]]] = {
    "dashboard_figures.figure": [
        *({"name": name, "form": "json"} for name in FIGURES),
        *({"name": "learning-curves", "form": form} for form in ("csv", "svg", "png")),
    ],
    "dashboard_exports.one": [{"file": "trials.csv"}, {"file": "sessions.parquet"}],
    "dashboard_figures.table": [{"name": "confusion"}, {"name": "durations"}],
}
#: Further addresses of pages that look different by their query.
QUERIES = {
    "dashboard_participants.table": (
        "sort=score", "sort=score&order=asc", "sort=duration", "sort=rt", "sort=flags",
        "status=completed", "status=timed_out", "flagged=yes", "excluded=no", "condition=hints",
        "decision=bonus", "payment=confirmed", "recruiter=prolific", "who=simulated",
        "search=000000000005000000000000",
    ),
    "dashboard_live.page": ("who=simulated",),
}  # fmt: skip
#: Pages that answer 404 where there is nothing (a spent link, files of a draft that is not there),
#: which is their answer here.
MAY_FAIL = {
    "dashboard_account.link",
    "dashboard_draft_stimuli.report",
    "dashboard_draft_texts.edit",
    "dashboard_draft_texts.history",
    "dashboard_draft_texts.picture",
    "dashboard_shared.shown",
}
#: Files with all rows of a study: they take as long as there are rows, and are no pages.
WHOLE = {"dashboard_exports.one", "dashboard_payments.as_csv"}


class UnknownPart(Exception):
    """An address has a part that the benchmark has no value for."""


@dataclass(frozen=True)
class Page:
    """One address; `{session}` in it stands for a session's public id.

    Attributes
    ----------
    name : str
        How it is called in the figures.
    address : str
        What is asked for.
    may_fail : bool
        Whether 404 is its answer here.
    varied : bool
        Whether a query narrows or sorts what the page shows.
    whole : bool
        Whether it is a file with all rows, which no promise is made of.
    """

    name: str
    address: str
    may_fail: bool
    varied: bool
    whole: bool


def pages_of(app: Flask, study: str) -> list[Page]:
    """Return every GET route of the dashboard, and its further addresses.

    Raises
    ------
    UnknownPart
        For a new route with a part that is not known here.
    """
    found: list[Page] = []
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        methods = rule.methods or set()
        if rule.endpoint.startswith("dashboard_") and "GET" in methods:
            found += _addresses(app, rule, study)
    return found


def _addresses(app: Flask, rule: Rule, study: str) -> Iterator[Page]:
    map_ = app.url_map.bind("localhost")
    for own in OWN_VALUES.get(rule.endpoint, [{}]):
        values = {"study": study, "name": study, **VALUES, **own}
        for part in rule.arguments:
            if part not in values:
                raise UnknownPart(f"{rule.rule}: say in VALUES what stands for <{part}>")
        path = map_.build(rule.endpoint, {part: values[part] for part in rule.arguments})
        address = unquote(path)
        short = address.removeprefix("/dashboard").replace(f"/studies/{study}", "/studies/…")
        short = short.replace(VALUES["token"], "…") or "/"
        for query in ("", *QUERIES.get(rule.endpoint, ())):
            tail = f"?{query}" if query else ""
            yield Page(
                short + tail,
                address + tail,
                rule.endpoint in MAY_FAIL,
                bool(query),
                rule.endpoint in WHOLE,
            )


class Asker:
    """Asks one host on one connection that stays open."""

    def __init__(self, port: int, cookie: str, session: str) -> None:
        self.cookie, self.session = cookie, session
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def get(self, page: Page) -> tuple[int, float]:
        """Return the status, and seconds to the reply's end; for a download, to its first bytes."""
        address = page.address.format(session=self.session)
        begin = time.perf_counter()
        self.connection.request("GET", address, headers={"Cookie": self.cookie})
        reply = self.connection.getresponse()
        if reply.getheader("Content-Disposition", "").startswith("attachment"):
            reply.read(1)
            seconds = time.perf_counter() - begin
            self.connection.close()  # nobody waits for the rest; it is opened again by itself
        else:
            reply.read()
            seconds = time.perf_counter() - begin
        return (200 if page.may_fail and reply.status == 404 else reply.status), seconds
