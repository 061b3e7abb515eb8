"""How numbers, times and amounts are written on the dashboard's pages."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask import Flask

from diptych.ground.money import to_major
from diptych.ground.user_agents import parse_user_agent

_SIGNS = {"GBP": "£", "EUR": "€", "USD": "$", "JPY": "¥"}
NOTHING = "–"
#: A share of fewer says little about the others.
FEW = 5


def money(minor: int | None, currency: str) -> str:
    """Write an amount in minor units: `180, "GBP"` is £1.80; without a known sign, 1.80 SEK."""
    if minor is None:
        return NOTHING
    sign, whole = ("−" if minor < 0 else ""), abs(minor)
    text = f"{to_major(whole, currency):,f}"
    known = _SIGNS.get(currency)
    return f"{sign}{known}{text}" if known else f"{sign}{text} {currency}"


def percent(share: float | None, digits: int = 0) -> str:
    """Write a share of one as per cent: 0.256 is 26 %."""
    return NOTHING if share is None else f"{share * 100:.{digits}f}\u202f%"


def rate(part: float, whole: float, digits: int = 0) -> str:
    """Write a part of a whole as per cent; a dash where the whole is less than `FEW`."""
    return NOTHING if whole < FEW else percent(part / whole, digits)


def sessions(count: int, what: str = "session") -> str:
    """Write a number of things with its plural: 1 session, 40 sessions."""
    return f"{number(count)} {what}{'' if count == 1 else 's'}"


def duration(milliseconds: float | None) -> str:
    """Write a stretch of time in its two largest units: 940 ms, 3.4 s, 2 min 05 s, 1 h 04 min."""
    if milliseconds is None:
        return NOTHING
    if milliseconds < 1000:
        return f"{milliseconds:.0f}\u202fms"
    seconds = milliseconds / 1000
    if seconds < 59.95:
        return f"{seconds:.1f}\u202fs"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60}\u202fmin {whole % 60:02d}\u202fs"
    minutes = whole // 60
    if minutes < 48 * 60:
        return f"{minutes // 60}\u202fh {minutes % 60:02d}\u202fmin"
    return f"{minutes // 1440}\u202fd {minutes % 1440 // 60}\u202fh"


def number(value: float | None, digits: int = 0) -> str:
    """Write a number with thousands set apart."""
    return NOTHING if value is None else f"{value:,.{digits}f}"


def iso(milliseconds: int) -> str:
    """Write a stored time as ISO 8601 in UTC, for `datetime`."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds")


def utc(milliseconds: int) -> str:
    """Write a stored time in words, in UTC, for pages without JavaScript."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%d %b %Y, %H:%M UTC")


def browser(user_agent: str) -> str:
    """Name a browser and its system in two words, as far as its own description goes."""
    told = parse_user_agent(user_agent)
    if told.browser and told.system:
        return f"{told.browser} on {told.system}"
    return told.browser or told.system or user_agent[:60] or "Unknown browser"


def attach(app: Flask) -> None:
    """Make the formats known to the templates, as filters."""
    filters: dict[str, Any] = {
        "money": money,
        "percent": percent,
        "rate": rate,
        "sessions": sessions,
        "duration": duration,
        "number": number,
        "iso": iso,
        "utc": utc,
        "browser": browser,
    }
    app.jinja_env.filters.update(filters)
