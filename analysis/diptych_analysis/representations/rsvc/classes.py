"""Which images belong to a class: those that a network predicts as it, rightly or not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from diptych_analysis.representations.faults import RepresentationFault
from diptych_analysis.representations.rsvc.comparison import FEWEST_IMAGES

Ints = npt.NDArray[np.int64]
#: Most images per network to find concepts in, and of both networks to compare them on.
MOST_OWN, MOST_UNION = 100, 200


@dataclass(frozen=True)
class ImageClass:
    """A class, or several classes taken as one.

    Attributes
    ----------
    name : str
        As results name it.
    outputs : tuple of int
        Outputs of the networks that belong to it.
    """

    name: str
    outputs: tuple[int, ...]

    @classmethod
    def parse(cls, text: str, count: int) -> ImageClass:
        """Read `151`, `151-268` or `dogs=151-268,273`.

        Parameters
        ----------
        text : str
            What the user wrote.
        count : int
            Number of outputs of the networks.
        """
        name, named, places = text.rpartition("=")
        outputs: list[int] = []
        for part in places.split(","):
            first, _, last = part.strip().partition("-")
            if not first.isdecimal() or not (last or first).isdecimal():
                raise RepresentationFault(
                    f"class {text!r}: {part.strip()!r} is no number; expected NUMBER, FIRST-LAST, "
                    "or NAME=NUMBER,FIRST-LAST,..."
                )
            outputs += range(int(first), int(last or first) + 1)
        if not outputs or max(outputs) >= count:
            raise RepresentationFault(
                f"class {text!r}: allowed are outputs 0 to {count - 1}, in rising order"
            )
        return cls(name if named else places, tuple(sorted(set(outputs))))


@dataclass(frozen=True)
class Chosen:
    """The images of one class, as numbers in the image set.

    Attributes
    ----------
    own_a, own_b : npt.NDArray[np.int64]
        Training images that A (or B) predicts as the class: concepts come from these.
    training : npt.NDArray[np.int64]
        Training images that either predicts as the class.
    evaluation : npt.NDArray[np.int64]
        Held-out images that either predicts as the class.
    """

    own_a: Ints
    own_b: Ints
    training: Ints
    evaluation: Ints


def choose_images(
    wanted: ImageClass,
    predicted: tuple[Ints, Ints],
    names: tuple[str, str],
    *,
    held_out: float = 0.3,
    seed: int = 0,
) -> Chosen:
    """Choose the images of a class and hold some out.

    Parameters
    ----------
    wanted : ImageClass
        The class.
    predicted : tuple of npt.NDArray[np.int64]
        Class of each image according to A and B, shape (images,).
    names : tuple of str
        The networks' names, for errors.
    held_out : float, optional
        Share of the images that only the evaluation sees.
    seed : int, optional
        Which images are held out and sampled.

    Raises
    ------
    RepresentationFault
        If only one network predicts the class, or for too few images.
    """
    if not 0 < held_out < 1:
        raise RepresentationFault(f"held-out share {held_out}: allowed is between 0 and 1")
    members = [np.isin(classes, wanted.outputs) for classes in predicted]
    counts = [int(member.sum()) for member in members]
    both = f"{names[0]} predicts it for {counts[0]} images, {names[1]} for {counts[1]}"
    if 0 in counts and any(counts):
        raise RepresentationFault(
            f"class {wanted.name!r}: only one network predicts it ({both}); "
            "choose a class that both predict"
        )
    rng = np.random.default_rng([seed, *wanted.outputs[:1]])
    union = rng.permutation(np.flatnonzero(members[0] | members[1]))
    cut = round(held_out * len(union))
    evaluation, training = union[:cut][:MOST_UNION], union[cut:]
    own = [training[member[training]][:MOST_OWN] for member in members]
    if min(len(evaluation), *map(len, own)) < FEWEST_IMAGES:
        raise RepresentationFault(
            f"class {wanted.name!r}: {both}; of these, {len(own[0])} and {len(own[1])} are for "
            f"training and {len(evaluation)} are held out; each needs at least {FEWEST_IMAGES}. "
            "Add images, or join classes: NAME=FIRST-LAST"
        )
    shared = np.sort(training[:MOST_UNION])
    return Chosen(np.sort(own[0]), np.sort(own[1]), shared, np.sort(evaluation))


def common_classes(predicted: tuple[Ints, Ints]) -> Sequence[int]:
    """Classes that each network predicts for at least `FEWEST_IMAGES` images."""
    counts = [np.bincount(classes, minlength=1 + max(map(max, predicted))) for classes in predicted]
    return [int(i) for i in np.flatnonzero(np.minimum(*counts) >= FEWEST_IMAGES)]
