"""The first day of a host, in a browser: the first account, a second one, roles, tokens, going."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect
from support.inspection import listening
from support.servers import LiveServer

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.parametrize("database_kind", ["sqlite"]),
]
PASSWORD = "four unrelated words here"
# Whether the focused element looks different from the same element without focus.
_FOCUS_SHOWS = """
() => {
  const e = document.activeElement;
  const look = () => {
    const s = getComputedStyle(e);
    return [s.outlineStyle, s.outlineWidth, s.boxShadow, s.borderColor, s.top].join();
  };
  const focused = look();
  e.blur();
  const blurred = look();
  e.focus();
  return focused !== blurred;
}
"""
_NAME = "() => (document.activeElement.innerText || document.activeElement.name || '').trim()"


def first_link(server: LiveServer) -> str:
    """The link that the first start has printed."""
    found = re.search(r"http://\S+/dashboard/link/\S+", server.log.read_text())
    assert found, server.log.read_text()
    return found[0]


def make_first_account(server: LiveServer, page: Page) -> None:
    page.goto(first_link(server))
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("The same password again").fill(PASSWORD)
    page.get_by_role("button", name="Make the account").click()
    page.wait_for_url(f"{server.url}/dashboard/studies")


def test_from_the_first_link_to_a_colleague_with_a_role(
    live_server: LiveServer, browser: Browser
) -> None:
    ada = browser.new_context(permissions=["clipboard-read", "clipboard-write"]).new_page()
    with listening(ada) as heard:
        make_first_account(live_server, ada)
        ada.get_by_role("link", name="Users").click()
        ada.get_by_label("Name").fill("grace")
        ada.get_by_role("button", name="Add, and make a link").click()
        link = ada.get_by_label("Link", exact=True).input_value()
        ada.get_by_role("button", name="Copy Link").click()
        expect(ada.get_by_role("status")).to_have_text("Copied.")
        assert ada.evaluate("() => navigator.clipboard.readText()") == link

        grace = browser.new_context().new_page()
        grace.goto(link)
        expect(grace.get_by_role("heading", level=1)).to_have_text("Welcome, grace")
        grace.get_by_label("Password", exact=True).fill(PASSWORD)
        grace.get_by_label("The same password again").fill(PASSWORD)
        grace.get_by_role("button", name="Set the password").click()
        grace.wait_for_url(f"{live_server.url}/dashboard/studies")
        expect(grace.get_by_role("link", name="Users")).to_have_count(0)
        assert grace.goto(f"{live_server.url}/dashboard/studies/tiny").status == 404  # type: ignore[union-attr]

        ada.goto(f"{live_server.url}/dashboard/studies/tiny/members")
        ada.get_by_label("Name").fill("grace")
        ada.get_by_label("Role", exact=True).select_option("viewer")
        ada.get_by_role("button", name="Give the role").click()
        expect(ada.get_by_text("grace is viewer of this study now.")).to_be_visible()
        grace.reload()
        expect(grace.get_by_role("heading", level=1)).to_be_visible()
        expect(grace.get_by_role("link", name="Members")).to_have_count(0)

        ada.get_by_role("link", name="Audit").last.click()
        expect(ada.get_by_role("cell", name="member.role")).to_be_visible()

        grace.get_by_role("button", name="Log out").click()
        grace.wait_for_url(f"{live_server.url}/dashboard/login")
        grace.go_back()
        grace.reload()
        assert "/dashboard/login" in grace.url, "nothing stays behind in the browser's memory"
        spent = grace.goto(link)
        assert spent and spent.status == 404
    assert not heard, heard


@pytest.mark.exhaustive
def test_everything_is_reached_with_the_keyboard_and_the_focus_is_seen(
    live_server: LiveServer, page: Page
) -> None:
    make_first_account(live_server, page)
    page.goto(f"{live_server.url}/dashboard/account")
    page.keyboard.press("Tab")
    assert page.evaluate(_NAME) == "Skip to the content"
    assert page.evaluate(_FOCUS_SHOWS)
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    seen = []
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("() => document.activeElement === document.body"):
            break
        assert page.evaluate(_FOCUS_SHOWS), page.evaluate(_NAME)
        seen.append(page.evaluate(_NAME))
    assert {"Log out everywhere", "old", "Change the password", "Make a token"} <= set(seen), seen
    # A question opens with Enter under its own button, and is answered there.
    page.get_by_text("Log out everywhere").first.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{live_server.url}/dashboard/login")


@pytest.mark.exhaustive
def test_times_are_those_of_the_viewer(live_server: LiveServer, browser: Browser) -> None:
    context = browser.new_context(timezone_id="Asia/Kathmandu", locale="en-GB")
    page = context.new_page()
    make_first_account(live_server, page)
    page.goto(f"{live_server.url}/dashboard/audit")
    shown = page.locator("time").first
    stored = shown.get_attribute("datetime")
    expected = page.evaluate(
        """(at) => {
          const there = new Date(new Date(at).getTime() + (5 * 60 + 45) * 60000);
          return there.toISOString().slice(11, 16);
        }""",
        stored,
    )
    assert expected in shown.inner_text(), (stored, shown.inner_text())


@pytest.mark.exhaustive
def test_without_javascript_everything_still_works(
    live_server: LiveServer, browser: Browser
) -> None:
    page = browser.new_context(java_script_enabled=False).new_page()
    make_first_account(live_server, page)
    page.get_by_role("link", name="Users").click()
    page.get_by_label("Name").fill("grace")
    page.get_by_role("button", name="Add, and make a link").click()
    expect(page.get_by_label("Link", exact=True)).to_have_value(re.compile("/dashboard/link/"))
    page.get_by_text("Disable", exact=True).first.click()
    page.get_by_role("button", name="Disable").click()
    expect(page.get_by_text("can no longer log in")).to_be_visible()
    expect(page.locator("time").first).to_contain_text("UTC")
