"""Who may see which page: every route of the dashboard carries one rule, or the host won't start.

    @blueprint.get("/studies/<study>/live")
    @access("viewer")
    def live(study: str) -> str: ...

The rules: `public` (anybody), `user` (anybody logged in), `viewer`, `editor`, `owner` (at least
that role in the study that the address names), `admin`. With `token=True` a script may come with
`Authorization: Bearer TOKEN` instead of a cookie. Only with `draft=True` is a page shown of a study
that no version is frozen of; of other pages the page Edit is shown instead.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from apiflask import APIBlueprint, APIFlask
from flask import Response, abort, current_app, g, redirect, request, url_for
from sqlalchemy import exists, select

from diptych.accounts import api_tokens, logins
from diptych.accounts.users import ROLES, User, allows, role_in
from diptych.domain.tables import STUDIES, VERSIONS
from diptych.ground.database import now_ms, reading
from diptych.host import host
from diptych.journey.opening import keep_to_plan
from diptych.study.opening_plan import NO_PLAN, OpeningPlan
from diptych.web.limits import limits

COOKIE = "diptych_login"
VISIT_COOKIE = "diptych_visit"
RULES = ("public", "user", *ROLES, "admin")
_SAFE = ("GET", "HEAD", "OPTIONS")
MOST_ROWS = 2**63 - 1
View = TypeVar("View", bound=Callable[..., Any])


class NoRule(RuntimeError):
    """A route of the dashboard says not who may see it."""


@dataclass(frozen=True)
class OpenedStudy:
    """The study that the address names, and the role of whoever asks."""

    id: int
    name: str
    state: str
    role: str
    is_frozen: bool = True
    plan: OpeningPlan = NO_PLAN

    @property
    def waits(self) -> bool:
        """Whether the date at which it opens is to come."""
        opens_at = self.plan.opens_at
        return opens_at is not None and now_ms() < opens_at

    @property
    def is_early(self) -> bool:
        """Whether it is open, but waits for its date."""
        return self.state == "open" and self.waits

    @property
    def shown_state(self) -> str:
        """The state as pages show it: `scheduled` for an open study that waits for its date."""
        return "scheduled" if self.is_early else self.state

    def allows(self, needed: str) -> bool:
        """Say whether the role is enough: `{% if study.allows("editor") %}`."""
        return allows(self.role, needed)


@dataclass(frozen=True)
class _Access:
    rule: str
    token: bool
    draft: bool


def access(rule: str, *, token: bool = False, draft: bool = False) -> Callable[[View], View]:
    """Mark a view with the rule that holds for it."""
    if rule not in RULES:
        raise NoRule(f"{rule!r} is no rule; allowed are {', '.join(RULES)}")

    def mark(view: View) -> View:
        view.diptych_access = _Access(rule, token, draft)  # type: ignore[attr-defined]
        return view

    return mark


def rule_of(view: Any) -> str | None:
    """Return the rule of a view; None when it has none."""
    found = getattr(view, "diptych_access", None)
    return None if found is None else found.rule


def pages(noun: str) -> APIBlueprint:
    """Make the blueprint of one noun of the dashboard; each of its routes must have a rule."""
    name = f"dashboard_{noun}"
    blueprint = APIBlueprint(name, __name__, url_prefix="/dashboard", enable_openapi=False)
    blueprint.before_request(_check)
    return blueprint


def check_all_have_rules(app: APIFlask) -> None:
    """Refuse to start with a route that nobody has thought about.

    Raises
    ------
    NoRule
        Naming the route.
    """
    for rule in app.url_map.iter_rules():
        if not rule.endpoint.startswith("dashboard"):
            continue
        needed = rule_of(app.view_functions[rule.endpoint])
        if needed is None:
            raise NoRule(f"{rule.rule}: say who may see it with @access(…)")
        if needed in ROLES and "study" not in rule.arguments:
            raise NoRule(f"{rule.rule}: {needed} is a role in a study, but no <study> is named")


def user() -> User:
    """Return who is logged in; only in views that are not public."""
    return cast(User, g.user)


def login() -> logins.LoggedIn:
    """Return the log-in behind the request; only in views that are not public and take no token."""
    return cast(logins.LoggedIn, g.login)


def study() -> OpenedStudy:
    """Return the study of the address; only in views with a role."""
    return cast(OpenedStudy, g.study)


def csrf_token() -> str:
    """Make what every form must carry (`csrf_token`), and htmx as the header `X-CSRF-Token`.

    It is bound to the log-in; before there is one, to a cookie that the first form brings along.
    """
    bound_to = f"csrf:{g.login_token}" if g.get("login_token") else f"visit:{_visit()}"
    return hmac.new(host().secret, bound_to.encode(), hashlib.sha256).hexdigest()


def _visit() -> str:
    """Return the random cookie of a visitor who is not logged in, made when missing."""
    if "visit" not in g:
        g.visit = request.cookies.get(VISIT_COOKIE, "")
        if len(g.visit) < 32:
            g.visit = g.new_visit = secrets.token_urlsafe(32)
    return cast(str, g.visit)


def keep_visit(response: Response) -> Response:
    """Bring a new visit's cookie along with the form that is bound to it."""
    if "new_visit" in g:
        set_cookie(response, VISIT_COOKIE, g.new_visit)
    return response


def set_cookie(response: Response, name: str, value: str, max_age_s: int | None = None) -> None:
    """Set a cookie that scripts can't read, other sites don't send, plain http doesn't carry."""
    response.set_cookie(
        name,
        value,
        max_age=max_age_s,
        path=cookie_path(),
        httponly=True,
        samesite="Lax",
        secure=host().settings.base_url.startswith("https://"),
    )


def cookie_path() -> str:
    """Return where the cookies of the dashboard are sent: to its own pages."""
    return f"{host().settings.prefix}/dashboard"


def recognise() -> None:
    """Find out who asks where no rule did, for a page that says what went wrong."""
    if "user" in g:
        return
    g.user = g.study = None
    found = logins.read(request.cookies.get(COOKIE, ""))
    if found is not None:
        g.user, g.login, g.login_token = found.user, found, found.token


def _check() -> Any:
    found = cast(_Access, vars(current_app.view_functions[str(request.endpoint)])["diptych_access"])
    g.user = g.study = None
    _refuse_what_no_database_takes()
    by_token = _who(found)
    if found.rule != "public":
        if g.user is None:
            return _log_in_first(found)
        if found.rule == "admin" and not g.user.is_admin:
            abort(404)
        if found.rule in ROLES:
            _open_study(found.rule)
    if request.method not in _SAFE and not by_token:
        _check_csrf()
    if g.study is not None and not g.study.is_frozen and not found.draft:
        if request.method not in _SAFE:
            abort(409, "No version of this study is frozen yet. Open it, or freeze it, first.")
        return redirect(url_for("dashboard_drafts.index", study=g.study.name))
    return None


def row_number(name: str) -> int | None:
    """Read a number of the address's query by which rows are found; None of anything else."""
    given = request.args.get(name, None, int)
    return given if given is not None and abs(given) <= MOST_ROWS else None


def _refuse_what_no_database_takes() -> None:
    """Refuse text with NUL, which PostgreSQL can't store, and row numbers beyond 64 bits."""
    in_address = (request.view_args or {}).values()
    if any(isinstance(each, int) and each > MOST_ROWS for each in in_address):
        abort(404)
    given = [*request.args.items(multi=True), *request.form.items(multi=True)]
    texts = [*(str(each) for each in in_address), *(value for _, value in given)]
    if any("\0" in text for text in texts):
        abort(
            400,
            "The request contains a NUL character, which is not allowed in text. Remove it and "
            "send the form again.",
        )


def _who(found: _Access) -> bool:
    """Find out who asks; True when it is a script with a token."""
    header = request.headers.get("Authorization", "")
    if found.token and header.startswith("Bearer "):
        limits().before_looking()
        g.user = api_tokens.read(header.removeprefix("Bearer ").strip())
        if g.user is None:
            limits().wrong()
        return True
    # A page that updates itself must not keep a forgotten browser logged in.
    by_itself = "HX-Request" in request.headers and request.method == "GET"
    found_login = logins.read(request.cookies.get(COOKIE, ""), counts_as_use=not by_itself)
    if found_login is not None:
        g.user, g.login, g.login_token = found_login.user, found_login, found_login.token
    return False


def _log_in_first(found: _Access) -> Response:
    if found.token and "Authorization" in request.headers:
        abort(
            401, "This token is not valid, or no longer valid. Make a new one on your account page."
        )
    if request.headers.get("HX-Request"):
        # htmx would put the log-in page into the panel: it is told to go there instead.
        return Response(
            status=401, headers={"HX-Redirect": url_for("dashboard_account.login_page")}
        )
    address = request.script_root + request.full_path.rstrip("?")
    there = address if request.method == "GET" else None
    return cast(Response, redirect(url_for("dashboard_account.login_page", next=there)))


def _open_study(needed: str) -> None:
    """Put the study into `g`. A stranger learns nothing, not even that it exists."""
    name = str((request.view_args or {})["study"])
    with reading() as connection:
        frozen = exists().where(VERSIONS.c.study_id == STUDIES.c.id).label("is_frozen")
        found = select(STUDIES, frozen).where(STUDIES.c.name == name, STUDIES.c.state != "deleted")
        row = connection.execute(found).one_or_none()
    role = None if row is None else role_in(g.user, row.id)
    if row is None or role is None:
        abort(404)
    if not allows(role, needed):
        abort(403, f"This needs the role {needed}; yours in this study is {role}.")
    state, plan = keep_to_plan(row.id)
    g.study = OpenedStudy(row.id, row.name, state, role, bool(row.is_frozen), plan)


def _check_csrf() -> None:
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        abort(403, "Another site sent this form. Send it from the dashboard.")
    given = request.headers.get("X-CSRF-Token") or request.form.get("csrf_token", "")
    if not hmac.compare_digest(given.encode(), csrf_token().encode()):
        abort(403, "This form is out of date. Load the page again, and send it once more.")
