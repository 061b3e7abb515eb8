"""What the commands share: the application, and the study folders."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def with_app(function: F) -> F:
    """Run a command inside the application; a database without tables is made ready first."""

    @wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        from diptych import create_app, migrate
        from diptych.ground.database import db
        from diptych.ground.settings import Settings

        settings = Settings.from_environment()
        app = create_app(settings)
        with app.app_context():
            migrate.ensure_head(db.engine, settings.sqlalchemy_url)
            return function(*args, **kwargs)

    return run  # type: ignore[return-value]


def study_folder(name: str) -> Path:
    """Find the folder of a study: a path, or a name under DIPTYCH_STUDIES, or a shipped study."""
    from diptych.ground.settings import Settings

    given = Path(name)
    settings = Settings.from_environment()
    shipped = Path(__file__).parent.parent / "_studies"
    for folder in (given, settings.studies / name, shipped / name):
        if (folder / "study.toml").is_file():
            return folder.resolve()
    if given.is_dir():
        return given.resolve()  # validation says what is missing
    raise click.ClickException(
        f"no study {name!r}: neither {given}/study.toml nor "
        f"{settings.studies / name}/study.toml exists; `diptych study new {name}` makes it"
    )


def new_study_folder(name: str) -> Path:
    """Name the folder of a new study: in the studies folder itself, never beside or below it."""
    from diptych.authoring.folder import NAME, NAMES
    from diptych.ground.settings import Settings

    if not NAME.fullmatch(name):
        raise click.ClickException(
            f"{name!r} cannot be the name of a study; allowed is a name of {NAMES}"
        )
    return Settings.from_environment().studies / name
