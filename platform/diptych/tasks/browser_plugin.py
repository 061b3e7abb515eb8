"""The browser's side of a task from another package: one ES module, named by its content.

It is read once in each process. Its address holds the hash of its bytes, so that a browser can keep
it for good, and a page never runs other bytes than those that the host has read.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files

from diptych.tasks import REGISTRY


class PluginMissing(Exception):
    """A task names a browser plugin that its package does not have."""


@cache
def plugin_of(task: str) -> tuple[str, bytes] | None:
    """Return the hash and the bytes of a task's own plugin; None where the bundle has it.

    Raises
    ------
    PluginMissing
        When the task names a file that its package does not have.
    """
    named = REGISTRY.get(task).plugin
    if not named:
        return None
    package, _, path = named.partition(":")
    try:
        data = files(package).joinpath(path).read_bytes()
    except (OSError, ModuleNotFoundError, ValueError) as fault:
        raise PluginMissing(
            f"the task {task!r} names the browser plugin {named!r}, which cannot be read: {fault}"
        ) from fault
    return hashlib.sha256(data).hexdigest(), data


def plugin_address(task: str, prefix: str) -> str | None:
    """Return the address of a task's own plugin; None where the bundle has it."""
    found = plugin_of(task)
    return None if found is None else f"{prefix}/plugins/{task}/{found[0]}.js"


def is_own(task: str) -> bool:
    """Return whether a task ships with Diptych, whose bundle has its plugin."""
    return REGISTRY.get(task).__module__.startswith("diptych.")
