"""Uploaded images become stimuli: folder names are labels, and every odd file is named at once."""

from __future__ import annotations

import shutil
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from diptych.accounts.users import User
from diptych.authoring.draft_folder import DraftFault
from diptych.authoring.drafts import Draft
from diptych.authoring.stimulus_table import StimulusTable, read_table
from diptych.authoring.uploads import Arrived
from diptych.images import ImageFault, content_hash, servable

#: Folder of the images in a study folder.
FOLDER = "stimuli"
_JUNK = frozenset((".ds_store", "thumbs.db", "desktop.ini"))


@dataclass(frozen=True)
class NewStimulus:
    """An image that can be added.

    Attributes
    ----------
    file : str
        Where it will be in the study folder.
    label : str
        Its label.
    source : Path
        Where its bytes are now.
    """

    file: str
    label: str
    source: Path


@dataclass(frozen=True)
class Sorted:
    """What an upload consists of.

    Attributes
    ----------
    good : tuple[NewStimulus, ...]
        Images that can be added.
    odd : tuple[tuple[str, str], ...]
        (file, why it can't be added).
    """

    good: tuple[NewStimulus, ...]
    odd: tuple[tuple[str, str], ...]

    @property
    def counts(self) -> dict[str, int]:
        """Number of good images by label, by name."""
        labels = [each.label for each in self.good]
        return {label: labels.count(label) for label in sorted(set(labels))}


def inspect(path: Path) -> tuple[str, str]:
    """Return (content hash, fault) of an uploaded image; the fault is empty for a good one."""
    data = path.read_bytes()
    try:
        servable(data)
    except ImageFault as fault:
        return "", str(fault)
    return content_hash(data), ""


def sort(draft: Draft, arrived: Sequence[Arrived], label: str = "") -> Sorted:
    """Sort the files of an upload.

    Parameters
    ----------
    draft : Draft
        The study that gets them.
    arrived : Sequence[Arrived]
        The files.
    label : str
        Of images that were chosen without a folder.
    """
    table = table_of(draft)
    seen = dict(_pictures(draft, table))
    taken = {_folded(file) for file in table.files}
    good: list[NewStimulus] = []
    odd: list[tuple[str, str]] = []
    for each in sorted(arrived, key=lambda one: (one.name.casefold(), one.name)):
        if PurePosixPath(each.name).name.casefold() in _JUNK:
            continue
        file, of = _place(each.name, label)
        why = each.fault or _label_fault(of)
        if not why and each.digest in seen:
            why = f"is the same picture as {seen[each.digest]}"
        if not why and (_folded(file) in taken or _is_other(draft.folder / file, each.digest)):
            why = f"has the same name as a file of the study ({file})"
        if why:
            odd.append((each.name, why))
            continue
        seen[each.digest] = each.name
        taken.add(_folded(file))
        good.append(NewStimulus(file, of, each.path))
    return Sorted(tuple(good), tuple(odd))


def _place(name: str, label: str) -> tuple[str, str]:
    """Return (file in the study folder, label) of an uploaded file."""
    path = PurePosixPath(unicodedata.normalize("NFC", name))
    if len(path.parts) < 2:
        inside = f"{label}/" if label and not set(label) & set('/\\:*?"<>|.') else ""
        return f"{FOLDER}/{inside}{path.name}", label
    return f"{FOLDER}/{path.parent.name}/{path.name}", path.parent.name


def _label_fault(label: str) -> str:
    return "is in a folder with | in its name, which a label cannot have" if "|" in label else ""


def _folded(file: str) -> str:
    return unicodedata.normalize("NFC", file).casefold()


def _pictures(draft: Draft, table: StimulusTable) -> Iterator[tuple[str, str]]:
    """Yield (content hash, file) of the images that the study has."""
    for file in table.files:
        path = draft.folder / file
        if path.is_file():
            yield content_hash(path.read_bytes()), file


def _is_other(path: Path, digest: str) -> bool:
    """Say whether there is a file with other content at a place."""
    return path.exists() and not (path.is_file() and content_hash(path.read_bytes()) == digest)


def manifest_of(draft: Draft) -> str:
    """Return the name of the manifest of the stimuli."""
    return draft.files.tables()[0]


def table_of(draft: Draft) -> StimulusTable:
    """Read the stimuli of a draft.

    Raises
    ------
    DraftFault
        When the manifest can't be changed here.
    """
    return read_table(draft.files.read(manifest_of(draft)).text)


def add(draft: Draft, new: Sequence[NewStimulus], *, user: User) -> int:
    """Put images into the study folder, then their rows into the manifest.

    A process that is killed in between leaves files that no row names, and the manifest as it was.

    Returns
    -------
    int
        Number of images added.

    Raises
    ------
    DraftConflict
        When the manifest was changed meanwhile.
    """
    manifest = manifest_of(draft)
    before = draft.files.read(manifest)
    table = read_table(before.text)
    root = draft.folder.resolve()
    for each in new:
        target = draft.folder / each.file
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.parent.resolve().is_relative_to(root):
            raise DraftFault(f"{each.file} would be outside the folder of the study")
        _move(each.source, target)
    added = table.added([(each.file, each.label) for each in new])
    draft.files.write(manifest, added.text(), seen=before.digest, by=user.name)
    draft.note(user, "draft.stimuli", manifest, added=len(new))
    return len(new)


def _move(source: Path, target: Path) -> None:
    """Move a file to its place, whole or not at all, also from another disk."""
    temporary = target.with_name(f".{source.parent.name}-{source.stem}.part")
    try:
        shutil.move(source, temporary)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
