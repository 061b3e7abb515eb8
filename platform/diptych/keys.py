"""Signed tokens and keys: who a request comes from, and what a researcher's link may do."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time

from itsdangerous import BadSignature, TimestampSigner


class SessionTokens:
    """Tokens that name a session: signed, with the time they were made."""

    def __init__(self, secret: bytes, days: float) -> None:
        self._signer = TimestampSigner(secret, salt="diptych session", digest_method=hashlib.sha256)
        self._seconds = int(days * 86_400)

    def make(self, session_id: int) -> str:
        """The token of a session."""
        return self._signer.sign(str(session_id)).decode()

    def read(self, token: str) -> int | None:
        """The session of a token; None when it is forged, spoilt or too old.

        A token that seems to be from the future was made before the clock was set back, or by a
        host whose clock is ahead: the signature says that it is ours, and its session goes on.
        """
        try:
            session, made_at = self._signer.unsign(token, return_timestamp=True)
            return None if time.time() - made_at.timestamp() > self._seconds else int(session)
        except (BadSignature, ValueError):
            return None

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
