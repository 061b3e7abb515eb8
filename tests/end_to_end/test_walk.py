"""Each task from the entry link to completion, in a real browser, on both databases.

On the way the page is reloaded in the middle of a trial, and the server is killed and started
again: every answer that was acknowledged is stored once, and the session goes on where it was.
"""

from __future__ import annotations

from collections import Counter

import pytest
from playwright.sync_api import Page, Route
from support.rows import count, query, stored
from support.servers import LiveServer
from support.visitor import Visitor

from diptych.ground.settings import Settings

pytestmark = [pytest.mark.browser, pytest.mark.slow]
TASKS = {"tiny": 6, "tiny_2afc": 7}  # study -> number of trials


def assert_stored_once(settings: Settings, visitor: Visitor) -> None:
    """What the browser was told is stored is stored, once, as it was given; and nothing else."""
    rows = stored(settings)
    assert {session for session, _, _ in rows} == {1}
    assert Counter(index for _, index, _ in rows) == Counter(visitor.acknowledged)
    assert {index: answer for _, index, answer in rows} == visitor.answers


def answer_trials(visitor: Visitor, count: int) -> None:
    """Go on until so many more answers are acknowledged."""
    goal = len(visitor.acknowledged) + count
    number = 0
    while len(visitor.acknowledged) < goal:
        visitor.step(number)
        number += 1


@pytest.mark.parametrize("study", TASKS)
def test_from_the_link_to_completion_past_a_reload_and_a_killed_server(
    study: str, live_server: LiveServer, settings: Settings, page: Page
) -> None:
    visitor = Visitor(page)
    page.goto(f"{live_server.url}/s/{study}")
    answer_trials(visitor, 1)

    # A reload in the middle of a trial: the same trial again, and one session still.
    visitor.until("trial")
    before = visitor.images()
    if study == "tiny":
        visitor.press(f"class-{visitor.classes()[0]}")  # half an answer
    page.reload()
    assert visitor.look() == "start"
    visitor.press("start")
    visitor.until("trial")
    assert visitor.images() == before
    answer_trials(visitor, 1)

    # The server dies with a trial on the screen, which is answered meanwhile.
    visitor.until("trial")
    acknowledged = len(visitor.acknowledged)
    live_server.kill()
    visitor.answer(visitor.look())
    page.get_by_test_id("banner-network").wait_for()
    assert len(visitor.acknowledged) == acknowledged
    live_server.start()
    visitor.wait(lambda: len(visitor.acknowledged) == acknowledged + 1)

    assert visitor.to_the_end() == "end-completed"
    assert_stored_once(settings, visitor)
    ((status, n_responses, n_trials),) = query(
        settings, "SELECT status, n_responses, n_trials FROM sessions"
    )
    assert status == "completed"
    assert n_responses == n_trials == len(visitor.acknowledged) == TASKS[study]


@pytest.mark.parametrize("study", ["tiny", "tiny_2afc"])
@pytest.mark.exhaustive
def test_a_reply_lost_after_the_commit_is_asked_for_again(
    study: str, live_server: LiveServer, settings: Settings, page: Page
) -> None:
    """The answer is stored, the server dies before the browser hears of it."""
    visitor = Visitor(page)
    page.goto(f"{live_server.url}/s/{study}")
    answer_trials(visitor, 1)
    visitor.until("trial")
    lost: list[int] = []

    def lose_once(route: Route) -> None:
        if lost:
            route.continue_()
            return
        reply = route.fetch()
        lost.append(reply.status)
        live_server.kill()
        route.abort("connectionreset")
        live_server.start()

    page.route("**/response", lose_once)
    visitor.step()
    assert lost == [200]
    assert visitor.to_the_end() == "end-completed"
    assert_stored_once(settings, visitor)


@pytest.mark.exhaustive
def test_an_answer_that_could_not_be_sent_survives_a_reload(
    live_server: LiveServer, settings: Settings, page: Page
) -> None:
    visitor = Visitor(page)
    page.goto(f"{live_server.url}/s/tiny")
    answer_trials(visitor, 1)
    visitor.until("trial")
    page.route("**/response", lambda route: route.abort("internetdisconnected"))
    visitor.answer(visitor.look())
    page.get_by_test_id("banner-network").wait_for()
    assert len(stored(settings)) == 1
    # Just after a try: what a page sends while it is left is not stopped by the route.
    with page.expect_event("requestfailed", lambda request: request.url.endswith("/response")):
        pass
    page.reload()
    assert visitor.look() == "start"
    assert "has not reached us yet" in visitor.text()
    # Not before: the page that was left tried again and again.
    page.unroute("**/response")
    visitor.press("start")
    visitor.wait(lambda: len(visitor.acknowledged) == 2)
    assert visitor.to_the_end() == "end-completed"
    assert_stored_once(settings, visitor)


@pytest.mark.exhaustive
def test_the_link_opened_again_after_the_end_says_that_it_is_done(
    live_server: LiveServer, settings: Settings, page: Page
) -> None:
    visitor = Visitor(page)
    link = f"{live_server.url}/s/tiny?participant=ada"
    page.goto(link)
    assert visitor.to_the_end() == "end-completed"
    page.evaluate("localStorage.clear(); sessionStorage.clear()")
    page.goto(link)
    assert visitor.look() == "end-completed"
    assert count(settings, "sessions") == 1


def test_who_declines_leaves_nothing_but_the_count(
    live_server: LiveServer, settings: Settings, page: Page
) -> None:
    visitor = Visitor(page)
    page.goto(f"{live_server.url}/s/tiny?participant=ada")
    assert visitor.look() == "consent-agree"
    visitor.press("consent-decline")
    assert visitor.look() == "end-declined"
    tables = ("sessions", "identities", "arrivals", "responses", "trials")
    kept = {table: count(settings, table) for table in tables}
    assert kept == {"sessions": 1, "identities": 0, "arrivals": 0, "responses": 0, "trials": 0}
    everything = str(query(settings, "SELECT * FROM sessions"))
    assert "ada" not in everything
    assert "Chrom" not in everything
