"""Numbers on the command line: no command takes NaN, infinity or a seed out of range."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from diptych.cli import cli
from diptych_analysis.option_types import FINITE, NEW_FILE, NEW_FOLDER, FiniteRange


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


def test_the_help_gives_bounds_only_where_there_are_some() -> None:
    def help_of(kind: click.ParamType) -> str:
        option = click.Option(["--scale"], type=kind, help="A scale.")
        return str(option.get_help_record(click.Context(click.Command("try"))))

    assert "A scale.'" in help_of(FINITE)
    assert "x>=0" in help_of(FiniteRange(min=0))


def test_seeds_are_what_every_library_takes() -> None:
    checked = options("seed")
    assert len(checked) >= 10
    for name, option in checked:
        for text in ("-1", str(2**32)):
            with pytest.raises(click.BadParameter, match="range"):
                option.type.convert(text, option, None)
                pytest.fail(f"{name} takes {text}")
        assert option.type.convert(str(2**32 - 1), option, None) == 2**32 - 1


def test_results_that_cannot_be_written_are_refused_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    wrong = str(tmp_path / "file" / "sub" / "results.json")
    for kind in (NEW_FILE, NEW_FOLDER):
        with pytest.raises(click.BadParameter, match="'file' is a file; allowed is a folder"):
            kind.convert(wrong, None, None)
        new = tmp_path / "new" / "sub"
        assert kind.convert(str(new), None, None) == new
        assert not new.parent.exists()


def test_commands_that_compute_for_minutes_check_where_they_write() -> None:
    checked = {
        f"{name} {option.opts[-1]}": option.type
        for name, command in commands(cli)
        for option in command.params
        if name in ("agree", "classify", "psychometric", "rdx", "rsvc", "teach simulate")
        and isinstance(option.type, click.Path)
    }
    assert checked["teach simulate --json"] is checked["agree --csv"] is NEW_FILE
    for written in ("classify --to", "psychometric --report", "rdx --to", "rsvc --report"):
        assert checked[written] is NEW_FOLDER
