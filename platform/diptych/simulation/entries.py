"""Made-up people at a platform's door: for trying a whole day against one's own local host."""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

from diptych.simulation.visitor import SimulationFault


def entry_of(
    template: Mapping[str, str], run: str, number: int, account: int = 0, take: int = 0
) -> dict[str, str]:
    """Return the query that one made-up person comes with.

    Parameters
    ----------
    template : Mapping[str, str]
        The query of the platform; in its values `{person}` stands for the platform's id
        of the person, and `{visit}` for that of this submission.
    run : str
        Name of the simulation.
    number : int
        Of the person in it.
    account : int, optional
        1 for somebody's second account.
    take : int, optional
        1 for the second time that somebody comes.
    """
    ids = {
        "{person}": made_up(f"person {run} {number} {account}"),
        "{visit}": made_up(f"visit {run} {number} {take}"),
    }
    found = {}
    for key, value in template.items():
        for word, stands_for in ids.items():
            value = value.replace(word, stands_for)
        found[key] = value
    return found


def made_up(name: str) -> str:
    """Make an id as platforms have them, 24 hex digits; always the same for the same name."""
    return hashlib.sha256(f"diptych simulate {name}".encode()).hexdigest()[:24]


def check_loopback(base_url: str) -> None:
    """Refuse to send made-up people anywhere but to a host on this machine.

    Raises
    ------
    SimulationFault
        When the address is not a loopback address.
    """
    name = urlsplit(base_url).hostname or ""
    try:
        loopback = ipaddress.ip_address(name).is_loopback
    except ValueError:
        loopback = name == "localhost"
    if not loopback:
        raise SimulationFault(
            f"{base_url} is not a host on this machine: --entry works only with a loopback "
            "address (127.0.0.1, ::1, localhost)"
        )


def read_template(pairs: tuple[str, ...]) -> dict[str, str]:
    """Read `KEY=VALUE` words as a query.

    Raises
    ------
    SimulationFault
        Naming the word that is none.
    """
    found = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not (key and equals):
            raise SimulationFault(f"--entry {pair!r}: expected KEY=VALUE")
        found[key] = value
    return found
