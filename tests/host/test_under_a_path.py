"""A host under a path: whatever it hands out leads to itself, and not to who has the rest."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from support.dashboard import PASSWORD, researcher
from support.dashboard_crowd import populate, studies
from support.odd_images import encoded
from support.tiny_studies import category_study
from support.walker import Walker, change, open_study, rows

import diptych
from diptych import create_app, models
from diptych.accounts.users import add_user
from diptych.ground.settings import OWN_PATHS, Settings, SettingsFault
from diptych.study.windows import DAY_MS
from diptych.web.dashboard.account import local_address

PREFIX = "/lab/study"
#: Every attribute that holds an address of this host, whatever its name.
ADDRESSES = re.compile(r"([\w-]+)=\"(/[^\"]*)\"")
FOLLOWED = {"href", "src", "hx-get", "data-spec"}
#: Routes that no page of an administrator leads to by GET: their links come by other ways.
NOT_LINKED = {
    "/dashboard/link/<token>",
    "/dashboard/login",
    "/dashboard/shared/<token>",
    "/dashboard/studies/<study>/edit/items",
    "/dashboard/studies/<study>/edit/stimuli/upload/<name>",
    "/dashboard/studies/<study>/participants/decisions/preview",
    "/dashboard/uploads/<name>",
}

sqlite_only = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Settings of a host under a path."""
    changes = {"base_url": f"https://lab.edu{PREFIX}", "secret_key": "0123456789abcdef" * 3}
    return settings.model_copy(update=changes)


@sqlite_only
@pytest.mark.parametrize("cut", [False, True], ids=["path left", "path cut off"])
def test_the_study_is_taken_whatever_the_proxy_does_with_the_path(
    app: Flask, studies_folder: Path, tmp_path: Path, cut: bool
) -> None:
    static = tmp_path / "static"
    (static / "dist/.vite").mkdir(parents=True)
    bundled = {"src/main.ts": {"file": "assets/a.js", "css": ["assets/a.css"]}}
    (static / "dist/.vite/manifest.json").write_text(json.dumps(bundled))
    app.static_folder = str(static)
    folder = studies_folder / "tiny"
    (folder / "assets").mkdir(exist_ok=True)
    (folder / "assets" / "logo.png").write_bytes(encoded(Image.new("RGB", (8, 8)), "PNG"))
    with (folder / "consent.md").open("a") as consent:
        consent.write("\n\n![logo](assets/logo.png)\n")
    open_study(app, folder)
    client = app.test_client()
    sent = "" if cut else PREFIX
    page = client.get(f"{sent}/s/tiny")
    assert page.status_code == 200 and f'data-base="{PREFIX}"' in page.text
    assert "frame-ancestors 'self'" in page.headers["Content-Security-Policy"]
    assert {value for _, value in ADDRESSES.findall(page.text)} == {
        PREFIX,
        *(
            f"{PREFIX}/static/dist/{name}"
            for name in ("favicon.svg", "assets/a.js", "assets/a.css")
        ),
    }
    walker = _Under(client, sent).enter(participant="a")
    shown = re.findall(r'src="([^"]+)"', walker.state["content"]["html"])
    assert len(shown) == 1
    walker.take("consent", agreed=True).take("instructions", read_ms=20_000)
    shown += walker.trial["images"] + walker.api("GET", "/session/images").json["images"]
    for address in shown:
        assert address.startswith((f"{PREFIX}/i/", f"{PREFIX}/a/"))
        assert client.get(address.removeprefix(PREFIX if cut else "")).mimetype == "image/png"
    assert walker.finish().step_name == "end"
    assert client.get(f"{sent}/api/v1/openapi.json").json["servers"] == [{"url": PREFIX}]


class _Under(Walker):
    """A participant whose requests begin with a path."""

    def __init__(self, client: FlaskClient, prefix: str) -> None:
        super().__init__(client)
        self._prefix = prefix

    def request(self, method: str, path: str, body: Any = None) -> Any:
        return super().request(method, self._prefix + path, body)


@sqlite_only
@pytest.mark.slow
def test_no_page_of_the_dashboard_leaves_the_path(settings: Settings, tmp_path: Path) -> None:
    app = create_app(settings)
    for folder in sorted(studies(settings.studies).iterdir()):
        open_study(app, folder)
    populate(settings, people=4, studies=["tiny"])  # no chance ends a session of it early
    with (settings.studies / "tiny" / "consent.md").open("a") as consent:
        consent.write("\nA second version.\n")
    open_study(app, settings.studies / "tiny")
    category_study(settings.studies / "not_frozen_yet")
    open_study(app, category_study(settings.studies / "nobody_came"))
    codes = {"prolific": {"completed": "DONE2"}}
    later = {"after_days": 0.1, "phases": {"test": 1}, "recruitment": codes}
    folder = category_study(settings.studies / "comes_back", changes={"part": [later]})
    open_study(app, folder)
    Walker(app.test_client(), "comes_back").start().finish()
    last = rows(app, models.Session)[-1]
    change(app, models.Session, {"ended_at": last["ended_at"] - DAY_MS // 2}, id=last["id"])
    root = researcher(app, "admin", name="root")
    for page in ("/dashboard/login", "/dashboard/link/unknown", "/dashboard/nothing"):
        _addresses(app.test_client().get(PREFIX + page).text)
    asked, waiting = set(), [f"{PREFIX}/"]
    rules: set[str] = set()
    while waiting:
        address = waiting.pop()
        rule = _rule(app, urlsplit(address).path)
        # One page of each kind, with and without people or parts, and each kind of question once.
        asks = frozenset(name for name, _ in parse_qsl(urlsplit(address).query))
        kind = (rule, "/nobody_came" in address, "/comes_back" in address, asks)
        if kind in asked:
            continue
        asked.add(kind)
        rules.add(rule)
        reply = root.client.get(address)
        assert reply.status_code < 400, f"{address}: {reply.status}"
        if reply.status_code in (302, 303):
            assert reply.location.startswith(f"{PREFIX}/"), reply.location
            waiting.append(reply.location)
        if reply.mimetype == "text/html":
            waiting += _addresses(reply.text)
    known = {rule.rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    unseen = {rule for rule in known if rule.startswith("/dashboard")} - rules
    assert unseen == NOT_LINKED


def test_no_template_writes_an_address_itself() -> None:
    templates = sorted((Path(diptych.__file__).parent / "templates").rglob("*.html"))
    assert len(templates) > 30
    for template in templates:
        # What a page compares with `request.path` has no prefix.
        text = re.sub(r"request\.path( == |\.startswith\()'[^']*'", "", template.read_text())
        assert not re.findall(r"[\"'`](/(?:dashboard|static|api|[ais])/[^\"'`]+)", text), (
            template.name
        )


def _addresses(page: str) -> list[str]:
    """The addresses that a page leads to by GET; none of all that it holds leaves the path."""
    found = ADDRESSES.findall(unescape(page))
    strays = [(name, value) for name, value in found if not value.startswith(f"{PREFIX}/")]
    assert not strays
    return [value.partition("#")[0] for name, value in found if name in FOLLOWED]


def _rule(app: Flask, path: str) -> str:
    """The route of an address."""
    rule, _ = app.url_map.bind("lab.edu").match(path.removeprefix(PREFIX), return_rule=True)
    return str(rule.rule)


@sqlite_only
@pytest.mark.parametrize("sent", ["", PREFIX], ids=["path cut off", "path left"])
def test_researchers_come_in_and_go_out(app: Flask, sent: str) -> None:
    with app.app_context():
        add_user("ada", PASSWORD)
    client = app.test_client()
    options: dict[str, Any] = {"base_url": "https://lab.edu"}
    there = client.get(f"{sent}/dashboard/account?x=1", **options)
    assert there.status_code == 302
    wanted = f"{PREFIX}/dashboard/account?x=1"
    login, _, query = there.location.partition("?")
    assert (login, parse_qsl(query)) == (f"{PREFIX}/dashboard/login", [("next", wanted)])
    panel = client.get(f"{sent}/dashboard/account", headers={"HX-Request": "true"}, **options)
    assert panel.headers["HX-Redirect"] == f"{PREFIX}/dashboard/login"
    # From here on as a browser does it: with the path, and with cookies by theirs.
    shown = client.get(there.location, **options)
    token = re.search(r'name="csrf_token" value="(\w+)"', shown.text)
    assert token and f'action="{PREFIX}/dashboard/login"' in shown.text
    form = {"csrf_token": token[1], "name": "ada", "password": PASSWORD, "next": wanted}
    reply = client.post(f"{PREFIX}/dashboard/login", data=form, **options)
    assert (reply.status_code, reply.location) == (302, wanted)
    for cookie in [*shown.headers.getlist("Set-Cookie"), *reply.headers.getlist("Set-Cookie")]:
        assert f"Path={PREFIX}/dashboard" in cookie.split("; ") and "Secure" in cookie
    inside = client.get(wanted, **options)
    assert (
        inside.status_code == 200 and client.get("/", **options).location == f"{PREFIX}/dashboard/"
    )
    token = re.search(r'name="csrf_token" value="(\w+)"', inside.text)
    assert token
    out = client.post(f"{PREFIX}/dashboard/logout", data={"csrf_token": token[1]}, **options)
    assert out.location == f"{PREFIX}/dashboard/login"
    assert client.get(wanted, **options).status_code == 302


@pytest.mark.parametrize(
    "there", ["/dashboard/account", "/lab", f"{PREFIX}/s/tiny", f"{PREFIX}/dashboard/logout"]
)
def test_nobody_is_led_to_other_pages_of_the_name(there: str) -> None:
    assert local_address(there, PREFIX) == f"{PREFIX}/dashboard/studies"


@sqlite_only
def test_other_pages_of_the_name_are_left_alone(app: Flask) -> None:
    client = app.test_client()
    for path in ("/lab/studyroom", "/lab", f"{PREFIX}{PREFIX}/healthz"):
        assert client.get(path).status_code == 404
    # The name is not this host's alone: whether it takes plain http, others decide.
    reply = client.get(f"{PREFIX}/healthz")
    assert reply.status_code == 200 and "Strict-Transport-Security" not in reply.headers


@pytest.mark.parametrize(
    ("given", "prefix"),
    [
        ("https://lab.edu", ""),
        ("https://lab.edu/", ""),
        ("https://lab.edu/study/", "/study"),
        ("http://[::1]:8000/a-b/c.d_e~f", "/a-b/c.d_e~f"),
    ],
)
def test_the_path_of_the_address_is_the_prefix(given: str, prefix: str) -> None:
    read = Settings(base_url=given)
    assert (read.prefix, read.base_url) == (prefix, given.rstrip("/"))


@pytest.mark.parametrize(
    "given",
    [
        "lab.edu/study", "https:///study", "ftp://lab.edu", "https://lab.edu:x/", "https://lab.edu:0",
        "https://lab.edu/study?a=b", "https://lab.edu/study#top", "https://lab.edu/?", "https://[::1",
        "https://lab.edu/a//b", "https://lab.edu/../b", "https://lab.edu/a b", "https://lab.edu/%61",
        "https://lab.edu/é", "https://lab.edu/a;b", "https://lab.edu/study\n",
    ],
)  # fmt: skip
def test_an_address_that_can_t_be_used_is_refused_in_words(given: str) -> None:
    with pytest.raises(
        SettingsFault, match=r"DIPTYCH_BASE_URL is .* for example https://lab\.exam"
    ):
        Settings.from_environment({"DIPTYCH_BASE_URL": given})


@sqlite_only
def test_the_names_of_the_host_s_own_pages_are_no_prefix(app: Flask) -> None:
    first = {rule.rule.split("/")[1] for rule in app.url_map.iter_rules()} - {""}
    assert first == OWN_PATHS
    with pytest.raises(SettingsFault, match="cannot start with /s,"):
        Settings.from_environment({"DIPTYCH_BASE_URL": "https://lab.edu/s/tiny"})
    assert Settings(base_url="https://lab.edu/statics").prefix == "/statics"
