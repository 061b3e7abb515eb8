"""Groups of a study's test items by what its manifest says of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from diptych.study.content import StudyContent

FEW_VALUES = 8  # numbers with more values are cut into quarters
MOST_VALUES = 24  # names with more values are no groups
RESERVED = ("all", "condition", "kind")  # what HIS is grouped by besides
_KNOWN: dict[str, Mapping[str, Mapping[str, str]]] = {}


def groups_of(content: StudyContent) -> Mapping[str, Mapping[str, str]]:
    """Map item id -> attribute -> group, for the attributes by which test items form groups.

    Words are groups as they stand, and so are numbers of few values; numbers of many values are cut
    at the quartiles over the study's test items. An attribute that all items share, or that nearly
    every item has for itself, makes no groups.
    """
    known = _KNOWN.get(content.content_hash)
    if known is None:
        if len(_KNOWN) >= 32:
            _KNOWN.clear()
        known = _KNOWN[content.content_hash] = _groups(content)
    return known


def _groups(content: StudyContent) -> Mapping[str, Mapping[str, str]]:
    items = [item for item in content.items.values() if item.kind == "test"]
    found: dict[str, dict[str, str]] = {item.item_id: {} for item in items}
    for name in dict.fromkeys(name for item in items for name in item.attributes):
        own = {item.item_id: item.attributes.get(name) for item in items}
        for item_id, group in _grouped(own).items():
            found[item_id][f"item's {name}" if name in RESERVED else name] = group
    return found


def _grouped(own: Mapping[str, Any]) -> dict[str, str]:
    values = {item_id: value for item_id, value in own.items() if value not in (None, "")}
    different = set(values.values())
    if len(different) < 2:
        return {}
    numbers = all(isinstance(value, int | float) for value in different)
    if numbers and len(different) > FEW_VALUES:
        return _quarters(values)
    if len(different) > MOST_VALUES:
        return {}
    return {item_id: word(value) for item_id, value in values.items()}


def _quarters(values: Mapping[str, float]) -> dict[str, str]:
    """Group items into quarters named by their range of values; equal values stay together."""
    ordered = sorted(values.values())
    cuts = [ordered[len(ordered) * quarter // 4] for quarter in (1, 2, 3)]
    quarter_of = {item_id: sum(value >= cut for cut in cuts) for item_id, value in values.items()}
    names = {}
    for quarter in set(quarter_of.values()):
        own = [values[item_id] for item_id, q in quarter_of.items() if q == quarter]
        names[quarter] = f"{word(min(own))} to {word(max(own))}"
    return {item_id: names[quarter] for item_id, quarter in quarter_of.items()}


def word(value: Any) -> str:
    """Write a value as a figure shows it."""
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def natural(text: str) -> tuple[int, float, str]:
    """Sort groups: numbers (and ranges, by their beginning) by value, before words."""
    try:
        return 0, float(text.split(" ")[0]), text
    except ValueError:
        return 1, 0.0, text
