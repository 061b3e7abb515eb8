"""Faults that only the whole study shows: unknown plug-ins, their parameters, too few stimuli."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from diptych.authoring import part_check
from diptych.ground.plugins import UnknownPlugin
from diptych.study.content import StudyContent
from diptych.study.faults import Fault, allowed_by
from diptych.study.section import Plugged
from diptych.study.timing import timing_faults

FILE = "study.toml"


def check_plan(content: StudyContent, files: Mapping[str, bytes]) -> Iterator[Fault]:
    """Yield every fault that makes a study, or one of its parts, impossible to plan.

    `files` are those that its policies read, by content hash.
    """
    found = list(_check_part(content, files))
    yield from found
    for number in range(2, content.spec.parts + 1):
        # What the parts share is a fault of the study.
        part = content.of_part(number)
        own = (each for each in _check_part(part, files) if each not in found)
        for each in own:
            yield Fault(each.file, f"part {number}, {each.key}", each.found, each.allowed)
        yield from part_check.recruiter_keys(content.spec, number)
        if not found:
            yield from part_check.enough_items(content, number)


def _check_part(content: StudyContent, files: Mapping[str, bytes]) -> Iterator[Fault]:
    from diptych import policies, recruiters, tasks

    spec = content.spec
    for name in spec.recruitment.recruiters:
        if name not in recruiters.REGISTRY.names():
            allowed = ", ".join(recruiters.REGISTRY.names())
            yield Fault(FILE, "recruitment.recruiters", repr(name), allowed)
    for name in spec.recruitment.model_extra or {}:
        if name in recruiters.REGISTRY.names():
            parameters = recruiters.REGISTRY.get(name).Parameters
            given = spec.recruitment.of(name)
            yield from parameter_faults(parameters, given, f"recruitment.{name}")
        else:
            known = sorted({*type(spec.recruitment).model_fields, *recruiters.REGISTRY.names()})
            yield Fault(FILE, f"recruitment.{name}", "an unknown key", ", ".join(known))
    try:
        task_class = tasks.REGISTRY.get(spec.task.name)
    except UnknownPlugin:
        allowed = ", ".join(tasks.REGISTRY.names())
        yield Fault(FILE, "task.name", repr(spec.task.name), allowed)
        return
    for condition in spec.conditions:
        where = "task" if not condition.task else f"conditions.{condition.name}.task"
        given = {**spec.task.parameters, **condition.task}
        found = list(parameter_faults(task_class.Parameters, given, where))
        policy_key = f"conditions.{condition.name}.policy" if condition.policy else "policy"
        policy, policy_faults = _policy(condition.policy or spec.policy, policy_key, policies)
        if policy is not None:
            policy.files = files
        yield from (*found, *policy_faults)
        timing = tasks.timing_of(task_class, spec, condition)
        at = f"conditions.{condition.name}.timing" if condition.timing else "timing"
        yield from timing_faults(timing, at, min_width=spec.screen.min_width)
        if not found and policy is not None:
            yield from task_class(content, condition).faults(policy, policy_key)


def parameter_faults(model: type[BaseModel], given: dict[str, Any], where: str) -> Iterator[Fault]:
    """Yield the faults of a plug-in's parameters."""
    try:
        model.model_validate(given)
    except ValidationError as fault:
        for error in _without_branches(model, fault.errors()):
            key = ".".join([where, *map(str, error["loc"])])
            if error["type"] == "extra_forbidden":
                known = ", ".join(sorted(model.model_fields)) or "no key"
                yield Fault(FILE, key, "an unknown key", known)
            elif error["type"] == "missing":
                yield Fault(FILE, key, "nothing", "a value")
            else:
                yield Fault(FILE, key, repr(error["input"]), allowed_by(error["msg"]))


def _without_branches(model: type[BaseModel], errors: Sequence[Any]) -> list[dict[str, Any]]:
    """Return one error per value where a key takes values of several types.

    pydantic reports each type by itself, with the type as a part of the key. A fault inside a value
    of a fitting type, such as one entry of a list, says more than that other types do not fit.
    """
    merged: list[dict[str, Any]] = []
    several: dict[str, list[dict[str, Any]]] = {}
    for error in errors:
        place: tuple[Any, ...] = tuple(error["loc"])
        name = place[0] if place else ""
        field = model.model_fields.get(str(name))
        if len(place) < 2 or field is None or not _is_union(field.annotation):
            merged.append(error)
        else:
            several.setdefault(str(name), []).append({**error, "loc": (name, *place[2:])})
    for name, found in several.items():
        within = [error for error in found if len(error["loc"]) > 1]
        if within:
            merged += within
        else:
            allowed = " or ".join(dict.fromkeys(allowed_by(error["msg"]) for error in found))
            merged.append({**found[0], "loc": (name,), "msg": allowed})
    return merged


def _is_union(annotation: Any) -> bool:
    members = [each for each in get_args(annotation) if each is not NoneType]
    return get_origin(annotation) in (Union, UnionType) and len(members) > 1


def _policy(plugged: Plugged, key: str, policies: Any) -> tuple[Any, list[Fault]]:
    try:
        policy_class = policies.REGISTRY.get(plugged.name)
    except UnknownPlugin:
        allowed = ", ".join(policies.REGISTRY.names())
        return None, [Fault(FILE, f"{key}.name", repr(plugged.name), allowed)]
    faults = list(parameter_faults(policy_class.Parameters, plugged.parameters, key))
    if faults:
        return None, faults
    return policy_class(policy_class.Parameters.model_validate(plugged.parameters)), []
