"""Studies that are made in the browser: ordinary folders, and a row that says whose they are.

A draft is a study that no version is frozen of. Its folder is where the command line looks for
it, so that command line, version control and browser see the same files.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomlkit
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from diptych import tasks
from diptych.accounts import audit
from diptych.accounts.users import User, put_role
from diptych.authoring import draft_archive, scaffold
from diptych.authoring.draft_folder import DraftFault, DraftFolder, TextFile
from diptych.authoring.folder import NAME, NAMES
from diptych.domain.tables import STUDIES
from diptych.ground.database import insert_row, now_ms, reading, writing
from diptych.ground.settings import Settings


def may_make(settings: Settings, user: User) -> bool:
    """Say whether a user may make studies on this host."""
    return user.is_admin or settings.new_studies == "users"


@dataclass(frozen=True)
class Draft:
    """The folder of a study of this host, with who changes it.

    Attributes
    ----------
    study_id : int
        The study's row.
    name : str
        The study's name, and that of its folder.
    files : DraftFolder
        Its text files.
    """

    study_id: int
    name: str
    files: DraftFolder

    @property
    def folder(self) -> Path:
        """The study folder."""
        return self.files.folder

    def write(self, file: str, text: str, *, seen: str, user: User) -> TextFile:
        """Save a text (`DraftFolder.write`), with its entry in the audit log."""
        written = self.files.write(file, text, seen=seen, by=user.name)
        if written.digest != seen:
            self.note(user, "draft.write", file, bytes=len(written.text.encode()))
        return written

    def remove(self, file: str, *, seen: str, user: User) -> None:
        """Remove a text (`DraftFolder.remove`), with its entry in the audit log."""
        self.files.remove(file, seen=seen)
        self.note(user, "draft.remove", file)

    def note(self, user: User, action: str, subject: str | None = None, **detail: Any) -> None:
        """Write an entry of the audit log about this draft."""
        audit.note(user, action, study_id=self.study_id, subject=subject, detail=detail)


def draft_of(settings: Settings, study_id: int, name: str) -> Draft:
    """Return the draft of a study of this host; its folder may be missing."""
    kept = settings.home / "drafts" / name
    return Draft(study_id, name, DraftFolder(settings.studies / name, kept))


def new_from_template(
    settings: Settings, name: str, task: str, *, title: str, own_images: bool, user: User
) -> Draft:
    """Make a study from the template of a task.

    Parameters
    ----------
    settings : Settings
        Of the host.
    name : str
        Name of the study.
    task : str
        The task.
    title : str
        Title that participants see; empty for the template's.
    own_images : bool
        Whether the researcher brings images. Otherwise the template's program draws some, when
        it is run on the host.
    user : User
        Who makes it, and owns it.

    Raises
    ------
    DraftFault
        When the name is taken or not allowed, or the task has no template.
    """
    if task not in scaffold.tasks_with_template():
        known = ", ".join(scaffold.tasks_with_template())
        raise DraftFault(f"There is no template for the task {task!r}; choose one of {known}.")

    def make(folder: Path) -> None:
        scaffold.copy_template(folder, task)
        _set_up(folder, task, title.strip(), own_images)

    return _new(settings, name, make, user, "draft.create", task=task)


def _set_up(folder: Path, task: str, title: str, own_images: bool) -> None:
    """Write the title into study.toml; make place for own images."""
    path = folder / "study.toml"
    document = tomlkit.parse(path.read_text(encoding="utf-8"))
    if title:
        document["title"] = title
    if own_images:
        stimuli: Any = document["stimuli"]
        stimuli.pop("generator", None)
        (folder / "generate.py").unlink(missing_ok=True)
        (folder / "stimuli.csv").write_text("file,label\n", encoding="utf-8")
        layout = tasks.REGISTRY.get(task).items
        if layout is not None:
            (folder / "items.csv").write_text(",".join(layout.columns) + "\n", encoding="utf-8")
    path.write_text(tomlkit.dumps(document), encoding="utf-8")


def clone(settings: Settings, name: str, of: Path, *, user: User) -> Draft:
    """Make a study from a copy of the folder of another.

    Raises
    ------
    DraftFault
        When the name is taken or not allowed, or the folder is missing.
    """
    if not (of / "study.toml").is_file():
        raise DraftFault(f"The study {of.name!r} has no folder on this host to copy.")

    def make(folder: Path) -> None:
        shutil.copytree(of, folder, symlinks=True, ignore=_not_copied)

    return _new(settings, name, make, user, "draft.clone", of=of.name)


def _not_copied(folder: str, names: list[str]) -> set[str]:
    """Leave out links, hidden files and compiled modules."""
    return {
        name
        for name in names
        if name.startswith((".", "__pycache__")) or (Path(folder) / name).is_symlink()
    }


def import_archive(settings: Settings, name: str, archive: Path, *, user: User) -> Draft:
    """Make a study from a zip archive of its folder.

    Raises
    ------
    DraftFault
        When the name is taken or not allowed, or the archive can't be used.
    """

    def make(folder: Path) -> None:
        draft_archive.unpack(archive, folder, most_bytes=settings.upload_bytes)

    return _new(settings, name, make, user, "draft.import")


def adopt(settings: Settings, name: str, *, user: User) -> Draft:
    """Edit a folder in the browser that was made on the command line.

    Raises
    ------
    DraftFault
        When there is no such folder, or the study has a row already.
    """
    if not NAME.fullmatch(name) or not (settings.studies / name / "study.toml").is_file():
        raise DraftFault(f"There is no study folder {name!r}.")
    return draft_of(settings, _row(name, user, "draft.adopt", {}), name)


def _new(
    settings: Settings,
    name: str,
    make: Callable[[Path], None],
    user: User,
    action: str,
    **detail: Any,
) -> Draft:
    """Make the folder beside its place, move it there, and write the row."""
    if not NAME.fullmatch(name):
        raise DraftFault(f"{name!r} cannot be the name of a study; allowed is a name of {NAMES}.")
    folder = settings.studies / name
    if folder.exists() or _is_known(name):
        raise DraftFault(f"There is already a study {name!r}. Choose another name.")
    try:
        settings.studies.mkdir(parents=True, exist_ok=True)
        with _beside(settings.studies, name) as temporary:
            make(temporary)
            temporary.rename(folder)
    except OSError as fault:
        raise DraftFault(
            f"The host could not write the folder of the study ({fault.strerror}). Its user must "
            f"be allowed to write in {settings.studies}."
        ) from None
    try:
        return draft_of(settings, _row(name, user, action, detail), name)
    except DraftFault:
        shutil.rmtree(folder)
        raise


@contextmanager
def _beside(studies: Path, name: str) -> Iterator[Path]:
    """Name a folder on the same disk that no list of studies shows; remove what is left of it."""
    temporary = studies / f".{name}.{secrets.token_hex(8)}"
    try:
        yield temporary
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _is_known(name: str) -> bool:
    with reading() as connection:
        found = connection.execute(select(STUDIES.c.id).where(STUDIES.c.name == name)).scalar()
    return found is not None


def _row(name: str, user: User, action: str, detail: dict[str, Any]) -> int:
    """Write the row of a new study with its owner and its entry in the audit log."""
    try:
        with writing() as connection:
            values = {"name": name, "state": "draft", "created_at": now_ms()}
            study_id = insert_row(connection, insert(STUDIES).values(values))
            if not user.is_admin:
                put_role(connection, user, study_id, "owner")
            audit.note(user, action, study_id=study_id, detail=detail, connection=connection)
    except IntegrityError:
        raise DraftFault(f"There is already a study {name!r}. Choose another name.") from None
    return study_id
