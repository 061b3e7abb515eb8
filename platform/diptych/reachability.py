"""Whether the address that participants are given leads to this host.

Only the outside can tell what a proxy does with a path, so the host asks at its own address.
"""

from __future__ import annotations

from typing import Any

import httpx

from diptych.findings import Finding
from diptych.ground.settings import Settings

TIMEOUT_S = 5.0
_SUBJECT = "reachable"


def reachable(settings: Settings) -> Finding:
    """Ask the host's own address who answers there; takes a few seconds at most."""
    base = settings.base_url
    try:
        reply = _ask(base)
    except (httpx.HTTPError, httpx.InvalidURL) as fault:
        return Finding(
            _SUBJECT,
            "warning",
            f"this machine gets no answer from {base}: {str(fault) or type(fault).__name__}",
            "Start the host, then check DNS, firewall and proxy. If participants reach the "
            "address, only this machine cannot, and you can ignore this warning.",
        )
    said = _json(reply)
    if said.get("status") == "ok" and said.get("base_url") == base:
        return Finding(_SUBJECT, "ok", f"{base} leads to this host")
    # A host that does not know the path refuses it in Diptych's words.
    if {"status", "version"} <= said.keys() or _is_refusal(said.get("error")):
        return Finding(
            _SUBJECT,
            "fault",
            f"a Diptych host answers at {base}, but its DIPTYCH_BASE_URL is another address",
            "Restart the host after a change of DIPTYCH_BASE_URL. If it is another host, "
            "forward this address to this host in the proxy.",
        )
    if reply.status_code in (502, 503, 504):
        return Finding(
            _SUBJECT,
            "warning",
            f"a proxy answers {reply.status_code} at {base}: it does not reach the host",
            "Start the host. If it runs, compare its port with the one in `proxy_pass`.",
        )
    text = f"{base}/healthz answers, but it is not Diptych ({reply.status_code})"
    return Finding(_SUBJECT, "fault", *_elsewhere(text, base, settings.prefix))


def _elsewhere(text: str, base: str, prefix: str) -> tuple[str, str]:
    """Say what is wrong, and what to do, where something else than a Diptych host answers."""
    if not prefix:
        return text, (
            "Forward this name to the host in the proxy. If the host is under a path, "
            "DIPTYCH_BASE_URL must end with that path."
        )
    try:
        at_root = _json(_ask(base.removesuffix(prefix)))
    except httpx.HTTPError:
        at_root = {}
    if at_root.get("base_url") == base:
        text = f"the proxy forwards / to this host, but not {prefix}/"
    return text, (
        f"Forward the path in the proxy: in nginx `location {prefix}/ {{ proxy_pass "
        "http://127.0.0.1:8000; … }` (docs/deploy.md, Under a path)."
    )


def _ask(base: str) -> httpx.Response:
    return httpx.get(f"{base}/healthz", timeout=TIMEOUT_S)


def _json(reply: httpx.Response) -> dict[str, Any]:
    """Read a reply's JSON object; empty where it is none."""
    try:
        said = reply.json()
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _is_refusal(error: Any) -> bool:
    return isinstance(error, dict) and {"code", "message", "fields"} <= error.keys()
