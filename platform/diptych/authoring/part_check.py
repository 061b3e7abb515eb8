"""Faults of the later parts of a study: codes that are used twice, too few items, plug-ins."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from diptych import recruiters
from diptych.study.content import StudyContent
from diptych.study.faults import Fault
from diptych.study.spec import StudySpec

FILE = "study.toml"


def recruiter_keys(spec: StudySpec, number: int) -> Iterator[Fault]:
    """Yield faults of `[part.recruitment]`, beside those of a recruiter's own parameters."""
    part = spec.part[number - 2]
    for name in part.recruitment:
        if name not in spec.recruitment.recruiters:
            allowed = ", ".join(spec.recruitment.recruiters)
            yield Fault(FILE, f"part {number}, recruitment.{name}", "another recruiter", allowed)
    for name in spec.recruitment.recruiters:
        if name in recruiters.REGISTRY.names():
            for key in recruiters.REGISTRY.get(name).own_in_each_part:
                yield from _repeated(spec, number, name, key)


def _repeated(spec: StudySpec, number: int, name: str, key: str) -> Iterator[Fault]:
    """Yield a fault where a part has the value of an earlier part, such as its completion code."""
    given: Any = spec.of_part(number).recruitment.of(name).get(key)
    before = [spec.of_part(n).recruitment.of(name).get(key) for n in range(1, number)]
    if given is not None and given in before:
        where = f"part {number}, recruitment.{name}.{key}"
        found = f"{given!r}, as in part {before.index(given) + 1}"
        yield Fault(FILE, where, found, "another value in each part")


def enough_items(content: StudyContent, number: int) -> Iterator[Fault]:
    """Yield a fault where a part needs more items of the same or of new ones than there can be."""
    spec = content.spec
    items = spec.part[number - 2].items
    if items == "any":
        return
    wanted = _chosen(spec.of_part(number))
    earlier = [spec.of_part(n) for n in range(1, number)]
    taught = sum(each.trials("training") for each in earlier)
    same = taught or sum(each.trials("test") for each in earlier)
    there = sum(item.kind == "test" for item in content.items.values()) or len(content.stimuli)
    new = there - sum(map(_chosen, earlier))
    half = -(-wanted // 2)
    for kind, need, found in (
        ("same", wanted if items == "same" else half if items == "both" else 0, same),
        ("new", wanted if items == "new" else half if items == "both" else 0, new),
    ):
        if need > found:
            told = f"{need} trials of {kind} items, but there can be only {max(found, 0)}"
            yield Fault(FILE, f"part {number}, items", told, "fewer trials, or other `items`")


def _chosen(spec: StudySpec) -> int:
    """Return the number of trials whose items `items` is about."""
    return spec.trials("training") + spec.trials("test")
