"""The Markdown texts of a draft as a list: what each is for, and whether the study brings it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from diptych.authoring.draft_folder import DraftFolder
from diptych.authoring.scaffold import template_texts

PURPOSES = {
    "consent": "Before anything else. Participants accept, or leave.",
    "instructions": "What to do. A line of three hyphens starts a new page.",
    "practice": "Before the practice trials.",
    "practice_again": "Before more practice, when too few answers were right.",
    "half_way": "In the middle of the trials.",
    "phase_change": "Between training and test.",
    "feedback": "The question for a free comment, after the trials.",
    "debrief": "After the study: what it was about.",
    "declined": "For those who do not accept.",
    "screened_out": "For those who fail the practice or the questions.",
    "timed_out": "For those who come back too late.",
}
State = Literal["own", "template", "default", "missing"]


@dataclass(frozen=True)
class DraftText:
    """One text.

    Attributes
    ----------
    file : str
        Its file.
    purpose : str
        When participants read it.
    state : str
        own: written for this study; template: still the template's; default: the host's own text
        is shown; missing: the study needs it.
    part : int
        Part of the study that shows it.
    """

    file: str
    purpose: str
    state: State
    part: int


def texts_of(files: DraftFolder) -> list[DraftText]:
    """List the texts that a study has, can have and needs."""
    return list(_texts(files))


def _texts(files: DraftFolder) -> Iterator[DraftText]:
    for name in files.text_names():
        stem, _, part = name.partition("_part")
        path = files.folder / f"{name}.md"
        if not path.is_file():
            state: State = "default" if files.optional(path.name) else "missing"
        else:
            text = path.read_text(encoding="utf-8", errors="replace").strip()
            state = "template" if text in template_texts(stem) else "own"
        yield DraftText(path.name, PURPOSES[stem], state, int(part or 1))
