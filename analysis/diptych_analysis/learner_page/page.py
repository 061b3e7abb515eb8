"""The page about learners: one learner, and the class."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from diptych_analysis.learner_page import charts
from diptych_analysis.learner_page.knowledge import Group, Knowledge, concept, trace_lesson
from diptych_analysis.learner_page.lessons import (
    FEEDBACK,
    PREFIX,
    LessonFault,
    Lessons,
    read_lessons,
)
from diptych_analysis.learner_page.warning import warnings_of
from diptych_analysis.report.page import Page
from diptych_analysis.tables import Tables
from diptych_analysis.teaching.diagnosis import CLAIM
from diptych_analysis.teaching.tracers import MIXED

if TYPE_CHECKING:
    from PIL import Image

MOST_TRIALS = 3
"""Trials whose candidates the page shows."""
CELL = 96
WARNED_BELOW = 0.25

Advance = Callable[[int], None]


@dataclass(frozen=True)
class PageOptions:
    """What the page shows, and how.

    Attributes
    ----------
    session : str or None
        Session of the learner who has a section; None for the class alone.
    features, attributes, feedback : tuple of str
        As in `read_lessons`.
    images : Path or None
        Folder of the image files, such as the study's.
    family : str
        Of the tracer, one of `tracers.TRACERS`.
    """

    session: str | None = None
    features: tuple[str, ...] = (PREFIX,)
    attributes: tuple[str, ...] = ()
    feedback: tuple[str, ...] = FEEDBACK
    images: Path | None = None
    family: str = MIXED


@dataclass
class Described:
    """Everything that the page is made of."""

    tables: Tables
    lessons: Lessons
    everyone: list[Knowledge]
    warned: pd.DataFrame
    unwarned: str
    options: PageOptions
    page: Page = field(default_factory=Page)


def write_learner_page(
    tables: Tables, to: Path, options: PageOptions, advance: Advance = lambda done: None
) -> Path:
    """Write `to`/index.html about the learners of a data set.

    Parameters
    ----------
    tables : Tables
        An exported data set.
    to : Path
        Folder to write.
    options : PageOptions
        What the page shows.
    advance : callable
        Gets 1 for each learner who is traced.

    Returns
    -------
    Path
        The page, one file that loads nothing.

    Raises
    ------
    LessonFault
        If the data set has no lessons that can be traced, or no such session.
    """
    lessons = read_lessons(
        tables,
        features=options.features,
        attributes=options.attributes,
        feedback=options.feedback,
    )
    if options.images is not None and not options.images.is_dir():
        raise LessonFault(f"there is no folder {options.images}")
    chosen = None if options.session is None else lessons.lesson(options.session).session
    everyone = []
    for lesson in lessons.lessons:
        everyone.append(trace_lesson(lessons, lesson, options.family))
        advance(1)
    warned, unwarned = warnings_of(tables)
    found = Described(tables, lessons, everyone, warned, unwarned, options)
    if chosen is not None:
        _learner(found, next(each for each in everyone if each.lesson.session == chosen))
    _class(found)
    kinds = set(tables.trials["participant_kind"].dropna())
    to.mkdir(parents=True, exist_ok=True)
    file = to / "index.html"
    title = f"Learners of {tables.name or 'a study'}"
    file.write_text(found.page.render(title, "person" not in kinds), encoding="utf-8")
    return file


def _learner(found: Described, knowledge: Knowledge) -> None:
    page, lessons, lesson = found.page, found.lessons, knowledge.lesson
    page.add(f"<h2>Learner {html.escape(lesson.learner)}</h2>")
    where = f", condition {lesson.condition}" if lesson.condition else ""
    page.add(f'<p class="about">Session {html.escape(lesson.session + where)}.</p>')
    page.add(
        _cards(
            (f"{lesson.answers}", "answers"),
            (f"{lesson.right:.0%}", "right answers"),
            (f"{_known(lessons, knowledge):.0%}", "mean P(true) at the end"),
            (knowledge.gap or "none", "gap named"),
        )
    )
    if knowledge.distrust:
        page.add(
            f'<p class="banner">Read this section with care: {html.escape(knowledge.distrust)}.</p>'
        )
    page.add("<h3>What they know</h3>")
    page.figure(
        charts.knowledge_over_time(lessons, knowledge),
        "P(true), the probability that this learner names the true class, as the tracer expects "
        "it: the mean over all images of a class. The tracer has the gap that is named below. "
        "Dashed: chance. Below: the answers.",
    )
    page.figure(
        charts.confusions_chart(lessons, knowledge.confusions(lessons)),
        "Predicted answers after the last trial: the mean over all images of each true class.",
    )
    _gap(found, knowledge)
    _candidates(found, knowledge)
    own = found.warned[found.warned["session_id"] == lesson.session] if len(found.warned) else None
    if own is not None and not own.empty:
        page.add("<h3>Early warning</h3>")
        page.figure(
            charts.warning_chart(own),
            "Probability that the test score is above the median of the other learners, judged "
            f"by those after each number of trials. The score was {own['score'].iloc[0]:.0%}.",
        )


def _gap(found: Described, knowledge: Knowledge) -> None:
    page, gap = found.page, knowledge.diagnosis.found
    page.add("<h3>What they do not see</h3>")
    if not knowledge.diagnosis.gaps:
        page.add("<p>There is nothing to compare: no attributes, and only two classes.</p>")
        return
    page.figure(
        charts.evidence_chart(knowledge, CLAIM),
        "Evidence that the learner does not see an attribute, or does not tell two classes apart, "
        "against a learner who sees everything. A gap right of the dashed line is named; the "
        "largest first.",
    )
    if gap is None:
        page.add("<p>No gap is named.</p>")
        return
    kind = "the attribute" if gap.kind == "attribute" else "the difference of"
    names = html.escape(" and ".join(gap.names))
    page.add(
        f"<p>This learner probably does not see {kind} <b>{names}</b>. Images of each group that "
        "they are least likely to answer rightly:</p>"
    )
    page.add('<div class="row">')
    for group in concept(found.lessons, knowledge):
        _grid(found, group)
    page.add("</div>")


def _grid(found: Described, group: Group) -> None:
    files = [found.lessons.files[n] for n in group.images]
    pictures = [_picture(found.options.images, file) for file in files]
    there = [picture for picture in pictures if picture is not None]
    if there:
        found.page.picture(_sheet(there), f"{group.name}.")
        return
    items = "".join(f"<li>{html.escape(file)}</li>" for file in files)
    found.page.add(f"<div><p><b>{html.escape(group.name)}</b></p><ul>{items}</ul></div>")


def _picture(folder: Path | None, file: str) -> Image.Image | None:
    """Read an image of the study; None where the folder does not have it."""
    if folder is None:
        return None
    from diptych_analysis.pictures import PictureFault, read_picture

    path = (folder / file).resolve()
    if not path.is_relative_to(folder.resolve()):
        return None
    try:
        return read_picture(path.read_bytes())
    except (OSError, PictureFault):
        return None


def _sheet(pictures: Sequence[Image.Image]) -> Image.Image:
    """Put up to nine pictures into three columns."""
    from PIL import Image

    rows = -(-len(pictures) // 3)
    sheet = Image.new("RGB", (3 * CELL + 8, rows * CELL + 4 * (rows - 1)), "white")
    for n, picture in enumerate(pictures):
        small = picture.copy()
        small.thumbnail((CELL, CELL))
        if max(small.size) < CELL:
            scale = CELL / max(small.size)
            size = (round(small.width * scale), round(small.height * scale))
            small = small.resize(size, Image.Resampling.NEAREST)
        sheet.paste(small, ((n % 3) * (CELL + 4), (n // 3) * (CELL + 4)))
    return sheet


def _candidates(found: Described, knowledge: Knowledge) -> None:
    """Show the scores of candidates, where the export has them (table `choices`)."""
    choices: pd.DataFrame | None = getattr(found.tables, "choices", None)
    if choices is None or choices.empty:
        return
    own = choices[choices["session_id"] == knowledge.lesson.session]
    scored = own[own["score"].notna()]
    trials = sorted(scored["trial_index"].unique())
    if not trials:
        return
    found.page.add("<h3>Why an image was chosen</h3>")
    for index in [trials[n] for n in np.linspace(0, len(trials) - 1, MOST_TRIALS).astype(int)]:
        part = scored[scored["trial_index"] == index]
        frame = part.assign(chosen=part["chosen"].fillna(False).astype(bool))
        found.page.figure(
            charts.scores_chart(frame[["candidate", "label", "score", "chosen"]]),
            f"Candidates of trial {int(index) + 1} by their score; orange: the image that the "
            "trial showed.",
        )


def _class(found: Described) -> None:
    page, lessons = found.page, found.lessons
    page.add("<h2>The class</h2>")
    named = sum(bool(each.gap) for each in found.everyone)
    known = [_known(lessons, each) for each in found.everyone]
    page.add(
        _cards(
            (f"{len(found.everyone)}", "learners"),
            (f"{np.mean([each.lesson.right for each in found.everyone]):.0%}", "right answers"),
            (f"{np.median(known):.0%}", "median of mean P(true) at the end"),
            (f"{named}", "learners with a named gap"),
        )
    )
    features, attributes = ", ".join(lessons.feature_names), ", ".join(lessons.attributes)
    page.add(
        f'<p class="about">{len(lessons.files)} images; features: {html.escape(features)}; '
        f"attributes: {html.escape(attributes or 'none')}; tracer: {found.options.family}.</p>"
    )
    page.figure(
        charts.gaps_chart(found.everyone),
        "Learners by what they probably do not see: an attribute, or the difference of two "
        "classes.",
    )
    page.figure(
        charts.class_curves(lessons, found.everyone),
        "P(true) of the images of each class: median and quartiles over the learners.",
    )
    _table(found, known)


def _table(found: Described, known: Sequence[float]) -> None:
    page, last = found.page, _last_warnings(found.warned)
    page.add("<h3>All learners</h3>")
    if found.unwarned:
        page.add(f'<p class="about">No early warning: {html.escape(found.unwarned)}.</p>')
    head = ["learner", "condition", "answers", "right", "P(true)", "gap"]
    head += ["P(above median)"] * bool(last)
    words = {"learner", "condition", "gap"}
    cells = "".join(
        f'<th class="{"words" if name in words else ""}">{html.escape(name)}</th>' for name in head
    )
    rows = []
    for number in np.argsort(known, kind="stable"):
        each = found.everyone[number]
        row: list[tuple[str, str]] = [
            ("words", html.escape(each.lesson.condition)),
            ("", f"{each.lesson.answers}"),
            ("", f"{each.lesson.right:.0%}"),
            ("", f"{known[number]:.0%}"),
            ("words", html.escape(each.gap)),
        ]
        if last:
            row.append(("", last.get(each.lesson.session, "")))
        told = "".join(f'<td class="{kind}">{text}</td>' for kind, text in row)
        name = html.escape(each.lesson.learner)
        session = html.escape(each.lesson.session)
        rows.append(f'<tr><th title="session {session}">{name}</th>{told}</tr>')
    page.add(
        f'<div class="long"><table><thead><tr>{cells}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )
    page.add(
        "<p><small>By mean P(true) at the end, the lowest first. P(above median): probability of a "
        "test score above the median, by Bayesian knowledge tracing fitted to the other half of "
        f"the learners; bold below {WARNED_BELOW:.0%}.</small></p>"
        if last
        else "<p><small>By mean P(true) at the end, the lowest first.</small></p>"
    )


def _last_warnings(warned: pd.DataFrame) -> dict[str, str]:
    """Return the last probability of each session, in bold where it is low."""
    if warned.empty:
        return {}
    last = warned.sort_values("seen").groupby("session_id")["probability"].last()
    return {
        str(session): f"<b>{p:.0%}</b>" if p < WARNED_BELOW else f"{p:.0%}"
        for session, p in last.items()
    }


def _known(lessons: Lessons, knowledge: Knowledge) -> float:
    """Mean P(true) over all images after the last trial."""
    images = np.arange(len(lessons.labels))
    return float(knowledge.predicted[images, lessons.labels].mean())


def _cards(*cards: tuple[Any, str]) -> str:
    inner = "".join(
        f"<div><b>{html.escape(str(value))}</b><span>{html.escape(label)}</span></div>"
        for value, label in cards
    )
    return f'<div class="cards">{inner}</div>'
