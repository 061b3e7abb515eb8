"""The 2-AFC interpretability answers of IMI (Zimmermann et al., NeurIPS 2023): responses_main.csv.

One row a trial. The right query is `b`. Columns beyond the known ones are passed on, except those
that name a person or an assignment; participants get new pseudonyms.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from diptych.importers import (
    Importer,
    Progress,
    content_version,
    frame,
    no_progress,
)
from diptych.importers.reading import Row, at, table_of
from diptych_analysis.tables import TABLES, TWO_AFC_TRIALS, Column, Tables
from diptych_analysis.tables.faults import shown

_NEEDED = (
    "participant_id",
    "task_id",
    "trial_index",
    "is_demo",
    "catch_trial",
    "model",
    "layer",
    "channel",
    "batch",
    "mode",
    "choice",
    "correct",
    "confidence",
    "rt",
    "switched_queries",
)
_IDENTITIES = {"worker_id", "workerid", "assignment_id", "assignmentid", "hit_id", "hitid", "ip"}
_FLAGS = {"true": True, "1": True, "1.0": True, "false": False, "0": False, "0.0": False}
_KNOWN = (
    Column("model", "string", "Network that the unit belongs to."),
    Column("layer", "string", "Layer of the unit."),
    Column("channel", "string", "Channel of the unit."),
    Column("batch", "string", "Batch of images that the item was made from."),
    Column("mode", "string", "Kind of explanations: natural, optimized, catch_trial."),
    Column("choice", "string", "The chosen query; b is the right one.", levels=("a", "b")),
    Column("switched_queries", "boolean", "Whether query a was below query b."),
    Column("source_trial_index", "integer", "trial_index as the source counts it.", minimum=0),
)
_ABOUT = (
    "Answers of MTurk workers to 2-AFC interpretability trials (IMI, NeurIPS 2023). `label` "
    "and `response` are the row (top, bottom) of the right and of the chosen query, with "
    "query a above query b unless switched_queries says otherwise; `choice` is unchanged "
    "from the source. `trial_index` counts a session's rows in the order of the file."
)


class IMI(Importer):
    """IMI's `responses_main.csv`."""

    name: ClassVar[str] = "imi"
    help: ClassVar[str] = "responses_main.csv, or a folder that holds it"

    def read(self, path: Path, progress: Progress = no_progress) -> Tables:
        """Read the responses as tidy tables; `ImportFault` names the row, 1 below the head."""
        file = path / "responses_main.csv" if path.is_dir() else path
        names, rows = table_of(file, _NEEDED)
        others = [n for n in names if n not in _NEEDED and n.lower() not in _IDENTITIES]
        known = {c.name for c in (*TABLES["trials"], *TWO_AFC_TRIALS, *_KNOWN)}
        # a column of the source may not hide one of the contract
        renamed = {n: f"source_{n}" if n in known else n for n in others}
        passed_on = [Column(renamed[n], "string", f"{n} of the source, as it is.") for n in others]
        extras = (*TWO_AFC_TRIALS, *_KNOWN, *passed_on)
        study = {"study": "imi", "study_version": content_version(file)}
        people: dict[str, str] = {}
        sessions: dict[tuple[str, str], dict[str, object]] = {}
        trials = []
        for number, row in enumerate(rows, start=1):
            person = people.setdefault(row["participant_id"], f"imi-p{len(people) + 1:05d}")
            key = (row["participant_id"], row["task_id"])
            session = sessions.setdefault(key, _session(study, person, len(sessions) + 1))
            with at(file, number) as here:
                trial = _trial(here, row, session)
            trial |= {renamed[n]: row[n] or None for n in others}
            trials.append(trial)
            if number % 1000 == 0 or number == len(rows):
                progress(number, len(rows))
        _finish(sessions, trials)
        return Tables(
            sessions=frame("sessions", list(sessions.values())),
            trials=frame("trials", trials, extras),
            extras={"trials": extras},
            name="imi",
            description=_ABOUT,
        )


def _flag(here: Row, row: Mapping[str, str], name: str) -> bool:
    value = _FLAGS.get(row[name].strip().lower())
    if value is None:
        raise here(f"{name} is {shown(row[name])}; allowed are true and false")
    return value


def _session(study: Mapping[str, str], person: str, count: int) -> dict[str, object]:
    return {
        **study,
        "session_id": f"imi-{count:05d}",
        "participant_id": person,
        "participant_kind": "person",
        "recruiter": "mturk",
        "status": "completed",
        "n_trials": 0,
        "n_responses": 0,
    }


def _trial(here: Row, row: Mapping[str, str], session: dict[str, object]) -> dict[str, object]:
    choice = row["choice"].strip().lower()
    if choice not in ("a", "b"):
        raise here(f"choice is {shown(row['choice'])}; allowed are a and b")
    correct = _flag(here, row, "correct")
    if correct != (choice == "b"):
        raise here(f"choice is {choice} but correct is {correct}; b is right")
    switched = _flag(here, row, "switched_queries")
    demo, catch = (_flag(here, row, n) for n in ("is_demo", "catch_trial"))
    confidence = here.number("confidence", row["confidence"].strip())
    if confidence not in (None, 1, 2, 3):
        raise here(f"confidence is {shown(row['confidence'])}; allowed are 1 to 3")
    source = row["trial_index"].strip()
    source_index = here.whole("trial_index", source) if source else None
    index = session["n_trials"]
    assert isinstance(index, int)
    session["n_trials"] = session["n_responses"] = index + 1
    top = {"a": "bottom" if switched else "top", "b": "top" if switched else "bottom"}
    shared = ("session_id", "participant_id", "participant_kind", "study", "study_version")
    return {
        **{name: session[name] for name in shared},
        "trial_index": index,
        "phase": "practice" if demo else "catch" if catch else "test",
        "task": "two_afc",
        "item_id": ":".join(row[n] for n in ("model", "layer", "channel", "mode", "batch")),
        "label": top["b"],
        "response": top[choice],
        "confidence": None if confidence is None else int(confidence),
        "correct": correct,
        "rt_ms": here.number("rt", row["rt"].strip()),
        "unit": ".".join(row[n] for n in ("model", "layer", "channel")),
        **{n: row[n] or None for n in ("model", "layer", "channel", "batch", "mode")},
        "choice": choice,
        "switched_queries": switched,
        "source_trial_index": source_index,
    }


def _finish(
    sessions: Mapping[tuple[str, str], dict[str, object]], trials: list[dict[str, object]]
) -> None:
    """Set the condition of each session: the kind of explanations of all its test trials."""
    modes: dict[object, set[object]] = {}
    for trial in trials:
        if trial["phase"] == "test":
            modes.setdefault(trial["session_id"], set()).add(trial["mode"])
    for session in sessions.values():
        found = modes.get(session["session_id"], set())
        session["condition"] = "+".join(sorted(map(str, found))) or None
    conditions = {s["session_id"]: s["condition"] for s in sessions.values()}
    for trial in trials:
        trial["condition"] = conditions[trial["session_id"]]
