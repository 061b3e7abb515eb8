"""Paragraphs to paste into a paper: methods, and results in words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pandas as pd

from diptych_analysis.intervals import wilson
from diptych_analysis.report import performance
from diptych_analysis.report.flow import ENDED, Flow
from diptych_analysis.report.kept_trials import kept_sessions
from diptych_analysis.report.page import unbroken
from diptych_analysis.tables import Tables

#: One participant of a kind, and several.
WHO = {
    "person": ("person", "people"),
    "simulated": ("simulated participant", "simulated participants"),
    "machine": ("machine", "machines"),
}


def joined(parts: Sequence[str]) -> str:
    """Return `a, b and c`."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def counted(n: int, one: str, many: str = "") -> str:
    """Return `1 session` or `2 sessions`."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def day(at: datetime) -> str:
    """Return a day in words, such as 1 December 2026."""
    return f"{at.day} {at:%B %Y}"


def methods(tables: Tables, trials: pd.DataFrame, flow: Flow, kind: str, version: str) -> str:
    """Write a paragraph of methods about the sessions of one kind of participant.

    Parameters
    ----------
    tables : Tables
        The data set.
    trials : DataFrame
        The trials that are analysed.
    flow : Flow
        Numbers of sessions.
    kind : str
        Kind of participant.
    version : str
        Version of Diptych that makes the report.
    """
    sessions = kept_sessions(tables)
    sessions = sessions[sessions["session_id"].isin(trials["session_id"])]
    people = sessions["participant_id"].nunique()
    one, many = WHO[kind]
    days = pd.to_datetime(sessions["started_at"]).dropna()
    when = f" between {day(days.min())} and {day(days.max())}" if len(days) else ""
    if len(days) and days.min().date() == days.max().date():
        when = f" on {day(days.min())}"
    sources = sorted(set(sessions["recruiter"].dropna().astype(str)) - {""})
    source = f", recruited through {joined(sources)}," if kind == "person" and sources else ""
    who, times = counted(people, one, many), counted(len(sessions), "session")
    sentences = [
        f"{who}{source} completed {times} of the study “{_names(tables)}” "
        f"(version {joined(versions(trials)) or 'unknown'}){when}.",
        _trials_sentence(trials),
        _stimuli_sentence(trials),
        _flow_sentence(flow),
        "Proportions have 95 % Wilson intervals; means over participants have 95 % percentile "
        f"bootstrap intervals. Data were collected and analysed with Diptych {version}.",
    ]  # fmt: skip
    return " ".join(sentence for sentence in sentences if sentence)


def _names(tables: Tables) -> str:
    return joined(sorted(set(tables.sessions["study"].dropna().astype(str)))) or tables.name


def versions(frame: pd.DataFrame) -> list[str]:
    """Return the content hashes of the study versions, most rows first."""
    return [str(name) for name in frame["study_version"].dropna().value_counts().index]


def _trials_sentence(trials: pd.DataFrame) -> str:
    sizes = trials.groupby("phase")["trial_index"].size() / trials["session_id"].nunique()
    words = {"practice": "practice", "training": "training (with feedback)", "test": "test",
             "catch": "attention-check"}  # fmt: skip
    parts = [f"{sizes[name]:.3g} {word}" for name, word in words.items() if name in sizes]
    return f"A session had on average {joined(parts)} trials." if parts else ""


def _stimuli_sentence(trials: pd.DataFrame) -> str:
    labels = sorted(set(trials["label"].dropna().astype(str)))
    if set(trials["task"]) == {"odd_one_out"}:
        return _places_sentence(trials, len(labels))
    images = trials["stimulus_id"].nunique()
    items = trials["item_id"].nunique()
    said = counted(images, "image") if images else counted(items, "item")
    if 2 <= len(labels) <= performance.MOST_LABELS:
        chance = f" (chance: {100 / len(labels):.3g} %)"
        return f"They showed {said}; right answers were {joined(labels)}{chance}."
    return f"They showed {said}."


def _places_sentence(trials: pd.DataFrame, places: int) -> str:
    """Describe items whose right answer, if they have one, is a place on the page."""
    said = f"They showed {counted(trials['item_id'].nunique(), 'item')} of several images"
    known = trials[trials["label"].notna()]
    if known.empty:
        return f"{said}, none with a right answer."
    judged = counted(known["item_id"].nunique(), "of them has", "of them have")
    return f"{said}; {judged} a right answer, whose place on the page was random."


def _flow_sentence(flow: Flow) -> str:
    entered = f"Of {counted(flow.entered, 'session')} entered, {flow.completed:,} completed"
    lost = [f"{n:,} {ENDED[name]}" for name, n in flow.lost.items()]
    why = f" ({joined(lost)})" if lost else ""
    if not flow.excluded:
        return f"{entered}{why}; no completed session was excluded."
    rules = [f"{name.replace('_', ' ')}: {n:,}" for name, n in flow.reasons.items()]
    reasons = f" by preset rules or decisions ({joined(rules)})" if rules else ""
    were = "was" if flow.excluded == 1 else "were"
    return f"{entered}{why}; of the completed ones, {flow.excluded:,} {were} excluded{reasons}."


def results(trials: pd.DataFrame, task: str) -> str:
    """Write the main results in words; empty without a known set of right answers."""
    chance = performance.chance(trials)
    if chance is None:
        return ""
    sentences = []
    for phase in ("training", "test"):
        known = performance.scored(trials, phase)
        if len(known):
            right, n = known["right"].sum(), len(known)
            low, high = (float(end) for end in wilson(right, n))
            sentences.append(
                f"In the {phase} phase {100 * right / n:.1f} % of {n:,} responses were right "
                f"(95 % interval {100 * low:.1f} to {100 * high:.1f} %)."
            )
    if not sentences:
        return ""
    sentences.append(f"Chance was {100 * chance:.3g} %.")
    sentences += [_learned(trials), _sensitivity(trials, task), _times(trials), _reliable(trials)]
    return " ".join(sentence for sentence in sentences if sentence)


def _learned(trials: pd.DataFrame) -> str:
    known = performance.scored(trials, "training")
    if known["trial_index"].nunique() < 10:
        return ""
    place = known.groupby("session_id")["trial_index"].rank(method="first")
    last = known.groupby("session_id")["trial_index"].transform("size")
    first, end = known[place <= 5], known[place > last - 5]
    gain = end.groupby("session_id")["right"].mean() - first.groupby("session_id")["right"].mean()
    found = performance.over_sessions(gain)
    return (
        f"From the first to the last five training trials, right responses changed from "
        f"{100 * first['right'].mean():.1f} % to {100 * end['right'].mean():.1f} % (mean change "
        f"per participant {100 * found.mean:+.1f} points, {100 * found.low:+.1f} to "
        f"{100 * found.high:+.1f})."
    ).replace("+-", "-")


def _sensitivity(trials: pd.DataFrame, task: str) -> str:
    found = performance.sensitivity_by_session(trials[trials["phase"] == "test"], task)
    if found["signal"].nunique() != 1:
        return ""
    d = performance.over_sessions(found["d_prime"])
    return f"Mean d' was {d.mean:.2f} ({d.low:.2f} to {d.high:.2f})."


def _times(trials: pd.DataFrame) -> str:
    known = performance.scored(trials, "test")
    times = known[known["rt_ms"].notna() & (known["rt_ms"] > 0)]
    medians = times.groupby("right")["rt_ms"].median().astype(float) / 1000
    parts = [
        f"{medians[value]:.2f} s for {word} responses"
        for value, word in ((1.0, "right"), (0.0, "wrong"))
        if value in medians
    ]
    return f"Median response times in the test were {joined(parts)}." if parts else ""


def _reliable(trials: pd.DataFrame) -> str:
    found = performance.split_half(trials[trials["phase"] == "test"], "session_id")
    if found is None:
        return ""
    return (
        f"The split-half reliability of participants' test accuracy was {found.full:.2f} (Spearman-"
        "Brown)."
    )


def paragraph(text: str) -> str:
    """Return a paragraph to paste, as HTML."""
    return f'<p class="prose">{unbroken(text)}</p>'
