"""Drafts that were deleted in the browser, and can be restored.

Deleting moves the folder aside and takes the study's name from its row, so that the name is free.
Nothing is erased: the files stay in `.deleted` beside the studies until somebody removes them on
the host.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, exists, select, update

from diptych.accounts import audit
from diptych.accounts.users import User, role_in
from diptych.authoring.draft_folder import DraftFault
from diptych.authoring.drafts import Draft
from diptych.authoring.folder import NAME
from diptych.domain.tables import STUDIES, VERSIONS
from diptych.ground.database import reading, writing
from diptych.ground.settings import Settings

FOLDER = ".deleted"
STATE = "deleted"


@dataclass(frozen=True)
class DeletedDraft:
    """A draft that can be restored: the row of its study, its name, and its folder."""

    study_id: int
    name: str
    folder: Path


def delete(settings: Settings, draft: Draft, *, user: User) -> None:
    """Delete a draft, so that it can be restored.

    Parameters
    ----------
    settings : Settings
        Of the host.
    draft : Draft
        A study that no version is frozen of.
    user : User
        Who deletes it, for the audit log.

    Raises
    ------
    DraftFault
        When a version is frozen, or the folder cannot be moved; nothing was changed then.
    """
    target = settings.studies / FOLDER / str(draft.study_id) / draft.name
    with writing() as connection:
        if _is_frozen(connection, draft.study_id):
            raise DraftFault(
                f"A version of {draft.name} is frozen, so the study cannot be deleted. Close it "
                "instead"
            )
        # Not a name of a study, so nobody else can have it.
        _set(connection, draft.study_id, f"~{draft.study_id}", STATE)
        detail = {"name": draft.name}
        audit.note(
            user, "draft.delete", study_id=draft.study_id, detail=detail, connection=connection
        )
        # The last step: if it fails, the row stays as it was.
        if draft.folder.is_dir():
            _move(draft.folder, target)
            _move_history(settings, draft.name, f"~{draft.study_id}")


def deleted(settings: Settings, user: User) -> list[DeletedDraft]:
    """List the deleted drafts whose folder is on this host and that a user owns, by name."""
    with reading() as connection:
        ids = connection.execute(select(STUDIES.c.id).where(STUDIES.c.state == STATE)).scalars()
        found = [each for id_ in ids if (each := _on_disk(settings, id_)) is not None]
    mine = [each for each in found if role_in(user, each.study_id) == "owner"]
    return sorted(mine, key=lambda each: (each.name, each.study_id))


def restore(settings: Settings, study_id: int, *, user: User) -> DeletedDraft:
    """Make a deleted draft a draft again.

    Raises
    ------
    LookupError
        When the user owns no such deleted draft.
    DraftFault
        When its name is taken meanwhile, or the folder cannot be moved.
    """
    found = next((each for each in deleted(settings, user) if each.study_id == study_id), None)
    if found is None:
        raise LookupError(f"no deleted draft {study_id}")
    target = settings.studies / found.name
    taken = select(STUDIES.c.id).where(STUDIES.c.name == found.name)
    with writing() as connection:
        if target.exists() or connection.execute(taken).scalar() is not None:
            raise DraftFault(
                f"There is a study {found.name!r} by now. On the host, rename one of the folders "
                f"{target} and {found.folder}"
            )
        _set(connection, study_id, found.name, "draft")
        audit.note(user, "draft.restore", study_id=study_id, connection=connection)
        _move(found.folder, target)
        _move_history(settings, f"~{study_id}", found.name)
    return found


def _is_frozen(connection: Connection, study_id: int) -> bool:
    held = select(STUDIES.c.state).where(STUDIES.c.id == study_id).with_for_update()
    is_draft = connection.execute(held).scalar_one() == "draft"
    frozen = select(exists().where(VERSIONS.c.study_id == study_id))
    return not is_draft or bool(connection.execute(frozen).scalar())


def _set(connection: Connection, study_id: int, name: str, state: str) -> None:
    connection.execute(
        update(STUDIES).where(STUDIES.c.id == study_id).values(name=name, state=state)
    )


def _on_disk(settings: Settings, study_id: int) -> DeletedDraft | None:
    kept = settings.studies / FOLDER / str(study_id)
    folders = [path for path in kept.glob("*") if NAME.fullmatch(path.name) and path.is_dir()]
    return DeletedDraft(study_id, folders[0].name, folders[0]) if len(folders) == 1 else None


def _move(source: Path, target: Path) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        source.rename(target)
    except OSError as fault:
        raise DraftFault(
            f"The host could not move {source} to {target} ({fault.strerror}). Its user must be "
            f"allowed to write in {source.parent}"
        ) from None


def _move_history(settings: Settings, name: str, to: str) -> None:
    """Keep the earlier texts apart, so that a new study of the name begins without them."""
    kept = settings.home / "drafts"
    if (kept / name).is_dir() and not (kept / to).exists():
        (kept / name).rename(kept / to)
