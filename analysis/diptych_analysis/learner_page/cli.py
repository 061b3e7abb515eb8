"""`diptych learner`: a page about one learner and the class."""

from __future__ import annotations

from pathlib import Path

import click

from diptych_analysis.option_types import NEW_FOLDER
from diptych_analysis.progress import progress_bars
from diptych_analysis.teaching.names import TRACERS


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "--session", help="Session of the learner to show; the beginning of its id is enough."
)
@click.option(
    "--features",
    multiple=True,
    default=("z_",),
    show_default=True,
    help="Column of the table stimuli that describes images, or what such names begin with.",
)
@click.option(
    "--attribute",
    "attributes",
    multiple=True,
    help="Column of stimuli that a learner may be blind to. By default each other column with few "
    "values, and each other number.",
)
@click.option(
    "--feedback",
    multiple=True,
    default=("practice", "training"),
    show_default=True,
    help="Phase in which the page showed the true class.",
)
@click.option(
    "--tracer", type=click.Choice(TRACERS), default="mixed", show_default=True,
    help="Family of learners that the tracer assumes; mixed: of all.",
)  # fmt: skip
@click.option(
    "--images",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder of the images, such as the study folder. Without it the page names files.",
)
@click.option("--to", type=NEW_FOLDER, required=True, help="Folder of the page, index.html.")
def learner(
    folder: Path,
    session: str | None,
    features: tuple[str, ...],
    attributes: tuple[str, ...],
    feedback: tuple[str, ...],
    tracer: str,
    images: Path | None,
    to: Path,
) -> None:
    """Show what the learners of the exported tables in FOLDER know, and do not see.

    \b
      diptych learner out --to page                     the class
      diptych learner out --session 3f2a --to page      one learner, and the class

    For studies of the task category_learning. The page shows how likely each learner is to name
    the true class, as a tracer infers it from the answers, and what they probably do not see.
    """
    from diptych_analysis.learner_page.lessons import LessonFault
    from diptych_analysis.learner_page.page import PageOptions, write_learner_page
    from diptych_analysis.tables import TableFault, read_tables

    options = PageOptions(session, features, attributes, feedback, images, tracer)
    try:
        tables = read_tables(folder)
        with progress_bars(remaining=True) as bars:
            task = bars.add_task("learners", total=None)
            page = write_learner_page(tables, to, options, lambda n: bars.advance(task, n))
    except (LessonFault, TableFault) as fault:
        raise click.ClickException(str(fault)) from None
    click.echo(f"Page: {page}")
