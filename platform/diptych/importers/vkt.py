"""The published visual-knowledge-tracing data (Kondapaneni, Perona, Mac Aodha, ECCV 2022).

One folder a data set: `<name>.json` (`image_urls`, `labels`, `class_names`), `images/`,
`mongodb_data/db_dict.json` (username -> session), and, where it is there, a CSV of the platform's
submissions (`participant_id`, `status`). The username is the Prolific id: it is never kept.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar
from urllib.parse import urlsplit

from diptych.importers import (
    Importer,
    ImportFault,
    Progress,
    content_version,
    frame,
    no_progress,
)
from diptych.importers.reading import Row, at, json_of, table_of
from diptych_analysis.picture_files import is_hidden
from diptych_analysis.tables import LIST_SEPARATOR, Column, Tables
from diptych_analysis.tables.faults import shown

TRAINING_TRIALS = 30
_KEPT = ("APPROVED", "AWAITING REVIEW")
_PLATFORM = Column("platform_status", "string", "Status of the submission on the platform.")
_RIGHT = Column(
    "num_correct_test", "integer", "Right test answers, as the data set says.", minimum=0
)
_ABOUT = (
    "Answers of Prolific learners in a visual category learning study (Kondapaneni et al., ECCV "
    f"2022): {TRAINING_TRIALS} training trials with feedback, then test trials without. Response "
    "times were not stored. Sessions whose submission the platform did not accept are excluded."
)


class VKT(Importer):
    """One data set of the published visual-knowledge-tracing data."""

    name: ClassVar[str] = "vkt"
    help: ClassVar[str] = "a folder with <name>.json and mongodb_data/db_dict.json"

    def read(self, path: Path, progress: Progress = no_progress) -> Tables:
        """Read the data set as tidy tables; `ImportFault` names the session (row, from 1)."""
        about_file, about = _about(path)
        database = path / "mongodb_data" / "db_dict.json"
        learners = json_of(database)
        if not isinstance(learners, dict):
            raise ImportFault(database, "expected an object: username -> session")
        statuses = _platform_statuses(path)
        study = {
            "study": about_file.stem,
            "study_version": content_version(about_file, database),
        }
        stimuli = _stimuli(path, about, study)
        classes = [str(name) for name in about["class_names"]]
        sessions, trials = [], []
        # Sorted by a hash, so that not even the order of the rows tells who is who.
        order = sorted(learners, key=lambda name: hashlib.sha256(name.encode()).hexdigest())
        rows = {name: row for row, name in enumerate(learners, start=1)}
        for number, username in enumerate(order, start=1):
            who = {
                **study,
                "session_id": f"{study['study']}-{number:04d}",
                "participant_id": f"{study['study']}-p{number:04d}",
                "participant_kind": "person",
                "condition": "default",
            }
            platform = statuses.get(username, "UNKNOWN") if statuses else None
            with at(database, rows[username]) as here:
                found = _trials(here, learners[username], who, stimuli, classes)
                sessions.append(_session(here, learners[username], who, found, platform))
            trials.extend(found)
            progress(number, len(order))
        return Tables(
            sessions=frame("sessions", sessions, [_PLATFORM, _RIGHT]),
            trials=frame("trials", trials),
            stimuli=frame("stimuli", stimuli),
            extras={"sessions": (_PLATFORM, _RIGHT)},
            name=study["study"],
            description=_ABOUT,
        )


def _about(path: Path) -> tuple[Path, dict[str, Any]]:
    found = []
    for file in sorted(file for file in path.glob("*.json") if not is_hidden(file.name)):
        content = json_of(file)
        if isinstance(content, dict) and {"image_urls", "labels", "class_names"} <= content.keys():
            found.append((file, content))
    if len(found) != 1:
        reason = "expected one <name>.json with image_urls, labels and class_names"
        raise ImportFault(path, f"{reason}; found {[f.name for f, _ in found] or 'none'}")
    file, content = found[0]
    urls, labels, names = (content[k] for k in ("image_urls", "labels", "class_names"))
    if not all(isinstance(x, list) for x in (urls, labels, names)) or len(urls) != len(labels):
        raise ImportFault(file, "image_urls and labels must be lists of the same length")
    whole = []
    for row, label in enumerate(labels, start=1):
        with at(file, row) as here:
            whole.append(here.whole("label", label, len(names)))
    return file, {**content, "labels": whole}


def _platform_statuses(path: Path) -> dict[str, str]:
    files = sorted([*path.glob("*.csv"), *path.glob("mongodb_data/*.csv")])
    for file in (file for file in files if not is_hidden(file.name)):
        told, rows = table_of(file)
        names = {name.lower(): name for name in told}
        if {"participant_id", "status"} <= names.keys():
            columns = names["participant_id"], names["status"]
            return {row[columns[0]]: row[columns[1]].strip().upper() for row in rows}
    return {}


def _stimuli(
    path: Path, about: Mapping[str, Any], study: dict[str, str]
) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for number, (url, label) in enumerate(zip(about["image_urls"], about["labels"], strict=True)):
        row: dict[str, object] = {
            **study,
            "stimulus_id": f"{study['study']}:{number}",
            "file": str(url),
            "label": str(about["class_names"][label]),
        }
        image = _image_file(path, str(url))
        if image is not None:
            row |= _image_facts(image) | {"file": image.relative_to(path).as_posix()}
        rows.append(row)
    return rows


def _image_file(path: Path, url: str) -> Path | None:
    parts = PurePosixPath(urlsplit(url).path.lstrip("/")).parts
    if ".." in parts:
        return None
    # the URL's tail of any length, below the data set or below its images
    tails = [Path(*parts[i:]) for i in range(len(parts))]
    candidates = [base / tail for tail in tails for base in (path, path / "images")]
    try:
        return next((file for file in candidates if file.is_file()), None)
    except (OSError, ValueError):  # longer than names of files are, or with a NUL in it
        return None


def _image_facts(file: Path) -> dict[str, object]:
    from diptych_analysis.pictures import PictureFault, read_header

    content = file.read_bytes()
    try:
        header = read_header(content)
    except PictureFault as fault:
        raise ImportFault(file, str(fault)) from None
    digest = hashlib.sha256(content).hexdigest()
    return {"stimulus_id": digest, "width": header.width, "height": header.height}


def _trials(
    fault: Row,
    learner: Any,
    who: dict[str, str],
    stimuli: list[dict[str, object]],
    classes: list[str],
) -> list[dict[str, object]]:
    hits = learner.get("hit_list") if isinstance(learner, dict) else None
    if not isinstance(hits, list):
        raise fault("hit_list: expected a list of answers")
    rows: list[dict[str, object]] = []
    for place, hit in enumerate(hits):
        number = hit.get("HIT_image_ids") if isinstance(hit, dict) else None
        number = fault.whole(f"hit_list[{place}].HIT_image_ids", number, len(stimuli))
        ranking = _ranking(fault, place, hit.get("response"), classes)
        stimulus = stimuli[number]
        rows.append(
            {
                **who,
                "trial_index": place,
                "phase": "training" if place < TRAINING_TRIALS else "test",
                "task": "category_learning",
                "item_id": stimulus["stimulus_id"],
                "stimulus_id": stimulus["stimulus_id"],
                "label": stimulus["label"],
                "response": ranking[0] if ranking else None,
                "response_ranking": LIST_SEPARATOR.join(ranking) or None,
                "correct": ranking[0] == stimulus["label"] if ranking else None,
            }
        )
    return rows


def _ranking(fault: Row, place: int, response: object, classes: list[str]) -> list[str]:
    """Return class names from most to least likely; none for a trial without an answer."""
    where = f"hit_list[{place}].response"
    if response is None or response == "":
        return []
    try:
        ranked = json.loads(response) if isinstance(response, str) else response
    except json.JSONDecodeError:
        ranked = None
    if not isinstance(ranked, list):
        raise fault(f"{where} is {shown(response)}; expected a JSON list of class indices")
    try:
        numbers = [int(number) for number in ranked]
    except (TypeError, ValueError):
        raise fault(f"{where} is {shown(response)}; expected class indices") from None
    if any(n not in range(len(classes)) for n in numbers) or len(set(numbers)) != len(numbers):
        raise fault(
            f"{where} is {shown(response)}; allowed are different indices 0 to {len(classes) - 1}"
        )
    return [classes[number] for number in numbers]


def _moment(fault: Row, key: str, value: object) -> datetime | None:
    if value in (None, ""):
        return None
    for form in ("%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%d %H:%M:%S"):
        try:
            return datetime.strptime(str(value), form).replace(tzinfo=UTC)
        except ValueError:
            continue
    raise fault(f"{key} is {shown(value)}; expected YYYY-MM-DD HH:MM:SS.ffffff")


def _session(
    fault: Row,
    learner: Mapping[str, Any],
    who: dict[str, str],
    trials: list[dict[str, object]],
    platform: str | None,
) -> dict[str, object]:
    ended = _moment(fault, "session_finish_time", learner.get("session_finish_time"))
    started = _moment(fault, "timestamp", learner.get("timestamp"))
    told = learner.get("num_correct_test")
    right = None if told in (None, "") else fault.whole("num_correct_test", told)
    answered = sum(1 for trial in trials if trial["response"] is not None)
    whole = ended is not None and answered == len(trials) > 0
    refused = platform is not None and platform not in _KEPT
    return {
        **who,
        "recruiter": "prolific",
        "status": "completed" if whole else "timed_out",
        "entered_at": started,
        "ended_at": ended,
        "n_trials": len(trials),
        "n_responses": answered,
        "excluded": refused,
        "exclusion_reasons": f"platform status {platform}" if refused else None,
        "platform_status": platform,
        "num_correct_test": right,
    }
