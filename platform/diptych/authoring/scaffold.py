"""A new study folder that validates at once, with texts to rewrite."""

from __future__ import annotations

import shutil
from functools import lru_cache
from pathlib import Path

from diptych.authoring.folder import NAME, NAMES
from diptych.study.faults import Fault, StudyFault

TEMPLATES = Path(__file__).parent / "scaffolds"


def make_study(folder: Path, task: str) -> None:
    """Write a new study folder.

    Raises:
        StudyFault: when the folder exists, its name can't be a study's, or no template is there
            for the task.
    """
    faults = []
    known = sorted(path.name for path in TEMPLATES.iterdir() if path.name != "texts")
    if not NAME.fullmatch(folder.name):
        faults.append(Fault(".", "", repr(folder.name), f"a name of {NAMES}"))
    if folder.exists():
        faults.append(Fault(str(folder), "", "a folder that already exists", "a new folder"))
    if task not in known:
        faults.append(Fault("study.toml", "task.name", repr(task), ", ".join(known)))
    if faults:
        raise StudyFault(folder.name, faults)
    folder.mkdir(parents=True)
    for source in (TEMPLATES / "texts", TEMPLATES / task):
        shutil.copytree(source, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__*"))


@lru_cache(maxsize=16)
def template_texts(name: str) -> frozenset[str]:
    """What the templates say in one text (`consent`, …): a study should say it in its own words."""
    return frozenset(
        path.read_text(encoding="utf-8").strip() for path in TEMPLATES.glob(f"*/{name}.md")
    )
