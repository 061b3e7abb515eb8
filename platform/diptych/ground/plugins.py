"""Finds what is registered under an entry-point group: tasks, policies, recruiters, importers."""

from __future__ import annotations

from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from typing import Generic, TypeVar

T = TypeVar("T")


class UnknownPlugin(LookupError):
    """Nothing of that name is installed."""


class Registry(Generic[T]):
    """The plug-ins of one group, loaded when asked for."""

    def __init__(self, group: str) -> None:
        self.group = group
        self._loaded: dict[str, type[T]] = {}

    @cached_property
    def _entries(self) -> dict[str, EntryPoint]:
        return {entry.name: entry for entry in entry_points(group=self.group)}

    def names(self) -> list[str]:
        """List the names of all installed plug-ins of the group, sorted."""
        return sorted(self._entries)

    def get(self, name: str) -> type[T]:
        """Find the plug-in class of a name.

        Raises
        ------
        UnknownPlugin
            Naming what is installed.
        """
        if name not in self._loaded:
            if name not in self._entries:
                known = ", ".join(self.names()) or "none"
                kind = self.group.rsplit(".", 1)[-1]
                raise UnknownPlugin(f"no {kind} named {name!r}; installed are: {known}")
            self._loaded[name] = self._entries[name].load()
        return self._loaded[name]

    def all(self) -> dict[str, type[T]]:
        """Return every plug-in of the group by name."""
        return {name: self.get(name) for name in self.names()}
