"""What people and their browsers do to a page, in a real Chromium against a real gunicorn.

After each fault: whatever the page said is stored is stored once, as it was given; nothing was
shown as stored that was not; the session goes on, or has ended in a status with a name.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import httpx
import pytest
from playwright.sync_api import BrowserContext, Error, Page, Route
from support.browser_faults import (
    CHANGES,
    HASTY_S,
    STUDIES,
    Gate,
    Hosted,
    Person,
    counts_agree,
    export_agrees,
    hold,
    hosted,
)

pytestmark = [pytest.mark.browser, pytest.mark.slow]
#: The page is the same for both tasks: the gate tries each fault with one of them.
both_tasks = pytest.mark.parametrize(
    "study", ["learn", pytest.param("choose", marks=pytest.mark.exhaustive)]
)
_numbers = count()

#: What the page offers at each step that is left by a request, before and after the trials too.
ASKING = ("consent-agree", "comprehension-submit", "feedback-submit", "finish")


@pytest.fixture(scope="module")
def host(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosted]:
    """One host for all these visits; each is somebody else's."""
    folder = tmp_path_factory.mktemp("browser-faults")
    shutil.copy(migrated_sqlite, folder / "diptych.sqlite3")
    with hosted(f"sqlite:///{folder / 'diptych.sqlite3'}", folder) as made:
        yield made
        # Whatever the tests did: the tables of all of them together.
        counts_agree(made)
        export_agrees(made, (*STUDIES, "hasty"), folder)


@pytest.fixture
def person(host: Hosted, page: Page) -> Callable[[str], Person]:
    """Somebody new, who has opened the link of a study."""
    page.set_default_timeout(60_000)
    return lambda study: Person(page, host, study, f"p{next(_numbers)}").come()


# Offline


@both_tasks
def test_offline_in_the_middle_of_the_trials(
    study: str,
    host: Hosted,
    person: Callable[[str], Person],
    context: BrowserContext,
    seconds: float,
) -> None:
    """The page says that the answer is not stored yet, and sends it by itself."""
    who = person(study)
    who.to("trial")
    who.step()
    who.to("trial")
    before = who.progress()
    with host.offline(context):
        who.answer(who.look(), 1)
        who.page.get_by_test_id("banner-network").wait_for()
        for _ in range(max(2, int(min(60.0, seconds)))):
            who.page.wait_for_timeout(1000)
            assert "not saved yet" in (who.banner() or "")
            assert who.progress() == before == len(who.acknowledged)
            who.honest()
    who.wait(lambda: len(who.acknowledged) == (before or 0) + 1)
    who.wait(lambda: who.banner() is None)
    assert who.to_the_end() == "end-completed"
    hold(host, who)


def test_offline_at_every_other_step(
    host: Hosted, person: Callable[[str], Person], context: BrowserContext
) -> None:
    """What needs the host waits for it and says so; the rest goes on without."""
    who = person("learn")
    told: set[str] = set()
    for number in range(60):
        what = who.look()
        if what.startswith("end-"):
            break
        if what == "rank":
            who.step(number)
            continue
        with host.offline(context):
            who.press(what)
            waiting = who.page.locator("[aria-busy=true], [data-testid=loading]")
            if what in ASKING:
                waiting.first.wait_for()
            if waiting.count():
                who.page.get_by_test_id("banner-network").wait_for()
                assert "offline" in (who.banner() or "")
                told.add(what)
        who.wait(lambda: who.banner() is None)
        who.honest()
    assert told >= set(ASKING)
    hold(host, who)


@both_tasks
@pytest.mark.exhaustive
def test_loaded_again_while_offline(
    study: str, host: Hosted, person: Callable[[str], Person], context: BrowserContext
) -> None:
    """The browser has nothing to show then; the answer was kept all the same."""
    who = person(study)
    who.to("trial")
    with host.offline(context):
        who.answer(who.look())
        who.page.get_by_test_id("banner-network").wait_for()
        with pytest.raises(Error, match="ERR_INTERNET_DISCONNECTED"):
            who.page.reload()
        assert host.answers(who.session) == []
    who.page.goto(who.address)
    assert who.look() == "start"
    # What the page did before the reload may have slipped through in the moment of coming back.
    assert ("has not reached us yet" in who.text()) == (who.progress() == 0)
    who.honest()
    who.press("start")
    who.wait(lambda: who.acknowledged == {0})
    assert who.to_the_end() == "end-completed"
    hold(host, who)


# Hands


@both_tasks
def test_double_clicks_on_everything(
    study: str, host: Hosted, person: Callable[[str], Person]
) -> None:
    """Nothing is skipped: the same pages are seen as by somebody who clicks once."""
    seen = [_seen(person(study), twice) for twice in (False, True)]
    assert seen[0] == seen[1]


def _seen(who: Person, twice: bool) -> list[str]:
    """Every page on the way, clicking once or twice."""
    seen = []

    def press(name: str) -> None:
        button = who.page.get_by_test_id(name)
        button.dblclick() if twice else button.click()

    for _ in range(60):
        what = who.look()
        seen.append(f"{what} {who.said('page-count') or ''}")
        before = len(who.acknowledged)
        if what.startswith("end-"):
            break
        if what == "rank":
            names = who.classes()[:2]
            for name in names:
                press(f"class-{name}")
            press("rank-submit")
        elif what == "choose":
            press(f"{who.redder()}-2")
        else:
            if what == "comprehension-submit":
                press("answer-0-1")
            press(what)
            continue
        who.wait(lambda before=before: len(who.acknowledged) > before)
        who.honest()
        if what == "rank":
            assert who.host.answers(who.session)[-1][1]["ranking"] == names
    hold(who.host, who)
    return seen


# Tabs


@both_tasks
def test_two_tabs_that_answer_in_turns(
    study: str, host: Hosted, person: Callable[[str], Person], context: BrowserContext
) -> None:
    """The second is told every time that the picture was answered elsewhere, and goes on."""
    one = person(study)
    one.to("trial")
    two = Person(context.new_page(), host, study, "").at(one)
    two.to("trial")
    for number in range(STUDIES[study]):
        one.page.bring_to_front()  # nothing is painted in a tab that can't be seen
        one.to("trial")
        one.step(number)
        two.page.bring_to_front()
        two.answer(two.look(), number + 1)  # another answer than the one that stands
        what = two.look()
        if number + 1 < STUDIES[study]:
            assert what == "start"
            assert "another tab" in two.text()
            assert two.progress() == len(one.acknowledged)
            two.press("start")
            if two.look() == "notice-continue":
                two.press("notice-continue")
            assert two.look() in ("rank", "choose")
        two.honest()
    assert two.acknowledged == set()
    _both_to_the_end(one, two)
    hold(host, one, two)


@both_tasks
@pytest.mark.exhaustive
def test_two_tabs_that_answer_at_the_same_moment(
    study: str, host: Hosted, person: Callable[[str], Person], context: BrowserContext
) -> None:
    one = person(study)
    _race(one, context)


@pytest.mark.exhaustive
def test_two_tabs_at_the_same_moment_on_postgresql(
    postgresql: Any, migrated_postgresql: str, tmp_path: Path, page: Page, context: BrowserContext
) -> None:
    name = postgresql.new_database(migrated_postgresql)
    with hosted(postgresql.url(name), tmp_path) as made:
        _race(Person(page, made, "learn", "ada").come(), context)
        export_agrees(made, ["learn"], tmp_path)
    postgresql.drop_database(name)


def _race(one: Person, context: BrowserContext) -> None:
    """Both windows answer every trial, differently or alike; their requests leave together."""
    host, study = one.host, one.study
    one.to("trial")
    two = Person(context.new_page(), host, study, "").at(one)
    gate = Gate(one, two)
    for number in range(STUDIES[study]):
        gate.shut = True
        for there, who in enumerate((one, two)):
            who.page.bring_to_front()  # nothing is painted in a tab that can't be seen
            who.to("trial")
            who.answer(who.look(), number + there * (number % 2))
            who.wait(lambda there=there: len(gate.held) > there)
        gate.open()
        one.wait(lambda n=number: n in one.acknowledged | two.acknowledged)
        for who in (one, two):
            who.page.bring_to_front()
            who.look()
            who.honest()
        alike = number % 2 == 0
        stored = [index for index, _ in host.answers(one.session)]
        assert stored == list(range(number + 1))
        if alike:
            both = one.acknowledged & two.acknowledged
            assert number in both, "the same answer again gets the same reply"
    _both_to_the_end(one, two)
    hold(host, one, two)


def _both_to_the_end(*people: Person) -> None:
    for who in people:
        who.page.bring_to_front()
        assert who.to_the_end() == "end-completed"


# Back, forward, reload


@both_tasks
def test_back_and_forward_at_every_step(
    study: str, host: Hosted, person: Callable[[str], Person]
) -> None:
    """One step back is said to change nothing, and changes nothing; forward leads on."""
    who = person(study)
    seen = 0
    for number in range(60):
        what = who.look()
        if what.startswith("end-"):
            break
        before = _place(who)
        who.page.go_back()
        assert who.page.url == who.address, f"one step back from {what} left the study"
        if before != "next Page 2 of 2":
            assert who.look() == what
            assert _place(who) == before
        if what not in ("next",):
            assert "change" in (who.said("banner-back") or ""), what
            seen += 1
        who.page.go_forward()
        assert who.look() == what
        if what not in ("next",):
            assert who.said("banner-back") is None, f"forward from {what} is no way out"
        who.step(number)
    assert seen > 10
    who.page.go_back()
    assert who.look() == "end-completed"
    hold(host, who)


def _place(who: Person) -> str:
    return f"{who.look()} {who.said('page-count') or ''}".strip()


@pytest.mark.exhaustive
def test_leaving_by_back_and_coming_again_by_forward(
    host: Hosted, person: Callable[[str], Person]
) -> None:
    who = person("learn")
    who.to("trial")
    who.step()
    who.to("trial")
    picture = who.images()
    for _ in range(10):
        if who.page.url != who.address:
            break
        who.page.go_back()
        who.page.wait_for_timeout(100)
    assert who.page.url == "about:blank"
    who.page.go_forward()
    if who.look() == "start":
        who.press("start")
    if who.look() == "notice-continue":
        who.press("notice-continue")
    assert who.look() == "rank"
    assert who.images() == picture
    assert who.to_the_end() == "end-completed"
    hold(host, who)


@both_tasks
@pytest.mark.exhaustive
def test_loaded_again_at_every_step(
    study: str, host: Hosted, person: Callable[[str], Person]
) -> None:
    """At each page the reload leads to the same page, feedback on an answer included."""
    who = person(study)
    for number in range(60):
        what = who.look()
        trials = what in ("rank", "choose", "continue", "notice-continue")
        if what == "continue" and len(who.acknowledged) == STUDIES[study]:
            trials, what = False, "feedback-submit"  # feedback on the last answer leads on
        picture, verdict = who.images() if trials else [], who.said("verdict")
        if what == "rank":
            who.press(f"class-{who.classes()[0]}")  # half an answer
        who.page.reload()
        while (now := who.look()) != what:  # what leads to the trials, and to this one
            assert trials and now in ("start", "notice-continue"), f"{now} after {what}"
            assert "Welcome back" in who.text() or now != "start"
            who.press(now)
        if trials:
            assert who.images() == picture
        if what == "continue" and verdict:
            assert who.said("verdict") == verdict
        who.honest()
        if what.startswith("end-"):
            break
        who.step(number)
    hold(host, who)


@both_tasks
def test_loaded_again_while_an_answer_is_on_its_way(
    study: str, host: Hosted, person: Callable[[str], Person]
) -> None:
    """Before it has reached the host, and after it was stored but before the page heard of it."""
    who = person(study)
    gate = Gate(who)
    for number in range(STUDIES[study]):
        who.to("trial")
        gate.shut = True
        who.answer(who.look(), number)
        who.wait(lambda: bool(gate.held))
        if number % 2:
            gate.held[0].fetch()
        who.page.reload()  # the request goes with the page that sent it
        gate.shut = False
        gate.held.clear()
        stored = len(host.answers(who.session))
        assert stored == number + number % 2
        what = who.look()
        if number + 1 == STUDIES[study] and number % 2:
            assert what == "feedback-submit"
            who.acknowledged.add(number)  # told by the page that follows
            break
        assert what == "start"
        assert (who.progress() or 0) <= stored
        who.press("start")
        who.wait(lambda number=number: number in who.acknowledged)
        who.honest()
    assert who.to_the_end() == "end-completed"
    hold(host, who)


# Time


STEPS_BY_TIME = {
    # what is on the screen when the lid is closed -> (answers stored by then, how it ends)
    "consent-agree": (0, "timed_out"),
    "next": (0, "timed_out"),
    "comprehension-submit": (0, "timed_out"),
    "notice-continue": (0, "timed_out"),
    "rank": (0, "timed_out"),
    "continue": (1, "timed_out"),
    "feedback-submit": (6, "completed"),
}


@pytest.mark.parametrize("what", STEPS_BY_TIME)
def test_a_lid_closed_past_the_limit(
    what: str, host: Hosted, person: Callable[[str], Person], page: Page
) -> None:
    """Whoever wakes the laptop sees at once that it is over, and what was stored is still there."""
    answers, ends = STEPS_BY_TIME[what]
    page.clock.install()
    who = person("learn")
    who.to(what)
    host.leave_alone(who.session, 3)
    page.clock.fast_forward("03:00:00")
    if ends == "completed":  # all is answered: nothing is left to be late for
        assert who.to_the_end() == "end-completed"
        hold(host, who)
        return
    page.get_by_test_id("end-timed_out").wait_for()  # nothing is pressed
    said = who.text()
    assert "Too much time has passed" in said
    assert "2 hours" in said
    assert "Ada Example" in said
    if answers:
        assert f"{answers} earlier answer is saved" in said
    page.reload()
    assert who.look() == "end-timed_out"
    hold(host, who, status="timed_out", answers=answers)


@both_tasks
def test_a_page_that_slept_on_a_host_that_did_not(
    study: str, host: Hosted, person: Callable[[str], Person]
) -> None:
    """What the page has not noticed, the host refuses; the page says that the answer is lost."""
    who = person(study)
    who.to("trial")
    who.step()
    who.to("trial")
    host.leave_alone(who.session, 3)
    who.answer(who.look())
    assert who.look() == "end-timed_out"
    assert "arrived too late" in who.text()
    assert who.acknowledged == {0}
    hold(host, who, status="timed_out", answers=1)


@pytest.mark.exhaustive
def test_offline_for_longer_than_the_limit(
    host: Hosted, person: Callable[[str], Person], context: BrowserContext
) -> None:
    """Nothing is moved here: the limit is short, and the time really passes."""
    who = person("hasty")
    who.to("trial")
    who.step()
    who.to("trial")
    with host.offline(context):
        who.answer(who.look())
        who.page.get_by_test_id("banner-network").wait_for()
        who.page.wait_for_timeout(1000 * (HASTY_S + 1))
    assert who.look() == "end-timed_out"
    assert "arrived too late" in who.text()
    hold(host, who, status="timed_out", answers=1)


# The host


@both_tasks
def test_the_server_dies_between_click_and_reply(
    study: str, host: Hosted, person: Callable[[str], Person]
) -> None:
    """Before the request has reached it, and after it was carried out; the page tries again."""
    who = person(study)
    died: list[str] = []

    def die(route: Route) -> None:
        if len(died) % 2:
            route.fetch()
        host.server.kill()
        died.append(route.request.url)
        route.abort("connectionreset")

    wanted = [*ASKING[:2], "trial", "trial", *ASKING[2:]]
    for what in wanted if study == "learn" else ["trial", "trial"]:
        who.to(what)
        before, deaths = len(who.acknowledged), len(died)
        who.page.route(CHANGES, die, times=1)
        now = who.look()
        if what == "trial":
            who.answer(now)
        else:
            who.press(now)
        # Before that it may say that the answer is being saved, which takes a moment here.
        who.wait(lambda: "not responding" in (who.banner() or ""))
        assert len(died) == deaths + 1
        assert len(who.acknowledged) == before
        host.server.start()
        who.wait(lambda: who.banner() is None)
        if what == "trial":
            who.wait(lambda before=before: len(who.acknowledged) == before + 1)
        who.honest()
    assert who.to_the_end() == "end-completed"
    hold(host, who)


# Without a script


@both_tasks
def test_submitted_twice_without_a_script(study: str, host: Hosted) -> None:
    """Straight to the API, twice at once, alike or not: no reply tells more than is stored."""
    with httpx.Client(base_url=host.url, timeout=20) as client:
        entry = {"study": study, "entry": {"participant": f"p{next(_numbers)}"}}
        state = client.post("/api/v1/sessions", json=entry).json()
        client.headers["Authorization"] = f"Bearer {state['token']}"
        session = host.newest()
        steps = {"consent": {"agreed": True}, "instructions": {"read_ms": 1}}
        steps["comprehension"] = {"answers": [1]}
        for name, body in steps.items():
            state = _twice(client, f"/api/v1/session/steps/{name}", body, body)[0][1]
        told: dict[int, Any] = {}
        while state["step"] == "trials":
            index = state["content"]["trial"]["index"]
            path = f"/api/v1/trials/{index}/response"
            bodies = [_answer(state, n if index % 2 else 0) for n in range(2)]
            form = client.post(path, data={"response": "x"})  # as a page's own form would
            assert 400 <= form.status_code < 500
            assert len(host.answers(session)) == index
            replies = _twice(client, path, *bodies)
            stored = host.answers(session)
            assert [i for i, _ in stored] == list(range(index + 1))
            for (status, reply), body in zip(replies, bodies, strict=True):
                if status != 200:
                    assert status == 409, reply
                    continue
                assert reply["next"]["progress"]["done"] == len(stored)
                told[index] = body["response"]
                state = reply["next"]
            statuses = sorted(status for status, _ in replies)
            assert statuses == ([200, 409] if index % 2 else [200, 200])
            shown = client.get("/api/v1/session").json()["progress"]["done"]
            assert shown == len(stored)
        assert dict(host.answers(session)) == told
        assert told
    counts_agree(host)


def _twice(
    client: httpx.Client, path: str, one: dict[str, Any], two: dict[str, Any]
) -> list[tuple[int, Any]]:
    """(status, body) of two requests that leave at the same moment."""
    found: list[tuple[int, Any]] = [(0, None), (0, None)]
    together = Barrier(2)

    def send(place: int, body: dict[str, Any]) -> None:
        together.wait()
        reply = client.post(path, json=body)
        found[place] = (reply.status_code, reply.json())

    threads = [Thread(target=send, args=(n, body)) for n, body in enumerate((one, two))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def _answer(state: dict[str, Any], number: int) -> dict[str, Any]:
    """A valid answer to the trial of a state; another number gives another one."""
    show = state["content"]["trial"]["show"]
    if "classes" in show:
        names = show["classes"]
        response: dict[str, Any] = {"ranking": [names[number], names[number + 1]]}
    else:
        # Practice is repeated until all is right: of two different answers both are the same query.
        response = {"choice": "top", "confidence": 1 + number}
    timing = {"rt_ms": 900, "onset_ms": 100, "onset_uncertainty_ms": 16, "answered_ms": 1000}
    return {"response": response, "timing": timing, "events": []}


def test_without_a_script_nothing_can_be_pressed(host: Hosted, browser: Any) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    before = host.sessions()
    page.goto(f"{host.url}/s/learn")
    assert "needs JavaScript" in page.locator("body").inner_text()
    assert page.locator("button, form, input, a").count() == 0
    assert host.sessions() == before
    context.close()
