"""What protects a browser: headers of every route, cookies, texts that bring no script along."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from support.dashboard import PASSWORD, researcher
from support.walker import Walker, open_study

from diptych.app import create_app
from diptych.ground.database import db
from diptych.ground.settings import Settings
from diptych.overview.figures import as_csv
from diptych.study import texts

sqlite_only = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
SECRET = "a secret that is long enough for people from outside"
#: Where something may be changed without a form of the dashboard, and what is asked for instead.
WITHOUT_FORMS = {
    "/api/v1/": "the token of a session, which no browser sends by itself",
    "/hooks/prolific": "a signature",
}


@pytest.fixture(params=["http://127.0.0.1:8000", "https://study.example.org"])
def base_url(request: pytest.FixtureRequest) -> str:
    """Without TLS, and with it."""
    url: str = request.param
    return url


@pytest.fixture
def host(settings: Settings, studies_folder: Path, base_url: str) -> Iterator[Flask]:
    """A host at that address with a study and one session."""
    changes = {
        "base_url": base_url,
        "secret_key": SECRET,
        "metrics_token": "5Kq9-" + "mixed-letters-" * 3,
    }
    made = create_app(settings.model_copy(update=changes))
    open_study(made, studies_folder / "tiny")
    Walker(made.test_client()).start(participant="a").finish()
    yield made
    with made.app_context():
        db.session.remove()
        db.engine.dispose()


def filled(rule: str) -> str:
    """An address that the route matches."""

    def fill(match: re.Match[str]) -> str:
        kind, name = match[1] or "", match[2]
        if kind.startswith("any("):
            return kind[4:-1].split(",")[0]
        return "tiny" if name == "study" else "1"

    return re.sub(r"<(?:([^:<>]+):)?(\w+)>", fill, rule)


def directives(policy: str) -> dict[str, str]:
    """A Content-Security-Policy, rule by rule."""
    parts = (part.strip().partition(" ") for part in policy.split(";"))
    return {name: value for name, _, value in parts}


def check(reply: Any, path: str, tls: bool) -> str:
    """Hold a reply to what its kind must carry; returns the kind."""
    headers = reply.headers
    assert headers["X-Content-Type-Options"] == "nosniff", path
    assert headers["Referrer-Policy"] == "no-referrer", path
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin", path
    kept = headers["Cache-Control"]
    assert reply.status_code < 400 or kept == "no-store", path
    public = path.startswith(("/static/", "/a/"))
    assert ("public" in kept) <= public, f"{path} is for one person: {kept}"
    hsts = headers.get("Strict-Transport-Security", "")
    assert bool(re.fullmatch(r"max-age=\d{8,}", hsts)) is tls and bool(hsts) is tls, path
    for name in ("Server-Timing", "X-Powered-By", "Access-Control-Allow-Origin"):
        assert name not in headers, f"{path}: {name}"
    if reply.mimetype == "application/json":
        return "json"
    policy = directives(headers["Content-Security-Policy"])
    assert policy["default-src"] == "'none'" and policy["base-uri"] == "'none'", path
    assert "unsafe" not in headers["Content-Security-Policy"], path
    if reply.mimetype != "text/html":
        assert policy["frame-ancestors"] == policy["form-action"] == "'none'", path
        return "other"
    assert policy["script-src"] == policy["style-src"] == "'self'", path
    assert "camera=()" in headers["Permissions-Policy"], path
    assert "fullscreen" not in headers["Permissions-Policy"], path
    if path.startswith("/s/"):
        assert "*" not in policy["frame-ancestors"] and "mturk" in policy["frame-ancestors"], path
        assert "Cross-Origin-Opener-Policy" not in headers, path
        return "participant"
    assert policy["frame-ancestors"] == "'none'", path
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin", path
    return "page"


@sqlite_only
def test_every_route_carries_the_headers_whoever_asks_and_whatever_comes_of_it(
    host: Flask, base_url: str
) -> None:
    tls = base_url.startswith("https:")
    host.config["PROPAGATE_EXCEPTIONS"] = False
    admin = researcher(host, "admin")
    kinds: dict[str, int] = {}
    for rule in host.url_map.iter_rules():
        path = filled(rule.rule)
        for method in sorted(rule.methods or ()):
            for client in (host.test_client(), admin.client):
                reply = client.open(path, method=method)
                kind = check(reply, path, tls)
                assert reply.data is not None  # streams are read to their end
                kinds[kind] = kinds.get(kind, 0) + 1
    for path in ("/", "/nowhere", "/dashboard/nowhere", "/static/dist/nowhere.js", "/s/unknown"):
        check(host.test_client().get(path), path, tls)
    assert all(kinds[kind] > 2 for kind in ("json", "other", "participant", "page")), kinds


@sqlite_only
def test_images_and_downloads_are_no_pages(host: Flask, base_url: str) -> None:
    tls = base_url.startswith("https:")
    person = Walker(host.test_client()).start(participant="b")
    name = person.api("GET", "/session/images").json["images"][0]
    assert check(person.client.get(name), name, tls) == "other"
    viewer = researcher(host, "viewer")
    for path in ("/studies/tiny/export/trials.csv", "/studies/tiny/export/trials.parquet"):
        reply = viewer.get(path)
        assert reply.status_code == 200 and reply.data
        assert check(reply, path, tls) == "other"
        assert reply.headers["Content-Disposition"].startswith("attachment")


@sqlite_only
def test_an_unexpected_error_carries_the_headers_too(host: Flask, base_url: str) -> None:
    host.config["PROPAGATE_EXCEPTIONS"] = False

    def fall(**_: Any) -> str:
        raise RuntimeError("secret detail")

    host.view_functions["pages.participant"] = fall
    reply = host.test_client().get("/s/tiny")
    assert reply.status_code == 500 and "secret detail" not in reply.text
    check(reply, "/s/tiny", base_url.startswith("https:"))


# --- Cookies


def cookies(reply: Any) -> dict[str, Any]:
    """The cookies that a reply sets, by name."""
    found: dict[str, Any] = {}
    for line in reply.headers.getlist("Set-Cookie"):
        found.update(SimpleCookie(line))
    return found


@sqlite_only
def test_every_cookie_is_closed_to_scripts_and_other_sites_and_secure_with_tls(
    host: Flask, base_url: str
) -> None:
    tls = base_url.startswith("https:")
    researcher(host, "owner", name="ada")
    client = host.test_client()
    seen: dict[str, Any] = {}

    def ask(method: str, path: str, **form: str) -> Any:
        reply = client.open(path, method=method, data=form or None, base_url=base_url)
        for name, cookie in cookies(reply).items():
            assert cookie["httponly"] or not cookie.value, name
            assert cookie["path"] == "/dashboard", name
            assert not cookie["domain"], f"{name}: other names of the domain must not get it"
            if cookie.value:
                assert cookie["samesite"] == "Lax", name
                assert bool(cookie["secure"]) is tls, name
                seen[name] = cookie
        return reply

    def token(page: str) -> str:
        return re.search(r'name="csrf_token" value="([^"]+)"', page)[1]  # type: ignore[index]

    csrf = token(ask("GET", "/dashboard/login").text)
    came = ask("POST", "/dashboard/login", name="ada", password=PASSWORD, csrf_token=csrf)
    assert came.status_code == 302
    csrf = token(ask("GET", "/dashboard/account").text)
    own = {"old": PASSWORD, "password": PASSWORD + "!", "again": PASSWORD + "!"}
    assert ask("POST", "/dashboard/account/password", csrf_token=csrf, **own).status_code == 302
    assert "password is changed" in ask("GET", "/dashboard/account").text
    assert ask("POST", "/dashboard/logout", csrf_token=csrf).status_code == 302
    assert ask("GET", "/dashboard/account").status_code == 302, "logged out"
    assert set(seen) == {"diptych_visit", "diptych_login", "diptych_flash"}
    assert len(seen["diptych_login"].value) >= 43, "256 bits"


@sqlite_only
def test_participants_get_no_cookie(host: Flask) -> None:
    person = Walker(host.test_client())
    person.request("GET", "/s/tiny")
    person.start(participant="c").finish()
    assert not [reply for reply in person.sent if "Set-Cookie" in reply.headers]


@sqlite_only
def test_whatever_can_change_something_asks_for_more_than_a_cookie(host: Flask) -> None:
    """Forms of the dashboard carry a token (`test_dashboard_access.py`); these are all others."""
    for rule in host.url_map.iter_rules():
        if not (rule.methods or set()) & {"POST", "PUT", "PATCH", "DELETE"}:
            continue
        if rule.rule.startswith("/dashboard/"):
            continue
        assert any(rule.rule.startswith(each) for each in WITHOUT_FORMS), rule.rule
    admin = researcher(host, "admin")
    for path in ("/api/v1/session/steps/consent", "/api/v1/events", "/api/v1/trials/0/response"):
        assert admin.client.post(path, json={}).status_code == 401, "a cookie opens nothing there"


# --- Texts of a study

VECTORS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<iframe src='javascript:alert(1)'></iframe>",
    "<style>*{display:none}</style>",
    "<a href='javascript:alert(1)'>x</a>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](&#x6A;avascript&colon;alert(1))",
    "[x](\x01javascript:alert(1))",
    "[x](vbscript:msgbox(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](data:image/svg+xml;base64,PHN2Zz4=)",
    "[x](file:///etc/passwd)",
    "![x](javascript:alert(1))",
    '![x" onerror="alert(1)](a.png)',
    '[x](http://a.b "t\\" onmouseover=\\"alert(1)")',
    "<javascript:alert(1)>",
    "<http://a.b/\"onclick='alert(1)'>",
    "[r]: javascript:alert(1)\n\n[r]",
    '[r]: <javascript:alert(1)> "t"\n\n![x][r]',
    '```"><script>alert(1)</script>\ncode\n```',
    "`<script>alert(1)</script>`",
    "| a |\n| - |\n| <script>alert(1)</script> |",
    "<!-- --><script>alert(1)</script>",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<?php echo 1 ?>",
    "# <script>alert(1)</script>\n\n<b onclick=alert(1)>x</b>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "\0<script>alert(1)</script>",
)
TAGS = {
    *("p", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "br", "hr", "ul", "ol", "li"),
    *("a", "img", "em", "strong", "code", "pre", "table", "thead", "tbody", "tr", "th", "td"),
}
ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt", "title"},
    "code": {"class"},
    "ol": {"start"},
    "th": {"style"},  # how a column is aligned
    "td": {"style"},
}
ADDRESS = re.compile(r"(?i)(https?:|mailto:|data:image/(gif|png|jpeg|webp);|[^:]*$|[^:]*[/?#])")


class Harmless(HTMLParser):
    """Reads HTML as a browser does, and refuses what could run or leave the page."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS, tag
        for name, value in attrs:
            assert name in ATTRIBUTES.get(tag, set()), f"{tag} {name}"
            if name in ("href", "src"):
                address = re.sub(r"[\x00-\x20]", "", value or "")
                assert ADDRESS.match(address), address
            if name == "style":
                assert re.fullmatch(r"text-align:(left|right|center)", value or ""), value

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    handle_pi = handle_decl = unknown_decl = handle_comment


def harmless(html: str) -> None:
    parser = Harmless(convert_charrefs=True)
    parser.feed(html)
    parser.close()


@pytest.mark.parametrize("vector", VECTORS)
def test_no_text_of_a_study_brings_a_script_along(vector: str) -> None:
    for source in (vector, f"before\n\n{vector}\n\nafter", f"- {vector}", f"> {vector}"):
        harmless(texts.html(source))


@given(
    st.lists(
        st.one_of(
            st.sampled_from(VECTORS),
            st.text(max_size=20),
            st.sampled_from(list("<>[]()!\"'`&#\\\n|-:*_ ")),
        ),
        max_size=12,
    ).map("".join)
)
def test_no_mixture_of_them_does_either(source: str) -> None:
    harmless(texts.html(source))


def test_what_a_text_may_say_still_comes_through() -> None:
    html = texts.html("# A\n\n*b* [c](https://d.e) ![f](/a/g)\n\n| h |\n| :-: |\n| i |")
    harmless(html)
    for part in ("<h1>A</h1>", "<em>b</em>", 'href="https://d.e"', 'src="/a/g"', "<td"):
        assert part in html


def test_no_table_of_a_figure_is_a_formula_not_even_its_head() -> None:
    said = as_csv(pd.DataFrame({"=cmd()": ["@SUM(A1)", "fine"], "＝x": [-1.5, 2]}))
    assert said == "'=cmd(),'＝x\n'@SUM(A1),-1.5\nfine,2.0\n"
