"""Rebuild a tracer from the stored answers of a session, on any host and at any trial."""

from __future__ import annotations

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from diptych_analysis.teaching.tracers import (
    FamilyTraits,
    Snapshot,
    Tracer,
    TracerBase,
    draw_traits,
)
from diptych_analysis.teaching.worlds import DIMENSIONS, Floats, standardised

SEED = 1
"""Of the particles: the same in all sessions, so that any host rebuilds the same tracer."""

MOST_BYTES = 64 * 1024 * 1024
"""Of all snapshots of a host."""


class TooSlow(TimeoutError):
    """A choice that missed its deadline."""


@dataclass(frozen=True)
class Trial:
    """One earlier trial.

    Attributes
    ----------
    image, label : int
        Number of the image, and its true class.
    response : int or None
        The class that was chosen; None where it is not known.
    feedback : bool
        Whether the true class was shown afterwards.
    rt_ms : float or None
        Response time, in ms; None where it is not known.
    wait_s : float
        Time in s before the trial in which no trial was shown; 0 within a session.
    """

    image: int
    label: int
    response: int | None
    feedback: bool
    rt_ms: float | None = None
    wait_s: float = 0.0


@dataclass(frozen=True)
class Deadline:
    """A moment by which a choice must be made.

    Attributes
    ----------
    at : float
        On `time.monotonic()`, in seconds.
    """

    at: float

    @classmethod
    def after(cls, ms: float) -> Deadline:
        """Start now."""
        return cls(time.monotonic() + ms / 1000)

    def check(self) -> None:
        """Raise `TooSlow` once the moment has passed."""
        if time.monotonic() > self.at:
            raise TooSlow("the tracer missed its deadline")


def scaled(features: Floats) -> Floats:
    """Return standardised features whose distances do not grow with their number.

    Parameters
    ----------
    features : ndarray of shape (n_images, n_dimensions)
        Raw features.

    Returns
    -------
    ndarray of shape (n_images, n_dimensions)
        On the scale for which the traits of the families were chosen: six dimensions.
    """
    return np.asarray(standardised(features) * np.sqrt(DIMENSIONS / features.shape[1]))


class Snapshots:
    """Tracers of the sessions that were active last, kept by what they have seen.

    A snapshot belongs to the images and to the trials before it, and to nothing else. So a choice
    is the same with and without it, and an answer that was not stored in the end changes nothing.
    Safe for threads.

    Parameters
    ----------
    most_bytes : int
        Size of all snapshots; the ones used longest ago go first.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._kept: OrderedDict[bytes, Snapshot] = OrderedDict()
        self._bytes, self._most = 0, most_bytes
        self._lock = threading.Lock()

    def latest(self, keys: Sequence[bytes]) -> tuple[int, Snapshot | None]:
        """Return the last of some keys that is known, as its place, and its snapshot."""
        with self._lock:
            for place in range(len(keys) - 1, -1, -1):
                if (found := self._kept.get(keys[place])) is not None:
                    self._kept.move_to_end(keys[place])
                    return place, found
        return 0, None

    def keep(self, key: bytes, snapshot: Snapshot, *, instead_of: bytes | None = None) -> None:
        """Keep a snapshot, and drop another one."""
        with self._lock:
            for gone in filter(None, (key, instead_of)):
                self._drop(gone)
            self._kept[key] = snapshot
            self._bytes += snapshot.nbytes
            while self._bytes > self._most and self._kept:
                self._drop(next(iter(self._kept)))

    def _drop(self, key: bytes) -> None:
        found = self._kept.pop(key, None)
        self._bytes -= 0 if found is None else found.nbytes


def keys_of(made_from: bytes, trials: Sequence[Trial]) -> list[bytes]:
    """Return a key for the tracer before the first trial, and one after each trial.

    Parameters
    ----------
    made_from : bytes
        What distinguishes the tracer from others: images, classes, family.
    trials : sequence of Trial
        What the session has shown so far, in order.
    """
    so_far = hashlib.blake2b(made_from, digest_size=16)
    keys = [so_far.digest()]
    for trial in trials:
        seen = (
            trial.image, trial.label, trial.response, trial.feedback, trial.rt_ms, trial.wait_s
        )  # fmt: skip
        so_far.update(repr(seen).encode())
        keys.append(so_far.digest())
    return keys


def replay(
    tracer: TracerBase,
    trials: Sequence[Trial],
    deadline: Deadline,
    made_from: bytes = b"",
    snapshots: Snapshots | None = None,
) -> None:
    """Let a new tracer take in the trials of a session.

    Parameters
    ----------
    tracer : TracerBase
        Before the first trial.
    trials : sequence of Trial
        What the session has shown so far, in order.
    deadline : Deadline
        When to give up.
    made_from : bytes
        As in `keys_of`.
    snapshots : Snapshots, optional
        Where to find the tracer after the first trials, and to keep it.

    Raises
    ------
    TooSlow
        After the deadline.
    """
    missed: TooSlow | None = None
    keys, known = [] if snapshots is None else keys_of(made_from, trials), 0
    if snapshots is not None:
        known, found = snapshots.latest(keys)
        if found is not None:
            tracer.restore(found)
    start = known
    try:
        for trial in trials[known:]:
            deadline.check()
            if trial.wait_s:
                tracer.wait(trial.wait_s)
            tracer.observe(
                trial.image, trial.label, trial.response, feedback=trial.feedback, rt_ms=trial.rt_ms
            )
            known += 1
        deadline.check()
    except TooSlow as late:
        missed = late
    if snapshots is not None and known > start:
        # Also where the deadline is missed: the next choice goes on from there. One snapshot per
        # session: the few last answers that are not stored in the end cost a tracer from the start.
        snapshots.keep(keys[known], tracer.snapshot(), instead_of=keys[start])
    if missed is not None:
        raise missed


@lru_cache(maxsize=32)
def _traits(family: str, dimensions: int) -> Sequence[FamilyTraits]:
    """Return the traits of a family's particles, which all sessions share."""
    return draw_traits(family, np.random.default_rng(SEED), dimensions)


def rebuild(
    features: Floats,
    n_classes: int,
    trials: Sequence[Trial],
    family: str,
    deadline: Deadline,
    snapshots: Snapshots | None = None,
    digest: bytes = b"",
) -> Tracer:
    """Rebuild the tracer of a session.

    Parameters
    ----------
    features : ndarray of shape (n_images, n_dimensions)
        Features of the images, on the scale of the tracers (`scaled`).
    n_classes : int
        Number of classes.
    trials : sequence of Trial
        What the session has shown so far, in order.
    family : str
        One of `tracers.TRACERS`.
    deadline : Deadline
        When to give up.
    snapshots : Snapshots, optional
        Where the tracer is kept between trials.
    digest : bytes
        What tells `features` from others, where the caller knows it; else it is computed.

    Returns
    -------
    Tracer
        The same for the same arguments, with and without snapshots.

    Raises
    ------
    TooSlow
        After the deadline.
    """
    tracer = Tracer.of(_traits(family, features.shape[1]), features, n_classes)
    if snapshots is not None and not digest:
        digest = features.tobytes()
    made_from = f"{family} {n_classes} {features.shape}".encode() + digest
    replay(tracer, trials, deadline, made_from, snapshots)
    return tracer
