"""Thin views: they read a request, call the journey, and write the reply."""

from apiflask import APIFlask

from diptych.ground.settings import Settings


def register(app: APIFlask, settings: Settings) -> None:
    """Attach every blueprint and error handler."""
    from diptych.web import (
        bundle,
        dashboard,
        errors,
        health,
        images,
        limits,
        pages,
        participant,
        plugins,
        security,
        task_contract,
        telemetry,
        webhooks,
    )

    app.security_schemes = participant.SECURITY
    app.spec_processor(task_contract.complete)
    telemetry.attach(app, settings)
    errors.attach(app)
    security.attach(app)
    limits.attach(app, settings)
    for module in (participant, images, pages, plugins, health, telemetry, webhooks):
        app.register_blueprint(module.blueprint)
    dashboard.attach(app)
    bundle.attach(app)
