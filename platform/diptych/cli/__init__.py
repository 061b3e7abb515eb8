"""`diptych …`: every command. `--help` lists them without importing them, so that it is quick."""

from __future__ import annotations

import difflib
import importlib
import re
import sys
from typing import Any, NamedTuple

import click

from diptych import __version__


class Place(NamedTuple):
    """Where a command is defined, and its line in `diptych --help`."""

    module: str
    attribute: str
    summary: str


#: Every command, in the order of `diptych --help`.
COMMANDS = {
    "study": Place("diptych.cli.study", "study", "Make, check, open and close studies."),
    "init": Place(
        "diptych.cli.init", "init", "Write the settings of a new host, from five questions."
    ),
    "db": Place("diptych.cli.server", "db", "Make and migrate the database."),
    "serve": Place(
        "diptych.cli.server", "serve", "Serve the open studies with gunicorn until Ctrl-C."
    ),
    "user": Place("diptych.cli.user", "user", "Accounts of researchers, and their roles."),
    "doctor": Place(
        "diptych.cli.doctor", "doctor", "Check this installation, and say what to fix."
    ),
    "backup": Place("diptych.cli.backup", "backup", "Write the whole database into one file."),
    "restore": Place("diptych.cli.backup", "restore", "Replace the database with a back-up."),
    "simulate": Place(
        "diptych.cli.simulate", "simulate", "Let simulated participants or a machine take STUDY."
    ),
    "mturk": Place("diptych.cli.mturk", "mturk", "Offer studies on Amazon Mechanical Turk."),
    "quality": Place(
        "diptych.cli.quality", "quality", "Show how many sessions of STUDY each quality rule flags."
    ),
    "alerts": Place("diptych.cli.alerts", "alerts", "Try and list alerts to researchers."),
    "panel": Place("diptych.cli.panel", "panel", "Make personal links for a list of people."),
    "parts": Place(
        "diptych.cli.parts", "parts", "Show and invite who is due for a later part of a study."
    ),
    "export": Place("diptych.cli.tables", "export", "Write the tidy tables of STUDY."),
    "import": Place(
        "diptych.cli.tables", "import_", "Convert data of other studies to tidy tables."
    ),
    "pay": Place("diptych.cli.pay", "pay", "Show, send and check the payments of a study."),
    "participant": Place(
        "diptych.cli.participant", "participant", "Export or erase the data of one person."
    ),
    "retention": Place(
        "diptych.cli.participant",
        "retention",
        "Delete data that `[privacy]` of each study no longer allows.",
    ),
    "trace": Place("diptych_analysis.tracing.cli", "trace", "Train tracing models on tidy tables."),
    "forgetting": Place(
        "diptych_analysis.tracing.forgetting_cli",
        "forgetting",
        "Fit forgetting curves to a study of several parts.",
    ),
    "mis": Place(
        "diptych_analysis.mis.cli",
        "mis",
        "Score how interpretable the units of a network are.",
    ),
    "mis-report": Place(
        "diptych_analysis.mis.analyses.cli",
        "mis_report",
        "Compare models, layers and units by their scores.",
    ),
    "rsvc": Place(
        "diptych_analysis.representations.rsvc.cli",
        "rsvc",
        "Compare the visual concepts of two networks.",
    ),
    "rsvc-toy": Place(
        "diptych_analysis.representations.rsvc.cli",
        "rsvc_toy",
        "Draw images for two networks whose difference is known.",
    ),
    "numerosity": Place(
        "diptych_analysis.numerosity.cli",
        "numerosity",
        "Train networks to put, take and shake; test their number sense.",
    ),
    "rdx": Place(
        "diptych_analysis.representations.rdx.cli",
        "rdx",
        "Show what one representation holds close and another does not.",
    ),
    "rdx-digits": Place(
        "diptych_analysis.representations.rdx.cli",
        "rdx_digits",
        "Try RDX on networks that confuse digits on purpose.",
    ),
    "worlds": Place(
        "diptych_analysis.worlds.cli",
        "worlds",
        "Train a tiny text-to-image model in a world that is known.",
    ),
    "concepts": Place(
        "diptych_analysis.concepts.cli",
        "concepts",
        "Search for the concepts behind a class of a network.",
    ),
    "psychometric": Place(
        "diptych_analysis.psychometric.cli",
        "psychometric",
        "Fit thresholds, Weber fractions and lapse rates.",
    ),
    "teach": Place(
        "diptych_analysis.teaching.cli", "teach", "Try policies that teach on simulated learners."
    ),
    "learner": Place(
        "diptych_analysis.learner_page.cli",
        "learner",
        "Show what learners know, and do not see.",
    ),
    "correlate": Place(
        "diptych_analysis.agreement.cli",
        "correlate",
        "Compare people's and machines' scores of units.",
    ),
    "classify": Place(
        "diptych_analysis.behaviour.classify_cli",
        "classify",
        "Let networks and other machines classify images.",
    ),
    "agree": Place(
        "diptych_analysis.behaviour.cli",
        "agree",
        "Measure how much people and machines agree on each image.",
    ),
    "results": Place(
        "diptych.cli.results", "results", "Show results of the analysis on the dashboard."
    ),
    "report": Place(
        "diptych.cli.tables", "report", "Write an HTML report with figures from tables."
    ),
}


class Commands(click.Group):
    """A group that names the nearest commands where one is mistyped."""

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """Find a command; suggest the nearest one for a wrong name."""
        if args and self.get_command(ctx, args[0]) is None and not ctx.resilient_parsing:
            known = self.list_commands(ctx)
            near = difflib.get_close_matches(args[0].lower(), known, 3, cutoff=0.5)
            meant = (
                f"did you mean {' or '.join(near)}?"
                if near
                else f"the commands are {', '.join(known)}"
            )
            if not args[0].startswith("-"):
                ctx.fail(f"no command {args[0]!r}: {meant}")
        return super().resolve_command(ctx, args)


class _Commands(Commands):
    """A group whose commands are imported when they are used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, attribute, summary = COMMANDS[cmd_name]
        try:
            command: click.Command = getattr(importlib.import_module(module), attribute)
        except ModuleNotFoundError as fault:
            if (fault.name or "").startswith("diptych"):
                raise
            return _missing(cmd_name, fault.name or "a package")
        command.short_help = summary
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, place.summary) for name, place in COMMANDS.items()])


def _missing(name: str, package: str) -> click.Command:
    @click.command(name, help=needs(package))
    @click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
    def command(arguments: Any) -> None:
        raise click.ClickException(needs(package))

    return command


#: Packages whose name on PyPI is another than the one that Python imports.
ON_PYPI = {"skimage": "scikit-image", "sklearn": "scikit-learn", "vl_convert": "vl-convert-python"}
_EXTRA = re.compile(r"([A-Za-z0-9._-]+).*extra == ['\"](?!dev)([a-z]+)['\"]")


def needs(package: str) -> str:
    """Say which extra brings a package that a command needs."""
    from importlib.metadata import requires  # not needed by commands that find everything

    told = f"This command needs {package}, which is not installed: "
    wanted = ON_PYPI.get(package, package).replace("_", "-").lower()
    for required in requires("diptych") or ():
        found = _EXTRA.match(required)
        if found and found[1].replace("_", "-").lower() == wanted:
            return f"{told}pip install 'diptych[{found[2]}]'"
    return f"{told}pip install {wanted}"


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="diptych")
def cli() -> None:
    """Show the same images to people and machines, and compare their answers.

    A study is a folder. The usual steps:

    \b
      diptych study new my_study        a folder to fill
      diptych study build my_study      list its images, or draw placeholders
      diptych study validate my_study   lists all mistakes
      diptych study open my_study       freeze this version and accept participants
      diptych serve                     the host
      diptych export my_study --to out  tidy tables
      diptych trace out                 tracing models on the answers

    Settings come from the environment (DIPTYCH_DATABASE_URL, DIPTYCH_HOME, …).
    """


def main() -> None:
    """Run the command line; errors that the user can fix are printed in words."""
    try:
        cli()
    except Exception as error:
        # It knows errors of many packages, and most commands end without one.
        from diptych.cli.error_messages import error_message

        message = error_message(error)
        if message is None:
            raise
        click.echo(f"Error: {message}", err=True)
        sys.exit(1)
