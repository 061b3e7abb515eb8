"""A new study folder that validates at once, with texts to rewrite.

The folder of a task has a folder `scaffold` with the files of such a study. Texts that are the same
for every task are here.
"""

from __future__ import annotations

import inspect
import shutil
import tomllib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from diptych import tasks
from diptych.authoring.folder import NAME, NAMES
from diptych.study.faults import Fault, StudyFault

TEXTS = Path(__file__).parent / "scaffold_texts"


def make_study(folder: Path, task: str) -> None:
    """Write a new study folder.

    Raises
    ------
    StudyFault
        When the folder exists, its name can't be a study's, or no template is there
        for the task.
    """
    faults = []
    templates = _templates()
    if not NAME.fullmatch(folder.name):
        faults.append(Fault(".", "", repr(folder.name), f"a name of {NAMES}"))
    if folder.exists():
        faults.append(Fault(str(folder), "", "a folder that already exists", "a new folder"))
    if task not in templates:
        faults.append(Fault("study.toml", "task.name", repr(task), ", ".join(templates)))
    if faults:
        raise StudyFault(folder.name, faults)
    copy_template(folder, task)


def tasks_with_template() -> list[str]:
    """List the installed tasks that `make_study` knows a template of."""
    return sorted(_templates())


def descriptions() -> list[tuple[str, str]]:
    """List (task, what its template asks) of the tasks that have a template."""
    told = []
    for name, folder in sorted(_templates().items()):
        data = tomllib.loads((folder / "study.toml").read_text(encoding="utf-8"))
        told.append((name, str(data.get("description", ""))))
    return told


def copy_template(folder: Path, task: str) -> None:
    """Copy the template of a task into a new folder of any name."""
    folder.mkdir(parents=True)
    for source in (TEXTS, _templates()[task]):
        shutil.copytree(source, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__*"))


def _templates() -> dict[str, Path]:
    """Find the folder `scaffold` of each task that has one, beside the module of its class."""
    found = {
        name: Path(inspect.getfile(task)).parent / "scaffold"
        for name, task in tasks.REGISTRY.all().items()
    }
    return {name: folder for name, folder in found.items() if folder.is_dir()}


@lru_cache(maxsize=16)
def template_texts(name: str) -> frozenset[str]:
    """Return the templates' wordings of one text (`consent`, …), which studies should replace."""
    return frozenset(path.read_text(encoding="utf-8").strip() for path in _texts(name))


def _texts(name: str) -> Iterator[Path]:
    for folder in (TEXTS, *_templates().values()):
        if (path := folder / f"{name}.md").is_file():
            yield path
