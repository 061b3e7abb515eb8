"""The figure of what learners do not see, for studies whose images have features."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from diptych.figures import Counts, Figure, key, parts
from diptych.policies import Candidate
from diptych.policies.features import Features, columns_of, feature_faults, matrix_of
from diptych.study.content import StudyContent
from diptych.tasks import numbers_of
from diptych_analysis.intervals import wilson

if TYPE_CHECKING:
    import pandas as pd

    from diptych.sessions.facts import SessionFacts
    from diptych_analysis.teaching.diagnosis import Values
    from diptych_analysis.teaching.worlds import Floats

FILES = ("grid", "mask")
"""Columns of the manifest that name files: no attributes."""
MOST_ATTRIBUTES = 8
"""The figure weighs the first ones: each costs as much as a tracer."""
NONE = "(no gap named)"
COLUMNS = ["gap", "kind", "learners", "of", "share", "low", "high"]


class LearnerGaps(Figure):
    """Learners by the gap that their answers show."""

    name = "learner-gaps"
    title = "What learners do not see"
    reading = (
        "Each bar is the share of learners whose answers show one gap: an attribute of the images "
        "that they do not see, or two classes that they confuse. `diptych learner` shows each of "
        "them."
    )

    @classmethod
    def applies(cls, content: StudyContent) -> bool:
        """Say whether the images have features: those of a policy, or of explanations."""
        return features_of(content) is not None

    def count(self, facts: SessionFacts) -> Counts:
        """Name the gap of one session."""
        from diptych_analysis.teaching.diagnosis import diagnose
        from diptych_analysis.teaching.live import Trial

        content, condition = facts.content, facts.session.condition
        if condition is None or not self.applies(content):
            return {}
        number, features, attributes = _described(content)
        classes = sorted(content.labels)
        told = _feedback(content, condition)
        trials = [
            Trial(
                number[trial["stimulus_id"]],
                classes.index(trial["label"]),
                classes.index(trial["response"]),
                trial["phase"] in told,
            )
            for trial in facts.answered
            if not trial.get("missed")
        ]
        found = diagnose(features, classes, trials, attributes).found if trials else None
        return {key() if found is None else key(found.kind, *found.names): [1]}

    def frame(self, counts: Counts, content: StudyContent) -> pd.DataFrame:
        """Make one row per gap, the most frequent first, and one for no gap."""
        import pandas as pd

        found = [(parts(name), int(n)) for name, (n,) in counts.items() if n]
        of = sum(n for _, n in found)
        rows = []
        for names, n in sorted(found, key=lambda each: (not each[0], -each[1], each[0])):
            low, high = wilson(n, of)
            gap, kind = (" or ".join(names[1:]), names[0]) if names else (NONE, "none")
            rows.append((gap, kind, n, of, n / of, float(low), float(high)))
        return pd.DataFrame(rows, columns=COLUMNS)

    def chart(self, frame: pd.DataFrame, content: StudyContent) -> Any:
        """Draw the shares."""
        from diptych.tasks.category_learning.charts import learner_gaps

        return learner_gaps(frame)


def features_of(content: StudyContent) -> Features | None:
    """Return the features of a study's images that some condition names and all images have."""
    spec = content.spec
    named = [
        table.get(name)
        for each in spec.conditions
        for table, name in (
            ({**spec.task.parameters, **each.task}, "explanation_features"),
            ((each.policy or spec.policy).parameters, "features"),
        )
    ]
    found = next((each for each in named if each), None)
    if found is None:
        return None
    features: Features = found if isinstance(found, str) else tuple(found)
    pool = _pool(content)
    return features if pool and not feature_faults(features, pool) else None


def _pool(content: StudyContent) -> list[Candidate]:
    return [
        Candidate(each.stimulus_id, each.label, numbers_of(each.attributes))
        for each in content.stimuli
        if each.label
    ]


def _feedback(content: StudyContent, condition: str) -> tuple[str, ...]:
    """Return the phases that show the true class."""
    from diptych.tasks.category_learning.documents import CategoryLearningParameters

    own = {**content.spec.task.parameters, **content.spec.condition(condition).task}
    return CategoryLearningParameters.model_validate(own).feedback


# The same for all sessions of a version, which end one after the other. The key holds no images.
@lru_cache(maxsize=8)
def _described_once(content: _ByHash) -> tuple[dict[str, int], Floats, dict[str, Values]]:
    from diptych_analysis.teaching.diagnosis import attributes_among

    study = content.content
    features = features_of(study)
    assert features is not None, "the figure applies"
    pool = _pool(study)
    columns = columns_of(features, pool)
    # The first picture of several equal ones: the tables have one row for them all.
    number = {each.id: n for n, each in reversed(list(enumerate(pool)))}
    labelled = [each for each in study.stimuli if each.label]
    names = [n for n in labelled[0].attributes if n not in (*FILES, *columns)]
    cells = {name: [each.attributes.get(name) for each in labelled] for name in names}
    attributes = dict(list(attributes_among(cells).items())[:MOST_ATTRIBUTES])
    return number, matrix_of(pool, columns), attributes


class _ByHash:
    """A study that is compared by the hash of its content."""

    def __init__(self, content: StudyContent) -> None:
        self.content = content

    def __hash__(self) -> int:
        return hash(self.content.content_hash)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ByHash) and (
            self.content.content_hash == other.content.content_hash
        )


def _described(content: StudyContent) -> tuple[dict[str, int], Floats, dict[str, Values]]:
    """Return the number of each picture, the features (n_images, n_features), the attributes."""
    return _described_once(_ByHash(content))
