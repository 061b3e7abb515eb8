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
        """The token of a session, for whoever came with certain ids."""
        return self._signer.sign(f"{public_id}~{came}" if came else public_id).decode()

    def read(self, token: str) -> Named | None:
        """What a token names; None when it is forged, spoilt or too old.

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
        """Whether it was signed here, be it too old by now: then it is no guess."""
        return self._signer.validate(token)


def study_key(secret: bytes, purpose: str, study: str) -> str:
    """The key that allows `preview`, `simulate` or `machine` on one study."""
    digest = hmac.new(secret, f"{purpose}:{study}".encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest[:16]).rstrip(b"=").decode()


def is_study_key(given: str, secret: bytes, purpose: str, study: str) -> bool:
    """Whether a given key is the right one, compared in constant time."""
    right = study_key(secret, purpose, study).encode()
    return hmac.compare_digest(given.encode(errors="replace"), right)
