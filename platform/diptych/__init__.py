"""The study host: describes, serves and records studies that people and machines take."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apiflask import APIFlask

    from diptych.ground.settings import Settings

__version__ = "0.2.0.dev0"


def create_app(settings: Settings | None = None, *, behind: bool = False) -> APIFlask:
    """Make the WSGI application (`gunicorn "diptych:create_app(behind=True)"`).

    See `diptych.app.create_app`.
    """
    from diptych.app import create_app as create

    return create(settings, behind=behind)
