"""Dashboard: coming in and going out, and one's own account."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from flask import (
    Response,
    abort,
    flash,
    g,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)

from diptych.accounts import api_tokens, links, logins, passwords, throttle
from diptych.accounts.users import MIN_PASSWORD, AccountFault, User
from diptych.host import host
from diptych.web.dashboard.access import (
    COOKIE,
    access,
    cookie_path,
    login,
    pages,
    set_cookie,
    user,
)
from diptych.web.dashboard.formats import duration
from diptych.web.dashboard.navigation import HOME, home
from diptych.web.limits import limits, place

blueprint = pages("account")
_NOT_RIGHT = "The name or the password is wrong."


@blueprint.get("/")
@access("user")
def start() -> Any:
    """Open the dashboard with the list of studies."""
    return redirect(home())


@blueprint.get("/login")
@access("public")
def login_page() -> Any:
    """Name and password."""
    if g.user is not None:
        return redirect(local_address(request.args.get("next"), request.script_root))
    return render_template("dashboard/login.html", next=request.args.get("next", ""), name="")


@blueprint.post("/login")
@access("public")
def log_in() -> Any:
    """Check them; slower and slower for who guesses."""
    name, password = request.form.get("name", ""), request.form.get("password", "")
    there = request.form.get("next", "")
    attempt = _attempt(name)
    try:
        found = passwords.log_in(attempt, name, password)
    except throttle.TooMany as fault:
        wait_s = -(-fault.wait_ms // 1000)
        text = f"Too many attempts. Wait {duration(wait_s * 1000)}, then try again."
        page = render_template("dashboard/login.html", next=there, name=name, fault=text)
        return _told_to_wait(page, fault.wait_ms)
    if found is None:
        return render_template("dashboard/login.html", next=there, name=name, fault=_NOT_RIGHT), 401
    return _come_in(found, local_address(there, request.script_root))


@blueprint.post("/logout")
@access("user")
def log_out() -> Any:
    """End this log-in."""
    logins.end(login().token)
    return _go_out()


@blueprint.post("/logout-everywhere")
@access("user")
def log_out_everywhere() -> Any:
    """End every log-in of one's own, this one too."""
    logins.end_all(user())
    return _go_out()


@blueprint.get("/link/<token>")
@access("public")
def link(token: str) -> Any:
    """Use a one-time link: choose a password (and, at the first start, a name)."""
    found = _read_link(token)
    if found is None:
        return render_template("dashboard/link.html", link=None), 404
    return render_template("dashboard/link.html", link=found, least=MIN_PASSWORD, name="")


@blueprint.post("/link/<token>")
@access("public")
def use_link(token: str) -> Any:
    """Set the password, spend the link, log in."""
    name, password = request.form.get("name", ""), request.form.get("password", "")
    # Looked up first: hashing a password is work that nobody may have done for a made-up link.
    found = _read_link(token)
    if found is None:
        return render_template("dashboard/link.html", link=None), 404
    fault = ""
    if password != request.form.get("again", ""):
        fault = "The two passwords differ."
    else:
        try:
            return _come_in(links.use(token, password, name), home())
        except AccountFault as refused:
            fault = str(refused)
    found = links.read(token)
    page = render_template(
        "dashboard/link.html", link=found, least=MIN_PASSWORD, name=name, fault=fault
    )
    return page, 422 if found else 404


def _read_link(token: str) -> links.Link | None:
    limits().before_looking()
    found = links.read(token)
    if found is None:
        limits().wrong()
    return found


@blueprint.get("/account")
@access("user")
def account() -> Any:
    """Show password, log-ins and tokens."""
    return _account_page()


@blueprint.post("/account/password")
@access("user")
def change_password() -> Any:
    """Change the password, and end every other log-in."""
    old, new = request.form.get("old", ""), request.form.get("password", "")
    if new != request.form.get("again", ""):
        return _account_page(fault="The two new passwords differ."), 422
    # The present password can be guessed here too: the same waits hold.
    attempt = _attempt(user().name)
    try:
        throttle.begin(attempt)
        passwords.change(login(), old, new)
    except throttle.TooMany as fault:
        text = f"Too many attempts. Wait {duration(fault.wait_ms)}."
        return _told_to_wait(_account_page(fault=text), fault.wait_ms)
    except AccountFault as fault:
        return _account_page(fault=str(fault)), 422
    throttle.succeeded(attempt)
    flash("Your password is changed. All your other log-ins have ended.", "good")
    return redirect(url_for(".account"))


@blueprint.post("/account/logins/<int:login_id>/end")
@access("user")
def end_login(login_id: int) -> Any:
    """End one of one's own log-ins."""
    if not logins.end_one(user(), login_id):
        abort(404)
    if login_id == login().login_id:
        return _go_out()
    flash("That log-in has ended.", "good")
    return redirect(url_for(".account"))


@blueprint.post("/account/tokens")
@access("user")
def make_token() -> Any:
    """Make a token, and show it on this page and never again."""
    try:
        token = api_tokens.make(user(), request.form.get("name", ""))
    except AccountFault as fault:
        return _account_page(token_fault=str(fault)), 422
    return _account_page(new_token=token), 201


@blueprint.post("/account/tokens/<int:token_id>/revoke")
@access("user")
def revoke_token(token_id: int) -> Any:
    """Make one of one's own tokens useless."""
    if not api_tokens.revoke(user(), token_id):
        abort(404)
    flash("The token no longer works.", "good")
    return redirect(url_for(".account"))


def local_address(given: str | None, prefix: str = "") -> str:
    """Return where to go after logging in: a page of the dashboard, never another site.

    Parameters
    ----------
    given : str | None
        The address that somebody came with.
    prefix : str, optional
        What the host's own addresses begin with (`diptych.web.prefix`).
    """
    home = prefix + HOME
    given = given or ""
    if not given.isprintable() or "\\" in given:
        return home
    try:
        parts = urlsplit(given)
    except ValueError:
        return home
    base = f"{prefix}/dashboard"
    inside = parts.path == base or parts.path.startswith(f"{base}/")
    if parts.scheme or parts.netloc or not inside or parts.path.startswith(f"{base}/log"):
        return home
    return given


def _attempt(name: str) -> throttle.Attempt:
    return throttle.Attempt.of(host().secret, name, place(request.remote_addr))


def _told_to_wait(page: str, wait_ms: int) -> Response:
    reply = make_response(page, 429)
    reply.headers["Retry-After"] = str(-(-wait_ms // 1000))
    return reply


def _account_page(**shown: Any) -> str:
    return render_template(
        "dashboard/account.html",
        logins=logins.all_of(user()),
        this_login=login().login_id,
        tokens=api_tokens.all_of(user()),
        least=MIN_PASSWORD,
        base_url=host().settings.base_url,
        **shown,
    )


def _come_in(found: User, address: str) -> Response:
    before = request.cookies.get(COOKIE)
    if before:
        logins.end(before)
    token = logins.begin(found, request.headers.get("User-Agent", ""))
    response = make_response(redirect(address))
    set_cookie(response, COOKIE, token, logins.ABSOLUTE_MS // 1000)
    return response


def _go_out() -> Response:
    response = make_response(redirect(url_for(".login_page")))
    response.delete_cookie(COOKIE, path=cookie_path())
    response.delete_cookie("diptych_flash", path=cookie_path())
    response.headers["Clear-Site-Data"] = '"cache"'
    return response
