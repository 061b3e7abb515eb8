"""What all pages of the dashboard share: errors as pages, headers, and how values are written."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask, abort
from hypothesis import given
from hypothesis import strategies as st
from support.dashboard import researcher
from support.walker import open_study

from diptych.web.bundle import bundle
from diptych.web.dashboard import formats
from diptych.web.dashboard.access import access

sqlite_only = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


def broken(app: Flask) -> None:
    """Let two pages of the dashboard fail, each in its own way."""

    def fall(study: str) -> str:
        raise RuntimeError("secret detail")

    def refuse(study: str) -> str:
        abort(422, "The third row has no name.")

    views = {rule.rule: rule.endpoint for rule in app.url_map.iter_rules()}
    below = "/dashboard/studies/<study>"
    app.view_functions[views[f"{below}/live"]] = access("viewer")(fall)
    app.view_functions[views[f"{below}/audit"]] = access("owner")(refuse)


@sqlite_only
def test_people_get_pages_and_scripts_get_json(app: Flask, studies_folder: Path) -> None:
    open_study(app, studies_folder / "tiny")
    broken(app)
    person, viewer = researcher(app, "owner"), researcher(app, "viewer")
    for who, path, status, says in (
        (person, "/nowhere", 404, "There is no such page"),
        (person, "/studies/nothing/live", 404, "There is no such page"),
        (viewer, "/studies/tiny/members", 403, "needs the role owner; yours in this study is view"),
        (person, "/logout", 405, "load the page again"),
        (person, "/studies/tiny/audit", 422, "The third row has no name."),
        (person, "/studies/tiny/live", 500, "The error was recorded"),
    ):
        page = who.get(path)
        assert page.status_code == status and page.mimetype == "text/html", path
        assert says in page.text and "<h1>" in page.text, page.text
        assert "secret detail" not in page.text and "Traceback" not in page.text
        assert page.headers["Cache-Control"] == "no-store"
        script = who.get(path, headers={"Accept": "application/json"})
        assert script.status_code == status and set(script.json["error"]) == {
            "code",
            "message",
            "fields",
            "said",
        }
    assert "Log out" in person.get("/nowhere").text, "whoever is logged in stays so"
    assert "To the log-in" in app.test_client().get("/dashboard/nowhere").text
    assert app.test_client().get("/nowhere").mimetype == "application/json", "elsewhere nothing new"


@sqlite_only
def test_a_form_out_of_date_is_refused_in_words(app: Flask) -> None:
    person = researcher(app, None, name="ada")
    reply = person.client.post("/dashboard/account/tokens", data={"name": "x"})
    assert reply.status_code == 403 and "Load the page again" in reply.text


@sqlite_only
def test_every_page_carries_the_headers(app: Flask) -> None:
    person = researcher(app, "admin")
    for path in ("/studies", "/account", "/audit", "/nowhere", "/login"):
        headers = person.get(path).headers
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        policy = headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in policy and "unsafe" not in policy
        assert "default-src 'none'" in policy and "script-src 'self';" in policy


@sqlite_only
def test_no_page_carries_script_or_style_of_its_own(app: Flask, studies_folder: Path) -> None:
    open_study(app, studies_folder / "tiny")
    root = researcher(app, "admin")
    for path in ("/studies", "/account", "/users", "/audit", "/studies/tiny", "/studies/tiny/live"):
        page = root.get(path).text
        assert "<style" not in page and " style=" not in page and " onclick=" not in page
        assert page.count("<script") <= 1 and 'href="http' not in page and 'src="http' not in page


@sqlite_only
def test_a_flash_message_is_told_once(app: Flask) -> None:
    root = researcher(app, "admin")
    root.post("/users", {"name": "bob"})
    root.post("/users/bob/disable")
    cookie = root.client.get("/dashboard/users")
    assert "can no longer log in" in cookie.text
    assert "can no longer log in" not in root.get("/users").text


@sqlite_only
def test_names_are_never_taken_for_markup(app: Flask) -> None:
    root = researcher(app, "admin")
    nasty = "<script>alert(1)</script>"
    for reply in (
        root.post("/users", {"name": nasty}),
        root.post("/account/tokens", {"name": nasty}),
        root.get(f"/audit?search={nasty}"),
        app.test_client().get(f"/dashboard/login?next={nasty}"),
    ):
        assert nasty not in reply.text and "&lt;script&gt;" in reply.text


@sqlite_only
def test_without_a_bundle_the_pages_can_still_be_read(app: Flask, tmp_path: Path) -> None:
    app.static_folder = str(tmp_path)
    page = researcher(app, "admin").get("/users")
    assert page.status_code == 200 and "<script" not in page.text


@sqlite_only
def test_the_bundle_names_script_and_styles(app: Flask, tmp_path: Path) -> None:
    manifest = tmp_path / "dist" / ".vite" / "manifest.json"
    manifest.parent.mkdir(parents=True)
    manifest.write_text(
        '{"src/a.ts": {"file": "a.js", "css": ["a.css"], "imports": ["_s.js", "_t.js"]},'
        ' "_s.js": {"file": "s.js", "css": ["s.css"], "imports": ["_t.js", "src/a.ts"]},'
        ' "_t.js": {"file": "t.js", "css": ["s.css"]}}'
    )
    app.static_folder = str(tmp_path)
    with app.app_context():
        script, styles = bundle("src/a.ts")
    assert script == "/static/dist/a.js"
    assert sorted(styles) == ["/static/dist/a.css", "/static/dist/s.css"]


def test_values_are_written_as_people_read_them() -> None:
    assert formats.money(180, "GBP") == "£1.80"
    assert formats.money(-123456, "EUR") == "−€1,234.56"
    assert formats.money(5, "SEK") == "0.05 SEK"
    assert formats.money(1200, "JPY") == "¥1,200"
    assert formats.money(None, "GBP") == formats.percent(None) == formats.number(None) == "–"
    assert formats.percent(0.256) == "26\u202f%" and formats.percent(0.256, 1) == "25.6\u202f%"
    spans = (940, 3_400, 59_940, 59_960, 125_000, 3_840_000, 200_000_000, None)
    plain = [formats.duration(span).replace("\u202f", " ") for span in spans]
    assert plain == [
        "940 ms",
        "3.4 s",
        "59.9 s",
        "1 min 00 s",
        "2 min 05 s",
        "1 h 04 min",
        "2 d 7 h",
        "–",
    ]
    assert formats.iso(0) == "1970-01-01T00:00:00.000+00:00"
    firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0"
    assert formats.browser(firefox) == "Firefox on Linux"
    assert formats.browser("") == "Unknown browser"


@given(st.integers(-(10**12), 10**12), st.sampled_from(["GBP", "USD", "SEK", "JPY", "KRW"]))
def test_no_cent_is_lost_in_writing(minor: int, currency: str) -> None:
    text = formats.money(minor, currency).replace("−", "-")
    digits = int("".join(c for c in text if c.isdigit() or c == "-"))
    assert digits == minor


def test_the_hosts_bare_address_leads_to_the_dashboard(app: Flask) -> None:
    reply = app.test_client().get("/")
    assert (reply.status_code, reply.location) == (302, "/dashboard/")
