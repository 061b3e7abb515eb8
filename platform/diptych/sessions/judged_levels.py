"""The numbers that a study's trials are chosen by, and how answers depend on them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from diptych.policies import REGISTRY
from diptych.policies.levels import LevelParameters
from diptych.study.content import StudyContent
from diptych.tasks import REGISTRY as TASKS
from diptych_analysis.tables.schema import Judged


def judged_level(content: StudyContent, condition: str) -> tuple[str, Judged] | None:
    """Return the attribute that a condition's policy chooses by; None for other policies."""
    spec = content.spec.condition(condition)
    plugged = spec.policy or content.spec.policy
    parameters = REGISTRY.get(plugged.name).Parameters.model_validate(plugged.parameters)
    if not isinstance(parameters, LevelParameters):
        return None
    guess = getattr(parameters, "guess", None)
    if guess is None and not parameters.positive:
        # A right answer can be guessed.
        guess = TASKS.get(content.spec.task.name)(content, spec).chance()
    return parameters.attribute, Judged(parameters.positive, guess, parameters.log)


def judged_levels(contents: Iterable[StudyContent]) -> dict[str, Judged]:
    """Return every attribute that some version and condition chooses by; the newest counts."""
    return dict(found for content in contents for found in _of(content))


def _of(content: StudyContent) -> Iterator[tuple[str, Judged]]:
    for condition in content.spec.conditions:
        found = judged_level(content, condition.name)
        if found is not None:
            yield found
