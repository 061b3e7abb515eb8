"""Images as a tracer sees them: numbered, with features. Made once per session and host."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from diptych.policies import Candidate, Past
from diptych.policies.features import columns_of, matrix_of

if TYPE_CHECKING:
    from diptych.policies.features import Features
    from diptych_analysis.teaching.live import Trial
    from diptych_analysis.teaching.worlds import Floats, Ints

#: Size of all that a host keeps.
MOST_BYTES = 64 * 1024 * 1024
#: About what one image takes besides its features: its places in tables.
_IMAGE_BYTES = 200


@dataclass(frozen=True)
class DescribedImages:
    """The images of a session, in an order that depends on nothing but them.

    Attributes
    ----------
    images : tuple of Candidate
        By class, then by id. The number of an image is its place here.
    columns : tuple of str
        Names of the features.
    given : tuple of Candidate
        The same images in the order of the pool, then those that were shown and are not in it.
    """

    images: tuple[Candidate, ...]
    columns: tuple[str, ...]
    given: tuple[Candidate, ...]

    @cached_property
    def number(self) -> Mapping[Candidate, int]:
        """The number of each image."""
        return {each: number for number, each in enumerate(self.images)}

    @cached_property
    def numbers(self) -> Ints:
        """The number of each image of `given`."""
        return np.array([self.number[each] for each in self.given])

    @cached_property
    def place(self) -> Mapping[str, int]:
        """The number of each class, in the order of their names."""
        names = sorted({each.group for each in self.images})
        return {name: number for number, name in enumerate(names)}

    @cached_property
    def labels(self) -> Ints:
        """The class of each image, (n_images,)."""
        return np.array([self.place[each.group] for each in self.images])

    @cached_property
    def features(self) -> Floats:
        """On the scale of the tracers, (n_images, n_features)."""
        from diptych_analysis.teaching.live import scaled

        return scaled(matrix_of(self.images, self.columns))

    @cached_property
    def digest(self) -> bytes:
        """What tells these images from others."""
        shape = repr((self.features.shape, len(self.place))).encode()
        return hashlib.blake2b(shape + self.features.tobytes(), digest_size=16).digest()

    @property
    def nbytes(self) -> int:
        """Size, in bytes, about."""
        return len(self.images) * (_IMAGE_BYTES + 8 * len(self.columns))

    def trials(
        self, history: Sequence[Past], feedback: Sequence[str], waits: Mapping[int, float]
    ) -> list[Trial]:
        """Return the trials of a participant as a tracer takes them in.

        Parameters
        ----------
        history : sequence of Past
            The trials of all parts, in order.
        feedback : sequence of str
            Phases that show the true class.
        waits : mapping of int to float
            Time in s before a trial in which there was none.
        """
        from diptych_analysis.teaching.live import Trial

        return [
            Trial(
                self.number[past.candidate],
                self.place[past.candidate.group],
                self._response(past),
                past.phase in feedback,
                past.rt_ms,
                waits.get(at, 0.0),
            )
            for at, past in enumerate(history)
        ]

    def _response(self, past: Past) -> int | None:
        """Return the class that was chosen; a preview only knows that the answer was right."""
        if past.response is None and past.correct:
            return self.place[past.candidate.group]
        return self.place.get(past.response or "")


class _Kept:
    """The images of the sessions that were active last; safe for threads.

    They are found by the identity of their candidates: a host makes the candidates of a study once,
    and an equal candidate of another version may have other features. Candidates that are kept here
    live as long as their entry, so no other object gets their identity.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[object, ...], DescribedImages] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, key: tuple[object, ...]) -> DescribedImages | None:
        with self._lock:
            if (found := self._kept.get(key)) is None:
                return None
            self._kept.move_to_end(key)
            return found

    def keep(self, key: tuple[object, ...], images: DescribedImages) -> None:
        with self._lock:
            if key in self._kept:
                return
            self._kept[key] = images
            self._bytes += images.nbytes
            while self._bytes > MOST_BYTES:
                self._bytes -= self._kept.popitem(last=False)[1].nbytes


_KEPT = _Kept()


def described(
    pool: Sequence[Candidate], history: Sequence[Past], features: Features
) -> DescribedImages:
    """Return the images of a session: those of the pool, and those already shown.

    Parameters
    ----------
    pool : sequence of Candidate
        What can be taught.
    history : sequence of Past
        The trials of the participant, of all parts.
    features : str or tuple of str
        As `features` of `[policy]`; empty where a tracer needs none.
    """
    found = _described(pool, features)
    if all(past.candidate in found.number for past in history):
        return found
    others = (past.candidate for past in history if past.candidate not in found.number)
    return _described([*pool, *dict.fromkeys(others)], features)


def _described(given: Sequence[Candidate], features: Features) -> DescribedImages:
    key = (features, *map(id, given))
    found = _KEPT.get(key)
    if found is None:
        ordered = tuple(sorted(dict.fromkeys(given), key=lambda each: (each.group, each.id)))
        found = DescribedImages(ordered, columns_of(features, ordered), tuple(given))
        _KEPT.keep(key, found)
    return found
