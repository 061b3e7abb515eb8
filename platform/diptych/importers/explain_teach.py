"""The learners of Mac Aodha et al., Teaching Categories to Human Learners (CVPR 2018).

One folder an experiment: `results.json`, `settings.json`, `teaching_images.json`. The images are
not part of it. Kept: answers, order, times, strategy. Not kept: the completion code and the
database id of the learner.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

from diptych.importers import (
    Importer,
    ImportFault,
    Progress,
    content_version,
    frame,
    load_json,
    no_progress,
)
from diptych_analysis.tables import Column, Tables

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
_SCORE = Column("score", "number", "Score that the experiment told the learner.", "%", minimum=0)
_ABOUT = (
    "Answers of MTurk learners in an image-category teaching experiment (Mac Aodha et al., CVPR "
    "2018). `condition` is the teaching strategy. Times were stored to the second and only for "
    "answers, so `rt_ms` is the time since the answer before, given only where no feedback lies "
    "between: from the second test trial on. Learners whose image numbers do not fit the labels of "
    "teaching_images.json were shown another list of images: their stimuli are named "
    "`<experiment>:other:<number>`, without a file, and their labels are the ones they were told."
)


class ExplainTeach(Importer):
    """One experiment of the explain-teach data."""

    name: ClassVar[str] = "explain-teach"
    help: ClassVar[str] = "a folder with results.json, settings.json and teaching_images.json"

    def read(self, path: Path, progress: Progress = no_progress) -> Tables:
        """The experiment as tidy tables; `ImportFault` names the learner (row, from 1)."""
        files = [path / f for f in ("results.json", "settings.json", "teaching_images.json")]
        results, settings, images = (load_json(file) for file in files)
        if not isinstance(results, list):
            raise ImportFault(files[0], "expected a list with one object a learner")
        classes = _class_names(files[1], settings)
        listed = _listed_images(files[2], images, len(classes))
        study = {"study": path.resolve().name, "study_version": content_version(*files)}
        other: dict[int, int] = {}
        sessions, trials = [], []
        for row, learner in enumerate(results, start=1):
            _check_learner(files[0], row, learner, classes)
            foreign = _saw_other_images(files[0], row, learner, listed)
            if foreign:
                _note_other_images(files[0], row, learner, other)
            prefix = f"{study['study']}:other:" if foreign else f"{study['study']}:"
            session, answered = _one_learner(files[0], row, learner, classes, study, prefix)
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


def _class_names(file: Path, settings: object) -> list[str]:
    names = settings.get("class_names") if isinstance(settings, dict) else None
    if not isinstance(names, list) or not names or len(set(names)) != len(names):
        raise ImportFault(file, "expected class_names, a list of different names")
    return [str(name) for name in names]


def _listed_images(file: Path, images: object, n_classes: int) -> list[dict[str, Any]]:
    if not isinstance(images, list):
        raise ImportFault(file, "expected a list with one object an image")
    for row, image in enumerate(images, start=1):
        label = image.get("class_label") if isinstance(image, dict) else None
        if isinstance(label, bool) or label not in range(n_classes):
            raise ImportFault(file, f"class_label {label!r}; allowed are 0 to {n_classes - 1}", row)
    return images


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
    """Whether the learner's image numbers belong to another list than teaching_images.json.

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
        found = listed[image]["class_label"] if image < len(listed) else "none that is listed"
        reason = f"gt_label[{wrong[0]}] is {label}, but the class of image {image} is {found}"
        raise ImportFault(file, reason, row)
    return bool(wrong)


def _note_other_images(file: Path, row: int, learner: Any, other: dict[int, int]) -> None:
    for image, label in zip(learner["image_id"], learner["gt_label"], strict=True):
        if other.setdefault(image, label) != label:
            reason = f"image {image} has class {label} here, {other[image]} in an earlier row"
            raise ImportFault(file, reason, row)


def _check_learner(file: Path, row: int, learner: Any, classes: list[str]) -> None:
    if not isinstance(learner, dict):
        raise ImportFault(file, f"expected an object, found {learner!r}", row)
    for key in _LISTS:
        if not isinstance(learner.get(key), list):
            raise ImportFault(file, f"{key}: expected a list, found {learner.get(key)!r}", row)
    lengths = {key: len(learner[key]) for key in _LISTS}
    if len(set(lengths.values())) > 1:
        raise ImportFault(file, f"lists of unequal length: {lengths}", row)
    if not isinstance(learner.get("strategy"), str):
        raise ImportFault(
            file, f"strategy: expected a name, found {learner.get('strategy')!r}", row
        )
    allowed = {"gt_label": len(classes), "response": len(classes), "is_train": 2, "image_id": 10**9}
    for key, below in allowed.items():
        for place, value in enumerate(learner[key]):
            if isinstance(value, bool) or value not in range(below):
                reason = f"{key}[{place}] is {value!r}; allowed are 0 to {below - 1}"
                raise ImportFault(file, reason, row)


def _answer_times(file: Path, row: int, learner: Any) -> list[datetime]:
    """When each answer was given; the date stands only at the session's end."""
    try:
        end = datetime.fromisoformat(learner.get("completion_time")).replace(tzinfo=UTC)
        clocks = [datetime.strptime(clock, "%H:%M:%S").time() for clock in learner["time"]]
    except (TypeError, ValueError) as error:
        raise ImportFault(file, f"unreadable time: {error}", row) from error
    times: list[datetime] = []
    later = end
    for clock in reversed(clocks):
        moment = datetime.combine(later.date(), clock, UTC)
        if moment > later:  # the session ran over midnight
            moment -= timedelta(days=1)
        times.append(moment)
        later = moment
    return times[::-1]


def _one_learner(
    file: Path, row: int, learner: Any, classes: list[str], study: dict[str, str], prefix: str
) -> tuple[dict[str, object], list[dict[str, object]]]:
    times = _answer_times(file, row, learner)
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
        "ended_at": datetime.fromisoformat(learner["completion_time"]).replace(tzinfo=UTC),
        "n_trials": len(trials),
        "n_responses": len(trials),
        "excluded": False,
        "score": learner.get("score"),
    }
    return session, trials
