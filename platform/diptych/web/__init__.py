"""Thin views: they read a request, call the journey, and write the reply."""

from apiflask import APIFlask

from diptych.settings import Settings


def register(app: APIFlask, settings: Settings) -> None:
    """Attach every blueprint and error handler."""
    from diptych.web import (
        bundle,
        dashboard,
        errors,
        health,
        hooks,
        images,
        limits,
        pages,
        participant,
        security,
        telemetry,
    )

    app.security_schemes = participant.SECURITY
    telemetry.attach(app, settings)
    errors.attach(app)
    security.attach(app)
    limits.attach(app, settings)
    for module in (participant, images, pages, health, telemetry, hooks):
        app.register_blueprint(module.blueprint)
    dashboard.attach(app)
    bundle.attach(app)
