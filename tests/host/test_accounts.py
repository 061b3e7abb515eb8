"""Accounts: who gets in, for how long, and what guessing costs; on SQLite and PostgreSQL."""

from __future__ import annotations

import itertools
import re
import threading
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from support.dashboard import PASSWORD, Researcher, researcher, study_id
from support.walker import change, open_study, rows

from diptych import models
from diptych.accounts import administration, api_tokens, audit, links, logins, passwords, throttle
from diptych.accounts.users import AccountFault, add_user, find_user, hasher, set_role
from diptych.ground.database import now_ms
from diptych.web.dashboard.access import COOKIE
from diptych.web.dashboard.account import local_address
from diptych.web.dashboard.navigation import HOME

HOUR = 3_600_000


class Browser:
    """Somebody who is not logged in yet."""

    def __init__(self, app: Flask, address: str = "127.0.0.1") -> None:
        self.client, self.address = app.test_client(), address

    def get(self, path: str) -> Any:
        return self.client.get(path, environ_base={"REMOTE_ADDR": self.address})

    def post(self, path: str, **form: str) -> Any:
        shown = self.get(path if path.startswith("/dashboard/link") else "/dashboard/login")
        token = re.search(r'name="csrf_token" value="(\w+)"', shown.text)
        if token:
            form = {"csrf_token": token[1], **form}
        return self.client.post(path, data=form, environ_base={"REMOTE_ADDR": self.address})

    def log_in(self, name: str, password: str, next: str = "") -> Any:
        return self.post("/dashboard/login", name=name, password=password, next=next)


@pytest.fixture
def ada(app: Flask) -> Flask:
    """The host, with the account `ada`."""
    with app.app_context():
        add_user("ada", PASSWORD)
    return app


def inside(browser: Browser | Researcher) -> bool:
    """Whether a browser is logged in."""
    reply = browser.client.get("/dashboard/account")
    return bool(reply.status_code == 200)


# --- log in and out


def test_the_right_password_lets_in_and_a_wrong_one_does_not(ada: Flask) -> None:
    browser = Browser(ada)
    for name, password in (
        ("ada", "wrong horse battery"),
        ("eve", PASSWORD),
        ("", ""),
        ("ada", ""),
    ):
        reply = browser.log_in(name, password)
        assert reply.status_code == 401 and "The name or the password is wrong" in reply.text
        assert not inside(browser)
    reply = browser.log_in(" Ada ", PASSWORD)
    assert reply.status_code == 302 and reply.location == HOME
    cookie = next(c for c in reply.headers.getlist("Set-Cookie") if c.startswith(COOKIE))
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Path=/dashboard" in cookie
    assert "Secure" not in cookie  # the tests' host is served over http
    assert inside(browser)
    token = cookie.split("=", 1)[1].split(";")[0]
    assert token not in str(rows(ada, models.Login)), "the cookie's value must not be stored"
    assert browser.client.get("/dashboard/account").headers["Cache-Control"] == "no-store"


def test_the_cookie_is_secure_when_the_host_is_reached_by_https(settings: Any) -> None:
    from diptych.app import create_app

    secure = {"base_url": "https://study.example.org", "secret_key": "0123456789abcdef" * 3}
    app = create_app(settings.model_copy(update=secure))
    with app.app_context():
        add_user("ada", PASSWORD)
    client = app.test_client()
    options: dict[str, Any] = {"base_url": "https://study.example.org"}
    shown = client.get("/dashboard/login", **options)
    token = re.search(r'name="csrf_token" value="(\w+)"', shown.text)
    assert token
    form = {"csrf_token": token[1], "name": "ada", "password": PASSWORD}
    reply = client.post("/dashboard/login", data=form, **options)
    cookies = reply.headers.getlist("Set-Cookie")
    assert reply.status_code == 302 and all("Secure" in cookie for cookie in cookies)


@pytest.mark.parametrize(
    "there",
    [
        "https://evil.example/dashboard/",
        "//evil.example/dashboard",
        "/\\evil.example/dashboard",
        "\\/evil.example",
        "javascript:alert(1)",
        "/s/tiny",
        "dashboard/studies",
        "/dashboard.evil",
        "/dashboard/\r\nSet-Cookie: a=b",
        "http:/dashboard/",
        "https://[dashboard/",
        "/dashboard/logout",
    ],
)
def test_nobody_is_sent_to_another_site(there: str) -> None:
    assert local_address(there) == HOME


def test_whoever_asked_for_a_page_gets_it_after_logging_in(ada: Flask) -> None:
    browser = Browser(ada)
    asked = browser.get("/dashboard/account?x=1")
    assert asked.status_code == 302
    assert asked.location == "/dashboard/login?next=/dashboard/account?x%3D1"
    assert 'value="/dashboard/account?x=1"' in browser.get(asked.location).text
    reply = browser.log_in("ada", PASSWORD, "/dashboard/account?x=1")
    assert reply.location == "/dashboard/account?x=1"
    assert Browser(ada).log_in("ada", PASSWORD, "https://evil.example/").location == HOME


def test_logging_out_ends_the_login_on_the_server(ada: Flask) -> None:
    here, there = researcher(ada, None, name="ada"), researcher(ada, None, name="ada")
    kept = here.client.get_cookie(COOKIE, path="/dashboard")
    cookie = kept.value if kept else here.client._cookies  # set without a path by the helper
    assert here.post("/logout").status_code == 302
    assert not inside(here) and inside(there)
    thief = ada.test_client()
    thief.set_cookie(COOKIE, str(cookie))
    assert thief.get("/dashboard/account").status_code == 302
    third = researcher(ada, None, name="ada")
    assert there.post("/logout-everywhere").status_code == 302
    assert not inside(there) and not inside(third)


def test_a_login_ends_after_long_idleness_and_in_any_case_after_two_weeks(ada: Flask) -> None:
    browser = researcher(ada, None, name="ada")
    (row,) = rows(ada, models.Login)
    for last_seen, created, still in (
        (11.9 * HOUR, 11.9 * HOUR, True),
        (12.1 * HOUR, 12.1 * HOUR, False),
        (0, 13.9 * 24 * HOUR, True),
        (0, 14.1 * 24 * HOUR, False),
    ):
        at = now_ms()
        values = {"last_seen_at": at - int(last_seen), "created_at": at - int(created)}
        change(ada, models.Login, values, id=row["id"])
        assert inside(browser) is still, (last_seen, created)
        with ada.app_context():
            assert len(logins.all_of(browser.user)) == still
    change(ada, models.Login, {"last_seen_at": now_ms() - 2 * HOUR, "created_at": now_ms()})
    by_itself = browser.get("/account", headers={"HX-Request": "true"})
    assert by_itself.status_code == 200
    assert now_ms() - rows(ada, models.Login)[0]["last_seen_at"] > HOUR, "nobody is there"
    assert inside(browser)
    assert now_ms() - rows(ada, models.Login)[0]["last_seen_at"] < HOUR, "use keeps it alive"
    change(ada, models.Login, {"last_seen_at": now_ms() - 13 * HOUR})
    researcher(ada, None, name="ada")
    assert len(rows(ada, models.Login)) == 1, "a new log-in sweeps out those that are over"


def test_only_ones_own_logins_can_be_ended(ada: Flask) -> None:
    mine, other, stranger = (
        researcher(ada, None, name="ada"),
        researcher(ada, None, name="ada"),
        researcher(ada, None, name="eve"),
    )
    first, second, hers = (row["id"] for row in rows(ada, models.Login))
    page = mine.get("/account").text
    assert f"/account/logins/{second}/end" in page and f"/logins/{hers}/end" not in page
    assert mine.post(f"/account/logins/{hers}/end").status_code == 404
    assert inside(stranger)
    assert mine.post(f"/account/logins/{second}/end").status_code == 302
    assert inside(mine) and not inside(other)
    assert mine.post(f"/account/logins/{first}/end").location == "/dashboard/login"
    assert not inside(mine)


# --- guessing


@pytest.mark.both_databases
def test_guessing_a_name_takes_longer_and_longer_but_locks_nobody_out(ada: Flask) -> None:
    browser = Browser(ada)
    for _ in range(throttle.FREE_FOR_NAME):
        assert browser.log_in("ada", "wrong horse battery").status_code == 401
    assert {row["count"] for row in rows(ada, models.LoginFailure)} == {throttle.FREE_FOR_NAME}
    key = throttle.Attempt.of(ada.extensions["diptych"].secret, "ADA ", "").name_key
    assert key in {row["key"] for row in rows(ada, models.LoginFailure)}
    # A wait that no slow machine sleeps through: that after seven failures more.
    at = now_ms()
    failures = {"count": throttle.FREE_FOR_NAME + 7, "last_at": at}
    change(ada, models.LoginFailure, failures, key=key)
    refused = browser.log_in("ada", PASSWORD)
    assert refused.status_code == 429, "even the right password waits"
    assert 100 < int(refused.headers["Retry-After"]) <= 256
    assert "Too many attempts. Wait" in refused.text and "min" in refused.text
    assert Browser(ada).log_in("eve", "wrong horse battery").status_code == 401, "others don't"
    # Attempts during the wait count for nothing: it ends when it was said to end.
    for _ in range(3):
        assert browser.log_in("ADA", PASSWORD).status_code == 429
    (row,) = rows(ada, models.LoginFailure, key=key)
    assert (row["count"], row["last_at"]) == (throttle.FREE_FOR_NAME + 7, at)
    change(ada, models.LoginFailure, {"last_at": now_ms() - 256_001}, key=key)
    assert browser.log_in("ada", PASSWORD).status_code == 302
    assert Browser(ada).log_in("ada", "wrong horse battery").status_code == 401, "starts anew"


def test_an_address_that_tries_many_names_waits_too(ada: Flask) -> None:
    for number in range(throttle.FREE_FOR_ADDRESS):
        attempt = throttle.Attempt.of(b"secret", f"name{number}", "10.0.0.1")
        with ada.app_context():
            throttle.begin(attempt)
    change(
        ada, models.LoginFailure, {"last_at": now_ms() + 60_000}, count=throttle.FREE_FOR_ADDRESS
    )
    with ada.app_context():
        with pytest.raises(throttle.TooMany):
            throttle.begin(throttle.Attempt.of(b"secret", "another", "10.0.0.1"))
        throttle.begin(throttle.Attempt.of(b"secret", "another", "10.0.0.2"))
    stored = str(rows(ada, models.LoginFailure))
    assert "10.0.0" not in stored and "name1" not in stored, "only keyed hashes are kept"


def test_waits_grow_and_never_exceed_five_minutes() -> None:
    waits = [throttle.wait_after(count, 5) for count in range(200)]
    assert waits[:8] == [0, 0, 0, 0, 0, 2000, 4000, 8000]
    assert waits == sorted(waits) and waits[-1] == throttle.LONGEST_MS == 300_000


def test_after_half_a_day_failures_are_forgotten(ada: Flask) -> None:
    attempt = throttle.Attempt.of(b"secret", "ada", "10.0.0.1")
    with ada.app_context():
        for _ in range(throttle.FREE_FOR_NAME):
            throttle.begin(attempt)
        change(ada, models.LoginFailure, {"count": 12, "last_at": now_ms()})
        with pytest.raises(throttle.TooMany):
            throttle.begin(attempt)
        change(ada, models.LoginFailure, {"last_at": now_ms() - throttle.FORGET_MS - 1})
        throttle.begin(attempt)
        assert max(row["count"] for row in rows(ada, models.LoginFailure)) == 1
        change(ada, models.LoginFailure, {"last_at": now_ms() - throttle.FORGET_MS - 1})
        assert throttle.forget_old() == 2


@pytest.mark.both_databases
def test_attempts_at_the_same_moment_are_all_counted(ada: Flask) -> None:
    attempt = throttle.Attempt.of(b"secret", "ada", "10.0.0.1")
    through: list[bool] = []

    def guess() -> None:
        with ada.app_context():
            try:
                throttle.begin(attempt)
                through.append(True)
            except throttle.TooMany:
                through.append(False)

    began = now_ms()
    threads = [threading.Thread(target=guess) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    waits_over = (now_ms() - began) // 2000  # on a machine so slow that the first wait has passed
    assert len(through) == 20
    assert 0 <= sum(through) - throttle.FREE_FOR_NAME <= waits_over


def test_an_old_hash_is_renewed_when_its_password_is_given(ada: Flask) -> None:
    old = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(PASSWORD)
    change(ada, models.User, {"password_hash": old}, name="ada")
    assert Browser(ada).log_in("ada", "wrong horse battery").status_code == 401
    assert rows(ada, models.User)[0]["password_hash"] == old
    assert Browser(ada).log_in("ada", PASSWORD).status_code == 302
    renewed = rows(ada, models.User)[0]["password_hash"]
    assert renewed != old and renewed.startswith("$argon2id$")
    assert not hasher.check_needs_rehash(renewed)
    assert Browser(ada).log_in("ada", PASSWORD).status_code == 302


def test_an_unknown_name_costs_a_hash_of_the_same_parameters() -> None:
    made = passwords._nobodys_hash()
    assert not hasher.check_needs_rehash(made) and not passwords.fits(made, "")


def test_a_broken_hash_lets_nobody_in(ada: Flask) -> None:
    change(ada, models.User, {"password_hash": "no hash"}, name="ada")
    assert Browser(ada).log_in("ada", "no hash").status_code == 401


# --- one-time links


def password_form(password: str = "a new long password", **more: str) -> dict[str, str]:
    return {"password": password, "again": password, **more}


def test_a_link_sets_a_password_once(ada: Flask) -> None:
    elsewhere = researcher(ada, None, name="ada")
    with ada.app_context():
        older = links.make(elsewhere.user)
        token = links.make(elsewhere.user)
    assert token not in str(rows(ada, models.OneTimeLink))
    assert Browser(ada).get(f"/dashboard/link/{older}").status_code == 404, "replaced"
    address = f"/dashboard/link/{token}"
    assert Browser(ada).get(address).status_code == 200
    assert Browser(ada).get(address).status_code == 200, "looking does not use it up"
    browser = Browser(ada)
    short = browser.post(address, **password_form("short"))
    assert short.status_code == 422 and "at least 10" in short.text
    differ = browser.post(address, password="a new long password", again="another password")
    assert differ.status_code == 422 and "differ" in differ.text
    assert browser.post(address, **password_form()).status_code == 302
    assert inside(browser) and not inside(elsewhere), "log-ins with the old password end"
    again = Browser(ada).post(address, **password_form("a third long password"))
    assert again.status_code in (403, 404)
    assert Browser(ada).log_in("ada", PASSWORD).status_code == 401
    assert Browser(ada).log_in("ada", "a new long password").status_code == 302


@pytest.mark.both_databases
def test_of_many_who_use_a_link_at_once_one_succeeds(ada: Flask) -> None:
    with ada.app_context():
        user = find_user("ada")
        assert user
        token = links.make(user)
    done: list[str] = []

    def use(password: str) -> None:
        with ada.app_context():
            try:
                links.use(token, password)
                done.append(password)
            except AccountFault:
                pass

    threads = [threading.Thread(target=use, args=(f"password number {n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == 1
    assert Browser(ada).log_in("ada", done[0]).status_code == 302


def test_a_link_runs_out_and_a_disabled_account_has_none(ada: Flask) -> None:
    with ada.app_context():
        add_user("root", PASSWORD, is_admin=True)
        user = find_user("ada")
        assert user
        token = links.make(user)
        change(ada, models.OneTimeLink, {"expires_at": now_ms() - 1})
        assert links.read(token) is None
        with pytest.raises(AccountFault, match="has expired"):
            links.use(token, "a new long password")
        token = links.make(user)
        assert links.read(token) is not None
        administration.disable(user, by=None)
        assert links.read(token) is None


def test_the_first_start_makes_an_administrator_by_a_link(app: Flask) -> None:
    from diptych.cli.user import first_link

    with app.app_context():
        older = first_link("https://study.example.org")
        address = first_link("https://study.example.org")
    assert address and address.startswith("https://study.example.org/dashboard/link/")
    assert older and older != address
    path = address.removeprefix("https://study.example.org")
    assert Browser(app).get(older.removeprefix("https://study.example.org")).status_code == 404
    browser = Browser(app)
    bad = browser.post(path, **password_form(name="no spaces please"))
    assert bad.status_code == 422 and "cannot be the name of a user" in bad.text
    assert browser.post(path, **password_form(name="Grace")).status_code == 302
    assert browser.get("/dashboard/users").status_code == 200, "an administrator"
    with app.app_context():
        assert first_link("https://study.example.org") is None
        token = links.make(None)
        assert links.read(token) is None, "somebody is there: no other way in"
    assert Browser(app).get(path).status_code == 404


# --- tokens


def test_a_token_reads_what_its_user_may_and_is_shown_once(app: Flask, tmp_path: Path) -> None:
    ada, eve = researcher(app, None, name="ada"), researcher(app, None, name="eve")
    made = ada.post("/account/tokens", {"name": " nightly  export "})
    shown = re.search(r'value="(diptych_[\w-]{43})"', made.text)
    assert made.status_code == 201 and shown and "nightly export" in made.text
    token = shown[1]
    assert token not in ada.get("/account").text
    (row,) = rows(app, models.ApiToken)
    assert token not in str(row) and row["last_used_at"] is None
    with app.app_context():
        assert api_tokens.read(token) == ada.user
        assert api_tokens.read(token[:-1]) is None and api_tokens.read("") is None
    assert rows(app, models.ApiToken)[0]["last_used_at"] is not None
    assert eve.post(f"/account/tokens/{row['id']}/revoke").status_code == 404
    with app.app_context():
        assert api_tokens.read(token) == ada.user
    assert ada.post(f"/account/tokens/{row['id']}/revoke").status_code == 302
    with app.app_context():
        assert api_tokens.read(token) is None
    assert ada.post(f"/account/tokens/{row['id']}/revoke").status_code == 404
    assert ada.post("/account/tokens", {"name": " "}).status_code == 422


def test_a_disabled_user_is_out_everywhere_at_once(app: Flask) -> None:
    root, ada = researcher(app, "admin"), researcher(app, None, name="ada")
    with app.app_context():
        token = api_tokens.make(ada.user, "script")
    assert root.post("/users/ada/disable").status_code == 302
    assert not inside(ada)
    with app.app_context():
        assert api_tokens.read(token) is None and find_user("ada") is None
    assert Browser(app).log_in("ada", PASSWORD).status_code == 401
    assert root.post("/users/ada/enable").status_code == 302
    assert Browser(app).log_in("ada", PASSWORD).status_code == 302


# --- passwords


def test_changing_the_password_ends_the_other_logins(app: Flask) -> None:
    here, there = researcher(app, None, name="ada"), researcher(app, None, name="ada")
    form = password_form(old="not the password")
    assert here.post("/account/password", form).status_code == 422
    assert inside(there)
    short = password_form("short", old=PASSWORD)
    assert here.post("/account/password", short).status_code == 422
    assert here.post("/account/password", password_form(old=PASSWORD)).status_code == 302
    assert inside(here) and not inside(there)
    assert Browser(app).log_in("ada", "a new long password").status_code == 302


def test_the_present_password_can_t_be_guessed_on_the_account_page_either(app: Flask) -> None:
    ada = researcher(app, None, name="ada")
    for _ in range(throttle.FREE_FOR_NAME):
        assert ada.post("/account/password", password_form(old="guess")).status_code == 422
    assert {row["count"] for row in rows(app, models.LoginFailure)} == {throttle.FREE_FOR_NAME}
    change(app, models.LoginFailure, {"count": 12, "last_at": now_ms()})
    assert ada.post("/account/password", password_form(old=PASSWORD)).status_code == 429


def test_absurdly_long_passwords_are_refused_before_they_are_hashed(ada: Flask) -> None:
    with ada.app_context(), pytest.raises(AccountFault, match="more than 1,000"):
        add_user("eve", "x" * 1001)
    assert Browser(ada).log_in("ada", "x" * 100_000).status_code == 401


# --- administrators, owners


def test_an_administrator_adds_somebody_who_sets_a_password(app: Flask) -> None:
    root = researcher(app, "admin")
    made = root.post("/users", {"name": "Bob"})
    path = re.search(r'value="http://127.0.0.1:8000(/dashboard/link/[\w-]+)"', made.text)
    assert made.status_code == 201 and path
    assert Browser(app).log_in("bob", "").status_code == 401, "no password yet"
    assert Browser(app).post(path[1], **password_form()).status_code == 302
    taken = root.post("/users", {"name": "bob"})
    assert taken.status_code == 422 and "user &#39;bob&#39; already exists" in taken.text
    assert root.post("/users/nobody/disable").status_code == 404


def test_the_last_administrator_stays(app: Flask) -> None:
    root, ada = researcher(app, "admin"), researcher(app, None, name="ada")
    assert root.post("/users/admin/disable").status_code == 422, "not oneself"
    assert root.post("/users/admin/admin", {"admin": "no"}).status_code == 422
    assert root.post("/users/ada/admin", {"admin": "yes"}).status_code == 302
    assert ada.get("/users").status_code == 200
    assert root.post("/users/admin/admin", {"admin": "no"}).status_code == 302
    assert root.get("/users").status_code == 404
    with app.app_context(), pytest.raises(AccountFault, match="last administrator"):
        administration.disable(ada.user, by=None)


def test_an_owner_gives_roles_and_a_study_keeps_an_owner(app: Flask, studies_folder: Path) -> None:
    open_study(app, studies_folder / "tiny")
    owner, ada = researcher(app, "owner"), researcher(app, None, name="ada")
    page = "/studies/tiny/members"
    assert ada.get(page).status_code == 404
    assert owner.post(page, {"name": "ada", "role": "viewer"}).status_code == 302
    assert ada.get(page).status_code == 403
    assert owner.post(page, {"name": "ada", "role": "emperor"}).status_code == 422
    assert owner.post(page, {"name": "nobody", "role": "viewer"}).status_code == 422
    alone = owner.post(page, {"name": "owner", "role": ""})
    assert alone.status_code == 422 and "only owner" in alone.text
    assert owner.post(page, {"name": "ada", "role": "owner"}).status_code == 302
    assert owner.post(page, {"name": "owner", "role": ""}).location == HOME
    assert owner.get(page).status_code == 404 and ada.get(page).status_code == 200


# --- the audit log


def test_changes_of_users_stand_in_the_audit_log(app: Flask, studies_folder: Path) -> None:
    open_study(app, studies_folder / "tiny")
    root = researcher(app, "admin")
    root.post("/users", {"name": "bob"})
    root.post("/users/bob/admin", {"admin": "yes"})
    root.post("/users/bob/admin", {"admin": "no"})
    root.post("/studies/tiny/members", {"name": "bob", "role": "editor"})
    root.post("/account/tokens", {"name": "script"})
    root.post("/account/password", password_form(old=PASSWORD))
    root.post("/users/bob/disable")
    with app.app_context():
        administration.enable(administration.any_user("bob"), by=None)
        found = audit.read().entries
        tiny = study_id("tiny")
        of_tiny = audit.read(study_id=tiny).entries
    said = [(e.actor, e.action, e.subject) for e in reversed(found) if e.action[:5] != "study"]
    assert said == [
        ("admin", "user.add", "bob"),
        ("admin", "user.link", "bob"),
        ("admin", "user.make_admin", "bob"),
        ("admin", "user.unmake_admin", "bob"),
        ("admin", "member.role", "bob"),
        ("admin", "token.make", "script"),
        ("admin", "user.password", "admin"),
        ("admin", "user.disable", "bob"),
        ("command line", "user.enable", "bob"),
    ]
    assert {e.study for e in of_tiny} == {"tiny"}
    assert of_tiny[0].detail == {"role": "editor"}


def test_an_owner_reads_the_log_of_the_own_study_only(app: Flask, studies_folder: Path) -> None:
    for name in ("tiny", "tiny_2afc"):
        open_study(app, studies_folder / name)
    owner, root = researcher(app, "owner"), researcher(app, "admin")
    with app.app_context():
        audit.note(root.user, "study.pause", study_id=study_id("tiny"), subject="in-tiny")
        audit.note(root.user, "study.pause", study_id=study_id("tiny_2afc"), subject="in-2afc")
        audit.note(None, "user.add", subject="some-user")
    mine = owner.get("/studies/tiny/audit").text
    assert "in-tiny" in mine and "in-2afc" not in mine and "some-user" not in mine
    assert owner.get("/studies/tiny_2afc/audit").status_code == 404
    assert owner.get("/audit").status_code == 404
    everything = root.get("/audit").text
    assert all(words in everything for words in ("in-tiny", "in-2afc", "some-user"))


def test_the_pages_of_the_log_hold_every_entry_once(app: Flask) -> None:
    with app.app_context():
        for number in range(23):
            audit.note(None, "test.note" if number % 2 else "other.note", subject=f"n{number:02}")
        for search, expected in (("", range(23)), ("TEST.", range(1, 23, 2)), ("n1_", ())):
            seen, key, pages = [], None, []
            while True:
                page = audit.read(search=search, before=key, size=5)
                seen += [entry.subject for entry in page.entries]
                pages.append(page)
                if page.older is None:
                    break
                key = page.older
            assert seen == [f"n{n:02}" for n in reversed(expected)]
            for earlier, later in itertools.pairwise(pages):
                back = audit.read(search=search, after=later.newer, size=5)
                assert back.entries == earlier.entries
            assert not pages or pages[0].newer is None


def test_keys_that_are_no_numbers_find_no_page(app: Flask) -> None:
    root = researcher(app, "admin")
    assert root.get("/audit?before=x").status_code == 404
    assert root.get("/audit?before=99999999999999999999").status_code == 404
    assert "Nothing found" in root.get("/audit?search=zzz").text
    assert root.get("/audit?before=5&search=%25%27").status_code == 200


def test_a_role_in_a_study_that_is_unknown_is_refused(app: Flask, studies_folder: Path) -> None:
    open_study(app, studies_folder / "tiny")
    with app.app_context():
        user = add_user("ada", PASSWORD)
        with pytest.raises(AccountFault, match="viewer, editor, owner"):
            set_role(user, study_id("tiny"), "emperor")
        with pytest.raises(AccountFault, match="no study"):
            administration.study_id("nothing")
