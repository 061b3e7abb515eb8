"""Where somebody came from, as a mark that can be compared for a day, and in one study only.

No address is stored. A study that asks for `max_same_address` gets, for each person at entry, an
HMAC-SHA256 of the address under a key of that study and day, cut to so few bits that some 256 of
all IPv4 addresses have each mark: whoever has the database and the key and tries every address
finds as many that fit, though one that is suspected can be held against it.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from datetime import UTC, datetime

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

#: Hexadecimal digits of a mark: 24 bits. Of 1,000 people of a day, one meets the mark of another
#: place with a probability of 1,000 / 2^24, or 1 in 17,000: nothing beside a shared campus.
DIGITS = 6
#: What one household or office has of IPv6; the rest of an address is a device, and changes.
_IPV6_BITS = 64


def network(address: str | None) -> str | None:
    """Return what counts as one place: an IPv4 address, or the /64 of an IPv6 address.

    Parameters
    ----------
    address : str | None
        Of the client, as the server or a trusted proxy gives it.

    Returns
    -------
    str | None
        None for what says nothing of where somebody is: no address (a Unix socket), none that can
        be read, one of this machine itself (a proxy that `DIPTYCH_PROXY_HOPS` does not count).
    """
    try:
        found = ipaddress.ip_address(address or "")
    except ValueError:
        return None
    if isinstance(found, ipaddress.IPv6Address):
        found = found.ipv4_mapped or found
    if found.is_loopback or found.is_unspecified:
        return None
    if found.version == 4:
        return str(found)
    return str(ipaddress.ip_network((int(found) >> _IPV6_BITS << _IPV6_BITS, _IPV6_BITS)))


def mark(secret: bytes, address: str | None, study_id: int, at: int) -> str | None:
    """Mark an address in one study on one day (UTC); None where `network` has none.

    Parameters
    ----------
    secret : bytes
        What platform ids are sealed with (`Settings.key_of_identities`).
    address : str | None
        Of the client.
    study_id : int
        The study.
    at : int
        when, in ms since 1970-01-01 UTC.
    """
    place = network(address)
    if place is None:
        return None
    day = datetime.fromtimestamp(at / 1000, UTC).date().isoformat()
    info = f"diptych addresses of study {study_id} on {day}".encode()
    key = HKDF(SHA256(), length=32, salt=None, info=info).derive(secret)
    return hmac.new(key, place.encode(), hashlib.sha256).hexdigest()[:DIGITS]
