"""The yardstick: a bare Flask route that inserts one row and says so.

Nothing is checked, known, scored or told. What serves it is what serves Diptych: the same gunicorn
settings, the same engine, pool and driver, the same database; one transaction a request. Run as
`gunicorn bare_route:create_app()` with Diptych's environment variables, by `yardstick.BareServer`.
"""

from __future__ import annotations

from flask import Flask, Response, jsonify, request
from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Engine,
    Float,
    Integer,
    MetaData,
    Table,
    create_engine,
    insert,
)

from diptych.ground.database import engine_options, insert_row, now_ms, prepare_engine, writing
from diptych.ground.settings import Settings

ROWS = Table(
    "bare_rows",
    MetaData(),
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("answer", JSON, nullable=False),
    Column("rt_ms", Float, nullable=False),
    Column("received_at", BigInteger, nullable=False),
)


def make_engine(settings: Settings) -> Engine:
    """Make the engine that Diptych would make of the same settings."""
    url = settings.sqlalchemy_url
    engine = create_engine(url, **engine_options(url, settings.pool_size))
    prepare_engine(engine)
    return engine


def create_app() -> Flask:
    """Make the application; its table must exist."""
    engine = make_engine(Settings.from_environment())
    app = Flask(__name__)

    @app.post("/rows")
    def add() -> Response:
        body = request.get_json()
        values = {
            "answer": body["response"],
            "rt_ms": body["timing"]["rt_ms"],
            "received_at": now_ms(),
        }
        with writing(engine) as connection:
            number = insert_row(connection, insert(ROWS).values(values))
        return jsonify(id=number)

    @app.get("/healthz")
    def health() -> str:
        return "ok"

    return app
