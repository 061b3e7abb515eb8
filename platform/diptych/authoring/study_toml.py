"""study.toml -> a checked `StudySpec`. Every fault is found in one go."""

from __future__ import annotations

import difflib
import json
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from diptych.authoring.folder_files import NUL, is_file, length_fault, missing
from diptych.study.faults import Fault, allowed_by
from diptych.study.spec import StudySpec

FILE = "study.toml"


def read_spec(folder: Path, faults: list[Fault], *, past_unknown: bool = False) -> StudySpec | None:
    """Read study.toml; None when it has faults.

    Parameters
    ----------
    folder : Path
        The study's.
    faults : list[Fault]
        Gets the faults of the file.
    past_unknown : bool, optional
        Whether unknown keys are passed over. They are faults still, but other faults of the
        folder are then found in the same go.
    """
    path = folder / FILE
    if not is_file(folder, path.name):
        faults.append(Fault(FILE, "", missing(path), "a file that describes the study"))
        return None
    if (too_long := length_fault(path)) is not None:
        faults.append(too_long)
        return None
    return check(path.read_bytes(), faults, past_unknown=past_unknown)


def check(source: bytes, faults: list[Fault], *, past_unknown: bool = False) -> StudySpec | None:
    """Check the content of study.toml; None when it has faults. See `read_spec`."""
    data = _toml(source, faults)
    if data is None:
        return None
    try:
        return StudySpec.model_validate(data)
    except ValidationError as fault:
        faults.extend(map(_fault_of, fault.errors()))
        unknown = [e["loc"] for e in fault.errors() if e["type"] == "extra_forbidden"]
        if not past_unknown or len(unknown) < fault.error_count():
            return None
    try:
        return StudySpec.model_validate(_without(data, unknown))
    except ValidationError as fault:  # of checks that wait until all keys are known
        faults.extend(map(_fault_of, fault.errors()))
        return None


def _toml(source: bytes, faults: list[Fault]) -> dict[str, Any] | None:
    try:
        text = source.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
        data = tomllib.loads(text)
        if "\\u0000" not in json.dumps(data, default=str):
            return data
        found, allowed = NUL, "text without NUL characters"
    # tomllib raises a plain ValueError for whole numbers of some thousand digits.
    except ValueError as error:
        found, allowed = _shortened(str(error)), "valid TOML in UTF-8"
    except RecursionError:
        found, allowed = "too many tables inside tables", "only a few levels"
    faults.append(Fault(FILE, "", found, allowed))
    return None


def _fault_of(error: Any) -> Fault:
    key = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        known = _known_keys(error["loc"][:-1])
        near = difflib.get_close_matches(str(error["loc"][-1]), known, n=1)
        named = [f"{name} (this one?)" if name in near else name for name in known]
        named.sort(key=lambda name: not name.endswith("?)"))
        return Fault(FILE, key, "an unknown key", ", ".join(named) or "no key")
    if error["type"] == "missing":
        return Fault(FILE, key, "nothing", "a value: " + error["msg"])
    return Fault(FILE, key, _shortened(repr(error["input"])), allowed_by(error["msg"]))


def _shortened(text: str, most: int = 200) -> str:
    """Return the beginning of what may be very long."""
    return text if len(text) <= most else f"{text[:most]}… ({len(text):,} characters)"


def _without(data: Any, locations: Sequence[tuple[Any, ...]]) -> Any:
    """Copy read TOML without the keys at some places."""
    if isinstance(data, list):
        below = [[rest for first, *rest in locations if first == i] for i in range(len(data))]
        return [
            _without(v, [tuple(r) for r in rests]) for v, rests in zip(data, below, strict=True)
        ]
    if not isinstance(data, dict):
        return data
    kept = {}
    for key, value in data.items():
        rests = [tuple(rest) for first, *rest in locations if first == key]
        if () not in rests:
            kept[key] = _without(value, rests)
    return kept


def _known_keys(location: tuple[Any, ...]) -> list[str]:
    """List the keys that are known at a place of study.toml."""
    model: Any = StudySpec
    for part in location:
        if isinstance(part, int):
            continue
        annotation = model.model_fields[part].annotation if part in model.model_fields else None
        for candidate in (annotation, *getattr(annotation, "__args__", ())):
            if hasattr(candidate, "model_fields"):
                model = candidate
                break
        else:
            return []
    return sorted(model.model_fields)
