"""Browser and operating system from the user agent that a browser has sent."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple


class UserAgent(NamedTuple):
    """What a user agent says; None for what it does not say.

    Attributes
    ----------
    browser : str or None
        Family of the browser, such as Firefox.
    browser_version : str or None
        Its version, such as 140.0.
    system : str or None
        Family of the operating system, such as Windows.
    system_version : str or None
        Its version, such as 10 or 17.5.
    """

    browser: str | None = None
    browser_version: str | None = None
    system: str | None = None
    system_version: str | None = None

    @property
    def os(self) -> str | None:
        """The operating system with its version, such as Windows 10."""
        return " ".join(filter(None, (self.system, self.system_version))) or None


# One text in a crowd is sent by many: each is parsed once.
@lru_cache(maxsize=4096)
def parse_user_agent(text: str) -> UserAgent:
    """Parse a user agent by the rules of the project uap-core."""
    # Imported here: it takes 70 ms, and most processes of a host never parse one.
    import ua_parser

    browser, system = ua_parser.parse_user_agent(text), ua_parser.parse_os(text)
    return UserAgent(
        browser.family if browser else None,
        _version(browser.major, browser.minor, browser.patch, browser.patch_minor)
        if browser
        else None,
        system.family if system else None,
        _version(system.major, system.minor) if system else None,
    )


def user_agent_of(kind: str, browser: dict[str, Any]) -> UserAgent:
    """Return the browser of a session; nothing for a simulated participant or a machine.

    Parameters
    ----------
    kind : str
        Kind of the participant.
    browser : dict
        What the session keeps of the browser (`sessions.browser`).
    """
    text = browser.get("user_agent")
    if not text or kind in ("simulated", "machine"):
        return UserAgent()
    return parse_user_agent(text)


def _version(*parts: str | None) -> str | None:
    """Join the parts up to the first that is missing."""
    known = parts[: parts.index(None)] if None in parts else parts
    return ".".join(part for part in known if part) or None
