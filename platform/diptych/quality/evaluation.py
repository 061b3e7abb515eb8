"""The rules of a study held against one session."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from diptych.domain.vocabulary import EMPTIED, JUDGED
from diptych.quality.related_sessions import Others
from diptych.quality.rules import RULES, Rule, Seen, load
from diptych.study.content import StudyContent
from diptych.study.thresholds import Quality

if TYPE_CHECKING:
    from diptych.sessions.facts import SessionFacts

load()


@dataclass(frozen=True)
class RuleResult:
    """What one rule found in one session: as a row of `quality_results`.

    Attributes
    ----------
    rule : str
        Its name, as in `[quality]`.
    flagged : bool
        Whether it speaks against the session.
    auto : bool
        Whether it decides alone.
    value : float | None
        What it measured.
    threshold : float | None
        What the study allows.
    evidence : str
        One sentence for a person to decide by.
    """

    rule: str
    flagged: bool
    auto: bool
    value: float | None
    threshold: float | None
    evidence: str


def evaluate(facts: SessionFacts, others: Others) -> list[RuleResult]:
    """Hold the study's rules against a session that has ended.

    Sessions that did not complete are held against those rules only that say something of them;
    machines, previews and emptied sessions against none. A rule that has nothing to measure in
    the session (no catch trials, say) finds nothing.

    Parameters
    ----------
    facts : SessionFacts
        The session with its trials and events.
    others : Others
        What is known beyond it.

    Returns
    -------
    list[RuleResult]
        One result a rule that measured something, in the order of the rules.
    """
    session = facts.session
    if session.kind not in JUDGED or session.status in EMPTIED:
        return []
    seen = Seen(facts, others)
    complete = session.status == "completed"
    results = []
    for rule, threshold in thresholds(facts.content.spec.quality).items():
        if session.condition is None or not (complete or rule.unfinished):
            continue
        found = rule.measure(seen)
        if found is None:
            continue
        results.append(
            RuleResult(
                rule=rule.name,
                flagged=rule.breaks(found.value, threshold),
                auto=rule.name in facts.content.spec.quality.auto,
                value=float(found.value),
                threshold=threshold,
                evidence=rule.evidence(found, threshold),
            )
        )
    return results


def asked(content: StudyContent) -> list[str]:
    """Names of the rules that a study has set."""
    return [rule.name for rule in thresholds(content.spec.quality)]


def thresholds(quality: Quality) -> dict[Rule, float]:
    """The rules that a study has set, with their thresholds, in the order of the rules."""
    found = {rule: getattr(quality, name) for name, rule in RULES.items()}
    return {rule: float(value) for rule, value in found.items() if value is not None}
