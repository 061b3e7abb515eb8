"""Where images of training and test come from: the tiny world, or a folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from diptych_analysis.captions.captioner import STEPS, Sight, described, train_captioner
from diptych_analysis.captions.faults import CaptionFault
from diptych_analysis.captions.labelled import Labelled, read_folder
from diptych_analysis.captions.prompts import Material
from diptych_analysis.captions.tiny_world import CLASSES, draw_labelled
from diptych_analysis.captions.wording import Wording, english_wording, tiny_wording

#: Captions of the tiny world without the ground, to which a modifier adds another one.
PLAIN = "plain"
_STREAM = 44


def wording_of(classes: tuple[str, ...], nouns: Sequence[str] = ()) -> Wording:
    """Return the words of classes: those of the tiny world if they are its classes."""
    return tiny_wording() if classes == CLASSES else english_wording(classes, nouns)


class Source(Protocol):
    """Something that has images for a seed.

    Attributes
    ----------
    name : str
        As results name it.
    """

    @property
    def name(self) -> str:
        """Name of the images."""

    @property
    def about(self) -> dict[str, object]:
        """What fixes the images."""

    def splits(self, seed: int) -> tuple[Material, Material]:
        """Return training and test of a seed."""


@dataclass(frozen=True)
class TinyWorld:
    """Simulated scenes; each seed has its own scenes and its own captioner.

    Attributes
    ----------
    train, test : int
        Number of images.
    train_grounds, test_grounds : tuple of str
        Grounds that may occur in either; by default all. Different ones shift the domain.
    captioner_updates : int
        Updates of the captioner; fewer make it err more.
    """

    train: int = 1000
    test: int = 400
    train_grounds: tuple[str, ...] = ()
    test_grounds: tuple[str, ...] = ()
    captioner_updates: int = STEPS
    name: str = "scenes"

    @property
    def about(self) -> dict[str, object]:
        """What fixes the images."""
        return {
            "name": self.name,
            "train": self.train,
            "test": self.test,
            "train_grounds": list(self.train_grounds),
            "test_grounds": list(self.test_grounds),
            "captioner_updates": self.captioner_updates,
        }

    def splits(self, seed: int) -> tuple[Material, Material]:
        """Draw training and test of a seed, and caption both."""
        captioner = train_captioner(seed, steps=self.captioner_updates)
        parts = []
        for stream, (count, grounds) in enumerate(
            ((self.train, self.train_grounds), (self.test, self.test_grounds))
        ):
            images = draw_labelled(count, seed, stream, grounds=grounds)
            parts.append(
                Material(images, tiny_wording(), _captions_of(captioner.look(images.images)))
            )
        return parts[0], parts[1]


def _captions_of(
    seen: Sequence[tuple[Sequence[Sight], str]],
) -> Callable[[str], Sequence[str]]:
    """Return captions by name: the usual ones, so many words, or without the ground."""

    def captions(name: str) -> Sequence[str]:
        if name == PLAIN:
            return [described(sights, "").removesuffix(" on ") for sights, _ in seen]
        if name and not (name.isdigit() and 1 <= int(name) <= 17):
            raise CaptionFault(
                f"captions {name!r}: allowed in the tiny world are a number of words from 1 to 17, "
                f"{PLAIN}, and none"
            )
        words = int(name) if name else None
        return [described(sights, ground, words) for sights, ground in seen]

    return captions


@dataclass(frozen=True)
class Folder:
    """Labelled images of a folder; each seed keeps another third of them for the test.

    Attributes
    ----------
    path : Path
        See `labelled.read_folder`.
    size : int
        Side of the images, pixels.
    nouns : tuple of str
        Nouns besides the names of the classes.
    """

    path: Path
    size: int
    nouns: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Name of the folder."""
        return self.path.name

    @property
    def about(self) -> dict[str, object]:
        """What fixes the images."""
        images = self.read()
        return {
            "name": self.name,
            "size": self.size,
            "images": images.key,
            "captions": list(images.captions),
            "nouns": list(self.nouns),
        }

    def read(self) -> Labelled:
        """Read all images."""
        return read_folder(self.path, self.size)

    def splits(self, seed: int) -> tuple[Material, Material]:
        """Return two thirds of the images for training and one third for the test."""
        images = self.read()
        wording = wording_of(images.classes, self.nouns)
        order = np.random.default_rng([seed, _STREAM]).permutation(len(images))
        tested = max(1, len(images) // 3)
        train, test = images.part(order[tested:]), images.part(order[:tested])
        return self._material(train, wording), self._material(test, wording)

    def _material(self, images: Labelled, wording: Wording) -> Material:
        def captions(name: str) -> Sequence[str]:
            column = name or "caption"
            if column not in images.captions:
                raise CaptionFault(
                    f"{str(self.path / 'captions.csv')!r} has no column {column!r}; it has "
                    f"{', '.join(images.captions) or 'none (the file is missing)'}"
                )
            return images.captions[column]

        return Material(images, wording, captions)
