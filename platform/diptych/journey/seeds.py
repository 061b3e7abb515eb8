"""The seed of a session: everything that is drawn in it follows from it."""

from __future__ import annotations

import hashlib
import secrets

_BITS = 53  # what JSON's numbers hold exactly


def drawn(kind: str, study: str, participant: str | None, part: int, take: int) -> int:
    """Return the seed of a new session.

    Nobody can know a person's. That of a simulated person or a machine follows from who takes what:
    the same run of the same study sees the same trials again, on any host.

    Parameters
    ----------
    kind : str
        Kind of participant.
    study : str
        Name of the study.
    participant : str or None
        Id that the participant came with.
    part : int
        Part of the study.
    take : int
        How often the participant takes it, from 1.

    Returns
    -------
    int
        The seed, 53 bits.
    """
    if participant is None or kind in ("person", "preview"):
        return secrets.randbits(_BITS)
    named = "\0".join([study, participant, str(part), str(take)])
    return int.from_bytes(hashlib.sha256(named.encode()).digest()) >> (256 - _BITS)
