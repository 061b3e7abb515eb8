"""Versions: a study's content is frozen in the database, and read back from there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, Executable, Row, bindparam, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from diptych import models
from diptych.accounts import audit
from diptych.accounts.users import User
from diptych.domain.tables import IMAGES, ITEMS, STIMULI, STUDIES, VERSIONS
from diptych.ground.database import db, in_parts, insert_row, now_ms, reading, writing
from diptych.study import opening_plan
from diptych.study.content import FrozenItem, FrozenStimulus, StudyContent
from diptych.study.loaded import LoadedStudy
from diptych.study.spec import StudySpec

STATES = ("draft", "open", "paused", "closed")


class UnknownStudy(LookupError):
    """The host knows no study of that name."""


def freeze(loaded: LoadedStudy, *, opening: bool, user: User | None = None) -> tuple[int, bool]:
    """Store a study as a version, unless that content is stored already.

    Parameters
    ----------
    loaded : LoadedStudy
        A study folder without faults.
    opening : bool
        True to open the version to participants; False for previews only.
    user : User | None, optional
        Who does it, for the audit log; None for the command line.

    Returns
    -------
    tuple[int, bool]
        Id of the version, and whether it is new.
    """
    pictures = _new_images(loaded)
    try:
        return _freeze(loaded.content, pictures, opening, user)
    except IntegrityError:
        # Somebody froze the same content, or the first of this study, at the same moment.
        return _freeze(loaded.content, pictures, opening, user)


def _new_images(loaded: LoadedStudy) -> list[dict[str, Any]]:
    """Return rows of the images, and of files of policies, that are not stored yet.

    Encoding takes seconds for a large study, so it comes before the transaction: no participant
    waits for it. Stored images are never deleted.
    """
    with reading() as connection:
        stored = _stored_images(connection, [*loaded.images, *loaded.files])
    files = [
        {"hash": name, "media_type": "application/octet-stream", "data": data}
        for name, data in loaded.files.items()
        if name not in stored
    ]
    return files + [
        {"hash": name, "media_type": image.media_type, "data": image.encode()}
        for name, image in loaded.images.items()
        if name not in stored
    ]


def _stored_images(connection: Connection, hashes: Sequence[str]) -> set[str]:
    """Return those of some content hashes whose images are stored, by whichever study."""
    return {
        stored
        for some in in_parts(hashes)
        for stored in connection.execute(
            select(IMAGES.c.hash).where(IMAGES.c.hash.in_(some))
        ).scalars()
    }


def _freeze(
    content: StudyContent, pictures: list[dict[str, Any]], opening: bool, user: User | None
) -> tuple[int, bool]:
    with writing() as connection:
        study_id, state = _study_row(connection, content.name)
        found = connection.execute(
            select(VERSIONS.c.id).where(
                VERSIONS.c.study_id == study_id, VERSIONS.c.content_hash == content.content_hash
            )
        ).scalar()
        version_id = found or _insert(connection, study_id, content, pictures)
        if opening:
            _open(connection, study_id, version_id)
        elif state is None:
            _set_state(connection, study_id, "draft")
        audit.note(
            user,
            "study.open" if opening else "study.freeze",
            study_id=study_id,
            detail={"version": content.content_hash[:12], "new": found is None},
            connection=connection,
        )
    return version_id, found is None


def _open(connection: Connection, study_id: int, version_id: int) -> None:
    """Show a version to whoever enters from now on."""
    # Later than every other opening, also within one millisecond: the latest is current.
    latest = connection.execute(
        select(func.max(VERSIONS.c.opened_at)).where(VERSIONS.c.study_id == study_id)
    ).scalar()
    opened_at = max(now_ms(), (latest or 0) + 1)
    connection.execute(
        update(VERSIONS).where(VERSIONS.c.id == version_id).values(opened_at=opened_at)
    )
    _set_state(connection, study_id, "open")
    opening_plan.forget_stop(connection, study_id)


def open_version(study_id: int, version_id: int, user: User | None = None) -> None:
    """Let people in to a version that is frozen already, be it an older one.

    Raises
    ------
    LookupError
        When the study has no such version.
    """
    with writing() as connection:
        content_hash = connection.execute(
            select(VERSIONS.c.content_hash).where(
                VERSIONS.c.id == version_id, VERSIONS.c.study_id == study_id
            )
        ).scalar()
        if content_hash is None:
            raise LookupError(f"study {study_id} has no version {version_id}")
        _open(connection, study_id, version_id)
        detail = {"version": content_hash[:12], "new": False}
        audit.note(user, "study.open", study_id=study_id, detail=detail, connection=connection)


def _study_row(connection: Connection, name: str) -> tuple[int, str | None]:
    row = connection.execute(
        select(STUDIES.c.id, STUDIES.c.state).where(STUDIES.c.name == name)
    ).one_or_none()
    if row is not None:
        return row.id, row.state
    values = {"name": name, "state": "draft", "created_at": now_ms()}
    return insert_row(connection, insert(STUDIES).values(values)), None


def _set_state(connection: Connection, study_id: int, state: str) -> None:
    connection.execute(update(STUDIES).where(STUDIES.c.id == study_id).values(state=state))


def _insert(
    connection: Connection, study_id: int, content: StudyContent, pictures: list[dict[str, Any]]
) -> int:
    values = {
        "study_id": study_id,
        "content_hash": content.content_hash,
        "spec": content.spec.model_dump(mode="json"),
        "texts": dict(content.texts),
        "created_at": now_ms(),
        "opened_at": None,
    }
    version_id = insert_row(connection, insert(models.StudyVersion).values(values))
    stored = _stored_images(connection, [picture["hash"] for picture in pictures])
    images = [picture for picture in pictures if picture["hash"] not in stored]
    stimuli = [
        {
            "version_id": version_id,
            "place": s.place,
            "stimulus_id": s.stimulus_id,
            "file": s.file,
            "label": s.label,
            "width": s.width,
            "height": s.height,
            "attributes": dict(s.attributes),
        }
        for s in content.stimuli
    ]
    items = [
        {
            "version_id": version_id,
            "item_id": item.item_id,
            "place": place,
            "kind": item.kind,
            "unit": item.unit,
            "stimuli": {role: list(places) for role, places in item.stimuli.items()},
            "attributes": dict(item.attributes),
        }
        for place, item in enumerate(content.items.values())
    ]
    for target, rows in ((models.Image, images), (models.Stimulus, stimuli), (models.Item, items)):
        if rows:
            connection.execute(insert(target), rows)
    return version_id


def study_state(name: str) -> str:
    """Return the state of a study: draft, open, paused or closed.

    Raises
    ------
    UnknownStudy
        When the host knows no such study.
    """
    return str(_study_named(name).state)


_VERBS = {"open": "study.open", "paused": "study.pause", "closed": "study.close"}


def set_state(name: str, state: str, user: User | None = None) -> None:
    """Pause, close, or open again a study.

    Parameters
    ----------
    name : str
        The study.
    state : str
        `open`, `paused` or `closed`.
    user : User | None, optional
        Who does it, for the audit log; None for the command line.

    Raises
    ------
    UnknownStudy
        When the host knows no such study, or it is to be opened without a version
        that ever was.
    """
    study = _study_named(name)
    if state == "open":
        current_version(name)
    with writing() as connection:
        changed = connection.execute(
            update(STUDIES)
            .where(STUDIES.c.id == study.id, STUDIES.c.state != state)
            .values(state=state)
        )
        if changed.rowcount:
            opening_plan.forget_stop(connection, study.id)
            audit.note(user, _VERBS[state], study_id=study.id, connection=connection)


def study_id_of(name: str) -> int:
    """Find the row of a study.

    Raises
    ------
    UnknownStudy
        When the host knows no such study.
    """
    return int(_study_named(name).id)


def _study_named(name: str) -> Row[Any]:
    return _found(select(STUDIES).where(STUDIES.c.name == bindparam("study")), name)


def _found(statement: Executable, name: str) -> Row[Any]:
    """Return the one row that a statement finds for the name of a study."""
    if "\x00" in name:  # PostgreSQL can't even look for it
        raise UnknownStudy(name)
    with reading() as connection:
        row = connection.execute(statement, {"study": name}).one_or_none()
    if row is None:
        raise UnknownStudy(name)
    return row


_NEWEST = (
    select(models.StudyVersion.study_id, models.StudyVersion.id, models.Study.state)
    .join(models.Study, models.Study.id == models.StudyVersion.study_id)
    .where(models.Study.name == bindparam("study"))
    .order_by(models.StudyVersion.created_at.desc(), models.StudyVersion.id.desc())
    .limit(1)
)
_CURRENT = (
    _NEWEST.where(models.StudyVersion.opened_at.is_not(None))
    .order_by(None)
    .order_by(models.StudyVersion.opened_at.desc(), models.StudyVersion.id.desc())
)


def current_version(name: str, *, preview: bool = False) -> tuple[int, int, str]:
    """Return (study id, version id, state) of what participants who enter now see.

    Parameters
    ----------
    name : str
        Name of the study.
    preview : bool, optional
        True for the newest version, whether opened or not.

    Raises
    ------
    UnknownStudy
        When there is no such study, or none that was ever opened.
    """
    found = _found(_NEWEST if preview else _CURRENT, name)
    return found.study_id, found.id, found.state


def overview() -> list[Mapping[str, Any]]:
    """List the studies: name, state, number of versions, and sessions of people by status."""
    sessions, versions = models.Session, models.StudyVersion
    counts: dict[int, dict[str, int]] = {}
    with reading() as connection:
        for study_id, status, count in connection.execute(
            select(sessions.study_id, sessions.status, func.count())
            .where(sessions.kind == "person")
            .group_by(sessions.study_id, sessions.status)
        ):
            counts.setdefault(study_id, {})[status] = count
        rows = connection.execute(
            select(models.Study.id, models.Study.name, models.Study.state, func.count(versions.id))
            .outerjoin(versions, versions.study_id == models.Study.id)
            .where(models.Study.state != "deleted")
            .group_by(models.Study.id, models.Study.name, models.Study.state)
            .order_by(models.Study.name)
        ).all()
    return [
        {"name": name, "state": state, "versions": n, "sessions": counts.get(id_, {})}
        for id_, name, state, n in rows
    ]


# Versions in memory: they never change. The oldest goes when there are too many.
_MOST_IN_MEMORY = 64
_memory: dict[tuple[Engine, int], StudyContent] = {}


def frozen(version_id: int, connection: Connection | None = None) -> StudyContent:
    """Return the content of a version, kept in memory.

    Parameters
    ----------
    version_id : int
        The version.
    connection : Connection | None, optional
        One that the caller holds; whoever holds a connection gives it along, since
        nobody may wait for a second one.
    """
    key = db.engine, version_id
    content = _memory.get(key)
    if content is None:
        if connection is None:
            with reading() as own:
                content = _load(own, version_id)
        else:
            content = _load(connection, version_id)
        while len(_memory) >= _MOST_IN_MEMORY:
            _memory.pop(next(iter(_memory)), None)
        _memory[key] = content
    return content


def _as_frozen(spec: dict[str, Any]) -> dict[str, Any]:
    """Read a spec as meant when it was frozen: before `auto` existed, every rule excluded."""
    quality = spec.get("quality") or {}
    if "auto" in quality:
        return spec
    auto = [name for name, threshold in quality.items() if threshold is not None]
    return {**spec, "quality": {**quality, "auto": auto}}


def _load(connection: Connection, version_id: int) -> StudyContent:
    row = connection.execute(
        select(VERSIONS.c.content_hash, VERSIONS.c.spec, VERSIONS.c.texts, STUDIES.c.name)
        .join(STUDIES, STUDIES.c.id == VERSIONS.c.study_id)
        .where(VERSIONS.c.id == version_id)
    ).one()
    of_version = STIMULI.c.version_id == version_id
    stimuli = connection.execute(select(STIMULI).where(of_version).order_by(STIMULI.c.place)).all()
    of_version = ITEMS.c.version_id == version_id
    items = connection.execute(select(ITEMS).where(of_version).order_by(ITEMS.c.place)).all()
    return StudyContent(
        name=row.name,
        content_hash=row.content_hash,
        spec=StudySpec.model_validate(_as_frozen(row.spec)),
        texts=row.texts,
        stimuli=tuple(
            FrozenStimulus(s.place, s.stimulus_id, s.file, s.label, s.width, s.height, s.attributes)
            for s in stimuli
        ),
        items={
            i.item_id: FrozenItem(
                i.item_id,
                i.kind,
                i.unit,
                {role: tuple(places) for role, places in i.stimuli.items()},
                i.attributes,
            )
            for i in items
        },
    )
