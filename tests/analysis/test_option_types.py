"""Numbers on the command line: no command takes NaN, infinity or a seed out of range."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest

from diptych.cli import cli


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    """All commands with their full names."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


def options(kind: str) -> list[tuple[str, click.Parameter]]:
    found = []
    for name, command in commands(cli):
        for option in command.params:
            is_seed = option.name in ("seed", "first_seed")
            is_number = isinstance(option.type, click.FloatRange | type(click.FLOAT))
            if {"seed": is_seed, "number": is_number}[kind]:
                found.append((f"{name} {option.opts[-1]}", option))
    return found


def test_numbers_are_finite() -> None:
    checked = options("number")
    assert len(checked) >= 15
    for name, option in checked:
        for text in ("nan", "inf", "-inf", "1e999"):
            with pytest.raises(click.BadParameter, match=r"finite|range"):
                option.type.convert(text, option, None)
                pytest.fail(f"{name} takes {text}")


def test_seeds_are_what_every_library_takes() -> None:
    checked = options("seed")
    assert len(checked) >= 10
    for name, option in checked:
        for text in ("-1", str(2**32)):
            with pytest.raises(click.BadParameter, match="range"):
                option.type.convert(text, option, None)
                pytest.fail(f"{name} takes {text}")
        assert option.type.convert(str(2**32 - 1), option, None) == 2**32 - 1
