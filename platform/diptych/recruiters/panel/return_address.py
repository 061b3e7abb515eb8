"""Addresses to return to: fixed by study.toml but for the values of named parameters.

A value comes out of a participant's link, so it may only stand behind the `?`, and is quoted whole:
no value can change the host, the path, another parameter, or the end of the address.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from urllib.parse import quote, urlsplit

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


def check(address: str, key: str, names: Sequence[str]) -> None:
    """Refuse an address that is not safe to send a participant to.

    Parameters
    ----------
    address : str
        With placeholders such as `{sona_id}`.
    key : str
        Its key in study.toml, for the message.
    names : Sequence[str]
        The parameters of the link, which placeholders may name.

    Raises
    ------
    ValueError
        When it is not https, has a user name, a space or a control character, has a placeholder
        before the `?`, or one of another name.
    """
    if any(not char.isprintable() or char in ' "<>\\^`|' for char in address):
        raise ValueError(f"{key}: an address has no spaces, quotes or control characters")
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ValueError(f"{key}: {address!r} is not an address") from None
    if parts.scheme != "https" or not host or not address.startswith("https://"):
        raise ValueError(f"{key}: the address must start with https:// and name a host")
    if "@" in parts.netloc:
        raise ValueError(f"{key}: the address must not hold a user name or a password")
    before, mark, query = address.partition("?")
    query, _, fragment = query.partition("#")
    if set("{}") & set(before + fragment):
        raise ValueError(f"{key}: placeholders are allowed only after the ?, and not after a #")
    if set("{}") & set(_PLACEHOLDER.sub("", query)):
        raise ValueError(f"{key}: write a placeholder as {{name}}")
    for name in _PLACEHOLDER.findall(query if mark else ""):
        if name not in names:
            allowed = ", ".join(f"{{{each}}}" for each in names) or "no placeholder"
            raise ValueError(
                f"{key}: {{{name}}} is not a parameter of the link; allowed: {allowed}"
            )


def fill(address: str, values: Mapping[str, str]) -> str | None:
    """Put a participant's values into an address, quoted.

    Parameters
    ----------
    address : str
        One that `check` accepts.
    values : Mapping[str, str]
        By the names of the placeholders.

    Returns
    -------
    str | None
        None when a value is missing: the ids of this participant were deleted.
    """
    wanted = _PLACEHOLDER.findall(address)
    if any(name not in values for name in wanted):
        return None
    return _PLACEHOLDER.sub(lambda found: quote(values[found[1]], safe=""), address)
