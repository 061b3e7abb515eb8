"""Who reaches which page of the dashboard: every route, every method, everybody.

All is derived from the map of addresses: a new route is tested the moment it is there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from support.dashboard import Researcher, researcher
from support.walker import Walker, link, open_study, rows
from werkzeug.routing import Rule

from diptych import models
from diptych.accounts import api_tokens, audit
from diptych.accounts.users import ROLES
from diptych.web.dashboard import navigation
from diptych.web.dashboard.access import NoRule, access, check_all_have_rules, pages, rule_of

UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}
PEOPLE = ("stranger", "elsewhere", "viewer", "editor", "owner", "admin")
REACHED = "the view was reached"
#: What anybody may see: the doors, and nothing behind them.
PUBLIC = {"/dashboard/login", "/dashboard/link/<token>", "/dashboard/shared/<token>"}
#: Parts of addresses that name nothing of one study: a kind of figure, a table, a place.
GENERAL = {"place", "name", "form", "file"}
#: What a viewer may send without changing anything.
SENT_BY_VIEWERS = {
    "/dashboard/studies/<study>/export",  # which tables to make; ids need more
    "/dashboard/studies/<study>/versions/preview/take",  # makes a preview key of their own
}
sqlite_only = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


def routes(app: Flask) -> list[Rule]:
    """Every route of the dashboard."""
    found = [r for r in app.url_map.iter_rules() if r.rule.startswith("/dashboard")]
    assert len(found) > 20
    return sorted(found, key=lambda rule: rule.rule)


def methods(rule: Rule) -> list[str]:
    """The methods of a route, without those that Flask answers itself."""
    return sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})


def address(rule: Rule, study: str = "tiny") -> str:
    """An address that the route matches, of the given study."""

    def fill(match: re.Match[str]) -> str:
        kind, name = match[1] or "", match[2]
        if name == "study":
            return study
        if kind.startswith("any("):
            return kind[4:-1].split(",")[0]
        return "1" if kind.startswith("int") else "something"

    return re.sub(r"<(?:([^:<>]+):)?(\w+)>", fill, rule.rule)


def cases(app: Flask) -> Iterator[tuple[Rule, str]]:
    """Every route with each of its methods."""
    for rule in routes(app):
        for method in methods(rule):
            yield rule, method


def may(who: str, rule: str) -> bool:
    """What the rules mean, said a second time."""
    if rule in ("public", "user") or who == "admin":
        return True
    if rule == "admin":
        return False
    ladder = ["viewer", "editor", "owner"]
    return who in ladder and ladder.index(who) >= ladder.index(rule)


def foreign_values(app: Flask, other: Walker) -> dict[str, Any]:
    """What parts of addresses are called in the other study."""
    (session,) = rows(app, models.Session, public_id=other.public_id)
    owner = researcher(app, "owner", "tiny_2afc", name="elsewhere")
    owner.post("/studies/tiny_2afc/shared", {"name": "a reviewer", "days": "3"})
    (shared,) = rows(app, models.SharedLink)
    return {
        "session": other.public_id, "version": session["version_id"], "link": shared["id"],
    }  # fmt: skip


@pytest.fixture
def probed(app: Flask, studies_folder: Path) -> Flask:
    """The host with both studies; behind every route of the dashboard stands a probe.

    What is tested is who gets as far as the view; each view's own tests are elsewhere.
    """
    for name in ("tiny", "tiny_2afc"):
        open_study(app, studies_folder / name)
    for rule in routes(app):

        def probe(**_: Any) -> tuple[str, int]:
            return REACHED, 200

        probe.diptych_access = app.view_functions[rule.endpoint].diptych_access  # type: ignore[attr-defined]
        app.view_functions[rule.endpoint] = probe
    return app


def everybody(app: Flask) -> dict[str, Researcher]:
    """One of each: in `tiny`; `elsewhere` owns the other study."""
    found = {who: researcher(app, who) for who in ("viewer", "editor", "owner", "admin")}
    found["stranger"] = researcher(app, None, name="stranger")
    found["elsewhere"] = researcher(app, "owner", "tiny_2afc", name="elsewhere")
    return found


@sqlite_only
@pytest.mark.parametrize("who", PEOPLE)
def test_each_route_lets_in_whom_its_rule_names_and_nobody_else(probed: Flask, who: str) -> None:
    person = everybody(probed)[who]
    wrong = []
    for rule, method in cases(probed):
        needed = rule_of(probed.view_functions[rule.endpoint])
        assert needed is not None, f"{rule.rule} has no rule"
        headers = {"X-CSRF-Token": person.csrf}
        reply = person.client.open(address(rule), method=method, headers=headers)
        reached = REACHED in reply.text
        if reached is not may(who, needed):
            wrong.append(f"{method} {rule.rule} ({needed}): {reply.status}")
        if not reached and who in ("stranger", "elsewhere"):
            # Not even that the study exists.
            nowhere = person.client.open(
                address(rule, "no_such_study"), method=method, headers=headers
            )
            assert reply.status_code == nowhere.status_code == 404, rule.rule
            theirs = reply.text.replace(address(rule), "").replace(person.csrf, "")
            assert "tiny" not in theirs, f"{rule.rule} tells a stranger of the study"
        elif not reached:
            assert reply.status_code in (403, 404), rule.rule
    assert not wrong, "\n".join(wrong)


@sqlite_only
def test_nobody_gets_further_than_the_doors_without_logging_in(probed: Flask) -> None:
    for rule, method in cases(probed):
        reply = probed.test_client().open(address(rule), method=method)
        public = rule_of(probed.view_functions[rule.endpoint]) == "public"
        assert public == (rule.rule in PUBLIC), f"{rule.rule} is public"
        if public:
            assert REACHED in reply.text or reply.status_code == 403  # a form without its token
            continue
        assert REACHED not in reply.text
        assert reply.status_code == 302 and reply.location.startswith("/dashboard/login"), rule.rule
        # htmx is told to go there: the log-in page has no place in a panel.
        panel = probed.test_client().open(
            address(rule), method=method, headers={"HX-Request": "true"}
        )
        assert (panel.status_code, panel.headers["HX-Redirect"]) == (401, "/dashboard/login")


@sqlite_only
def test_every_unsafe_request_needs_the_token_of_its_own_login(probed: Flask) -> None:
    root, other = researcher(probed, "admin"), researcher(probed, None, name="other")
    unsafe = [(rule, method) for rule, method in cases(probed) if method in UNSAFE]
    assert len(unsafe) > 10
    for rule, method in unsafe:
        where = address(rule)
        for token in (None, "", "0" * 64, other.csrf):
            form = {} if token is None else {"csrf_token": token}
            reply = root.client.open(where, method=method, data=form)
            assert reply.status_code == 403 and REACHED not in reply.text, f"{method} {rule.rule}"
        form = {"csrf_token": root.csrf}
        assert REACHED in root.client.open(where, method=method, data=form).text, rule.rule
        foreign = {"Sec-Fetch-Site": "cross-site"}
        reply = root.client.open(where, method=method, data=form, headers=foreign)
        assert reply.status_code == 403 and REACHED not in reply.text, rule.rule


@sqlite_only
def test_a_script_s_token_opens_what_is_meant_for_scripts_and_no_more(probed: Flask) -> None:
    owner = researcher(probed, "owner")
    with probed.app_context():
        token = api_tokens.make(owner.user, "script")
    headers = {"Authorization": f"Bearer {token}"}
    for rule, method in cases(probed):
        view = probed.view_functions[rule.endpoint]
        needed, by_token = rule_of(view), view.diptych_access.token  # type: ignore[attr-defined]
        reply = probed.test_client().open(address(rule), method=method, headers=headers)
        if by_token:
            assert (REACHED in reply.text) is may("owner", str(needed)), rule.rule
            bad = {"Authorization": "Bearer diptych_nonsense"}
            refused = owner.client.open(address(rule), method=method, headers=bad)
            assert refused.status_code == 401 and refused.json["error"]["code"] == "bad_token"
        elif needed != "public":
            assert REACHED not in reply.text, rule.rule


@sqlite_only
def test_viewers_change_nothing(app: Flask) -> None:
    for rule, method in cases(app):
        if rule_of(app.view_functions[rule.endpoint]) == "viewer" and method in UNSAFE:
            assert rule.rule in SENT_BY_VIEWERS, f"{method} {rule.rule}: viewers only look"


@sqlite_only
def test_reading_changes_nothing_in_the_audit_log(app: Flask, studies_folder: Path) -> None:
    """A link in somebody's mail must not do anything: only unsafe methods change."""
    open_study(app, studies_folder / "tiny")
    root = researcher(app, "admin")
    with app.app_context():
        before = len(audit.read(size=1000).entries)
    for rule, method in cases(app):
        # What is taken away is noted on purpose.
        taken = "export" in rule.rule or rule.rule.endswith(".csv")
        if method == "GET" and not rule.arguments - {"study"} and not taken:
            assert root.client.get(address(rule)).status_code < 400, rule.rule
    with app.app_context():
        assert len(audit.read(size=1000).entries) == before


def test_a_route_without_a_rule_keeps_the_host_from_starting(app: Flask) -> None:
    forgotten = pages("forgotten")

    @forgotten.get("/forgotten")
    def view() -> str:
        return "for all to see"

    app.register_blueprint(forgotten)
    with pytest.raises(NoRule, match="/dashboard/forgotten: say who may see it"):
        check_all_have_rules(app)  # type: ignore[arg-type]


def test_a_role_needs_the_study_it_is_a_role_in(app: Flask) -> None:
    nowhere = pages("nowhere")

    @nowhere.get("/nowhere")
    @access("viewer")
    def view() -> str:
        return "of which study?"

    app.register_blueprint(nowhere)
    with pytest.raises(NoRule, match="no <study> is named"):
        check_all_have_rules(app)  # type: ignore[arg-type]
    with pytest.raises(NoRule, match="allowed are public, user, viewer"):
        access("emperor")


def test_the_sidebar_leads_to_pages_that_are_there(app: Flask, studies_folder: Path) -> None:
    open_study(app, studies_folder / "tiny")
    for role in ROLES:
        person = researcher(app, role)
        shown = person.get("/studies/tiny")
        assert shown.status_code == 200
        tabs = re.findall(r'<li><a href="(/dashboard/studies/tiny[^"]*)"', shown.text)
        assert len(tabs) == {"viewer": 11, "editor": 12, "owner": 15}[role]
        for tab in tabs:
            page = person.client.get(tab)
            assert page.status_code == 200, f"{role}: {tab}"
            assert f'<a href="{tab}" aria-current="page">' in page.text, tab
    assert navigation.HOME in {rule.rule for rule in routes(app)}


def test_what_belongs_to_another_study_is_not_found_in_this_one(
    app: Flask, studies_folder: Path
) -> None:
    """An id of another study behind the address of one's own opens nothing, on any route."""
    for name in ("tiny", "tiny_2afc"):
        open_study(app, studies_folder / name)
    other = Walker(app.test_client(), "tiny_2afc").start(**link(app, "simulate", "tiny_2afc"))
    owner = researcher(app, "owner")
    foreign = foreign_values(app, other)
    checked = []
    for rule, method in cases(app):
        if "study" not in rule.arguments or rule.arguments == {"study"}:
            continue
        names = rule.arguments - {"study"}
        unknown = names - foreign.keys() - GENERAL
        assert not unknown, f"{rule.rule}: say in this test what <{unknown}> of another study is"
        if names <= GENERAL:
            continue
        where = re.sub(
            r"<(?:[^:<>]+:)?(\w+)>",
            lambda m: "tiny" if m[1] == "study" else str(foreign.get(m[1], "1")),
            rule.rule,
        )
        reply = owner.client.open(where, method=method, headers={"X-CSRF-Token": owner.csrf})
        assert reply.status_code == 404, f"{method} {where}: {reply.status}"
        checked.append(where)
    assert checked


PLATFORM_ID = "5f0c0ffee0ddba11deadbeef"
SUBMISSION = "6ead0fabad1deacafe0badd0"


def test_no_page_shows_a_viewer_what_platforms_call_people(
    app: Flask, studies_folder: Path
) -> None:
    """Whatever a viewer opens or downloads, on any route, names nobody; editors see who it is."""
    open_study(app, studies_folder / "tiny")
    entry = {"PROLIFIC_PID": PLATFORM_ID, "STUDY_ID": "a" * 24, "SESSION_ID": SUBMISSION}
    person = Walker(app.test_client()).start(**entry).finish()
    (session,) = rows(app, models.Session, public_id=person.public_id)
    values = {
        "study": ["tiny"],
        "session": [person.public_id],
        "version": [str(session["version_id"])],
        "place": ["0"],
        "name": ["learning", "confusion", "scores", "response_times", "quality"],
        "form": ["csv", "json"],
        "file": ["sessions.csv", "trials.csv", "events.csv", "identities.csv", "stimuli.csv"],
    }
    viewer, editor = researcher(app, "viewer"), researcher(app, "editor")
    seen = {"viewer": 0, "editor": 0}
    for rule, method in cases(app):
        if method != "GET" or "study" not in rule.arguments:
            continue
        for where in filled(rule.rule, values):
            reply = viewer.client.get(where)
            for name in (PLATFORM_ID, SUBMISSION):
                assert name.encode() not in reply.data, f"{where} names somebody"
            seen["viewer"] += reply.status_code == 200
            seen["editor"] += PLATFORM_ID.encode() in editor.client.get(where).data
        search = {"search": PLATFORM_ID, "q": PLATFORM_ID}
        reply = viewer.client.get(address(rule), query_string=search)
        if reply.mimetype == "text/html" and "participants" in rule.rule:
            found = person.public_id in reply.text
            assert not found, f"{rule.rule} finds a session by its platform id"
    assert seen["viewer"] > 15 and seen["editor"] >= 2, seen
    form = {"format": "csv", "tables": "sessions", "ids": "yes"}
    assert viewer.post("/studies/tiny/export", form).status_code == 403


def filled(rule: str, values: dict[str, list[str]]) -> list[str]:
    """The addresses of a route, with each of the values."""
    found = [rule]
    for name in re.findall(r"<(?:[^:<>]+:)?(\w+)>", rule):
        found = [
            re.sub(rf"<(?:[^:<>]+:)?{name}>", value, one) for one in found for value in values[name]
        ]
    return found
