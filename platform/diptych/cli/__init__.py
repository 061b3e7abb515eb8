"""`diptych …`: every command, loaded when it is asked for so that `--help` is quick."""

from __future__ import annotations

import importlib
import sys
from typing import Any

import click

from diptych import __version__

# command -> where it is; a command whose packages are not installed says which extra brings them.
COMMANDS = {
    "study": "diptych.cli.study:study",
    "db": "diptych.cli.server:db",
    "serve": "diptych.cli.server:serve",
    "user": "diptych.cli.user:user",
    "doctor": "diptych.cli.doctor:doctor",
    "backup": "diptych.cli.backup:backup",
    "restore": "diptych.cli.backup:restore",
    "simulate": "diptych.cli.simulate:simulate",
    "mturk": "diptych.cli.mturk:mturk",
    "quality": "diptych.cli.quality:quality",
    "export": "diptych.cli.tables:export",
    "import": "diptych.cli.tables:import_",
    "pay": "diptych.cli.pay:pay",
    "participant": "diptych.cli.participant:participant",
    "retention": "diptych.cli.participant:retention",
    "trace": "diptych_analysis.tracing.cli:trace",
    "mis": "diptych_analysis.machines.cli:mis",
    "mis-report": "diptych_analysis.machines.analyses.cli:mis_report",
    "correlate": "diptych_analysis.agreement.cli:correlate",
    "results": "diptych.cli.results:results",
    "report": "diptych.cli.tables:report",
}


class _Commands(click.Group):
    """A group whose commands are imported when they are used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name].partition(":")
        try:
            command: click.Command = getattr(importlib.import_module(module), attribute)
        except ModuleNotFoundError as fault:
            if (fault.name or "").startswith("diptych"):
                raise
            return _missing(cmd_name, fault.name or "a package")
        return command


def _missing(name: str, package: str) -> click.Command:
    @click.command(name, help=_needs(package))
    @click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
    def command(arguments: Any) -> None:
        raise click.ClickException(_needs(package))

    return command


def _needs(package: str) -> str:
    return f"This command needs {package}, which is not installed: pip install 'diptych[models]'"


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="diptych")
def cli() -> None:
    """Put people and machines in front of the same images, and compare what each saw.

    A study is a folder. The usual way:

    \b
      diptych study new my_study        a folder to fill
      diptych study build my_study      lists its images, or draws placeholders
      diptych study validate my_study   every fault in one go
      diptych study open my_study       freeze this version and let people in
      diptych serve                     the host
      diptych export my_study --to out  tidy tables
      diptych trace out                 tracing models on the answers

    Settings come from the environment (DIPTYCH_DATABASE_URL, DIPTYCH_HOME, …).
    """


def main() -> None:
    """Entry point: faults that the user can mend are told in words, not in a stack trace."""
    from sqlalchemy.exc import ArgumentError, OperationalError

    from diptych.migrate import BehindFault
    from diptych.settings import SettingsFault
    from diptych.studies.faults import StudyFault
    from diptych.studies.versions import UnknownStudy

    try:
        cli()
    except UnknownStudy as fault:
        click.echo(
            f"Error: this host knows no open study {str(fault)!r}; "
            "`diptych study list` shows those it knows",
            err=True,
        )
        sys.exit(1)
    except ModuleNotFoundError as fault:
        if (fault.name or "diptych").startswith("diptych"):
            raise
        click.echo(f"Error: {_needs(fault.name or 'a package')}", err=True)
        sys.exit(1)
    except (BehindFault, SettingsFault, StudyFault) as fault:
        click.echo(f"Error: {fault}", err=True)
        sys.exit(1)
    except OSError as fault:
        where = "" if fault.filename is None else f"{str(fault.filename)[:300]}: "
        click.echo(f"Error: {where}{fault.strerror or fault}", err=True)
        sys.exit(1)
    except (ArgumentError, OperationalError) as fault:
        # Neither the statement nor what it was given, which may be somebody's.
        said = str(getattr(fault, "orig", None) or fault).strip()
        click.echo(f"Error: the database (DIPTYCH_DATABASE_URL): {said}", err=True)
        sys.exit(1)
