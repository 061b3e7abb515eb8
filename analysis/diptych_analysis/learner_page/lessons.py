"""Exported tables as lessons: the images with their features, and what each learner answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from diptych_analysis.tables import Tables
from diptych_analysis.teaching.diagnosis import Values, attributes_among
from diptych_analysis.teaching.live import Trial
from diptych_analysis.teaching.worlds import Floats, Ints

TASK = "category_learning"
PREFIX = "z_"
FEEDBACK = ("practice", "training")
KNOWN = ("study", "study_version", "stimulus_id", "file", "label", "width", "height")
FILES = ("grid", "mask")
"""Columns of the manifest that name files (`explanation` of the task): no attributes."""
LEAST_ANSWERS = 5


class LessonFault(ValueError):
    """Tables without lessons that can be traced: what is missing, and what is allowed."""


@dataclass(frozen=True)
class Lesson:
    """What one learner saw and answered.

    Attributes
    ----------
    session, learner, condition : str
        Id of the session, pseudonym of the learner, and the condition ("" if unknown).
    indices : tuple of int
        `trial_index` of each trial.
    trials : tuple of Trial
        The answered and missed trials, in order.
    """

    session: str
    learner: str
    condition: str
    indices: tuple[int, ...]
    trials: tuple[Trial, ...]

    @property
    def answers(self) -> int:
        """Number of answers."""
        return sum(trial.response is not None for trial in self.trials)

    @property
    def right(self) -> float:
        """Share of right answers."""
        answered = [trial for trial in self.trials if trial.response is not None]
        return float(np.mean([trial.response == trial.label for trial in answered]))


@dataclass(frozen=True)
class Lessons:
    """All lessons of a data set, and the images that they are about.

    Attributes
    ----------
    classes : tuple of str
        Names of the classes.
    files : tuple of str
        Files of the images.
    labels : ndarray of shape (n_images,)
        The class of each image.
    features : ndarray of shape (n_images, n_features)
        Raw features.
    attributes : Mapping of str to ndarray of shape (n_images,)
        What a learner could be blind to.
    lessons : tuple of Lesson
        By session.
    feature_names : tuple of str
        Columns of the features.
    """

    classes: tuple[str, ...]
    files: tuple[str, ...]
    labels: Ints
    features: Floats
    attributes: Mapping[str, Values]
    lessons: tuple[Lesson, ...]
    feature_names: tuple[str, ...]

    def lesson(self, session: str) -> Lesson:
        """Find the lesson of a session; the beginning of its id is enough."""
        found = [each for each in self.lessons if each.session.startswith(session)]
        if len(found) != 1:
            count = "no session begins" if not found else f"{len(found)} sessions begin"
            known = ", ".join(each.session for each in self.lessons[:5])
            more = ", …" if len(self.lessons) > 5 else ""
            raise LessonFault(f"{count} with {session!r}; sessions are {known}{more}")
        return found[0]


def read_lessons(
    tables: Tables,
    *,
    features: Sequence[str] = (PREFIX,),
    attributes: Sequence[str] = (),
    feedback: Sequence[str] = FEEDBACK,
) -> Lessons:
    """Read the lessons of the task `category_learning`.

    Parameters
    ----------
    tables : Tables
        An exported data set.
    features : sequence of str
        Columns of the table `stimuli`, or what their names begin with.
    attributes : sequence of str
        Columns of `stimuli` that a learner could be blind to. By default all others that
        `attributes_among` takes.
    feedback : sequence of str
        Phases in which the page showed the true class.

    Returns
    -------
    Lessons
        Of the sessions with five answers or more: people's, else simulated ones'.

    Raises
    ------
    LessonFault
        If there are no such sessions, features or attributes.
    """
    images = tables.stimuli[tables.stimuli["label"].notna()].drop_duplicates("stimulus_id")
    if images.empty:
        raise LessonFault("the table stimuli has no images with a label")
    names = _feature_columns(images, features)
    matrix = images[names].to_numpy(float)
    if not np.isfinite(matrix).all():
        row, column = np.argwhere(~np.isfinite(matrix))[0]
        raise LessonFault(f"{images['file'].iloc[row]} has no number {names[column]!r}")
    classes = tuple(sorted(images["label"].unique()))
    place = {name: n for n, name in enumerate(classes)}
    number = {name: n for n, name in enumerate(images["stimulus_id"])}
    chosen = _chosen_trials(tables)
    lessons = [_lesson(part, number, place, feedback) for _, part in chosen.groupby("session_id")]
    lessons = [each for each in lessons if each.answers >= LEAST_ANSWERS]
    if not lessons:
        raise LessonFault(
            f"no session has {LEAST_ANSWERS} answers of the task {TASK} about images of the table "
            "stimuli"
        )
    return Lessons(
        classes,
        tuple(images["file"].fillna(images["stimulus_id"]).astype(str)),
        images["label"].map(place).to_numpy(int),
        matrix,
        _attributes(images, names, attributes),
        tuple(lessons),
        tuple(names),
    )


def _feature_columns(images: pd.DataFrame, wanted: Sequence[str]) -> list[str]:
    numbers = [
        name
        for name in images.columns
        if name not in KNOWN and pd.api.types.is_numeric_dtype(images[name])
    ]
    found = [name for name in numbers if any(name.startswith(each) for each in wanted)]
    if not found:
        allowed = ", ".join(numbers) or "none"
        raise LessonFault(
            f"no numeric column of the table stimuli begins with {' or '.join(wanted)}; numeric "
            f"columns are: {allowed}. Name others with --features"
        )
    return found


def _attributes(
    images: pd.DataFrame, features: Sequence[str], wanted: Sequence[str]
) -> dict[str, Values]:
    others = [name for name in images.columns if name not in (*KNOWN, *FILES, *features)]
    unknown = [name for name in wanted if name not in others]
    if unknown:
        allowed = ", ".join(others) or "none"
        raise LessonFault(f"no attribute {unknown[0]!r} in the table stimuli; there are: {allowed}")
    cells = {
        name: images[name].astype(object).where(images[name].notna(), None).tolist()
        for name in wanted or others
    }
    return attributes_among(cells)


def _chosen_trials(tables: Tables) -> pd.DataFrame:
    trials = tables.trials
    over = trials["response"].notna() | trials["missed"].fillna(False).astype(bool)
    trials = trials[(trials["task"] == TASK) & over]
    for kind in ("person", "simulated", "machine"):
        own = trials[trials["participant_kind"] == kind]
        if not own.empty:
            return own.sort_values(["session_id", "trial_index"])
    return trials


def _lesson(
    part: pd.DataFrame, number: Mapping[str, int], place: Mapping[str, int], feedback: Sequence[str]
) -> Lesson:
    indices, trials = [], []
    for row in part.to_dict("records"):
        image, label = number.get(str(row["stimulus_id"])), place.get(str(row["label"]))
        if image is None or label is None:
            continue
        answered = not pd.isna(row["response"])
        response = place.get(str(row["response"])) if answered else None
        indices.append(int(row["trial_index"]))
        trials.append(Trial(image, label, response, answered and str(row["phase"]) in feedback))
    first = part.iloc[0]
    condition = "" if pd.isna(first["condition"]) else str(first["condition"])
    return Lesson(
        str(first["session_id"]), str(first["participant_id"]), condition,
        tuple(indices), tuple(trials),
    )  # fmt: skip
