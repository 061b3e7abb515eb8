"""The figures in a real browser: drawn without `eval`, in both themes, with a table to open."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect
from support.dashboard import researcher
from support.figure_sessions import take
from support.inspection import axe_faults, listening, too_wide
from support.servers import LiveServer

from diptych.app import create_app
from diptych.ground.settings import Settings
from diptych.web.dashboard.access import COOKIE

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    # A browser sees nothing of the database.
    pytest.mark.parametrize("database_kind", ["sqlite"]),
]
DRAWN = "figure.chart[data-drawn] svg.marks"


@pytest.mark.parametrize("theme", ["light", pytest.param("dark", marks=pytest.mark.exhaustive)])
def test_figures_are_drawn_and_can_be_read_as_tables(
    live_server: LiveServer, settings: Settings, browser: Browser, theme: str
) -> None:
    app = create_app(settings)
    for number in range(3):
        take(app, "tiny", number)
    viewer = researcher(app, "viewer")
    cookie = viewer.client.get_cookie(COOKIE)
    assert cookie is not None
    context = browser.new_context(
        color_scheme="dark" if theme == "dark" else "light", viewport={"width": 400, "height": 900}
    )
    context.add_cookies([{"name": COOKIE, "value": cookie.value, "url": live_server.url}])
    page = context.new_page()
    with listening(page) as heard:
        page.goto(f"{live_server.url}/dashboard/studies/tiny/figures?who=simulated")
        shown = page.locator("figure.chart")
        for number in range(shown.count()):
            shown.nth(number).scroll_into_view_if_needed()
        expect(page.locator(DRAWN)).to_have_count(5, timeout=60_000)
        labels = [mark.get_attribute("aria-label") for mark in page.locator(DRAWN).all()]
        assert any(label and label.startswith("Confusion matrix.") for label in labels)
        inks = page.locator(f"{DRAWN} [fill='#1d2733']")
        assert inks.count() == 0 or theme == "light", "dark ink on dark ground"
        _open_a_table(page)
    assert not heard
    assert not axe_faults(page)
    assert not too_wide(page)
    context.close()


def _open_a_table(page: Page) -> None:
    """By keyboard."""
    summary = page.get_by_text("As a table: Confusion matrix")
    summary.focus()
    page.keyboard.press("Enter")
    table = page.get_by_role("region", name="Confusion matrix, as a table")
    expect(table).to_be_visible()
    expect(table.get_by_role("columnheader")).to_have_count(7)
