"""What the checklist goes by on this host: content, settings, and how long people need."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select

import diptych
from diptych.domain.tables import STUDIES
from diptych.ground.database import reading
from diptych.host import Host
from diptych.journey.allocation import count_excluded
from diptych.overview.checklist import checklist
from diptych.overview.checks import Check, Given
from diptych.overview.studies import numbers
from diptych.overview.versions import study_folders
from diptych.study.content import StudyContent

BUNDLE = Path(diptych.__file__).parent / "static" / "dist" / ".vite" / "manifest.json"


def known(host: Host, content: StudyContent, study_id: int | None = None) -> Given:
    """Collect what the checks need to know.

    Parameters
    ----------
    host : Host
        The host.
    content : StudyContent
        The version, or a folder that is not frozen yet.
    study_id : int | None, optional
        The study, where the host knows it: its sessions tell how long it takes.
    """
    counted = None if study_id is None else numbers(study_id)
    return Given(
        content=content,
        base_url=host.settings.base_url,
        prolific_token=bool(host.settings.prolific_token),
        bundle=BUNDLE.exists(),
        median_minutes=None if counted is None else counted.median_minutes,
        timed_sessions=0 if counted is None else counted.timed,
        pay_floor=host.settings.pay_floor,
        studies=_studies(host) if content.spec.recruitment.exclude_studies else (),
        completed=0 if counted is None else counted.ended["completed"],
        excluded=0 if study_id is None else _excluded(study_id),
    )


def _excluded(study_id: int) -> int:
    """Return the people's sessions that have completed and are excluded."""
    with reading() as connection:
        return count_excluded(connection, study_id, "person").total()


def _studies(host: Host) -> tuple[str, ...]:
    with reading() as connection:
        opened = connection.execute(select(STUDIES.c.name)).scalars()
        return tuple(sorted({*opened, *study_folders(host.settings.studies)}))


def checks(host: Host, content: StudyContent, study_id: int | None = None) -> list[Check]:
    """Make the checklist of a study on this host."""
    return checklist(known(host, content, study_id))
