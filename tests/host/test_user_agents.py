"""What browsers say of themselves, as the tables name it."""

from __future__ import annotations

import pytest

from diptych.ground.user_agents import UserAgent, parse_user_agent

WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
MAC = f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {WEBKIT} Version/18.1 Safari/605.1.15"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X)"


@pytest.mark.parametrize(
    ("text", "browser", "version", "os"),
    [
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/141.0.0.0 Safari/537.36",
         "Chrome", "141.0.0.0", "Windows 10"),
        (MAC, "Safari", "18.1", "Mac OS X 10.15"),
        (f"{PHONE} {WEBKIT} Version/17.5 Mobile/15E148 Safari/604.1",
         "Mobile Safari", "17.5", "iOS 17.5"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0",
         "Firefox", "144.0", "Linux"),
    ],
)  # fmt: skip
def test_families_and_versions(text: str, browser: str, version: str, os: str) -> None:
    told = parse_user_agent(text)
    assert (told.browser, told.browser_version, told.os) == (browser, version, os)


@pytest.mark.parametrize("text", ["", "diptych machine", "<script>", "x" * 500, "\u202e(;;/0.0"])
def test_of_what_is_no_browser_nothing_is_said(text: str) -> None:
    assert parse_user_agent(text) == UserAgent()
    assert parse_user_agent(text).os is None
