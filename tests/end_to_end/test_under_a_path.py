"""A host under a path of a name that others have too, behind a proxy, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from support.inspection import listening, settle
from support.reverse_proxy import ReverseProxy
from support.servers import LiveServer
from support.visitor import Visitor

from diptych.ground.settings import Settings

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.parametrize("database_kind", ["sqlite"]),
]
PASSWORD = "four unrelated words here"


@pytest.fixture
def proxies(
    settings: Settings, studies_folder: Path, tmp_path: Path
) -> Iterator[tuple[LiveServer, ReverseProxy, ReverseProxy]]:
    """A host, a proxy that leaves the path in front of requests, and one that cuts it off."""
    server = LiveServer(
        {
            "DIPTYCH_HOME": str(settings.home),
            "DIPTYCH_DATABASE_URL": settings.database_url,
            "DIPTYCH_STUDIES": str(studies_folder),
            "DIPTYCH_SECRET_KEY": settings.secret_key,
            "DIPTYCH_PROXY_HOPS": "1",
        },
        tmp_path / "server.log",
    )
    with ExitStack() as running:
        leaving = ReverseProxy([server.port], under="/study")
        cutting = ReverseProxy([server.port], under="/study", cut=True)
        server.environment["DIPTYCH_BASE_URL"] = leaving.url
        said = server.diptych("study", "open", "tiny")
        assert f"{leaving.url}/s/tiny" in said
        running.callback(server.stop)
        server.start()
        yield server, running.enter_context(leaving), running.enter_context(cutting)


def test_a_study_and_the_dashboard_work_under_a_path(
    proxies: tuple[LiveServer, ReverseProxy, ReverseProxy], page: Page
) -> None:
    server, leaving, cutting = proxies

    # Where the script is blocked, the page says what to do: not at once, and without a script.
    page.emulate_media(reduced_motion="reduce")
    page.route("**/*.js", lambda route: route.abort("blockedbyclient"))
    page.goto(f"{leaving.url}/s/tiny")
    expect(page.get_by_text("Loading…")).to_be_visible()
    what_to_do = page.get_by_text("turn off ad blockers")
    expect(what_to_do).to_be_hidden()
    page.evaluate("() => document.getAnimations().forEach((each) => each.finish())")
    expect(what_to_do).to_be_visible()
    expect(page.get_by_text("Loading…")).to_be_hidden()
    page.unroute("**/*.js")

    with listening(page) as heard:
        page.goto(f"{leaving.url}/s/tiny")
        assert Visitor(page).to_the_end() == "end-completed"
        fonts = page.evaluate("() => [...document.fonts].map((font) => font.status)")
        assert "loaded" in fonts, "the fonts' addresses in the styles are relative"

        link = re.search(r"http://\S+(/dashboard/link/\S+)", server.log.read_text())
        assert link and link[0].startswith(leaving.url)
        page.goto(f"{cutting.url}{link[1]}")
        page.get_by_label("Name").fill("ada")
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_label("The same password again").fill(PASSWORD)
        page.get_by_role("button", name="Make the account").click()
        page.wait_for_url(f"{cutting.url}/dashboard/studies")
        page.get_by_role("link", name="tiny").first.click()
        page.get_by_role("link", name="Figures").click()
        page.wait_for_url(f"{cutting.url}/dashboard/studies/tiny/figures")
        settle(page)
        expect(page.locator("figure.chart canvas, figure.chart svg").first).to_be_visible()
        page.get_by_role("button", name="Log out").click()
        page.wait_for_url(f"{cutting.url}/dashboard/login")
        assert heard == []
