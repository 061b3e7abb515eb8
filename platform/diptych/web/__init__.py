"""Thin views: they read a request, call the journey, and write the reply."""

from apiflask import APIFlask


def register(app: APIFlask) -> None:
    """Attach every blueprint and error handler."""
    from diptych.web import dashboard, errors, health, images, pages, participant, security

    app.security_schemes = participant.SECURITY
    errors.attach(app)
    security.attach(app)
    for module in (participant, images, pages, health):
        app.register_blueprint(module.blueprint)
    dashboard.attach(app)
