"""The learners of Mac Aodha et al., Teaching Categories to Human Learners (CVPR 2018).

One folder an experiment: `results.json`, `settings.json`, `teaching_images.json`. The images are
not part of it. Kept: answers, order, times, strategy. Not kept: the completion code and the
database id of the learner.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any, ClassVar

from diptych.importers import (
    Importer,
    ImportFault,
    Progress,
    content_version,
    frame,
    no_progress,
)
from diptych.importers.reading import Row, at, json_of
from diptych_analysis.tables import Column, Tables
from diptych_analysis.tables.faults import shown

#: In autumn an hour of the night comes twice.
_CLOCKS_BACK = timedelta(hours=1)
#: No two answers of a session lie further apart.
_LONGEST = timedelta(hours=12)
_LISTS = ("image_id", "gt_label", "response", "is_train", "time")
_GAP = Column(
    "since_previous_ms",
    "number",
    "From the answer before to this one (resolution 1 s). In training that includes looking at the "
    "feedback of the trial before; empty at a session's first trial.",
    "ms",
    minimum=0,
)
_ID = Column("image_id", "integer", "Number of the image in teaching_images.json.", minimum=0)
_SCORE = Column(
    "score", "number", "Score that the experiment showed to the learner.", "%", minimum=0
)
_ABOUT = (
    "Answers of MTurk learners in an image-category teaching experiment (Mac Aodha et al., "
    "CVPR 2018). `condition` is the teaching strategy. Times were stored to the second and "
    "only for answers, so `rt_ms` is the time since the answer before, given only where no "
    "feedback lies between: from the second test trial on. Learners whose image numbers do "
    "not fit the labels of teaching_images.json were shown another list of images: their "
    "stimuli are named `<experiment>:other:<number>`, without a file, and their labels are "
    "those that the experiment showed."
)


class ExplainTeach(Importer):
    """One experiment of the explain-teach data."""

    name: ClassVar[str] = "explain-teach"
    help: ClassVar[str] = "a folder with results.json, settings.json and teaching_images.json"

    def read(self, path: Path, progress: Progress = no_progress) -> Tables:
        """Read the experiment as tidy tables; `ImportFault` names the learner (row, from 1)."""
        _check_is_one_experiment(path)
        files = [path / f for f in ("results.json", "settings.json", "teaching_images.json")]
        results, settings, images = (json_of(file) for file in files)
        if not isinstance(results, list):
            raise ImportFault(files[0], "expected a list with one object per learner")
        classes = _class_names(files[1], settings)
        listed = _listed_images(files[2], images, len(classes))
        study = {"study": path.resolve().name, "study_version": content_version(*files)}
        other: dict[int, int] = {}
        sessions, trials = [], []
        for row, given in enumerate(results, start=1):
            with at(files[0], row) as here:
                learner = _checked_learner(here, given, classes)
            foreign = _saw_other_images(files[0], row, learner, listed)
            if foreign:
                _note_other_images(files[0], row, learner, other)
            prefix = f"{study['study']}:other:" if foreign else f"{study['study']}:"
            with at(files[0], row) as here:
                session, answered = _one_learner(here, row, learner, classes, study, prefix)
            sessions.append(session)
            trials.extend(answered)
            progress(row, len(results))
        return Tables(
            sessions=frame("sessions", sessions, [_SCORE]),
            trials=frame("trials", trials, [_GAP, _ID]),
            stimuli=frame("stimuli", _stimuli(study, classes, listed, other), [_ID]),
            extras={"sessions": (_SCORE,), "trials": (_GAP, _ID), "stimuli": (_ID,)},
            name=study["study"],
            description=_ABOUT,
        )


def _check_is_one_experiment(path: Path) -> None:
    """Name the experiments of a folder that holds several, as the published one does."""
    if (path / "results.json").exists():
        return
    if inside := sorted(each.parent.name for each in path.glob("*/results.json")):
        raise ImportFault(path, f"expected one experiment; its folders are {', '.join(inside)}")


def _class_names(file: Path, settings: object) -> list[str]:
    names = settings.get("class_names") if isinstance(settings, dict) else None
    known = [str(name) for name in names] if isinstance(names, list) else []
    if not known or len(set(known)) != len(known):
        raise ImportFault(file, "expected class_names, a list of different names")
    return known


def _listed_images(file: Path, images: object, n_classes: int) -> list[dict[str, Any]]:
    if not isinstance(images, list):
        raise ImportFault(file, "expected a list with one object per image")
    listed = []
    for row, image in enumerate(images, start=1):
        with at(file, row) as here:
            if not isinstance(image, dict):
                raise here("expected an object")
            label = here.whole("class_label", image.get("class_label"), n_classes)
            url = image.get("image_url")
            listed.append({"class_label": label, "image_url": None if url is None else str(url)})
    return listed


def _stimuli(
    study: dict[str, str], classes: list[str], listed: list[dict[str, Any]], other: dict[int, int]
) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = [
        {
            **study,
            "stimulus_id": f"{study['study']}:{number}",
            "file": image.get("image_url"),
            "label": classes[image["class_label"]],
            "image_id": number,
        }
        for number, image in enumerate(listed)
    ]
    for number, label in sorted(other.items()):
        name = f"{study['study']}:other:{number}"
        rows.append({**study, "stimulus_id": name, "label": classes[label], "image_id": number})
    return rows


def _saw_other_images(file: Path, row: int, learner: Any, listed: list[dict[str, Any]]) -> bool:
    """Say whether the learner's image numbers belong to another list than teaching_images.json.

    In chinese_chars they do for the learners of the first days: about half of their labels differ
    from the list's, as by chance. A few differing labels are a fault of the file instead.
    """
    pairs = list(zip(learner["image_id"], learner["gt_label"], strict=True))
    wrong = [
        place
        for place, (image, label) in enumerate(pairs)
        if image >= len(listed) or listed[image]["class_label"] != label
    ]
    if wrong and len(wrong) <= len(pairs) // 10:
        image, label = pairs[wrong[0]]
        found = listed[image]["class_label"] if image < len(listed) else "not in the list"
        reason = f"gt_label[{wrong[0]}] is {label}, but the class of image {image} is {found}"
        raise ImportFault(file, reason, row)
    return bool(wrong)


def _note_other_images(file: Path, row: int, learner: Any, other: dict[int, int]) -> None:
    for image, label in zip(learner["image_id"], learner["gt_label"], strict=True):
        if other.setdefault(image, label) != label:
            reason = f"image {image} has class {label} here, {other[image]} in an earlier row"
            raise ImportFault(file, reason, row)


def _checked_learner(here: Row, learner: Any, classes: list[str]) -> dict[str, Any]:
    """Return a learner with whole numbers where they belong."""
    if not isinstance(learner, dict):
        raise here(f"expected an object, found {learner!r:.80}")
    for key in _LISTS:
        if not isinstance(learner.get(key), list):
            raise here(f"{key}: expected a list, found {learner.get(key)!r:.80}")
    lengths = {key: len(learner[key]) for key in _LISTS}
    if len(set(lengths.values())) > 1:
        raise here(f"lists of unequal length: {lengths}")
    if not isinstance(learner.get("strategy"), str):
        raise here(f"strategy: expected a name, found {learner.get('strategy')!r:.80}")
    allowed = {"gt_label": len(classes), "response": len(classes), "is_train": 2, "image_id": 10**9}
    numbers = {
        key: [here.whole(f"{key}[{n}]", value, below) for n, value in enumerate(learner[key])]
        for key, below in allowed.items()
    }
    return {**learner, **numbers, "score": here.percent("score", learner.get("score"))}


def _answer_times(here: Row, learner: Any) -> list[datetime]:
    """Return when each answer was given; the data have the date of the session's end only.

    Backwards from there: a clock that shows more than the one after it was before midnight, or, by
    an hour at most, before the clocks went back in autumn.
    """
    end = _end(here, learner)
    clocks = [_clock(here, f"time[{place}]", text) for place, text in enumerate(learner["time"])]
    times: list[datetime] = []
    later = end
    for place, clock in reversed(list(enumerate(clocks))):
        moment = datetime.combine(later.date(), clock, UTC)
        if moment > later:
            moment -= _CLOCKS_BACK if moment - later <= _CLOCKS_BACK else timedelta(days=1)
        if later - moment > _LONGEST:
            raise here(
                f"time[{place}] is {clock}, and the time after it {later.time()}: the interval is "
                "too long"
            )
        times.append(moment)
        later = moment
    return times[::-1]


def _clock(here: Row, name: str, text: object) -> time:
    try:
        return datetime.strptime(str(text), "%H:%M:%S").time()
    except ValueError:
        raise here(f"{name} is {shown(text)}; expected HH:MM:SS") from None


def _end(here: Row, learner: Any) -> datetime:
    text = learner.get("completion_time")
    try:
        found = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        raise here(f"completion_time is {shown(text)}; expected a date and a time") from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _one_learner(
    here: Row, row: int, learner: Any, classes: list[str], study: dict[str, str], prefix: str
) -> tuple[dict[str, object], list[dict[str, object]]]:
    times = _answer_times(here, learner)
    who: dict[str, object] = {
        **study,
        "session_id": f"{study['study']}-{row:04d}",
        "participant_id": f"{study['study']}-p{row:04d}",
        "participant_kind": "person",
        "condition": learner["strategy"],
    }
    trials = []
    for place, image in enumerate(learner["image_id"]):
        label, response = classes[learner["gt_label"][place]], classes[learner["response"][place]]
        training = learner["is_train"][place] == 1
        gap = (times[place] - times[place - 1]).total_seconds() * 1000 if place else None
        fed_back = place == 0 or learner["is_train"][place - 1] == 1
        trials.append(
            {
                **who,
                "trial_index": place,
                "phase": "training" if training else "test",
                "task": "category_learning",
                "item_id": f"{prefix}{image}",
                "stimulus_id": f"{prefix}{image}",
                "label": label,
                "response": response,
                "response_ranking": response,
                "correct": label == response,
                "rt_ms": None if training or fed_back else gap,
                "responded_at": times[place],
                "since_previous_ms": gap,
                "image_id": image,
            }
        )
    session = {
        **who,
        "recruiter": "mturk",
        "status": "completed",
        "ended_at": _end(here, learner),
        "n_trials": len(trials),
        "n_responses": len(trials),
        "excluded": False,
        "score": learner["score"],
    }
    return session, trials
