"""Files of the study's folder that a policy reads, such as a tracing model.

A parameter says `file:NAME`. A study that was read has the hash of the content behind the name,
`file:NAME#HASH`, so that another file makes another version.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from diptych.ground.plugins import UnknownPlugin
from diptych.policies import REGISTRY
from diptych.study.section import Plugged

PREFIX = "file:"


@dataclass(frozen=True)
class NamedFile:
    """A file that a parameter of a policy names.

    Attributes
    ----------
    key : str
        The parameter.
    name : str
        The file, relative to the study's folder.
    content_hash : str
        SHA-256 of the file, in hex; empty until it was read.
    """

    key: str
    name: str
    content_hash: str = ""

    @property
    def value(self) -> str:
        """What the parameter says."""
        return f"{PREFIX}{self.name}" + (f"#{self.content_hash}" if self.content_hash else "")


def is_file(value: str) -> bool:
    """Say whether a parameter names a file."""
    return value.startswith(PREFIX)


def hash_in(value: str) -> str:
    """Return the content hash in a parameter; empty where the file was not read."""
    return value.partition("#")[2]


def files_of(policy: Plugged) -> list[NamedFile]:
    """Return the files that the parameters of a policy name; none of an unknown policy."""
    try:
        keys = REGISTRY.get(policy.name).file_keys
    except UnknownPlugin:
        return []
    given: Mapping[str, Any] = policy.parameters
    found = []
    for key in keys:
        value = given.get(key)
        if isinstance(value, str) and is_file(value):
            name, _, content_hash = value.removeprefix(PREFIX).partition("#")
            found.append(NamedFile(key, name, content_hash))
    return found


def with_file(policy: Plugged, file: NamedFile) -> Plugged:
    """Return a policy whose parameter names a file with its hash."""
    return Plugged.model_validate({**policy.model_dump(), file.key: file.value})
