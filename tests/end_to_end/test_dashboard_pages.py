"""Every page of the dashboard in a real browser: wide and narrow, light and dark.

No page breaks the content security policy, logs an error, scrolls sideways, or has a fault that
axe-core calls serious. With DIPTYCH_SCREENSHOTS=DIR each is photographed there; with
DIPTYCH_PAGES=PATTERN only the addresses that match are looked at.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Literal

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect
from support.dashboard import PASSWORD, study_id
from support.dashboard_crowd import STUDIES, populate, studies
from support.inspection import axe_faults, listening, settle, too_wide
from support.servers import LiveServer
from support.walker import rows

from diptych import models
from diptych.accounts import administration, links
from diptych.ground.settings import Settings

pytestmark = [pytest.mark.exhaustive, pytest.mark.browser, pytest.mark.slow]
SIZES = {"wide": (1280, 900), "narrow": (400, 860)}


@pytest.fixture
def studies_folder(tmp_path: Path) -> Path:
    """Studies with quality rules and pay."""
    return studies(tmp_path / "studies")


@pytest.fixture
def populated(live_server: LiveServer, settings: Settings) -> Flask:
    """The host of the live server, with users, and sessions in every state."""
    return populate(settings)


def addresses(app: Flask) -> list[str]:
    """Every address that shows a page, for both studies; derived from the map of addresses."""
    found = []
    with app.app_context():
        grace = administration.any_user("charles")
        token = links.make(grace)
    for rule in app.url_map.iter_rules():
        if not rule.rule.startswith("/dashboard") or "GET" not in (rule.methods or ()):
            continue
        for study in STUDIES if "study" in rule.arguments else STUDIES[:1]:
            values = {"study": [study], "token": [token], "name": [study], "place": ["0"]}
            values |= _values(app, study)
            found += _filled(rule.rule, values)
    extra = ["/dashboard/audit?search=no-such-thing", "/dashboard/nowhere"]
    extra += [f"/dashboard/studies/{STUDIES[0]}/participants?who=machine"]
    return sorted(set(found)) + extra


def _values(app: Flask, study: str) -> dict[str, list[str]]:
    with app.app_context():
        versions = {row["id"] for row in rows(app, models.StudyVersion, study_id=study_id(study))}
    sessions = [r for r in rows(app, models.Session) if r["version_id"] in versions]
    shown = [sessions[0]["public_id"], sessions[-1]["public_id"]]
    return {"session": shown, "version": [str(min(versions))]}


def _filled(rule: str, values: dict[str, list[str]]) -> list[str]:
    names = re.findall(r"<(?:[^:<>]+:)?(\w+)>", rule)
    filled = [rule]
    for name in names:
        # What is not named here is a download or a panel of a page, not a page.
        filled = [
            re.sub(rf"<(?:[^:<>]+:)?{name}>", value, one)
            for one in filled
            for value in values.get(name, [])
        ]
    return filled


def is_page(page: Page, address: str) -> bool:
    """Whether an address shows a whole page, and not a picture, a download or a panel."""
    reply = page.request.get(address, max_redirects=0)
    whole = reply.headers.get("content-type", "").startswith("text/html")
    return whole and "<!doctype html>" in reply.text()[:200] and reply.status != 302


def log_in(page: Page, url: str) -> None:
    """By the form, with the keyboard."""
    page.goto(f"{url}/dashboard/")
    assert page.url.startswith(f"{url}/dashboard/login")
    expect(page.get_by_label("Name")).to_be_focused()
    page.keyboard.type("ada")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{url}/dashboard/studies")


@pytest.mark.parametrize("database_kind", ["sqlite"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_holds_what_a_visitor_may_expect(
    live_server: LiveServer,
    populated: Flask,
    browser: Browser,
    scheme: Literal["light", "dark"],
) -> None:
    context = browser.new_context(color_scheme=scheme, reduced_motion="reduce")
    page = context.new_page()
    doors = ("/dashboard/login", "/dashboard/link/")
    shots, only = os.environ.get("DIPTYCH_SCREENSHOTS"), os.environ.get("DIPTYCH_PAGES", "")
    wrong: list[str] = []
    visited = 0
    for inside in (False, True):
        if inside:
            log_in(page, live_server.url)
        for address in addresses(populated):
            if address.startswith(doors) is inside or not re.search(only, address):
                continue
            if not is_page(page, live_server.url + address):
                continue
            visited += 1
            for size, (width, height) in SIZES.items():
                page.set_viewport_size({"width": width, "height": height})
                with listening(page) as heard:
                    page.goto(live_server.url + address)
                    settle(page)
                faults = heard + axe_faults(page)
                faults += [f"sticks out: {what}" for what in too_wide(page)]
                wrong += [f"{address} ({size}, {scheme}): {fault}" for fault in faults]
                if shots:
                    name = re.sub(r"\W+", "-", address.removeprefix("/dashboard")).strip("-")
                    folder = Path(shots) / size / scheme
                    folder.mkdir(parents=True, exist_ok=True)
                    page.screenshot(path=folder / f"{name or 'start'}.png", full_page=True)
    context.close()
    assert visited > 40 or only
    assert not wrong, f"{len(wrong)} faults\n" + "\n".join(wrong)
