"""Platform ids are sealed in the database: without the host's key nobody can read them there.

AES-SIV (RFC 5297) gives the same text for the same id, so that a person who comes again is found by
an index, and an id can't be changed without the key. The key is derived from the host's secret, or
from one of its own (`DIPTYCH_IDENTITY_KEY`): a copy of the database alone names nobody.
"""

from __future__ import annotations

import base64
import json
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import JSON, Dialect, Engine, String
from sqlalchemy.types import TypeDecorator

_MARK = "s1:"


class SealFault(Exception):
    """A sealed value can't be read: another key closed it, or it was changed."""


class Seal:
    """Closes and opens texts with one key."""

    def __init__(self, secret: bytes) -> None:
        key = HKDF(SHA256(), length=64, salt=None, info=b"diptych platform ids").derive(secret)
        self._cipher = AESSIV(key)

    def close(self, text: str) -> str:
        """Seal a text; the same text is sealed alike."""
        sealed = self._cipher.encrypt(text.encode(), None) if text else b""
        return _MARK + base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()

    def open(self, sealed: str) -> str:
        """Return what was sealed.

        Raises
        ------
        SealFault
            When it was not sealed with this key.
        """
        if not sealed.startswith(_MARK):
            raise SealFault("this value is not sealed: run `diptych db upgrade`")
        data = sealed.removeprefix(_MARK)
        if not data:
            return ""
        try:
            raw = base64.urlsafe_b64decode(data + "=" * (-len(data) % 4))
            return self._cipher.decrypt(raw, None).decode()
        except (InvalidTag, ValueError):
            raise SealFault(
                "a platform id cannot be read: it was encrypted with another "
                "DIPTYCH_IDENTITY_KEY or DIPTYCH_SECRET_KEY; set the earlier value again"
            ) from None


def use(engine: Engine, seal: Seal) -> None:
    """Let all that goes through an engine be sealed with a key."""
    engine.dialect.diptych_seal = seal  # type: ignore[attr-defined]


def _of(dialect: Dialect) -> Seal:
    found: Seal | None = getattr(dialect, "diptych_seal", None)
    if found is None:
        raise SealFault("this engine has no key for platform ids: see `diptych.ground.seal.use`")
    return found


class SealedText(TypeDecorator[str]):
    """A text column that stands sealed in the database; can be compared for equality only."""

    impl = String(255)
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Seal on the way in."""
        return None if value is None else _of(dialect).close(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        """Open on the way out."""
        return None if value is None else _of(dialect).open(value)


class SealedObject(TypeDecorator[dict[str, Any]]):
    """A JSON object that stands sealed in the database."""

    impl = JSON
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """Seal on the way in."""
        return None if value is None else {"sealed": _of(dialect).close(json.dumps(value))}

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """Open on the way out."""
        return None if value is None else json.loads(_of(dialect).open(value["sealed"]))
