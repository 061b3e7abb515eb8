"""Signed tokens and keys: who a request comes from, and what a researcher's link may do."""

from __future__ import annotations

import base64
import hashlib
import hmac

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
        """The session of a token; None when it is forged, spoilt or too old."""
        try:
            return int(self._signer.unsign(token, max_age=self._seconds))
        except (BadSignature, ValueError):
            return None


def study_key(secret: bytes, purpose: str, study: str) -> str:
    """The key that allows `preview`, `simulate` or `machine` on one study."""
    digest = hmac.new(secret, f"{purpose}:{study}".encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest[:16]).rstrip(b"=").decode()


def is_study_key(given: str, secret: bytes, purpose: str, study: str) -> bool:
    """Whether a given key is the right one, compared in constant time."""
    right = study_key(secret, purpose, study).encode()
    return hmac.compare_digest(given.encode(errors="replace"), right)
