"""One column of a tidy table: name, type, unit, meaning, allowed values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, asdict, dataclass
from typing import Final, Literal

Type = Literal["string", "integer", "number", "boolean", "datetime", "list"]

LIST_SEPARATOR: Final = "|"


@dataclass(frozen=True)
class Judged:
    """How answers depend on the number in a column: what a psychometric function needs.

    `positive` is the response that counts as positive; empty for a right answer. `guess` is the
    share of positive answers by guessing; None for half of the lapses. `log` says whether the axis
    is the logarithm of the number.
    """

    positive: str = ""
    guess: float | None = None
    log: bool = True


@dataclass(frozen=True)
class Column:
    """One column: what stands in it, in which unit, and what is allowed.

    `required` means that the column must be there and no cell of it may be empty. `levels` are the
    only allowed values when given. `judged` marks the number that a study's trials were chosen by.
    A `list` is a cell of strings joined by `|`.
    """

    name: str
    type: Type
    description: str
    unit: str | None = None
    _: KW_ONLY
    levels: tuple[str, ...] = ()
    required: bool = False
    minimum: float | None = None
    judged: Judged | None = None

    def described(self) -> dict[str, object]:
        """Describe the column as the data dictionary does."""
        found: dict[str, object] = {
            "name": self.name,
            "type": self.type,
            "unit": self.unit,
            "description": self.description,
            "required": self.required,
        }
        if self.levels:
            found["levels"] = list(self.levels)
        if self.minimum is not None:
            found["minimum"] = self.minimum
        if self.judged is not None:
            found["judged"] = asdict(self.judged)
        return found

    @classmethod
    def from_described(cls, found: Mapping[str, object]) -> Column:
        """Return the column that `described` described; KeyError or ValueError where malformed."""
        kind = found["type"]
        if kind not in TYPES:
            raise ValueError(f"type {kind!r} is none of {', '.join(TYPES)}")
        levels = found.get("levels") or []
        minimum, judged = found.get("minimum"), found.get("judged")
        unit = found.get("unit")
        return cls(
            name=str(found["name"]),
            type=kind,
            description=str(found.get("description", "")),
            unit=None if unit is None else str(unit),
            levels=tuple(str(level) for level in levels) if isinstance(levels, list) else (),
            required=bool(found.get("required", False)),
            minimum=float(minimum) if isinstance(minimum, int | float) else None,
            judged=Judged(**judged) if isinstance(judged, dict) else None,
        )


TYPES: Final[tuple[Type, ...]] = ("string", "integer", "number", "boolean", "datetime", "list")
