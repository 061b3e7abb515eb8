"""Rows of the tidy tables, made from rows of the database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any, cast

from diptych.domain.rows import ReportedTrial, SessionRow
from diptych.domain.tables import RESPONSES
from diptych.ground.user_agents import user_agent_of
from diptych.sessions.planned import planned
from diptych.study.content import FrozenItem, FrozenStimulus, StudyContent
from diptych.tasks import REGISTRY, PlannedTrial, Task
from diptych.tasks.items import STIMULUS, ItemLayout
from diptych.tasks.missed import is_missed
from diptych_analysis.tables.schema import Column, Judged

#: Columns of `responses` that the table `trials` has under the same name.
TIMES = (
    "onset_uncertainty_ms", "first_choice_ms", "shown_width", "shown_height",
    "fixation_onset_ms", "display_offset_ms", "display_frames", "mask_onset_ms", "mask_offset_ms",
    "timing_fault",
)  # fmt: skip
_measured = attrgetter(*TIMES)
#: Columns that a query needs of `responses` for `trial_row`, beside the answer and its score.
MEASURED = (*(RESPONSES.c[name] for name in ("rt_ms", "onset_ms", *TIMES)),)


def moment(milliseconds: int | None) -> datetime | None:
    """Return a stored time as the tables have it."""
    return None if milliseconds is None else datetime.fromtimestamp(milliseconds / 1000, UTC)


def trial_row(shared: dict[str, Any], task: Task, row: ReportedTrial) -> dict[str, Any]:
    """Make a row of the tidy table `trials`.

    Without `correct` where there is no response; with `missed` where the trial is over.
    """
    trial = planned(row)
    cells = {
        **shared,
        "trial_index": row.trial_index,
        **planned_cells(task, trial),
        **task.arrangement(trial, row.seed),
    }
    if row.answer is None:
        if row.trial_index == row.position:
            cells["presented_at"] = moment(row.presented_at)
        return cells
    cells |= answered_cells(task, trial, row.kind, row.answer)
    if not cells["missed"]:
        cells["correct"] = row.correct
        cells["rt_ms"] = row.rt_ms
    cells["display_onset_ms"] = row.onset_ms
    cells |= zip(TIMES, _measured(row), strict=True)
    cells["presented_at"] = moment(row.shown_at)
    cells["responded_at"] = moment(row.received_at)
    return cells


def planned_cells(task: Task, trial: PlannedTrial) -> dict[str, Any]:
    """Return the cells of a row of `trials` that its plan decides, whoever takes it."""
    return {"phase": trial.phase, "task": task.name, **task.describe(trial)}


def answered_cells(
    task: Task, trial: PlannedTrial, kind: str, answer: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the cells of a row of `trials` that its stored answer decides.

    `kind` is that of the participant.
    """
    if is_missed(answer):
        return {"missed": True}
    response = task.response_of(kind).model_validate(answer)
    return {"missed": False, **task.tabulate(trial, response)}


def session_row(
    shared: dict[str, Any], session: SessionRow, judged: Mapping[str, Any]
) -> dict[str, Any]:
    """Make a row of the tidy table `sessions`.

    Parameters
    ----------
    shared : dict[str, Any]
        The cells that it has in common with the rows of its trials.
    session : SessionRow
        Its row of `sessions`.
    judged : Mapping[str, Any]
        The cells on quality and decisions (`diptych.export.judgements`).
    """
    browser = session.browser
    user_agent = user_agent_of(session.kind, browser)
    return {
        **shared,
        "recruiter": session.recruiter,
        "status": session.status,
        "seed": session.seed,
        "entered_at": moment(session.entered_at),
        "consented_at": moment(session.consented_at),
        "started_at": moment(session.started_at),
        "ended_at": moment(session.ended_at),
        "n_trials": session.n_trials,
        "n_responses": session.n_responses,
        "practice_attempts": session.practice_attempts,
        "instructions_ms": session.instructions_ms,
        "comprehension_attempts": session.comprehension_attempts,
        **judged,
        "feedback_text": session.feedback_text,
        "window_width": browser.get("width"),
        "window_height": browser.get("height"),
        "pixel_ratio": browser.get("pixel_ratio"),
        "touch": browser.get("touch"),
        "language": browser.get("language") or None,
        "browser": user_agent.browser,
        "browser_version": user_agent.browser_version,
        "os": user_agent.os,
        "refresh_hz": browser.get("refresh_hz"),
        "clock_step_ms": browser.get("clock_step_ms"),
        "px_per_degree": browser.get("px_per_degree"),
        "viewing_distance_cm": browser.get("viewing_distance_cm"),
    }


def stimulus_rows(content: StudyContent) -> Iterator[dict[str, Any]]:
    """Yield the rows of the table `stimuli`, one for each picture."""
    for stimulus in _distinct(content):
        yield {
            "study": content.name,
            "study_version": content.content_hash[:12],
            "stimulus_id": stimulus.stimulus_id,
            "file": stimulus.file,
            "label": stimulus.label or None,
            "width": stimulus.width,
            "height": stimulus.height,
            **stimulus.attributes,
        }


def _distinct(content: StudyContent) -> list[FrozenStimulus]:
    """Drop the stimuli whose picture has come before: a table holds an id once."""
    first: dict[str, FrozenStimulus] = {}
    for stimulus in content.stimuli:
        first.setdefault(stimulus.stimulus_id, stimulus)
    return list(first.values())


def item_rows(content: StudyContent) -> Iterator[dict[str, Any]]:
    """Yield the rows of the table `items`."""
    shared = {"study": content.name, "study_version": content.content_hash[:12]}
    layout = REGISTRY.get(content.spec.task.name).items
    if layout is None:
        # Where a trial shows one stimulus, that stimulus is the item.
        for s in _distinct(content):
            item_id = s.stimulus_id
            yield {**shared, "item_id": item_id, "role": STIMULUS, "place": 0,
                   "stimulus_id": item_id}  # fmt: skip
        return
    for item in content.items.values():
        yield from _roles(content, layout, item, shared)


def _roles(
    content: StudyContent, layout: ItemLayout, item: FrozenItem, shared: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    for role in layout.roles:
        for number, place in enumerate(item.stimuli.get(role.column, ())):
            yield {
                **shared,
                "item_id": item.item_id,
                "kind": item.kind,
                "unit": item.unit or None,
                "role": role.name,
                "place": number,
                "stimulus_id": content.stimuli[place].stimulus_id,
                **item.attributes,
            }


def choice_rows(
    content: StudyContent, public_id: str, trial_index: int, choice: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    """Yield the rows of the table `choices` for one trial, the chosen candidate first.

    Parameters
    ----------
    content : StudyContent
        The version of the study.
    public_id : str
        Of the session.
    trial_index : int
        Place of the trial in its session.
    choice : Mapping[str, Any]
        As the host stores it (`policies.Explained.stored`).
    """
    for number, (candidate, propensity, score) in enumerate(choice["candidates"]):
        place = content.place_of.get(candidate)
        stimulus = None if place is None else content.stimuli[place]
        yield {
            "session_id": public_id,
            "trial_index": trial_index,
            "policy": choice["policy"],
            "candidate": candidate,
            "stimulus_id": stimulus and stimulus.stimulus_id,
            "label": stimulus and stimulus.label,
            "chosen": number == 0,
            "score": score,
            "propensity": propensity,
            "options": choice["count"],
            "explored": choice["explored"],
            "fallback": choice["fallback"],
        }


def attribute_columns(
    attributes: Iterable[Any], judged: Mapping[str, Judged] | None = None
) -> tuple[Column, ...]:
    """Make columns for the attributes of a manifest: numbers where every value is one, else text.

    `judged` are the attributes that a policy chooses trials by.
    """
    kinds: dict[str, str] = {}
    for each in attributes:
        for name, value in each.items():
            if value is None:
                kinds.setdefault(name, "")
            elif isinstance(value, int | float) and kinds.get(name, "") in ("", "number"):
                kinds[name] = "number"
            else:
                kinds[name] = "string"
    return tuple(
        Column(
            name,
            cast(Any, kind or "string"),
            "Attribute from the study's manifest.",
            judged=(judged or {}).get(name) if kind == "number" else None,
        )
        for name, kind in kinds.items()
    )
