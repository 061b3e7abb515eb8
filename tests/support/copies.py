"""Many sessions at once: copies of one."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import insert, select

from diptych import models
from diptych.ground.database import table, writing


def multiply_session(app: Flask, public_id: str, times: int) -> None:
    """Store copies of a session, with trials and responses."""
    sessions = table(models.Session)
    with app.app_context(), writing() as connection:
        session = connection.execute(
            select(sessions).where(sessions.c.public_id == public_id)
        ).one()
        for model in (models.Session, models.Trial, models.Response):
            rows = table(model)
            key = rows.c.id if model is models.Session else rows.c.session_id
            found = [
                dict(row._mapping)
                for row in connection.execute(select(rows).where(key == session.id))
            ]
            copies = []
            for number in range(1, times + 1):
                for row in found:
                    copy = dict(row)
                    copy[key.name] = session.id + number
                    if model is models.Session:
                        copy |= {"public_id": f"{number:032x}", "take": number + 1}
                    copies.append(copy)
            connection.execute(insert(model), copies)
