"""Somebody who decides and pays on the dashboard of a running host, over HTTP as a browser does."""

from __future__ import annotations

import re
from collections import Counter
from html import unescape
from typing import Any

import httpx

PASSWORD = "correct horse battery"
STUDY = "/dashboard/studies/tiny"
_CSRF = re.compile(r'name="csrf_token" value="([^"]+)"')
_SLIP = re.compile(r'name="slip" value="([^"]+)"')


class Desk:
    """A researcher at a running host: logs in again whenever it has to, and is put off by nothing.

    Parameters
    ----------
    url : str
        Of the host.
    name : str
        Of the user, whose password is `PASSWORD`.

    Attributes
    ----------
    replies : Counter[str]
        How often there was each status; `none` where the host was gone.
    slips : list[str]
        What was ever shown to be confirmed.
    """

    def __init__(self, url: str, name: str) -> None:
        self.name, self.replies = name, Counter[str]()
        self._http = httpx.Client(base_url=url, timeout=60)
        self._token = ""
        self.slips: list[str] = []

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def decide(self, action: str) -> None:
        """Choose everybody, look at the preview, and confirm it with a double click."""
        chosen = {"action": action, "scope": "all", "query": ""}
        shown = self.post(f"{STUDY}/participants/decisions/preview", chosen)
        found = _SLIP.findall(shown.text) if shown is not None else []
        for _ in range(2 if found else 0):
            self.confirm(unescape(found[-1]))

    def confirm(self, slip: str) -> None:
        """Confirm what was shown now, or long ago in another tab."""
        self.slips.append(slip)
        self.post(f"{STUDY}/participants/decisions", {"slip": slip})

    def press(self, button: str, form: dict[str, Any] | None = None) -> None:
        """Press a button of the page Payments: send, reconcile, again."""
        self.post(f"{STUDY}/payments/{button}", form or {})

    def post(self, path: str, form: dict[str, Any]) -> httpx.Response | None:
        """Send a form; None when the host does not answer, or lets nobody in just now."""
        for _ in range(2):
            reply = self._ask("POST", path, data={"csrf_token": self._token, **form})
            if reply is None or reply.status_code not in (302, 403):
                return reply
            if reply.status_code == 302 and "/login" not in reply.headers["Location"]:
                return reply
            self._log_in()
        return None

    def _log_in(self) -> None:
        page = self._ask("GET", "/dashboard/login")
        found = _CSRF.search(page.text) if page is not None else None
        if found is not None:
            form = {"name": self.name, "password": PASSWORD, "csrf_token": found[1]}
            self._ask("POST", "/dashboard/login", data=form)
        page = self._ask("GET", f"{STUDY}/payments")
        found = _CSRF.search(page.text) if page is not None else None
        self._token = found[1] if found is not None else ""

    def _ask(self, method: str, path: str, **options: Any) -> httpx.Response | None:
        try:
            reply = self._http.request(method, path, **options)
        except httpx.HTTPError:
            self.replies["none"] += 1
            return None
        self.replies[str(reply.status_code)] += 1
        return reply
