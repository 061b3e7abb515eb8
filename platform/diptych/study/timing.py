"""`[timing]` of study.toml: what a trial shows, and for how long; the same for every task.

A trial runs blank (`iti_ms`) -> fixation -> display -> mask -> answer. The page counts frames of
the screen for each of them, and stores when it really began and ended.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import Field, SerializerFunctionWrapHandler, field_validator, model_serializer

from diptych.study.faults import Fault
from diptych.study.section import Section

#: Longest duration of any part of a trial, in ms.
LONGEST_MS = 60_000
#: Largest picture, in CSS pixels and in degrees of visual angle.
LARGEST_PX = 10_000
LARGEST_DEG = 90
_DEGREES = re.compile(r"(\d+(?:\.\d+)?) ?deg")
#: Masks that are no image.
MASKS = ("none", "noise")


class TrialTiming(Section):
    """`[timing]`: what a trial shows, and for how long.

    A table holds the keys that it was given and no others: what it leaves out is for the task to
    say (`Task.timing_defaults`), and then for the defaults below.
    """

    fixation_ms: int = Field(
        0, ge=0, le=LONGEST_MS, description="Time of the fixation cross before the images, in ms."
    )
    exposure_ms: int = Field(
        0,
        ge=0,
        le=LONGEST_MS,
        description="Time for which the images are visible, in ms. 0: until the answer.",
    )
    mask: str = Field(
        "none",
        min_length=1,
        max_length=500,
        description="What covers the images after the exposure: `none`, `noise` (1/f noise, drawn "
        "for each trial), or the path of an image in the study folder.",
    )
    mask_ms: int = Field(
        100,
        ge=0,
        le=LONGEST_MS,
        description="Time for which the mask is visible, in ms. 0: until the answer.",
    )
    deadline_ms: int = Field(
        0,
        ge=0,
        le=10 * LONGEST_MS,
        description="Longest response time, in ms. After it, the page says that the answer came "
        "too late, and the trial is stored as missed. 0: no limit.",
    )
    iti_ms: int = Field(
        150,
        ge=0,
        le=LONGEST_MS,
        description="Shortest blank time before each trial, in ms. The task `category_learning` "
        "has 250 by default.",
    )
    image_size: float | str = Field(
        0.0,
        description="Longer side of each image, in CSS pixels, or in degrees of visual angle such "
        'as `"4 deg"`. 0: as large as the page has room for.',
    )

    @field_validator("image_size")
    @classmethod
    def _is_a_size(cls, value: float | str) -> float | str:
        allowed = (
            f'is neither a number of CSS pixels up to {LARGEST_PX:,} nor degrees such as "4 deg", '
            f"above 0 and below {LARGEST_DEG}"
        )
        if isinstance(value, str):
            found = _DEGREES.fullmatch(value)
            if not found or not 0 < float(found[1]) < LARGEST_DEG:
                raise ValueError(f"{value!r} {allowed}")
        elif not 0 <= value <= LARGEST_PX:
            raise ValueError(f"{value:g} {allowed}")
        return value

    @model_serializer(mode="wrap")
    def _as_given(self, described: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Only the keys that were given, so that a stored table still tells which those are."""
        return {
            name: value for name, value in described(self).items() if name in self.model_fields_set
        }

    def __bool__(self) -> bool:
        """Whether any key was given."""
        return bool(self.model_fields_set)

    @property
    def image_degrees(self) -> float | None:
        """Size of the images in degrees of visual angle; None where it is not in degrees."""
        found = _DEGREES.fullmatch(self.image_size) if isinstance(self.image_size, str) else None
        return float(found[1]) if found else None

    @property
    def image_px(self) -> float | None:
        """Size of the images in CSS pixels; None where the page decides, or degrees do."""
        return self.image_size if isinstance(self.image_size, float) and self.image_size else None

    @property
    def mask_file(self) -> str | None:
        """The image that is the mask: its path in the folder, its address in a frozen study."""
        return None if self.mask in MASKS else self.mask

    def over(self, *below: Mapping[str, Any]) -> TrialTiming:
        """Return this table with the keys of others, the first the weakest, where it has none."""
        keys: dict[str, Any] = {}
        for each in (*below, self.model_dump()):
            keys |= each
        return TrialTiming.model_validate(keys)

    def document(self, seed: int, prefix: str) -> dict[str, Any]:
        """Return what the page needs to know for one trial (`web.step_contents.TrialTimingDoc`).

        Parameters
        ----------
        seed : int
            Of the trial's noise mask (`mask_seed`).
        prefix : str
            Path below which the host answers; empty at the root.
        """
        plain = (
            "fixation_ms", "exposure_ms", "mask_ms", "deadline_ms", "iti_ms", "image_px",
            "image_degrees",
        )  # fmt: skip
        return {
            **{name: getattr(self, name) for name in plain},
            "mask": f"{prefix}{self.mask}" if self.mask_file else self.mask,
            "mask_seed": seed,
        }


def timing_faults(timing: TrialTiming, where: str, *, min_width: int) -> Iterator[Fault]:
    """Yield what does not fit together in the timing of one condition.

    Parameters
    ----------
    timing : TrialTiming
        The timing, with the defaults of its task.
    where : str
        Dotted key of the table that has it.
    min_width : int
        Smallest width of the window, in CSS pixels.
    """
    if timing.mask != "none" and not timing.exposure_ms:
        allowed = 'exposure_ms above 0, or mask = "none": a mask follows the exposure'
        yield Fault("study.toml", f"{where}.mask", repr(timing.mask), allowed)
    if timing.deadline_ms and timing.deadline_ms < timing.exposure_ms:
        allowed = f"0, or at least {timing.exposure_ms}, which is exposure_ms"
        yield Fault("study.toml", f"{where}.deadline_ms", str(timing.deadline_ms), allowed)
    if timing.image_px and timing.image_px > min_width:
        allowed = f"at most {min_width}, the smallest window that [screen] min_width allows"
        yield Fault("study.toml", f"{where}.image_size", f"{timing.image_px:g}", allowed)


def mask_seed(session_seed: int, trial_index: int) -> int:
    """Return the seed of a trial's noise mask, below 2**32; the session's cannot be found from it.

    Parameters
    ----------
    session_seed : int
        Seed of the session's plan.
    trial_index : int
        Position of the trial in its session, from 0.
    """
    digest = hashlib.sha256(f"{session_seed}:mask:{trial_index}".encode()).digest()
    return int.from_bytes(digest[:4], "big")
