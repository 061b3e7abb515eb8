"""What a study consists of once it is read: the same object from a folder and from the database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from diptych.study.spec import StudySpec


@dataclass(frozen=True)
class FrozenStimulus:
    """One image: `place` is its row in the manifest, `stimulus_id` the SHA-256 of its file."""

    place: int
    stimulus_id: str
    file: str
    label: str
    width: int
    height: int
    attributes: Mapping[str, Any]


@dataclass(frozen=True)
class FrozenItem:
    """One item; `stimuli` maps a role to the places of its stimuli, in order."""

    item_id: str
    kind: str
    unit: str
    stimuli: Mapping[str, tuple[int, ...]]
    attributes: Mapping[str, Any]


def text_ending(part: int) -> str:
    """Return what the names of a part's own texts end in."""
    return f"_part{part}"


@dataclass(frozen=True)
class StudyContent:
    """Spec, texts, stimuli and items of a study.

    Attributes
    ----------
    name : str
        Name of the study folder.
    content_hash : str
        SHA-256 over everything below, in hex.
    texts : Mapping[str, str]
        Markdown by name (`consent`, `instructions`, …); pictures stand as `/a/<hash>`.
    items : Mapping[str, FrozenItem]
        By item_id, in manifest order; empty for tasks that show single stimuli.
    """

    name: str
    content_hash: str
    spec: StudySpec
    texts: Mapping[str, str]
    stimuli: tuple[FrozenStimulus, ...]
    items: Mapping[str, FrozenItem] = field(default_factory=dict)

    def of_part(self, number: int) -> StudyContent:
        """Return the study as one of its parts shows it (`StudySpec.of_part`).

        A text `NAME_partNUMBER` takes the place of the text `NAME` in its part.
        """
        return self if number == 1 else self._later_parts[number]

    @cached_property
    def _later_parts(self) -> Mapping[int, StudyContent]:
        return {
            number: replace(
                self,
                spec=self.spec.of_part(number),
                texts={
                    **self.texts,
                    **{
                        name.removesuffix(ending): text
                        for name, text in self.texts.items()
                        if name.endswith(ending := text_ending(number))
                    },
                },
            )
            for number in range(2, self.spec.parts + 1)
        }

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """The classes, in order of first appearance in the manifest."""
        return tuple(dict.fromkeys(s.label for s in self.stimuli if s.label))

    @cached_property
    def place_of(self) -> Mapping[str, int]:
        """Place by file name."""
        return {stimulus.file: stimulus.place for stimulus in self.stimuli}
