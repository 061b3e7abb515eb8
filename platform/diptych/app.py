"""The application factory."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from apiflask import APIFlask
from flask import Response
from werkzeug.middleware.proxy_fix import ProxyFix

from diptych import __version__
from diptych.ground import seal
from diptych.ground.database import db, engine_options, prepare_engine
from diptych.ground.settings import Settings, SettingsFault
from diptych.host import Host

# A page with a full event queue stays far below this; nothing a participant sends is larger.
MAX_BODY = 256 * 1024


def create_app(
    settings: Settings | None = None, *, checked: bool = True, behind: bool = False
) -> APIFlask:
    """Make a host with the given settings (by default those of the environment).

    Parameters
    ----------
    settings : Settings | None, optional
        The settings.
    checked : bool, optional
        Whether to refuse a secret that is too weak for people from outside.
    behind : bool, optional
        Whether sessions are settled in a thread behind the requests, as a host that serves
        people does it; without it they are settled when the request that ended them returns.

    Raises
    ------
    SettingsFault
        When an environment variable can't be used.
    """
    from diptych.alerts import watcher
    from diptych.installation import secret_fault
    from diptych.privacy import retention
    from diptych.settling.settle_worker import Settler
    from diptych.web import register
    from diptych.web.prefix import Prefixed

    settings = settings or Settings.from_environment()
    weakness = secret_fault(settings) if checked else None
    if weakness:
        raise SettingsFault(weakness)
    if settings.sqlalchemy_url.startswith("sqlite"):
        settings.home.mkdir(parents=True, exist_ok=True)
    app = APIFlask(
        "diptych",
        title="Diptych",
        version=__version__,
        spec_path="/api/v1/openapi.json",
        docs_path=None,
        static_folder=str(Path(__file__).parent / "static"),
        template_folder=str(Path(__file__).parent / "templates"),
    )
    app.config.update(
        SQLALCHEMY_DATABASE_URI=settings.sqlalchemy_url,
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(
            settings.sqlalchemy_url, settings.pool_size, prepared=settings.prepared_statements
        ),
        MAX_CONTENT_LENGTH=MAX_BODY,
        VALIDATION_ERROR_STATUS_CODE=422,
        SERVERS=[{"url": settings.prefix}] if settings.prefix else None,
        DESCRIPTION="What a participant's browser, or a simulated participant, says to the host.",
    )
    app.json.sort_keys = False  # type: ignore[attr-defined]
    db.init_app(app)
    host = app.extensions["diptych"] = Host(settings)
    host.when_ended = Settler(app, host) if behind else partial(_session_ended, host)
    if settings.proxy_hops:
        hops = settings.proxy_hops
        app.wsgi_app = ProxyFix(app.wsgi_app, hops, hops, hops, hops)  # type: ignore[method-assign]
    if settings.prefix:
        # Outside of everything that looks at a request's path.
        app.wsgi_app = Prefixed(app.wsgi_app, settings.prefix)  # type: ignore[method-assign]
    with app.app_context():
        prepare_engine(db.engine)
        seal.use(db.engine, seal.Seal(settings.key_of_identities()))
    register(app, settings)
    if behind:
        watcher.begin(app, host)

    @app.after_request
    def keep_no_longer(response: Response) -> Response:
        retention.now_and_then(app, host)
        return response

    return app


def _session_ended(host: Host, session_id: int) -> None:
    """Do what follows the end of a session, within the same request; never raise."""
    from diptych.recruiters import session_ended
    from diptych.settling.settle import settle_quietly

    settle_quietly(host, session_id)
    session_ended(host, session_id)
