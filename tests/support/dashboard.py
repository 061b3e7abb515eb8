"""A researcher's browser without a browser: logged in, with the token that forms need."""

from __future__ import annotations

import hashlib
import hmac
from functools import cache
from typing import Any

from flask import Flask
from sqlalchemy import select

from diptych import models
from diptych.accounts import logins, users
from diptych.ground.database import reading, table, writing
from diptych.host import Host
from diptych.web.dashboard.access import COOKIE

PASSWORD = "correct horse battery"


@cache
def _hashed() -> str:
    """The hash of `PASSWORD`: it is slow on purpose, and made once."""
    return users.password_hash(PASSWORD)


class Researcher:
    """Somebody logged in; `get` and `post` like a browser, forms carry the token by themselves."""

    def __init__(self, app: Flask, name: str, *, is_admin: bool = False) -> None:
        self.app, self.client = app, app.test_client()
        with app.app_context():
            found = users.find_user(name)
            self.user = found or _add_user(name, is_admin)
            token = logins.begin(self.user, "the tests")
            host: Host = app.extensions["diptych"]
            self.csrf = hmac.new(host.secret, f"csrf:{token}".encode(), hashlib.sha256).hexdigest()
        self.client.set_cookie(COOKIE, token)

    def get(self, path: str, **options: Any) -> Any:
        """GET below /dashboard."""
        return self.client.get(f"/dashboard{path}", **options)

    def post(self, path: str, data: dict[str, Any] | None = None, **options: Any) -> Any:
        """POST a form below /dashboard."""
        form = {"csrf_token": self.csrf, **(data or {})}
        return self.client.post(f"/dashboard{path}", data=form, **options)


def _add_user(name: str, is_admin: bool) -> users.User:
    with writing() as connection:
        return users.insert_user(connection, name, _hashed(), is_admin=is_admin)


def researcher(app: Flask, role: str | None, study: str = "tiny", name: str = "") -> Researcher:
    """Somebody with a role in a study: viewer, editor, owner, admin, or None for a stranger."""
    made = Researcher(app, name or role or "stranger", is_admin=role == "admin")
    if role in users.ROLES:
        with app.app_context():
            users.set_role(made.user, study_id(study), role)
    return made


def study_id(name: str) -> int:
    """The row of a study."""
    studies = table(models.Study)
    with reading() as connection:
        return int(
            connection.execute(select(studies.c.id).where(studies.c.name == name)).scalar_one()
        )
