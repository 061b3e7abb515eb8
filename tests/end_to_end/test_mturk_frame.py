"""MTurk shows the study in a frame on another site, where the browser gives it no cookies."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qs, urlencode

import pytest
from playwright.sync_api import BrowserContext, Page, Route
from support.rows import count
from support.servers import LiveServer
from support.visitor import Visitor, in_the_frame

from diptych.ground.settings import Settings

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SANDBOX = "https://workersandbox.mturk.com"
IDS = {
    "assignmentId": "3ABCDEF",
    "hitId": "3HIT",
    "workerId": "AWORKER",
    "turkSubmitTo": SANDBOX,
}
# As Safari does to a frame of another site: to name the storage is an error.
NO_STORAGE = """
for (const name of ['localStorage', 'sessionStorage'])
  Object.defineProperty(window, name, { get() { throw new DOMException('', 'SecurityError'); } });
"""


class Worker:
    """MTurk's page, played by the test, with the study in its frame."""

    def __init__(self, context: BrowserContext, study_url: str) -> None:
        self.context = context
        self.study_url = study_url
        self.submitted: list[dict[str, list[str]]] = []
        self.page: Page | None = None
        context.route(f"{SANDBOX}/**", self._serve)
        # The study is on the loopback interface here, which Chromium asks people about.
        context.grant_permissions(["local-network-access"], origin=SANDBOX)

    def _serve(self, route: Route) -> None:
        if "/mturk/externalSubmit" in route.request.url:
            assert route.request.method == "POST"
            self.submitted.append(parse_qs(route.request.post_data or ""))
            route.fulfill(content_type="text/html", body="<p id=done>Submitted</p>")
            return
        query = urlencode(self.ids)
        body = (
            "<!doctype html><title>MTurk</title>"
            f'<iframe name="study" src="{self.study_url}?{query.replace("&", "&amp;")}" '
            'style="width:1200px;height:800px"></iframe>'
        )
        route.fulfill(content_type="text/html", body=body)

    def open(self, ids: dict[str, str]) -> Visitor:
        """Open the HIT's page; the visitor is in the frame."""
        self.ids = ids
        page = self.page or self.context.new_page()
        self.page = page
        page.goto(f"{SANDBOX}/projects/x/tasks/y")
        return in_the_frame(page)


@pytest.fixture
def worker(live_server: LiveServer, context: BrowserContext) -> Iterator[Worker]:
    """A worker of the study `tiny`."""
    yield Worker(context, f"{live_server.url}/s/tiny")


pytestmark.append(pytest.mark.parametrize("database_kind", ["sqlite"]))


@pytest.mark.parametrize(
    "storage", ["forbidden", pytest.param("allowed", marks=pytest.mark.exhaustive)]
)
def test_taken_in_a_frame_on_another_site_without_cookies(
    storage: str, worker: Worker, context: BrowserContext
) -> None:
    if storage == "forbidden":
        context.add_init_script(NO_STORAGE)
    visitor = worker.open(IDS)
    assert visitor.to_the_end() == "end-completed"
    visitor.press("exit")
    visitor.where.locator("#done").wait_for()
    assert context.cookies() == []
    (form,) = worker.submitted
    assert form["assignmentId"] == [IDS["assignmentId"]]
    assert len(form) >= 2, "MTurk wants at least one field beside the assignment"


@pytest.mark.exhaustive
def test_a_reload_of_the_hit_goes_on_even_without_storage(
    worker: Worker, context: BrowserContext
) -> None:
    """The worker's id in the address is enough to find the session again."""
    context.add_init_script(NO_STORAGE)
    visitor = worker.open(IDS)
    while len(visitor.acknowledged) < 2:
        visitor.step()
    visitor.until("trial")
    images = visitor.images()
    again = worker.open(IDS)
    again.until("trial")
    assert again.images() == images
    assert again.to_the_end() == "end-completed"
    assert 0 not in again.acknowledged


@pytest.mark.exhaustive
def test_a_preview_of_the_hit_shows_the_study_and_stores_nothing(
    worker: Worker, settings: Settings
) -> None:
    visitor = worker.open(IDS | {"assignmentId": "ASSIGNMENT_ID_NOT_AVAILABLE"})
    assert visitor.look() == "preview"
    assert "Accept" in visitor.text()
    assert [count(settings, table) for table in ("sessions", "participants", "events")] == [0] * 3
    assert worker.open(IDS).look() == "consent-agree"


@pytest.mark.exhaustive
def test_an_address_that_would_send_answers_elsewhere_is_refused(worker: Worker) -> None:
    visitor = worker.open(IDS | {"turkSubmitTo": "https://www.mturk.com.example.org"})
    assert visitor.look() == "error-not_eligible"
