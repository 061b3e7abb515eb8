"""The scores of one fitted model, as a small table."""

from __future__ import annotations

from dataclasses import dataclass

from diptych_analysis.summary_display import Summarised, Table, number
from diptych_analysis.tracing.evaluation import MEASURES, Scores, score_phases
from diptych_analysis.tracing.models import Tracer
from diptych_analysis.tracing.sequences import Sequences

#: As `MEASURES`, in words.
WORDS = ("micro", "micro, ties broken", "macro", "log loss", "calibration error", "accuracy")


@dataclass(frozen=True, repr=False)
class ModelScores(Summarised):
    """How well a model predicts the responses of some learners.

    Attributes
    ----------
    model : str
        Its name.
    phases : dict of str to Scores
        By phase: `training` and `test`.
    """

    model: str
    phases: dict[str, Scores]

    def __getitem__(self, phase: str) -> Scores:
        """Return the scores of one phase."""
        return self.phases[phase]

    def summary(self) -> Table:
        """Return one row per measure, one column per phase."""
        rows = [
            [word, *(number(getattr(scores, name)) for scores in self.phases.values())]
            for name, word in zip(MEASURES, WORDS, strict=True)
        ]
        rows.append(["responses", *(f"{scores.n:,}" for scores in self.phases.values())])
        return f"Scores of {self.model}", ["", *self.phases], rows


def score_model(model: Tracer, sequences: Sequences) -> ModelScores:
    """Score a fitted model on the responses of learners, which it should not have seen.

    Parameters
    ----------
    model : Tracer
        The fitted model.
    sequences : Sequences
        N sessions of T trials with the classes of the model.

    Returns
    -------
    ModelScores
        Average precision (micro and macro), log loss in nats per response, expected calibration
        error and accuracy of each phase; see docs/knowledge-tracing.md.

    Raises
    ------
    ModelFault
        If the model is not fitted, or has other classes.

    Examples
    --------
    >>> import diptych_analysis as da
    >>> sequences = da.sequences(da.read_tables("OUT/greebles"))  # doctest: +SKIP
    >>> train, validation, test = da.learner_splits(sequences)[0].of(sequences)  # doctest: +SKIP
    >>> da.score(da.make_model("bkt").fit(train), test)  # doctest: +SKIP
    """
    return ModelScores(model.spec, score_phases(model.predict_proba(sequences), sequences))
