"""Signed tokens and keys: who a request comes from, and what a researcher's link may do."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from dataclasses import dataclass

from itsdangerous import BadSignature, TimestampSigner


@dataclass(frozen=True)
class Named:
    """What a token names.

    Attributes
    ----------
    session : str
        The public id of a session; of a token that an older version of Diptych made, the number
        of its row.
    made_at : float
        When the token was made, s since 1970, without the fraction of the second.
    came : str
        Mark of the arrival that it was given to (`journey.claims.mark_of`); empty without one.
    """

    session: str
    made_at: float
    came: str = ""


class SessionTokens:
    """Tokens that name a session by its public id: signed, with the time they were made.

    A row's number would not do: after a restore, or on SQLite after the last rows are gone, the
    same number goes to somebody else.
    """

    def __init__(self, secret: bytes, days: float) -> None:
        self._signer = TimestampSigner(secret, salt="diptych session", digest_method=hashlib.sha256)
        self._seconds = int(days * 86_400)

    def make(self, public_id: str, came: str = "") -> str:
        """Make the token of a session for a participant who came with certain ids."""
        return self._signer.sign(f"{public_id}~{came}" if came else public_id).decode()

    def read(self, token: str) -> Named | None:
        """Read what a token names; None when it is forged, spoilt or too old.

        A token that seems to be from the future was made before the clock was set back, or by a
        host whose clock is ahead: the signature says that it is ours, and its session goes on.
        """
        try:
            session, made_at = self._signer.unsign(token, return_timestamp=True)
            name, _, came = session.decode().partition("~")
        except (BadSignature, ValueError):
            return None
        if time.time() - made_at.timestamp() > self._seconds:
            return None
        return Named(name, made_at.timestamp(), came)

    def is_ours(self, token: str) -> bool:
        """Say whether a token was signed here, even if it is too old now."""
        return self._signer.validate(token)


#: What a key of a study allows.
PURPOSES = ("preview", "simulate", "machine")


def study_key(secret: bytes, purpose: str, study: str) -> str:
    """Make the host's own key for `preview`, `simulate` or `machine` on one study.

    Whoever has the host's secret can make it, and nobody else: it is never shown. Keys to hand out
    are those of `diptych.accounts.study_keys`.
    """
    return _mac(secret, f"host:{purpose}:{study}")


def is_study_key(given: str, secret: bytes, purpose: str, study: str) -> bool:
    """Say whether a given key is the host's own, compared in constant time."""
    right = study_key(secret, purpose, study).encode()
    return hmac.compare_digest(given.encode(errors="replace"), right)


def named_key(secret: bytes, purpose: str, study: str, name: str) -> str:
    """Make a key to hand out: its name, by which it is listed and revoked, and its proof."""
    return f"{name}.{_mac(secret, f'named:{purpose}:{study}:{name}')}"


def name_in_key(given: str, secret: bytes, purpose: str, study: str) -> str | None:
    """Return the name of a key that was made here for this; None when it was not."""
    name = given.partition(".")[0]
    right = named_key(secret, purpose, study, name).encode(errors="replace")
    return name if hmac.compare_digest(given.encode(errors="replace"), right) else None


def _mac(secret: bytes, text: str) -> str:
    digest = hmac.new(secret, text.encode(errors="replace"), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest[:16]).rstrip(b"=").decode()
